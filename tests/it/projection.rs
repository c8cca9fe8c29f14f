//! `attributes` and `excludedAttributes` (RFC 7644 section 3.9), on reads and on the answers of writes.

use serde_json::{Value, json};

use crate::{
    client::{ENTERPRISE, USER},
    server::both,
};

fn ann() -> Value {
    json!({
        "schemas": [USER, ENTERPRISE], "userName": "ann", "displayName": "Ann", "active": true, "password": "s3cret-word",
        "name": { "familyName": "Example", "givenName": "Ann" },
        "emails": [{ "value": "ann@example.com", "type": "work" }],
        ENTERPRISE: { "department": "Sales", "costCenter": "1" },
        "urn:example:x": { "a": 1 },
    })
}

fn names(resource: &Value) -> String {
    let mut names: Vec<&str> = resource.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names.join(" ")
}

#[tokio::test]
async fn only_what_was_asked_for_is_answered() {
    both(async |server| {
        let idp = server.idp();
        let id = idp.post("/Users", &ann()).await.created().id();
        let path = format!("/Users/{id}");
        let department = format!("{ENTERPRISE}:department");
        for (asked, expected) in [
            ("userName", "id schemas userName"),
            ("USERNAME", "id schemas userName"),
            ("userName, displayName", "displayName id schemas userName"),
            ("id", "id schemas"),
            ("nope", "id schemas"),
            ("password", "id schemas"),
            ("name.familyName", "id name schemas"),
            ("emails.value", "emails id schemas"),
            ("meta", "id meta schemas"),
            (&format!("{USER}:userName"), "id schemas userName"),
            (&department, "id schemas urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"),
            (ENTERPRISE, "id schemas urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"),
            ("urn:example:x", "id schemas urn:example:x"),
        ] {
            let one = idp.query(&path, &[("attributes", asked)]).await.ok();
            assert_eq!(names(&one.body), expected, "{asked}: {one}");
            let listed = idp.query("/Users", &[("attributes", asked)]).await.only();
            assert_eq!(listed, one.body, "{asked}");
        }
        let one = idp.query(&path, &[("attributes", "name.familyName,emails.type")]).await.ok();
        assert_eq!(one["name"], json!({ "familyName": "Example" }));
        assert_eq!(one["emails"], json!([{ "type": "work" }]));
        assert_eq!(
            idp.query(&path, &[("attributes", &department)]).await.ok()[ENTERPRISE],
            json!({ "department": "Sales" })
        );
    })
    .await;
}

#[tokio::test]
async fn what_was_excluded_is_left_out_but_never_the_id() {
    both(async |server| {
        let idp = server.idp();
        let id = idp.post("/Users", &ann()).await.created().id();
        let path = format!("/Users/{id}");
        let whole = idp.get(&path).await.ok();
        assert!(!whole.text.contains("s3cret-word"), "a password is never returned");
        for (excluded, gone) in [
            ("displayName", vec!["displayName"]),
            ("DisplayName,emails", vec!["displayName", "emails"]),
            ("id,schemas", vec![]),
            (ENTERPRISE, vec![ENTERPRISE]),
            ("urn:example:x", vec!["urn:example:x"]),
            ("nope", vec![]),
        ] {
            let answer = idp.query(&path, &[("excludedAttributes", excluded)]).await.ok();
            let mut expected = whole.body.clone();
            for name in gone {
                expected.as_object_mut().unwrap().remove(name);
            }
            let mut shown = answer.body.clone();
            for resource in [&mut expected, &mut shown] {
                resource.as_object_mut().unwrap().remove("schemas");
            }
            assert_eq!(shown, expected, "{excluded}");
        }
        let name = &idp.query(&path, &[("excludedAttributes", "name.givenName")]).await.ok()["name"];
        assert_eq!(name, &json!({ "familyName": "Example" }));
    })
    .await;
}

#[tokio::test]
async fn the_answer_of_a_write_is_projected_too() {
    both(async |server| {
        let idp = server.idp();
        let created = idp.post("/Users?attributes=userName", &ann()).await.is(201);
        assert_eq!(names(&created.body), "id schemas userName");
        let path = format!("/Users/{}", created.id());
        let put = idp.put(&format!("{path}?attributes=userName"), &ann()).await.ok();
        assert_eq!(names(&put.body), "id schemas userName");
        let change = json!([{ "op": "replace", "path": "title", "value": "Dr" }]);
        let patched = idp.patch(&format!("{path}?attributes=title"), change).await.ok();
        assert_eq!(names(&patched.body), "id schemas title");
        let group = idp.new_group("g", &[&created.id()]).await;
        let change = json!([{ "op": "replace", "path": "displayName", "value": "h" }]);
        let patched = idp.patch(&format!("/Groups/{group}?excludedAttributes=members"), change).await.ok();
        assert_eq!(patched["displayName"], "h");
        assert!(patched["members"].is_null(), "{patched}");
    })
    .await;
}
