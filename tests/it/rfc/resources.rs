//! Resources: their names, their values, what the service adds, and their end.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    client::{ENTERPRISE, GROUP, USER},
    server::both,
};

const NOBODY: &str = "/Users/0190b9a5-0000-7000-8000-000000000000";

/// RFC 7643 section 2.1.
#[tokio::test]
async fn names_are_read_in_any_case_and_answered_as_the_schema_spells_them() {
    both(async |server| {
        let idp = server.idp();
        let body = json!({
            "SCHEMAS": [USER.to_uppercase(), ENTERPRISE], "USERNAME": "Ann", "Name": { "GIVENNAME": "Ann" },
            "EMAILS": [{ "VALUE": "a@x", "Type": "work" }], ENTERPRISE.to_uppercase(): { "DEPARTMENT": "D" },
        });
        let created = idp.post("/Users", &body).await.created();
        assert_eq!(created["userName"], "Ann");
        assert_eq!(created["name"], json!({ "givenName": "Ann" }));
        assert_eq!(created["emails"], json!([{ "value": "a@x", "type": "work" }]));
        assert_eq!(created[ENTERPRISE], json!({ "department": "D" }));
        assert_eq!(created["schemas"], json!([USER, ENTERPRISE]));
    })
    .await;
}

/// RFC 7643 section 2.5: null, an empty list and nothing are one.
#[tokio::test]
async fn null_and_empty_lists_are_unassigned_and_never_answered() {
    both(async |server| {
        let idp = server.idp();
        let plain = json!({ "schemas": [USER], "userName": "a", "active": true });
        let nulls = json!({
            "schemas": [USER], "userName": "b", "active": true, "title": null, "emails": [], "name": { "givenName": null },
            "phoneNumbers": null, "externalId": null,
        });
        let [mut one, mut other] =
            [idp.post("/Users", &plain).await.created().body, idp.post("/Users", &nulls).await.created().body];
        for user in [&mut one, &mut other] {
            for name in ["id", "meta", "userName"] {
                user.as_object_mut().unwrap().remove(name);
            }
        }
        assert_eq!(one, other);
        for attribute in ["title", "emails", "name", "phoneNumbers", "externalId"] {
            let filter = format!("{attribute} pr");
            idp.query("/Users", &[("filter", &filter)]).await.is_empty_list();
        }
    })
    .await;
}

/// RFC 7643 section 3: `schemas` has the URN of all that is in the resource, and each once.
#[tokio::test]
async fn schemas_name_what_is_in_the_resource_once() {
    both(async |server| {
        let idp = server.idp();
        let body = json!({ "schemas": [USER, USER, ENTERPRISE, "urn:example:unused"], "userName": "ann" });
        let created = idp.post("/Users", &body).await.created();
        assert_eq!(created["schemas"], json!([USER]), "what is not there is not named");
        let path = format!("/Users/{}", created.id());
        let add = json!([{ "op": "add", "path": format!("{ENTERPRISE}:department"), "value": "D" }]);
        assert_eq!(idp.patch(&path, add).await.ok()["schemas"], json!([USER, ENTERPRISE]));
        let remove = json!([{ "op": "remove", "path": ENTERPRISE }]);
        assert_eq!(idp.patch(&path, remove).await.ok()["schemas"], json!([USER]));
        for schemas in [json!(null), json!([]), json!("x"), json!([GROUP]), json!([ENTERPRISE]), json!([7])] {
            let body = json!({ "schemas": schemas, "userName": "ben" });
            idp.post("/Users", &body).await.error(400, Some("invalidSyntax"));
        }
    })
    .await;
}

