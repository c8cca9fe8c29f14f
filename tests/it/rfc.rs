//! What RFC 7643, RFC 7644 and RFC 9865 require, where no other test shows it. `docs/conformance.md` names the test of each
//! requirement.

mod bulk;
mod cursor;
mod messages;
mod resources;
mod search;

use serde_json::{Value, json};

use crate::client::{Answer, Client, USER};

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// Names of the users in a list, in its order.
fn names(answer: &Answer) -> Vec<String> {
    let name = |user: &Value| user["userName"].as_str().unwrap_or_default().to_owned();
    answer["Resources"].as_array().into_iter().flatten().map(name).collect()
}

/// Makes users with these names, every second one with a title.
async fn people(idp: &Client, names: &[&str]) {
    for (index, name) in names.iter().enumerate() {
        let title = (index % 2 == 0).then(|| format!("t{index}"));
        idp.post("/Users", &json!({ "schemas": [USER], "userName": name, "title": title })).await.created();
    }
}
