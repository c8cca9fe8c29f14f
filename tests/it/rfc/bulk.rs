//! Bulk operations (RFC 7644 section 3.7).

use serde_json::{Value, json};

use crate::{
    client::{Answer, Client, ENTERPRISE, ERROR, GROUP, PATCH, USER},
    server::both,
};

const REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

async fn bulk(idp: &Client, fail_on_errors: Option<u64>, operations: Value) -> Answer {
    let mut body = json!({ "schemas": [REQUEST], "Operations": operations });
    if let Some(limit) = fail_on_errors {
        body["failOnErrors"] = json!(limit);
    }
    idp.post("/Bulk", &body).await
}

fn statuses(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{answer}");
    assert_eq!(answer["schemas"], json!([RESPONSE]));
    let status = |operation: &Value| operation["status"].as_str().unwrap_or("no text").to_owned();
    answer["Operations"].as_array().unwrap().iter().map(status).collect()
}

fn user(bulk_id: &str, name: &str) -> Value {
    json!({ "method": "POST", "path": "/Users", "bulkId": bulk_id, "data": { "schemas": [USER], "userName": name } })
}

fn group(bulk_id: &str, name: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
    json!({ "method": "POST", "path": "/Groups", "bulkId": bulk_id,
        "data": { "schemas": [GROUP], "displayName": name, "members": members } })
}

#[tokio::test]
async fn every_method_is_done_as_if_alone_and_says_its_status_and_place() {
    both(async |server| {
        let idp = server.idp();
        let ann = idp.post("/Users", &json!({ "schemas": [USER], "userName": "ann" })).await.created();
        let ben = idp.new_user("ben").await;
        let (at_ann, at_ben) = (format!("/Users/{}", ann.id()), format!("/Users/{ben}"));
        let answer = bulk(idp, None, json!([
            user("q1", "new"),
            { "method": "PUT", "path": at_ann, "version": ann.version(), "data": { "schemas": [USER], "userName": "ann", "title": "T" } },
            { "method": "PATCH", "path": at_ann, "data": { "schemas": [PATCH], "Operations": [{ "op": "add", "path": "nickName", "value": "N" }] } },
            { "method": "DELETE", "path": at_ben },
        ])).await;
        assert_eq!(statuses(&answer), ["201", "200", "200", "204"], "{answer}");
        let operations = answer["Operations"].as_array().unwrap();
        assert_eq!((&operations[0]["method"], &operations[0]["bulkId"]), (&json!("POST"), &json!("q1")));
        for operation in &operations[..3] {
            let read = idp.get(operation["location"].as_str().unwrap()).await.ok();
            assert_eq!(read["meta"]["location"], operation["location"]);
            assert!(operation["version"].is_string(), "{operation}");
        }
        assert_eq!(operations[3]["location"], json!(format!("{}{at_ben}", idp.base)));
        let read = idp.get(&at_ann).await.ok();
        assert_eq!((&read["title"], &read["nickName"]), (&json!("T"), &json!("N")));
        idp.get(&at_ben).await.error(404, None);
        let late = json!([{ "method": "DELETE", "path": at_ann, "version": ann.version() }]);
        assert_eq!(statuses(&bulk(idp, None, late).await), ["412"]);
    })
    .await;
}

