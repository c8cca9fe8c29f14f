//! Messages: lists, errors, discovery documents, media types.

use reqwest::Method;
use serde_json::{Value, json};

use super::people;
use crate::{
    client::{GROUP, LIST, USER},
    server::both,
};

/// RFC 7644 section 3.4.2: nothing found is a list of nothing.
#[tokio::test]
async fn nothing_found_is_a_list_and_not_404() {
    both(async |server| {
        let idp = server.idp();
        for path in
            ["/Users", "/Groups", "/Users?filter=userName%20eq%20%22x%22", "/Users?startIndex=5&count=3"]
        {
            let answer = idp.get(path).await;
            answer.is_empty_list();
            assert_eq!(answer["schemas"], json!([LIST]));
        }
        people(idp, &["a", "b"]).await;
        let total = idp.get("/Users?count=0").await;
        assert_eq!((total.list().len(), &total["totalResults"]), (0, &json!(2)));
        // A list that does not page has the index and the size of its one page.
        let all = idp.get("/Users").await;
        assert_eq!(
            (&all["startIndex"], &all["itemsPerPage"], &all["totalResults"]),
            (&json!(1), &json!(2), &json!(2))
        );
    })
    .await;
}

/// RFC 7644 sections 3.1 and 3.8.
#[tokio::test]
async fn bodies_are_scim_json_in_utf8_whatever_was_asked_for() {
    both(async |server| {
        let idp = server.idp();
        let body = json!({ "schemas": [USER], "userName": "\u{65e5}\u{672c}\u{1f5a8}", "active": true });
        for (number, (content_type, accept)) in [
            ("application/scim+json", "application/scim+json"),
            ("application/scim+json; charset=utf-8", "application/json"),
            ("application/json", "*/*"),
            ("APPLICATION/JSON; charset=UTF-8", "application/scim+json, application/json;q=0.5"),
        ]
        .into_iter()
        .enumerate()
        {
            let client = idp.header("content-type", content_type).header("accept", accept);
            let mut body = body.clone();
            let name = format!("{}{number}", body["userName"].as_str().unwrap());
            body["userName"] = json!(name);
            let created = client.post("/Users", &body).await.created();
            assert_eq!(created["userName"], json!(name));
            let found = client.query("/Users", &[("filter", &format!("userName eq \"{name}\""))]).await;
            assert_eq!(found.only()["userName"], json!(name));
            client.get("/Nothing").await.error(404, None);
        }
    })
    .await;
}

/// RFC 7644 section 3.11.
#[tokio::test]
async fn me_is_501_by_every_method() {
    both(async |server| {
        let idp = server.idp();
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let answer = idp.send(method, "/Me", Some(b"{}".to_vec())).await;
            answer.error(501, None);
        }
    })
    .await;
}

/// RFC 7644 section 3.13.
#[tokio::test]
async fn the_version_of_the_protocol_is_in_the_address() {
    both(async |server| {
        let idp = server.idp();
        assert!(idp.base.ends_with("/v2"));
        let other = idp.base.replace("/v2", "/v3");
        let answer = idp.get(&format!("{other}/Users")).await;
        assert!([401, 404].contains(&answer.status), "{answer}");
    })
    .await;
}

/// RFC 7643 sections 5, 6 and 7.
#[tokio::test]
async fn discovery_documents_have_every_required_attribute() {
    both(async |server| {
        let idp = server.idp();
        let config = idp.get("/ServiceProviderConfig").await.ok();
        for pointer in [
            "/schemas/0",
            "/patch/supported",
            "/bulk/supported",
            "/bulk/maxOperations",
            "/bulk/maxPayloadSize",
            "/filter/supported",
            "/filter/maxResults",
            "/changePassword/supported",
            "/sort/supported",
            "/etag/supported",
            "/authenticationSchemes/0/type",
            "/authenticationSchemes/0/name",
            "/authenticationSchemes/0/description",
            "/meta/location",
            "/meta/resourceType",
        ] {
            assert!(
                config.body.pointer(pointer).is_some_and(|value| !value.is_null()),
                "{pointer}: {config}"
            );
        }
        assert_eq!(config["schemas"], json!(["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"]));
        assert!(config["id"].is_null(), "it has no id (RFC 7643 section 3.1)");
        for kind in idp.get("/ResourceTypes").await.list() {
            assert_eq!(kind["schemas"], json!(["urn:ietf:params:scim:schemas:core:2.0:ResourceType"]));
            for name in ["name", "endpoint", "schema", "description"] {
                assert!(kind[name].is_string(), "{name}: {kind}");
            }
            for extension in kind["schemaExtensions"].as_array().into_iter().flatten() {
                assert!(extension["schema"].is_string() && extension["required"].is_boolean(), "{kind}");
            }
        }
        for schema in idp.get("/Schemas").await.list() {
            assert!(["id", "name", "description"].iter().all(|name| schema[*name].is_string()), "{schema}");
            check_attributes(&schema["attributes"], 0);
        }
    })
    .await;
}

