//! Searching by POST (RFC 7644 section 3.4.3): on users, on groups, and at the root on both.

use serde_json::{Value, json};

use crate::{
    client::{Answer, Client, GROUP, USER},
    server::both,
};

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

pub(crate) async fn search(idp: &Client, path: &str, request: Value) -> Answer {
    let mut body = json!({ "schemas": [SEARCH] });
    body.as_object_mut().unwrap().extend(request.as_object().unwrap().clone());
    idp.post(&format!("{path}/.search"), &body).await
}

/// The names of what a search at the root finds, in order.
async fn names(idp: &Client, request: Value) -> String {
    let answer = search(idp, "", request).await.ok();
    let name = |resource: &Value| {
        resource["displayName"].as_str().or(resource["userName"].as_str()).unwrap().to_owned()
    };
    answer["Resources"].as_array().unwrap().iter().map(name).collect::<Vec<_>>().join(" ")
}

/// Users `Bee`, `ant` and `cow` (without a title), and groups `Ape`, `bat` and `Cat`, made in turns.
async fn zoo(idp: &Client) {
    for (user, title, group) in [("Bee", Some("b"), "bat"), ("ant", Some("a"), "Cat"), ("cow", None, "Ape")] {
        let body = json!({ "schemas": [USER], "userName": user, "displayName": user, "title": title });
        let id = idp.post("/Users", &body).await.created().id();
        let members = json!([{ "value": id }]);
        let body = json!({ "schemas": [GROUP], "displayName": group, "members": members });
        idp.post("/Groups", &body).await.created();
    }
}

