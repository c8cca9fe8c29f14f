//! A replay of Okta's provisioning, from Okta's public documentation: *SCIM 2.0 reference*, the SCIM FAQ and the
//! published test plan, for applications made by the Integration Wizard (PUT) and for those of the Integration
//! Network (PATCH).

use serde_json::{Value, json};

use crate::{
    client::{Client, GROUP, USER, id},
    server::both,
};

fn person(user_name: &str) -> Value {
    json!({
        "schemas": [USER],
        "userName": user_name,
        "name": { "givenName": "Test", "familyName": "User" },
        "emails": [{ "primary": true, "value": user_name, "type": "work" }],
        "displayName": "Test User",
        "locale": "en-US",
        "externalId": format!("00u{user_name}"),
        "groups": [],
        "password": "1mz050nq",
        "active": true,
    })
}

fn okta(idp: &Client) -> Client {
    idp.header("content-type", "application/scim+json; charset=utf-8")
        .header("accept", "application/scim+json")
        .header("accept-charset", "utf-8")
        .header("user-agent", "Okta SCIM Client 1.0.0")
}

#[tokio::test]
async fn the_connection_is_tested_by_a_page_of_two() {
    both(async |server| {
        let idp = okta(server.idp());
        idp.query("/Users", &[("startIndex", "1"), ("count", "2")]).await.is_empty_list();
        for name in ["a@example.com", "b@example.com", "c@example.com"] {
            idp.post("/Users", &person(name)).await.created();
        }
        let page = idp.query("/Users", &[("startIndex", "1"), ("count", "2")]).await;
        assert_eq!(page.list().len(), 2);
        assert_eq!(page["totalResults"], 3);
        assert_eq!(page["startIndex"], 1);
        assert_eq!(page["itemsPerPage"], 2);
    })
    .await;
}