fn check_attributes(attributes: &Value, depth: usize) {
    for attribute in attributes.as_array().unwrap() {
        let one_of = |name: &str, values: &[&str]| values.iter().any(|value| attribute[name] == *value);
        let name = attribute["name"].as_str().unwrap();
        // The grammar of RFC 7643 section 2.1; `$ref` is the name that section 2.4 gives.
        let plain = name.trim_start_matches('$');
        assert!(plain.starts_with(|c: char| c.is_ascii_alphabetic()), "{name}");
        assert!(plain.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)), "{name}");
        assert!(attribute["multiValued"].is_boolean() && attribute["required"].is_boolean(), "{attribute}");
        assert!(attribute["description"].is_string(), "{attribute}");
        assert!(one_of("mutability", &["readOnly", "readWrite", "immutable", "writeOnly"]), "{attribute}");
        assert!(one_of("returned", &["always", "never", "default", "request"]), "{attribute}");
        assert!(one_of("uniqueness", &["none", "server", "global"]), "{attribute}");
        let types = ["string", "boolean", "decimal", "integer", "dateTime", "reference", "binary", "complex"];
        assert!(one_of("type", &types), "{attribute}");
        assert_eq!(attribute["type"] == "reference", attribute["referenceTypes"].is_array(), "{attribute}");
        assert_eq!(attribute["type"] == "complex", attribute["subAttributes"].is_array(), "{attribute}");
        if attribute["type"] == "complex" {
            assert_eq!(depth, 0, "a complex attribute has no complex sub-attribute: {attribute}");
            check_attributes(&attribute["subAttributes"], depth + 1);
        } else if attribute["type"] == "reference" || attribute["type"] == "binary" {
            assert_eq!(attribute["caseExact"], true, "{attribute}");
        }
    }
}

/// RFC 7644 section 3.1: messages are no schemas.
#[tokio::test]
async fn messages_are_not_among_the_schemas() {
    both(async |server| {
        let idp = server.idp();
        for schema in idp.get("/Schemas").await.list() {
            assert!(!schema["id"].as_str().unwrap().contains(":api:"), "{schema}");
        }
        idp.get(&format!("/Schemas/{LIST}")).await.error(404, None);
    })
    .await;
}

/// RFC 7644 section 4: paging, sorting and projection are ignored on discovery.
#[tokio::test]
async fn discovery_is_answered_whole() {
    both(async |server| {
        let idp = server.idp();
        for path in ["/Schemas", "/ResourceTypes"] {
            let whole = idp.get(path).await.list();
            let asked = [
                ("startIndex", "2"),
                ("count", "1"),
                ("sortBy", "name"),
                ("sortOrder", "descending"),
                ("attributes", "name"),
            ];
            assert_eq!(idp.query(path, &asked).await.list(), whole);
        }
        for known in [USER, GROUP] {
            assert_eq!(idp.get(&format!("/Schemas/{}", known.to_uppercase())).await.ok()["id"], known);
        }
    })
    .await;
}

/// RFC 7644 section 3.4.2.2.
#[tokio::test]
async fn a_filter_that_means_nothing_is_refused() {
    both(async |server| {
        let idp = server.idp();
        idp.new_user("ann").await;
        for filter in [
            "userName",
            "userName eq",
            "userName is \"x\"",
            "userName eq x",
            "eq \"x\"",
            "(userName pr",
            "userName pr)",
            "userName pr and",
            "not userName pr",
            "emails[type eq \"x\"",
            "emails[type eq \"x\"]]",
            "active gt true",
            "active eq 7",
            "userName eq 7",
            "nope pr",
            "name.nope pr",
            "emails[nope pr]",
            "userName eq \"x",
            "userName eq \"\\x\"",
            "x509Certificates.value gt \"x\"",
            "meta.created eq \"yesterday\"",
            "urn:nope:userName pr",
            "\"x\" eq userName",
        ] {
            let answer = idp.query("/Users", &[("filter", filter)]).await;
            answer.error(400, Some("invalidFilter"));
        }
    })
    .await;
}