/// RFC 7643 section 3.1: `id` and `meta` are assigned by the service, whatever a client says.
#[tokio::test]
async fn id_and_meta_are_the_services() {
    both(async |server| {
        let idp = server.idp();
        let forged = json!({ "resourceType": "X", "created": "2001-01-01T00:00:00Z", "lastModified": "2001-01-01T00:00:00Z",
            "location": "http://x/", "version": "W/\"x\"" });
        let mut ids = Vec::new();
        for (endpoint, kind, body) in [
            ("/Users", "User", json!({ "schemas": [USER], "userName": "Ann", "id": "mine", "meta": forged })),
            ("/Groups", "Group", json!({ "schemas": [GROUP], "displayName": "G", "id": "mine", "meta": forged })),
        ] {
            let created = idp.post(endpoint, &body).await.created();
            let id = created.id();
            assert!(id != "mine" && !id.is_empty() && !id.contains("bulkId"), "{created}");
            let meta = &created["meta"];
            assert_eq!(meta["resourceType"], kind);
            assert_eq!(meta["created"], meta["lastModified"], "{created}");
            assert_eq!(meta["location"], json!(format!("{}{endpoint}/{id}", idp.base)));
            let time = meta["created"].as_str().unwrap();
            assert!(time.starts_with("20") && time.len() == 24 && time.contains('T') && time.ends_with('Z'), "{time}");
            tokio::time::sleep(Duration::from_millis(3)).await;
            let path = format!("{endpoint}/{id}");
            let mut changed = body.clone();
            changed["externalId"] = json!("e");
            let put = idp.put(&path, &changed).await.ok();
            assert_eq!((&put["id"], &put["meta"]["created"]), (&json!(id), &meta["created"]), "they do not move");
            assert!(put["meta"]["lastModified"].as_str() > meta["lastModified"].as_str(), "{put}");
            assert_ne!(put["meta"]["version"], meta["version"]);
            for (filter, found) in [(format!("id eq \"{id}\""), 1), (format!("id eq \"{}\"", id.to_uppercase()), 0)] {
                assert_eq!(idp.query(endpoint, &[("filter", &filter)]).await.list().len(), found, "{filter}");
            }
            idp.get(&format!("{endpoint}/{}", id.to_uppercase())).await.error(404, None);
            ids.push(id);
        }
        ids.dedup();
        assert_eq!(ids.len(), 2, "ids are unique among all resources");
    })
    .await;
}

/// RFC 7644 section 3.6.
#[tokio::test]
async fn what_was_deleted_is_gone_everywhere() {
    both(async |server| {
        let idp = server.idp();
        let (ann, ben) = (idp.new_user("ann").await, idp.new_user("ben").await);
        let group = idp.new_group("g", &[&ann, &ben]).await;
        let path = format!("/Users/{ann}");
        let body = json!({ "schemas": [USER], "userName": "ann" });
        idp.delete(&path).await.no_content();
        for answer in [
            idp.get(&path).await,
            idp.delete(&path).await,
            idp.put(&path, &body).await,
            idp.patch(&path, json!([{ "op": "add", "path": "title", "value": "x" }])).await,
        ] {
            answer.error(404, None);
        }
        assert_eq!(idp.get("/Users").await.list().len(), 1);
        idp.query("/Users", &[("filter", "userName eq \"ann\"")]).await.is_empty_list();
        assert_eq!(idp.members(&group).await, [ben]);
        assert_ne!(
            idp.post("/Users", &body).await.created().id(),
            ann,
            "the name is free, the id is not used again"
        );
        idp.delete(&format!("/Groups/{group}")).await.no_content();
        idp.post("/Groups", &json!({ "schemas": [GROUP], "displayName": "g" })).await.created();
    })
    .await;
}

/// RFC 7644 sections 3.2 and 3.5.1.
#[tokio::test]
async fn a_put_replaces_what_there_is_and_never_creates() {
    both(async |server| {
        let idp = server.idp();
        let body = json!({ "schemas": [USER], "userName": "ann" });
        idp.put(NOBODY, &body).await.error(404, None);
        idp.put("/Users", &body).await.error(405, None);
        assert!(idp.get("/Users").await.list().is_empty());
        let full = json!({ "schemas": [USER, ENTERPRISE], "userName": "ann", "title": "T", "emails": [{ "value": "a@x" }],
            "name": { "givenName": "A", "familyName": "B" }, ENTERPRISE: { "department": "D" } });
        let path = format!("/Users/{}", idp.post("/Users", &full).await.created().id());
        let put = idp.put(&path, &json!({ "schemas": [USER], "userName": "ann", "name": { "givenName": "C" } })).await.ok();
        assert_eq!(put["name"], json!({ "givenName": "C" }), "the whole value is replaced");
        for gone in ["title", "emails", ENTERPRISE] {
            assert_eq!(put[gone], Value::Null, "{gone}");
        }
        idp.put(&path, &json!({ "schemas": [USER] })).await.error(400, Some("invalidValue"));
    })
    .await;
}

/// RFC 7644 section 3.5.2: an operation that fails undoes those before it, and leaves no trace.
#[tokio::test]
async fn a_patch_happens_whole_or_not_at_all() {
    both(async |server| {
        let idp = server.idp();
        let (ann, ben) = (idp.new_user("ann").await, idp.new_user("ben").await);
        let group = idp.new_group("g", &[&ann]).await;
        let before = idp.listing().await;
        let title = json!({ "op": "add", "path": "title", "value": "x" });
        let join = json!({ "op": "add", "path": "members", "value": [{ "value": ben }] });
        for (path, operations, scim_type) in [
            (
                format!("/Users/{ann}"),
                json!([title, { "op": "replace", "path": "userName", "value": null }]),
                "invalidValue",
            ),
            (
                format!("/Users/{ann}"),
                json!([title, { "op": "replace", "path": "id", "value": "x" }]),
                "mutability",
            ),
            (format!("/Users/{ann}"), json!([title, { "op": "remove" }]), "noTarget"),
            (
                format!("/Users/{ann}"),
                json!([title, { "op": "replace", "path": "emails[type eq \"x\"]", "value": {} }]),
                "noTarget",
            ),
            (
                format!("/Groups/{group}"),
                json!([join, { "op": "add", "path": "nope", "value": 1 }]),
                "invalidPath",
            ),
            (
                format!("/Groups/{group}"),
                json!([join, { "op": "remove", "path": "displayName" }]),
                "mutability",
            ),
        ] {
            idp.patch(&path, operations).await.error(400, Some(scim_type));
            assert_eq!(idp.listing().await, before);
        }
        let taken = json!([title, { "op": "replace", "path": "userName", "value": "BEN" }]);
        idp.patch(&format!("/Users/{ann}"), taken).await.error(409, Some("uniqueness"));
        assert_eq!(idp.listing().await, before);
    })
    .await;
}

