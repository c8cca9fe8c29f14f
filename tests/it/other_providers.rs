//! What other identity providers were recorded or documented to send.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    client::{GROUP, PATCH, USER},
    server::both,
};

#[tokio::test]
async fn onelogin_has_urns_of_its_own_and_an_ampersand_too_many() {
    both(async |server| {
        let idp = server.idp().header("user-agent", "");
        idp.get("/Users?filter=userName+eq+%22ann%22&").await.is_empty_list();
        let body = json!({
            "schemas": ["urn:scim:schemas:core:2.0", "urn:scim:schemas:extension:enterprise:2.0"],
            "userName": "ann",
            "name": { "givenName": "Ann", "familyName": "Example" },
            "urn:scim:schemas:extension:enterprise:2.0": { "department": "Sales" },
        });
        let created = idp.post("/Users", &body).await.created();
        assert_eq!(created["schemas"][0], USER, "the answer has the registered URN");
        idp.get("/Users?filter=userName+eq+%22ann%22&").await.only();
        let replaced = idp.put(&format!("/Users/{}?", created.id()), &body).await.ok();
        assert_eq!(replaced["name"]["givenName"], "Ann");
    })
    .await;
}

#[tokio::test]
async fn authentik_adds_one_by_one_and_removes_by_value() {
    both(async |server| {
        let idp = server.idp();
        let (ann, ben) = (idp.new_user("ann").await, idp.new_user("ben").await);
        let group = idp.new_group("g", &[]).await;
        let path = format!("/Groups/{group}");
        let add = |id: &str| json!({ "op": "add", "path": "members", "value": [{ "value": id }] });
        idp.patch(&path, json!([add(&ann), add(&ben)])).await.no_content();
        assert_eq!(idp.members(&group).await.len(), 2);
        idp.patch(&path, json!([{ "op": "remove", "path": "members", "value": [{ "value": ann }] }]))
            .await
            .no_content();
        assert_eq!(idp.members(&group).await, [ben]);
        let rename = json!([{ "op": "replace", "value": {
            "schemas": [GROUP], "id": group, "externalId": "pk-1", "displayName": "h" } }]);
        idp.patch(&path, rename).await.no_content();
        let renamed = idp.get(&path).await.ok();
        assert_eq!((&renamed["displayName"], &renamed["externalId"]), (&json!("h"), &json!("pk-1")));
        idp.query("/Groups", &[("startIndex", "2")]).await.list();
    })
    .await;
}

#[tokio::test]
async fn google_speaks_plain_json_and_jumpcloud_repeats_itself() {
    both(async |server| {
        let google = server
            .idp()
            .header("user-agent", "Google-Auto-Provisioning")
            .header("content-type", "application/json")
            .header("accept", "application/json");
        google.query("/Users", &[("count", "1")]).await.is_empty_list();
        let body = json!({ "schemas": [USER], "userName": "ann", "active": true });
        let ann = google.post("/Users", &body).await.created().id();
        let group = google.new_group("g", &[]).await;
        let path = format!("/Groups/{group}");
        let add = json!([{ "op": "add", "path": "members", "value": [{ "value": ann }] }]);
        google.patch(&path, add.clone()).await.no_content();
        let before = google.get(&path).await.ok();
        google.patch(&path, add).await.no_content();
        let after = google.get(&path).await.ok();
        assert_eq!(
            after.body, before.body,
            "adding who is there already changes nothing, not even the version"
        );
    })
    .await;
}

#[tokio::test]
async fn a_patch_is_read_in_any_capitals_and_with_one_operation_outside_of_an_array() {
    both(async |server| {
        let idp = server.idp();
        let path = format!("/Users/{}", idp.new_user("ann").await);
        for (index, body) in [
            json!({ "Schemas": [PATCH], "operations": [{ "OP": "ADD", "Path": "NICKNAME", "Value": "n0" }] }),
            json!({ "schemas": [PATCH], "Operations": { "op": "replace", "path": "nickName", "value": "n1" } }),
            json!({ "schemas": [PATCH], "Operations": [{ "op": "add", "path": format!("{USER}:nickName"), "value": "n2" }] }),
            json!({ "schemas": [PATCH], "Operations": [{ "op": "add", "value": { "NickName": "n3" } }] }),
        ]
        .into_iter()
        .enumerate()
        {
            let answer = idp.send(Method::PATCH, &path, Some(body.to_string().into_bytes())).await.ok();
            assert_eq!(answer["nickName"], Value::from(format!("n{index}")), "{answer}");
        }
    })
    .await;
}

/// RFC 7643 section 3.1 does not make `externalId` unique, and Microsoft's Postman collection gives one to many people.
#[tokio::test]
async fn two_may_have_the_same_external_id() {
    both(async |server| {
        let idp = server.idp();
        let mut created = Vec::new();
        for name in ["ann", "ben"] {
            let body = json!({ "schemas": [USER], "userName": name, "externalId": "same" });
            created.push(idp.post("/Users", &body).await.created().id());
            idp.post("/Groups", &json!({ "schemas": [GROUP], "displayName": name, "externalId": "same" }))
                .await
                .created();
        }
        assert_eq!(idp.find("/Users", r#"externalId eq "same""#).await, created);
        assert_eq!(idp.find("/Groups", r#"externalId eq "same""#).await.len(), 2);
    })
    .await;
}