#[tokio::test]
async fn a_search_finds_what_the_same_query_finds() {
    both(async |server| {
        let idp = server.idp();
        zoo(idp).await;
        for (path, request, query) in [
            ("/Users", json!({}), vec![]),
            (
                "/Groups",
                json!({ "filter": "displayName sw \"b\"" }),
                vec![("filter", "displayName sw \"b\"")],
            ),
            ("/Users", json!({ "startIndex": 2, "count": 1 }), vec![("startIndex", "2"), ("count", "1")]),
            ("/Users", json!({ "count": 0 }), vec![("count", "0")]),
            (
                "/Users",
                json!({ "sortBy": "title", "sortOrder": "descending", "attributes": ["userName", "title"] }),
                vec![("sortBy", "title"), ("sortOrder", "descending"), ("attributes", "userName,title")],
            ),
            (
                "/Groups",
                json!({ "excludedAttributes": ["members"] }),
                vec![("excludedAttributes", "members")],
            ),
        ] {
            let found = search(idp, path, request.clone()).await.ok();
            assert_eq!(found.body, idp.query(path, &query).await.ok().body, "{path} {request}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_search_that_means_nothing_is_refused() {
    both(async |server| {
        let idp = server.idp();
        for path in ["", "/Users", "/Groups"] {
            idp.post(&format!("{path}/.search"), &json!({})).await.error(400, Some("invalidSyntax"));
            for (request, kind) in [
                (json!({ "filter": "nope eq 1" }), "invalidFilter"),
                (json!({ "filter": "id eq" }), "invalidFilter"),
                (json!({ "attributes": "id" }), "invalidValue"),
                (json!({ "attributes": ["id"], "excludedAttributes": ["meta"] }), "invalidValue"),
                (json!({ "count": "1" }), "invalidValue"),
                (json!({ "sortBy": "nope" }), "invalidFilter"),
                (json!({ "cursor": "zzz" }), "invalidCursor"),
                (json!({ "cursor": "", "count": 1001 }), "invalidCount"),
                (json!({ "cursor": "", "startIndex": 1 }), "invalidValue"),
            ] {
                search(idp, path, request).await.error(400, Some(kind));
            }
            idp.get(&format!("{path}/.search")).await.error(405, None);
            idp.signed_out().post(&format!("{path}/.search"), &json!({})).await.error(401, None);
        }
    })
    .await;
}

#[tokio::test]
async fn the_root_searches_users_and_groups() {
    both(async |server| {
        let idp = server.idp();
        zoo(idp).await;
        for (request, expected) in [
            (json!({}), "Bee ant cow bat Cat Ape"),
            (json!({ "count": 4 }), "Bee ant cow bat"),
            (json!({ "startIndex": 3, "count": 2 }), "cow bat"),
            (json!({ "startIndex": 5 }), "Cat Ape"),
            (json!({ "startIndex": 7 }), ""),
            (json!({ "filter": "meta.resourceType eq \"Group\"" }), "bat Cat Ape"),
            (json!({ "filter": "displayName sw \"b\"" }), "Bee bat"),
            (json!({ "filter": "title pr" }), "Bee ant"),
            (json!({ "filter": "userName eq \"ANT\" or members pr and displayName eq \"cat\"" }), "ant Cat"),
            (json!({ "filter": "not (userName pr)" }), "bat Cat Ape"),
            (json!({ "sortBy": "displayName" }), "ant Ape bat Bee Cat cow"),
            (json!({ "sortBy": "displayName", "sortOrder": "descending" }), "cow Cat Bee bat Ape ant"),
            (json!({ "sortBy": "displayName", "startIndex": 3, "count": 2 }), "bat Bee"),
            (json!({ "sortBy": "meta.created" }), "Bee bat ant Cat cow Ape"),
            (json!({ "sortBy": "title" }), "ant Bee cow bat Cat Ape"),
            (json!({ "sortBy": "title", "sortOrder": "descending" }), "bat Cat Ape cow Bee ant"),
        ] {
            assert_eq!(names(idp, request.clone()).await, expected, "{request}");
        }
        let queried = idp.query("", &[("filter", "displayName sw \"b\""), ("attributes", "id")]).await.ok();
        let searched = json!({ "filter": "displayName sw \"b\"", "attributes": ["id"] });
        assert_eq!(queried.body, search(idp, "", searched).await.ok().body);
        for request in [json!({ "count": 0 }), json!({ "count": 1 }), json!({ "startIndex": 6 })] {
            assert_eq!(search(idp, "", request).await["totalResults"], 6);
        }
        let shown = search(idp, "", json!({ "attributes": ["displayName"], "count": 6 })).await;
        for resource in shown.list() {
            let keys: Vec<&String> = resource.as_object().unwrap().keys().collect();
            assert_eq!(keys, ["schemas", "id", "displayName"]);
        }
    })
    .await;
}

#[tokio::test]
async fn the_root_is_paged_by_cursor() {
    both(async |server| {
        let idp = server.idp();
        for count in 1..=7 {
            assert!(
                search(idp, "", json!({ "cursor": "", "count": count })).await.ok()["nextCursor"].is_null()
            );
        }
        zoo(idp).await;
        for request in [
            json!({}),
            json!({ "sortBy": "title" }),
            json!({ "sortBy": "title", "sortOrder": "descending" }),
            json!({ "filter": "displayName pr" }),
            json!({ "filter": "members pr" }),
        ] {
            let all = names(idp, request.clone()).await;
            for count in 1..=7 {
                let mut found = Vec::new();
                let mut cursor = json!("");
                for _ in 0..10 {
                    let mut page = request.clone();
                    page["count"] = count.into();
                    page["cursor"] = cursor;
                    let answer = search(idp, "", page.clone()).await.ok();
                    assert!(answer["startIndex"].is_null(), "{answer}");
                    found.push(names(idp, page).await);
                    cursor = answer["nextCursor"].clone();
                    if cursor.is_null() {
                        break;
                    }
                }
                assert_eq!(found.join(" ").trim(), all, "{request} by {count}");
                assert!(cursor.is_null());
            }
        }
        let both_have = json!({ "cursor": "", "sortBy": "displayName" });
        search(idp, "", both_have).await.error(400, Some("invalidValue"));
        let far = json!({ "startIndex": 10_000, "count": 2, "sortBy": "displayName" });
        search(idp, "", far).await.error(400, Some("tooMany"));
    })
    .await;
}
