//! The features of `/ServiceProviderConfig`, and the addresses that discovery names. What is said to be supported works;
//! what is said not to be says so itself.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    attributes::{address, populate, whole_one},
    world::{Type, World, items, simple, text},
};
use crate::{client::Client, server::both};

fn is_supported(world: &World, feature: &str) -> bool {
    world.config[feature]["supported"].as_bool().unwrap_or_else(|| panic!("{feature}: {}", world.config))
}

/// A claim that is new needs a test here.
#[tokio::test]
async fn every_claim_is_known() {
    both(async |server| {
        let world = World::discover(server.idp()).await;
        let known = [
            "schemas",
            "documentationUri",
            "patch",
            "bulk",
            "filter",
            "changePassword",
            "sort",
            "etag",
            "authenticationSchemes",
            "pagination",
            "meta",
        ];
        for name in world.config.as_object().unwrap().keys() {
            assert!(known.contains(&name.as_str()), "nobody tries the claim {name}: {}", world.config);
        }
    })
    .await;
}

#[tokio::test]
async fn every_address_that_is_named_exists() {
    both(async |server| {
        let idp = server.idp();
        let world = World::discover(idp).await;
        assert_eq!(idp.get(text(&world.config["meta"]["location"])).await.ok().body, world.config);
        let listed = items(&idp.get("/ResourceTypes").await.body["Resources"]);
        for document in world.schemas.iter().chain(&listed) {
            assert_eq!(idp.get(text(&document["meta"]["location"])).await.ok().body, *document);
        }
        for kind in &world.types {
            idp.get(&kind.endpoint).await.list();
            let created = idp.post(&kind.endpoint, &kind.bare(&world, 0)).await.created();
            assert_eq!(created["meta"]["resourceType"], json!(kind.name));
            assert_eq!(
                created["meta"]["location"],
                json!(format!("{}{}", idp.base, address(kind, &created.body)))
            );
            let location = text(&created["meta"]["location"]);
            assert_eq!(idp.get(location).await.ok().body, created.body);
            idp.delete(location).await.no_content();
            idp.get(location).await.error(404, None);
        }
        // A schema is of a resource type, or of discovery itself.
        for schema in &world.schemas {
            let used = world.types.iter().any(|kind| kind.schemas.contains(schema));
            let own = ["ServiceProviderConfig", "ResourceType", "Schema"]
                .iter()
                .any(|name| text(&schema["id"]) == format!("urn:ietf:params:scim:schemas:core:2.0:{name}"));
            assert!(used || own, "no resource type uses {}", schema["id"]);
        }
    })
    .await;
}