#[tokio::test]
async fn what_is_created_is_referred_to_by_its_bulk_id() {
    both(async |server| {
        let idp = server.idp();
        let mut boss = user("boss", "boss");
        boss["data"]["schemas"] = json!([USER, ENTERPRISE]);
        boss["data"][ENTERPRISE] = json!({ "manager": { "value": "bulkId:ann" } });
        let patch = json!({ "method": "PATCH", "path": "/Groups/bulkId:late", "data": { "schemas": [PATCH],
            "Operations": [{ "op": "add", "path": "members", "value": [{ "value": "bulkId:boss" }] }] } });
        // The group stands before those who are in it.
        let answer =
            bulk(idp, None, json!([group("late", "g", &["bulkId:ann"]), boss, user("ann", "ann"), patch]))
                .await;
        assert_eq!(statuses(&answer), ["201", "201", "201", "200"], "{answer}");
        let id = |index: usize| {
            answer["Operations"][index]["location"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
        };
        let mut expected = vec![id(1), id(2)];
        expected.sort();
        assert_eq!(idp.members(&id(0)).await, expected);
        assert_eq!(idp.user(&id(1)).await[ENTERPRISE]["manager"]["value"], json!(id(2)));
    })
    .await;
}

/// RFC 7644 section 3.7.1: the service tries to resolve what refers to each other in a circle.
#[tokio::test]
async fn a_circle_of_references_is_resolved() {
    both(async |server| {
        let idp = server.idp();
        let answer =
            bulk(idp, None, json!([group("a", "a", &["bulkId:b"]), group("b", "b", &["bulkId:a"])])).await;
        assert_eq!(statuses(&answer), ["201", "201"], "{answer}");
        let id = |index: usize| {
            answer["Operations"][index]["location"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
        };
        assert_eq!(idp.members(&id(0)).await, [id(1)]);
        assert_eq!(idp.members(&id(1)).await, [id(0)]);
    })
    .await;
}

#[tokio::test]
async fn failures_are_told_one_by_one_and_end_it_where_the_client_says() {
    both(async |server| {
        let idp = server.idp();
        idp.new_user("taken").await;
        let bad = json!([
            user("1", "one"), user("2", "taken"), user("3", "three"),
            { "method": "DELETE", "path": "/Users/0190b9a5-0000-7000-8000-000000000000" },
            user("5", "five"),
        ]);
        let answer = bulk(idp, None, bad.clone()).await;
        assert_eq!(statuses(&answer), ["201", "409", "201", "404", "201"], "{answer}");
        for index in [1, 3] {
            let operation = &answer["Operations"][index];
            let error = &operation["response"];
            assert_eq!(
                (&error["schemas"], &error["status"]),
                (&json!([ERROR]), &operation["status"]),
                "{operation}"
            );
        }
        assert_eq!(answer["Operations"][1]["response"]["scimType"], "uniqueness");
        assert!(answer["Operations"][1]["location"].is_null(), "nothing was created: {answer}");

        let other = server.new_account("other").await;
        other.new_user("taken").await;
        assert_eq!(statuses(&bulk(&other, Some(1), bad.clone()).await), ["201", "409"]);
        assert_eq!(other.get("/Users").await.list().len(), 2, "after it nothing is tried");
        let third = server.new_account("third").await;
        third.new_user("taken").await;
        assert_eq!(statuses(&bulk(&third, Some(2), bad).await), ["201", "409", "201", "404"]);
    })
    .await;
}

#[tokio::test]
async fn an_operation_that_is_none_fails_alone_and_a_request_that_is_none_fails_whole() {
    both(async |server| {
        let idp = server.idp();
        for operation in [
            json!({ "method": "POST", "path": "/Users", "data": { "schemas": [USER], "userName": "no-bulk-id" } }),
            json!({ "method": "GET", "path": "/Users" }),
            json!({ "method": "POST", "bulkId": "x", "data": {} }),
            json!({ "method": "POST", "path": "/Nothing", "bulkId": "x", "data": {} }),
            json!({ "method": "POST", "path": "/Users", "bulkId": "x" }),
            json!({ "method": "PATCH", "path": "/Users/bulkId:unknown", "data": { "schemas": [PATCH], "Operations": [] } }),
            json!("POST"),
        ] {
            let answer = bulk(idp, None, json!([operation, user("ok", "ok")])).await;
            let statuses = statuses(&answer);
            assert!(statuses[0].starts_with('4') && statuses[1] == "201", "{answer}");
            assert!(answer["Operations"][0]["response"]["detail"].is_string(), "{answer}");
            let location = answer["Operations"][1]["location"].as_str().unwrap();
            idp.delete(location).await.no_content();
        }
        for body in [
            json!({ "schemas": [PATCH], "Operations": [] }),
            json!({ "Operations": [] }),
            json!({ "schemas": [REQUEST] }),
        ] {
            idp.post("/Bulk", &body).await.error(400, Some("invalidSyntax"));
        }
        let mut body = json!({ "schemas": [REQUEST], "Operations": [], "failOnErrors": "one" });
        idp.post("/Bulk", &body).await.error(400, Some("invalidValue"));
        body["failOnErrors"] = json!(0);
        assert!([200, 400].contains(&idp.post("/Bulk", &body).await.status));
        assert!(idp.get("/Users").await.list().is_empty());
    })
    .await;
}
