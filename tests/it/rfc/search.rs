//! Search by POST (RFC 7644 section 3.4.3).

use serde_json::{Value, json};

use super::{SEARCH, names, people};
use crate::{
    client::{Answer, LIST},
    server::both,
};

fn listed(answer: &Answer) -> Vec<Value> {
    answer["Resources"].as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_search_answers_as_the_same_query_does() {
    both(async |server| {
        let idp = server.idp();
        people(idp, &["d", "A", "c", "B"]).await;
        idp.new_group("g", &[]).await;
        for (endpoint, query, search) in [
            ("/Users", vec![], json!({})),
            ("/Users", vec![("filter", "title pr")], json!({ "filter": "title pr" })),
            (
                "/Users",
                vec![("sortBy", "userName"), ("sortOrder", "descending")],
                json!({ "sortBy": "userName", "sortOrder": "descending" }),
            ),
            ("/Users", vec![("startIndex", "2"), ("count", "2")], json!({ "startIndex": 2, "count": 2 })),
            ("/Users", vec![("count", "0")], json!({ "count": 0 })),
            (
                "/Users",
                vec![("attributes", "userName,title")],
                json!({ "attributes": ["userName", "title"] }),
            ),
            ("/Users", vec![("excludedAttributes", "title")], json!({ "excludedAttributes": ["title"] })),
            (
                "/Groups",
                vec![("filter", "displayName eq \"G\"")],
                json!({ "filter": "displayName eq \"G\"" }),
            ),
        ] {
            let mut body = search.clone();
            body["schemas"] = json!([SEARCH]);
            let found = idp.post(&format!("{endpoint}/.search"), &body).await.ok();
            assert_eq!(found.body, idp.query(endpoint, &query).await.ok().body, "{search}");
            assert_eq!(found["schemas"], json!([LIST]));
        }
    })
    .await;
}

/// RFC 7644 section 3.4.2.1: at the root, an attribute that a type does not have is one without a value.
#[tokio::test]
async fn a_search_at_the_root_is_of_every_type() {
    both(async |server| {
        let idp = server.idp();
        people(idp, &["b", "a"]).await;
        idp.new_group("c", &[]).await;
        let search = async |mut body: Value| {
            body["schemas"] = json!([SEARCH]);
            idp.post("/.search", &body).await.ok()
        };
        let all = search(json!({})).await;
        assert_eq!((listed(&all).len(), &all["totalResults"]), (3, &json!(3)));
        let kinds: Vec<Value> =
            listed(&all).iter().map(|resource| resource["meta"]["resourceType"].clone()).collect();
        assert!(kinds.contains(&json!("User")) && kinds.contains(&json!("Group")), "{all}");
        assert_eq!(names(&search(json!({ "filter": "userName eq \"A\"" })).await), ["a"]);
        let of_type = search(json!({ "filter": "meta.resourceType eq \"Group\"" })).await;
        assert_eq!(listed(&of_type).len(), 1);
        assert_eq!(listed(&of_type)[0]["displayName"], "c");
        let (first, rest) = (
            search(json!({ "startIndex": 1, "count": 2 })).await,
            search(json!({ "startIndex": 3, "count": 2 })).await,
        );
        assert_eq!((listed(&first).len(), listed(&rest).len()), (2, 1));
        search(json!({ "filter": "displayName pr or title pr", "sortBy": "id" })).await;
    })
    .await;
}

#[tokio::test]
async fn a_search_that_is_none_is_refused() {
    both(async |server| {
        let idp = server.idp();
        for (body, scim_type) in [
            (json!({}), "invalidSyntax"),
            (json!({ "schemas": [LIST] }), "invalidSyntax"),
            (json!({ "schemas": [SEARCH], "filter": "nope pr" }), "invalidFilter"),
            (json!({ "schemas": [SEARCH], "filter": 7 }), "invalidValue"),
            (json!({ "schemas": [SEARCH], "count": "many" }), "invalidValue"),
            (
                json!({ "schemas": [SEARCH], "attributes": "userName,", "excludedAttributes": ["title"] }),
                "invalidValue",
            ),
            (
                json!({ "schemas": [SEARCH], "attributes": ["userName"], "excludedAttributes": ["title"] }),
                "invalidValue",
            ),
        ] {
            for path in ["/Users/.search", "/.search"] {
                idp.post(path, &body).await.error(400, Some(scim_type));
            }
        }
        idp.get("/Users/.search").await.error(405, None);
    })
    .await;
}