#[tokio::test]
async fn a_person_is_looked_up_created_and_refused_twice() {
    both(async |server| {
        let idp = okta(server.idp());
        let lookup =
            [("filter", r#"userName eq "test.user@okta.local""#), ("startIndex", "1"), ("count", "100")];
        idp.query("/Users", &lookup).await.is_empty_list();
        let created = idp.post("/Users", &person("test.user@okta.local")).await.created();
        assert!(!created.text.contains("1mz050nq"), "a password is never shown: {created}");
        assert!(created["password"].is_null());
        assert_eq!(created["locale"], "en-US");
        assert_eq!(idp.query("/Users", &lookup).await.only()["id"], created["id"]);
        let detail = idp.post("/Users", &person("test.user@okta.local")).await;
        detail.error(409, Some("uniqueness"));
        let plain = idp.header("content-type", "application/json");
        plain.post("/Users", &person("plain@okta.local")).await.created();
    })
    .await;
}

#[tokio::test]
async fn the_integration_wizard_reads_changes_and_puts_back() {
    both(async |server| {
        let idp = okta(server.idp());
        let created = idp.post("/Users", &person("test.user@okta.local")).await.created();
        let path = format!("/Users/{}", created.id());
        let group = idp.new_group("g", &[&created.id()]).await;

        let mut body = idp.get(&path).await.ok().body;
        assert_eq!(body["groups"][0]["value"], json!(group), "{body}");
        body["name"]["middleName"] = json!("Excited");
        body["groups"] = json!([]);
        let put = idp.put(&path, &body).await.ok();
        assert_eq!(
            put["name"],
            json!({ "familyName": "User", "givenName": "Test", "middleName": "Excited" })
        );
        assert_eq!(put["id"], created["id"]);
        assert_eq!(put["meta"]["created"], created["meta"]["created"]);
        assert_eq!(put["groups"][0]["value"], json!(group), "groups are read-only: {put}");
        assert_eq!(idp.members(&group).await, [created.id()]);

        body["active"] = json!(false);
        assert_eq!(idp.put(&path, &body).await.ok()["active"], false);
        body.as_object_mut().unwrap().remove("locale");
        let without = idp.put(&path, &body).await.ok();
        assert!(without["locale"].is_null(), "what PUT leaves out is cleared: {without}");
        assert_eq!(without["active"], false);
        idp.put("/Users/0190b9a5-0000-7000-8000-000000000000", &body).await.error(404, None);
    })
    .await;
}

#[tokio::test]
async fn the_integration_network_patches_without_a_path() {
    both(async |server| {
        let idp = okta(server.idp());
        let created = idp.post("/Users", &person("test.user@okta.local")).await.created();
        let path = format!("/Users/{}", created.id());
        let off = idp.patch(&path, json!([{ "op": "replace", "value": { "active": false } }])).await.ok();
        assert_eq!(off["active"], false);
        let mut expected = created.body.clone();
        let mut shown = off.body.clone();
        for user in [&mut expected, &mut shown] {
            user["active"] = json!(null);
            user["meta"] = json!(null);
        }
        assert_eq!(shown, expected, "nothing else changed");
        assert_ne!(off.version(), created.version());
        let on = idp.patch(&path, json!([{ "op": "replace", "value": { "active": true } }])).await.ok();
        assert_eq!(on["active"], true);
        let password =
            idp.patch(&path, json!([{ "op": "replace", "value": { "password": "n3w-s3cret" } }])).await.ok();
        assert!(!password.text.contains("n3w-s3cret"), "{password}");
    })
    .await;
}

#[tokio::test]
async fn an_import_sees_everybody_once_whatever_the_size_of_its_pages() {
    both(async |server| {
        let idp = okta(server.idp());
        for number in 0..230 {
            idp.new_user(&format!("user{:03}", (number * 7) % 230)).await;
        }
        let mut orders = Vec::new();
        for count in [100, 99, 7, 230] {
            let mut ids = Vec::new();
            loop {
                let (start, count) = ((ids.len() + 1).to_string(), count.to_string());
                let page = idp.query("/Users", &[("startIndex", &start), ("count", &count)]).await;
                assert_eq!(page["totalResults"], 230, "{}", page.status);
                let resources = page.list();
                if resources.is_empty() {
                    break;
                }
                ids.extend(resources.iter().map(id));
            }
            assert_eq!(ids.len(), 230, "pages of {count}");
            orders.push(ids);
        }
        assert!(
            orders.windows(2).all(|pair| pair[0] == pair[1]),
            "the order is the same whatever the page size"
        );
    })
    .await;
}

#[tokio::test]
async fn a_group_is_pushed_renamed_filled_and_deleted() {
    both(async |server| {
        let idp = okta(server.idp());
        let ann = idp.post("/Users", &person("ann@okta.local")).await.created().id();
        let ben = idp.post("/Users", &person("ben@okta.local")).await.created().id();
        let lookup = [("filter", r#"displayName eq "Test SCIMv2""#), ("startIndex", "1"), ("count", "100")];
        idp.query("/Groups", &lookup).await.is_empty_list();
        let body = json!({ "schemas": [GROUP], "displayName": "Test SCIMv2", "members": [] });
        let created = idp.post("/Groups", &body).await.created();
        let group = created.id();
        let path = format!("/Groups/{group}");
        assert_eq!(idp.query("/Groups", &lookup).await.only()["id"], json!(group));

        let rename = json!([{ "op": "replace", "value": { "id": "ignored", "displayName": "Test SCIMv2 renamed" } }]);
        idp.patch(&path, rename).await.no_content();
        let renamed = idp.get(&path).await.ok();
        assert_eq!(renamed["displayName"], "Test SCIMv2 renamed");
        assert_eq!(renamed["id"], json!(group), "an id inside a value is ignored");

        let add = json!([{ "op": "add", "path": "members", "value": [{ "value": ann, "display": "ann@okta.local" }] }]);
        idp.patch(&path, add).await.no_content();
        let exchange = json!([
            { "op": "remove", "path": format!("members[value eq \"{ann}\"]") },
            { "op": "add", "path": "members", "value": [{ "value": ben, "display": "ben@okta.local" }] },
        ]);
        idp.patch(&path, exchange).await.no_content();
        let filled = idp.get(&path).await.ok();
        assert_eq!(filled["members"].as_array().map(Vec::len), Some(1));
        assert_eq!(filled["members"][0]["value"], json!(ben));
        let replace = json!([{ "op": "replace", "path": "members", "value": [{ "value": ann }, { "value": ben }] }]);
        idp.patch(&path, replace).await.no_content();
        assert_eq!(idp.members(&group).await.len(), 2);
        let put = json!({ "schemas": [GROUP], "id": group, "displayName": "Test SCIMv2", "members": [{ "value": ben, "display": "ben" }] });
        assert_eq!(idp.put(&path, &put).await.ok()["displayName"], "Test SCIMv2");
        assert_eq!(idp.members(&group).await, [ben]);

        idp.delete(&path).await.no_content();
        idp.get(&path).await.error(404, None);
    })
    .await;
}