/// RFC 7644 section 3.5.2: 200 with the whole, or 204 with nothing; 200 where attributes are asked for.
#[tokio::test]
async fn a_patch_is_answered_with_everything_or_nothing() {
    both(async |server| {
        let idp = server.idp();
        let user = format!("/Users/{}", idp.new_user("ann").await);
        let group = format!("/Groups/{}", idp.new_group("g", &[]).await);
        for path in [user, group] {
            let change = |value: &str| json!([{ "op": "replace", "path": "externalId", "value": value }]);
            let answer = idp.patch(&path, change("1")).await;
            match answer.status {
                204 => assert_eq!(answer.text, ""),
                _ => assert_eq!(answer.ok().body, idp.get(&path).await.ok().body),
            }
            let asked = idp.patch(&format!("{path}?attributes=externalId"), change("2")).await.ok();
            assert_eq!(asked["externalId"], "2");
            assert_eq!(asked.body.as_object().unwrap().len(), 3, "{asked}");
        }
    })
    .await;
}

/// RFC 7643 section 2.2: what is compared without case is kept with it.
#[tokio::test]
async fn case_is_preserved_where_it_does_not_count() {
    both(async |server| {
        let idp = server.idp();
        let body = json!({ "schemas": [USER], "userName": "McAnn", "displayName": "\u{c5}NN o'N\u{e9}ill" });
        let created = idp.post("/Users", &body).await.created();
        assert_eq!(
            (&created["userName"], &created["displayName"]),
            (&body["userName"], &body["displayName"])
        );
        assert_eq!(idp.user(&created.id()).await["userName"], "McAnn");
        assert_eq!(
            idp.query("/Users", &[("filter", "userName eq \"MCANN\"")]).await.only()["userName"],
            "McAnn"
        );
    })
    .await;
}

/// RFC 7643 section 2.3.7: the address of a reference is the address of the resource.
#[tokio::test]
async fn references_lead_to_the_resource() {
    both(async |server| {
        let idp = server.idp();
        let ann = idp.new_user("ann").await;
        let inner = idp.new_group("inner", &[&ann]).await;
        let outer = idp.new_group("outer", &[&ann, &inner]).await;
        let every_part = "members.value,members.$ref,members.type,members.display";
        let members =
            idp.get(&format!("/Groups/{outer}?attributes={every_part}")).await.ok()["members"].clone();
        assert_eq!(members.as_array().map(Vec::len), Some(2));
        let groups = idp.user(&ann).await["groups"].clone();
        assert_eq!(groups.as_array().map(Vec::len), Some(2), "direct members only: {groups}");
        for reference in members.as_array().into_iter().chain(groups.as_array()).flatten() {
            let target = idp.get(reference["$ref"].as_str().unwrap()).await.ok();
            assert_eq!(target["id"], reference["value"]);
            let name =
                if target["userName"].is_null() { &target["displayName"] } else { &target["userName"] };
            assert_eq!(reference["display"], *name);
        }
        for group in groups.as_array().unwrap() {
            assert_eq!(group["type"], "direct");
        }
        for member in members.as_array().unwrap() {
            let target = idp.get(member["$ref"].as_str().unwrap()).await.ok();
            assert_eq!(target["meta"]["resourceType"], member["type"]);
        }
    })
    .await;
}

/// RFC 7643 section 2.4.
#[tokio::test]
async fn an_element_is_answered_once_and_its_type_may_be_any() {
    both(async |server| {
        let idp = server.idp();
        let email = json!({ "value": "a@x", "type": "work" });
        let body = json!({ "schemas": [USER], "userName": "ann", "emails": [email, email, { "value": "b@x", "type": "cottage" }] });
        let created = idp.post("/Users", &body).await.created();
        assert_eq!(created["emails"], json!([email, { "value": "b@x", "type": "cottage" }]), "{created}");
    })
    .await;
}
