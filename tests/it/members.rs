//! Groups whose members are more than come at once.

use serde_json::{Value, json};

use crate::{client::Client, server::both};

/// So many users, made by bulk requests.
async fn many(idp: &Client, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for start in (0..count).step_by(500) {
        let operations: Vec<Value> = (start..count.min(start + 500))
            .map(|number| {
                json!({ "method": "POST", "path": "/Users", "bulkId": number.to_string(), "data": {
                    "schemas": [crate::client::USER], "userName": format!("user{number}") } })
            })
            .collect();
        let schema = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
        let answer = idp.post("/Bulk", &json!({ "schemas": [schema], "Operations": operations })).await.ok();
        for outcome in answer["Operations"].as_array().unwrap() {
            let location = outcome["location"].as_str().unwrap_or_else(|| panic!("{outcome}"));
            ids.push(location.rsplit('/').next().unwrap().to_owned());
        }
    }
    ids.sort();
    ids
}

fn members(group: &Value) -> Vec<&str> {
    let members = group["members"].as_array().map(Vec::as_slice).unwrap_or_default();
    members.iter().map(|member| member["value"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn all_members_are_there_wherever_a_group_is_shown() {
    both(async |server| {
        let idp = server.idp();
        let ids = many(idp, 1100).await;
        let all: Vec<&str> = ids.iter().map(String::as_str).collect();
        let large = idp.new_group("large", &all).await;
        let half = idp.new_group("half", &all[..600]).await;
        let empty = idp.new_group("empty", &[]).await;

        let read = idp.get(&format!("/Groups/{large}")).await.ok();
        assert_eq!(members(&read.body), all);
        let keys: Vec<&String> = read.body.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["schemas", "id", "displayName", "members", "meta"]);
        let first = &read["members"][0];
        assert_eq!(first["type"], "User");
        assert_eq!(first["$ref"], json!(format!("{}/Users/{}", idp.base, all[0])));
        let last = &read["members"][1099];
        assert_eq!(
            first.as_object().unwrap().keys().collect::<Vec<_>>(),
            last.as_object().unwrap().keys().collect::<Vec<_>>()
        );

        for (attributes, shown) in [
            ("members.value", json!({ "value": all[1099] })),
            ("members.type,members.value,displayName", json!({ "value": all[1099], "type": "User" })),
        ] {
            let some = idp.query(&format!("/Groups/{large}"), &[("attributes", attributes)]).await.ok();
            assert_eq!(some["members"][1099], shown, "{attributes}");
        }
        let none = idp.query(&format!("/Groups/{large}"), &[("excludedAttributes", "members")]).await.ok();
        assert!(none["members"].is_null(), "{none}");

        for answer in [
            idp.get("/Groups").await,
            idp.post(
                "/Groups/.search",
                &json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"] }),
            )
            .await,
        ] {
            let groups = answer.list();
            assert_eq!(groups.len(), 3);
            for (id, expected) in [(&large, &all[..]), (&half, &all[..600]), (&empty, &[])] {
                let group = groups.iter().find(|group| group["id"] == json!(id)).unwrap();
                assert_eq!(members(group), expected);
            }
        }

        let whole = json!([{ "op": "remove", "path": format!("members[value eq \"{}\"]", all[0]) }]);
        let body = json!({ "schemas": [crate::client::PATCH], "Operations": whole });
        let patched = idp
            .send(
                reqwest::Method::PATCH,
                &format!("/Groups/{large}?attributes=members"),
                Some(body.to_string().into_bytes()),
            )
            .await
            .ok();
        assert_eq!(members(&patched.body), all[1..]);
        let known =
            idp.header("if-none-match", patched.header("etag")).get(&format!("/Groups/{large}")).await;
        known.is(304);
    })
    .await;
}