#[tokio::test]
async fn patch_is_as_advertised() {
    both(async |server| {
        let idp = server.idp();
        let world = World::discover(idp).await;
        let known = populate(idp, &world).await;
        for kind in &world.types {
            let answer = idp.patch(&address(kind, whole_one(&known, kind, 0)), json!([])).await;
            let change = json!([{ "op": "replace", "path": "externalId", "value": "patched" }]);
            let changed = idp.patch(&address(kind, whole_one(&known, kind, 0)), change).await;
            if is_supported(&world, "patch") {
                assert!([200, 204].contains(&changed.status), "{changed}");
                let read = idp.get(&address(kind, whole_one(&known, kind, 0))).await.ok();
                assert_eq!(read["externalId"], "patched");
            } else {
                answer.error(501, None);
                changed.error(501, None);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn sort_and_filter_are_as_advertised() {
    both(async |server| {
        let idp = server.idp();
        let world = World::discover(idp).await;
        let known = populate(idp, &world).await;
        for kind in &world.types {
            let ids = |answer: &crate::client::Answer| -> Vec<String> {
                answer.list().iter().map(|resource| text(&resource["id"]).to_owned()).collect()
            };
            let up = ids(&idp.query(&kind.endpoint, &[("sortBy", "id")]).await);
            let down = idp.query(&kind.endpoint, &[("sortBy", "id"), ("sortOrder", "descending")]).await;
            assert!(up.len() > 1);
            if is_supported(&world, "sort") {
                assert!(up.is_sorted());
                assert_eq!(up.iter().rev().cloned().collect::<Vec<_>>(), ids(&down));
            } else {
                assert_eq!(
                    up,
                    ids(&down),
                    "an order that is not supported is ignored (RFC 7644 section 3.4.2.3)"
                );
            }
            let filter = format!("id eq {}", whole_one(&known, kind, 1)["id"]);
            let found = idp.query(&kind.endpoint, &[("filter", &filter)]).await;
            if is_supported(&world, "filter") {
                assert_eq!(found.only(), *whole_one(&known, kind, 1));
            } else {
                assert!([400, 501].contains(&found.status), "{found}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn etag_is_as_advertised() {
    both(async |server| {
        let idp = server.idp();
        let world = World::discover(idp).await;
        let known = populate(idp, &world).await;
        for kind in &world.types {
            let path = address(kind, whole_one(&known, kind, 0));
            let read = idp.get(&path).await.ok();
            let etag = read.header("etag").to_owned();
            if !is_supported(&world, "etag") {
                assert!(etag.is_empty() && read["meta"]["version"].is_null(), "{read}");
                continue;
            }
            assert_eq!(read["meta"]["version"], json!(etag));
            idp.header("if-none-match", &etag).get(&path).await.is(304);
            let change = json!([{ "op": "replace", "path": "externalId", "value": "new" }]);
            let changed = idp.header("if-match", &etag).patch(&path, change.clone()).await;
            assert!(changed.status < 300, "{changed}");
            assert_ne!(changed.header("etag"), etag);
            idp.header("if-none-match", &etag).get(&path).await.ok();
            idp.header("if-match", &etag).patch(&path, change).await.error(412, None);
            idp.header("if-match", &etag).delete(&path).await.error(412, None);
        }
    })
    .await;
}

/// Where passwords cannot be changed, a new one changes nothing.
#[tokio::test]
async fn change_password_is_as_advertised() {
    both(async |server| {
        let idp = server.idp();
        let world = World::discover(idp).await;
        let known = populate(idp, &world).await;
        for kind in &world.types {
            for place in kind.places().into_iter().filter(|place| place.is("mutability", "writeOnly")) {
                let path = address(kind, whole_one(&known, kind, 0));
                let before = idp.get(&path).await.ok().body;
                let value = simple(place.attribute, 3, 0);
                let change = json!([{ "op": "replace", "path": place.path(), "value": value }]);
                let answer = idp.patch(&path, change).await;
                assert!(answer.status < 300, "{answer}");
                let after = idp.get(&path).await.ok().body;
                assert_eq!(before != after, is_supported(&world, "changePassword"), "{before} {after}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn authentication_is_as_advertised() {
    both(async |server| {
        let idp = server.idp();
        let world = World::discover(idp).await;
        let schemes = items(&world.config["authenticationSchemes"]);
        assert!(schemes.iter().filter(|scheme| scheme["primary"] == true).count() <= 1);
        assert!(!schemes.is_empty());
        for scheme in schemes {
            assert!(
                !text(&scheme["name"]).is_empty() && !text(&scheme["description"]).is_empty(),
                "{scheme}"
            );
            match text(&scheme["type"]) {
                "oauthbearertoken" => {
                    for kind in &world.types {
                        idp.get(&kind.endpoint).await.list();
                        let answer = idp.signed_out().get(&kind.endpoint).await;
                        answer.error(401, None);
                        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{answer}");
                    }
                }
                other => panic!("nobody tries the scheme {other}"),
            }
        }
    })
    .await;
}

fn operation(world: &World, kind: &Type, seed: usize) -> Value {
    json!({ "method": "POST", "path": kind.endpoint, "bulkId": format!("b{seed}"), "data": kind.bare(world, seed) })
}

pub(super) fn bulk(operations: &[Value]) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations })
}

#[tokio::test]
async fn bulk_is_as_advertised() {
    both(async |server| {
        let idp = server.idp();
        let world = World::discover(idp).await;
        let kind = &world.types[0];
        let answer = idp.post("/Bulk", &bulk(&[operation(&world, kind, 0)])).await;
        let config = &world.config["bulk"];
        if !is_supported(&world, "bulk") {
            answer.error(501, None);
            return;
        }
        assert_eq!(answer.ok()["Operations"][0]["status"], "201");
        let most = usize::try_from(config["maxOperations"].as_u64().unwrap()).unwrap();
        assert!(most > 0, "{config}");
        let operations: Vec<Value> = (0..=most)
            .map(|number| json!({ "method": "DELETE", "path": format!("{}/{number}", kind.endpoint) }))
            .collect();
        let at = idp.post("/Bulk", &bulk(&operations[..most])).await.ok();
        assert_eq!(at["Operations"].as_array().map(Vec::len), Some(most));
        let over = idp.post("/Bulk", &bulk(&operations)).await;
        assert!(over.error(413, None).contains(&most.to_string()), "it says the limit: {over}");

        let size = usize::try_from(config["maxPayloadSize"].as_u64().unwrap()).unwrap();
        let mut body = bulk(&operations[..1]).to_string().into_bytes();
        body.resize(size, b' ');
        idp.send(Method::POST, "/Bulk", Some(body.clone())).await.ok();
        body.push(b' ');
        let over = idp.send(Method::POST, "/Bulk", Some(body)).await;
        assert!(over.error(413, None).contains(&size.to_string()), "it says the limit: {over}");
    })
    .await;
}

async fn page(idp: &Client, endpoint: &str, parameters: &[(&str, &str)]) -> (Value, Vec<String>) {
    let answer = idp.query(endpoint, parameters).await.ok();
    let ids = items(&answer["Resources"]).iter().map(|resource| text(&resource["id"]).to_owned()).collect();
    (answer.body, ids)
}

#[tokio::test]
async fn pagination_is_as_advertised() {
    both(async |server| {
        let idp = server.idp();
        let world = World::discover(idp).await;
        let config = &world.config["pagination"];
        let endpoint = &world.types[0].endpoint;
        for seed in 0..7 {
            idp.post(endpoint, &world.types[0].bare(&world, seed)).await.created();
        }
        let (plain, all) = page(idp, endpoint, &[]).await;
        assert_eq!(all.len(), 7);
        if config["index"] != false {
            let (_, middle) = page(idp, endpoint, &[("startIndex", "3"), ("count", "2")]).await;
            assert_eq!(middle, all[2..4]);
        }
        if config["cursor"] != true {
            assert!(plain["nextCursor"].is_null());
            return;
        }
        let by_cursor = config["defaultPaginationMethod"] == "cursor";
        let (first, _) = page(idp, endpoint, &[("count", "3")]).await;
        assert_eq!(first["nextCursor"].is_string(), by_cursor, "{first}");
        let (mut found, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let (body, ids) = page(idp, endpoint, &[("cursor", &cursor), ("count", "3")]).await;
            found.extend(ids);
            pages += 1;
            match body["nextCursor"].as_str() {
                None => break,
                Some(next) => next.clone_into(&mut cursor),
            }
        }
        assert_eq!((found, pages), (all, 3));
        idp.query(endpoint, &[("cursor", "no-such-cursor"), ("count", "3")])
            .await
            .error(400, Some("invalidCursor"));
        assert!(config["cursorTimeout"].is_null(), "nobody waits for a cursor to expire: {config}");
    })
    .await;
}
