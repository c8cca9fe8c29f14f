//! What the service says of itself (RFC 7644 section 4), and that it is true.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    client::{ENTERPRISE, GROUP, PRINT, USER},
    server::both,
};

#[tokio::test]
async fn the_configuration_says_what_is_supported() {
    both(async |server| {
        let idp = server.idp();
        let config = idp.get("/ServiceProviderConfig").await.ok();
        for feature in ["patch", "bulk", "filter", "sort", "etag"] {
            assert_eq!(config[feature]["supported"], true, "{feature}");
        }
        assert_eq!(config["changePassword"]["supported"], false);
        assert!(config["filter"]["maxResults"].as_u64() >= Some(100));
        assert_eq!(config["authenticationSchemes"][0]["type"], "oauthbearertoken");
        assert_eq!(idp.get("/ServiceProviderConfigs").await.ok()["filter"], config["filter"]);
    })
    .await;
}

#[tokio::test]
async fn schemas_and_resource_types_are_listed_and_read_one_by_one() {
    both(async |server| {
        let idp = server.idp();
        for (path, keys) in [
            ("/Schemas", [USER, GROUP, ENTERPRISE, PRINT].as_slice()),
            ("/ResourceTypes", &["User", "Group"]),
        ] {
            let list = idp.get(path).await;
            let resources = list.list();
            assert_eq!(resources.len(), keys.len(), "{list}");
            for key in keys {
                let listed = resources.iter().find(|resource| resource["id"] == json!(key)).unwrap();
                let one = idp.get(&format!("{path}/{key}")).await.ok();
                assert_eq!(&one.body, listed);
                assert_eq!(one["meta"]["location"], json!(format!("{}{path}/{key}", idp.base)));
            }
        }
        let user = idp.get("/ResourceTypes/User").await.ok();
        assert_eq!(user["endpoint"], "/Users");
        assert_eq!(user["schema"], USER);
        assert_eq!(
            user["schemaExtensions"],
            json!([{ "schema": ENTERPRISE, "required": false }, { "schema": PRINT, "required": false }])
        );
    })
    .await;
}

#[tokio::test]
async fn discovery_cannot_be_filtered_or_written() {
    both(async |server| {
        let idp = server.idp();
        for path in ["/ServiceProviderConfig", "/Schemas", "/ResourceTypes"] {
            idp.query(path, &[("filter", r#"id eq "User""#)]).await.error(403, None);
            for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                let answer = idp.send(method, path, Some(b"{}".to_vec())).await;
                answer.error(405, None);
                assert!(answer.header("allow").contains("GET"), "{answer}");
            }
        }
    })
    .await;
}

/// A value that an attribute of this schema would take.
fn sample(attribute: &Value) -> Option<Value> {
    if attribute["mutability"] == "readOnly" {
        return None;
    }
    let one = match attribute["type"].as_str()? {
        "string" => json!("text"),
        "boolean" => json!(true),
        "reference" => json!("https://example.com/x"),
        "binary" => json!("dGV4dA=="),
        "dateTime" => json!("2026-01-02T03:04:05Z"),
        "complex" => {
            let subs = attribute["subAttributes"].as_array()?;
            let pairs = subs.iter().filter_map(|sub| Some((sub["name"].as_str()?.to_owned(), sample(sub)?)));
            Value::Object(pairs.collect())
        }
        other => panic!("the type {other} has no sample: add one"),
    };
    let canonical = attribute["canonicalValues"].get(0).cloned();
    let one = canonical.unwrap_or(one);
    Some(if attribute["multiValued"] == true { json!([one]) } else { one })
}

#[tokio::test]
async fn every_attribute_that_a_schema_promises_is_kept_and_returned_as_it_says() {
    both(async |server| {
        let idp = server.idp();
        let mut user = json!({ "schemas": [USER, ENTERPRISE] });
        let mut expected = Vec::new();
        for urn in [USER, ENTERPRISE] {
            let schema = idp.get(&format!("/Schemas/{urn}")).await.ok();
            for attribute in schema["attributes"].as_array().unwrap() {
                let (Some(name), Some(value)) = (attribute["name"].as_str(), sample(attribute)) else {
                    continue;
                };
                let holder = if urn == USER { &mut user } else { &mut user[urn] };
                holder[name] = value.clone();
                expected.push((urn, name.to_owned(), value, attribute["returned"] == "never"));
            }
        }
        let created = idp.post("/Users", &user).await.created();
        let read = idp.user(&created.id()).await;
        assert_eq!(read.body, created.body);
        assert!(expected.len() > 25, "the schemas are not whole: {expected:?}");
        for (urn, name, value, never) in expected {
            let holder = if urn == USER { &read.body } else { &read[urn] };
            let wanted = if never { Value::Null } else { value };
            assert_eq!(holder[&name], wanted, "{urn}:{name}");
        }
    })
    .await;
}
