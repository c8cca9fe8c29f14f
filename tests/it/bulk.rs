//! Many operations in one request (RFC 7644 section 3.7).

use serde_json::{Value, json};

use crate::{
    client::{Answer, Client, ENTERPRISE, GROUP, USER},
    server::both,
};

const REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

async fn send(idp: &Client, operations: Value, fail_on_errors: Option<u32>) -> Answer {
    let mut body = json!({ "schemas": [REQUEST], "Operations": operations });
    if let Some(limit) = fail_on_errors {
        body["failOnErrors"] = limit.into();
    }
    idp.post("/Bulk", &body).await
}

/// The outcomes of operations that were all tried.
async fn bulk(idp: &Client, operations: Value) -> Vec<Value> {
    let answer = send(idp, operations.clone(), None).await.ok();
    assert_eq!(answer["schemas"], json!([RESPONSE]));
    let outcomes = answer["Operations"].as_array().unwrap().clone();
    assert_eq!(outcomes.len(), operations.as_array().unwrap().len(), "{answer}");
    outcomes
}

fn user(name: &str) -> Value {
    json!({ "method": "POST", "path": "/Users", "bulkId": name, "data": { "schemas": [USER], "userName": name } })
}

fn group(name: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
    json!({
        "method": "POST", "path": "/Groups", "bulkId": name,
        "data": { "schemas": [GROUP], "displayName": name, "members": members },
    })
}

#[track_caller]
fn location(outcome: &Value, status: &str) -> String {
    assert_eq!(outcome["status"], status, "{outcome}");
    outcome["location"].as_str().unwrap_or_else(|| panic!("no location: {outcome}")).to_owned()
}

fn id(location: &str) -> &str {
    location.rsplit('/').next().unwrap()
}

#[tokio::test]
async fn each_method_does_what_it_does_alone() {
    both(async |server| {
        let idp = server.idp();
        let [first, second, third, team] =
            [user("ann"), user("bob"), user("cid"), group("team", &["bulkId:ann"])];
        let made = bulk(idp, json!([first, second, third, team])).await;
        let [ann, bob, cid, team] = [0, 1, 2, 3].map(|index| location(&made[index], "201"));
        for (outcome, location) in made.iter().zip([&ann, &bob, &cid, &team]) {
            let read = idp.get(location).await.ok();
            assert_eq!(read["meta"]["location"], json!(location));
            assert_eq!(read["meta"]["version"], outcome["version"]);
            assert_eq!((&outcome["method"], &outcome["response"]), (&json!("POST"), &Value::Null));
        }
        let path = |location: &str| location.strip_prefix(&idp.base).unwrap().to_owned();
        let outcomes = bulk(
            idp,
            json!([
                { "method": "PUT", "path": path(&ann), "version": made[0]["version"],
                  "data": { "schemas": [USER], "userName": "ann", "title": "put" } },
                { "method": "PATCH", "path": path(&bob), "bulkId": "echoed",
                  "data": [{ "op": "add", "path": "title", "value": "patched" }] },
                { "method": "DELETE", "path": path(&cid) },
                { "method": "PATCH", "path": path(&team), "data": {
                    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                    "Operations": [{ "op": "add", "path": "members", "value": [{ "value": id(&bob) }] }] } },
            ]),
        )
        .await;
        for (outcome, (method, status, place)) in outcomes.iter().zip([
            ("PUT", "200", &ann),
            ("PATCH", "200", &bob),
            ("DELETE", "204", &cid),
            ("PATCH", "200", &team),
        ]) {
            assert_eq!(&location(outcome, status), place);
            assert_eq!(outcome["method"], method);
            assert_eq!(outcome["version"].is_null(), method == "DELETE", "{outcome}");
        }
        assert_eq!(outcomes[1]["bulkId"], "echoed");
        assert_eq!(idp.get(&ann).await.ok()["title"], "put");
        assert_eq!(idp.get(&bob).await.ok()["title"], "patched");
        idp.get(&cid).await.error(404, None);
        assert_eq!(idp.members(id(&team)).await, [id(&ann), id(&bob)]);
    })
    .await;
}

#[tokio::test]
async fn references_lead_forward_and_backward() {
    both(async |server| {
        let idp = server.idp();
        let mut boss = user("boss");
        boss["data"][ENTERPRISE] = json!({ "manager": { "value": "bulkId:owner" } });
        let outcomes = bulk(
            idp,
            json!([
                group("all", &["bulkId:staff", "bulkId:boss"]),
                group("staff", &["bulkId:clerk"]),
                { "method": "PATCH", "path": "/Groups/bulkId:staff",
                  "data": [{ "op": "add", "path": "members", "value": [{ "value": "bulkId:boss" }] },
                           { "op": "remove", "path": "members[value eq \"bulkId:clerk\"]" }] },
                boss,
                user("clerk"),
                user("owner"),
                { "method": "DELETE", "path": "/Users/bulkId:clerk" },
            ]),
        )
        .await;
        let places: Vec<String> =
            outcomes.iter().map(|outcome| outcome["location"].as_str().unwrap().to_owned()).collect();
        let statuses: Vec<&str> =
            outcomes.iter().map(|outcome| outcome["status"].as_str().unwrap()).collect();
        assert_eq!(statuses, ["201", "201", "200", "201", "201", "201", "204"]);
        assert_eq!(places[2], places[1]);
        let mut all = [id(&places[1]), id(&places[3])];
        all.sort_unstable();
        assert_eq!(idp.members(id(&places[0])).await, all);
        assert_eq!(idp.members(id(&places[1])).await, [id(&places[3])]);
        let boss = idp.get(&places[3]).await.ok();
        assert_eq!(boss[ENTERPRISE]["manager"]["value"], id(&places[5]));
        idp.get(&places[4]).await.error(404, None);
    })
    .await;
}

#[tokio::test]
async fn circles_are_closed() {
    both(async |server| {
        let idp = server.idp();
        let mut ann = user("ann");
        ann["data"][ENTERPRISE] = json!({ "department": "d", "manager": { "value": "bulkId:bob" } });
        let mut bob = user("bob");
        bob["data"][ENTERPRISE] = json!({ "manager": { "value": "bulkId:ann" } });
        let outcomes = bulk(
            idp,
            json!([
                group("a", &["bulkId:b", "bulkId:ann"]),
                group("b", &["bulkId:a"]),
                group("self", &["bulkId:self"]),
                ann,
                bob,
            ]),
        )
        .await;
        let places: Vec<String> = outcomes.iter().map(|outcome| location(outcome, "201")).collect();
        for (outcome, place) in outcomes.iter().zip(&places) {
            assert_eq!(idp.get(place).await.ok()["meta"]["version"], outcome["version"], "the last version");
        }
        let mut of_a = [id(&places[1]), id(&places[3])];
        of_a.sort_unstable();
        assert_eq!(idp.members(id(&places[0])).await, of_a);
        assert_eq!(idp.members(id(&places[1])).await, [id(&places[0])]);
        let ann = idp.get(&places[3]).await.ok();
        assert_eq!(ann[ENTERPRISE]["manager"]["value"], id(&places[4]));
        assert_eq!(ann[ENTERPRISE]["department"], "d");
        let bob = idp.get(&places[4]).await.ok();
        assert_eq!(bob[ENTERPRISE]["manager"]["value"], id(&places[3]));
    })
    .await;
}

#[tokio::test]
async fn what_fails_says_why_and_the_rest_is_done() {
    both(async |server| {
        let idp = server.idp();
        let taken = idp.new_user("taken").await;
        let mut late = user("late");
        late["data"] = json!({ "schemas": [USER], "userName": "taken" });
        let outcomes = bulk(
            idp,
            json!([
                late,
                group("lost", &["bulkId:late"]),
                group("odd", &["bulkId:nobody"]),
                { "method": "PUT", "path": format!("/Users/{taken}"), "version": "W/\"77\"",
                  "data": { "schemas": [USER], "userName": "taken" } },
                { "method": "DELETE", "path": "/Users/0195a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b" },
                { "method": "GET", "path": "/Users" },
                { "method": "PATCH", "path": "/Users/bulkId:late", "data": [] },
                user("fine"),
            ]),
        )
        .await;
        for (outcome, (status, scim_type)) in outcomes.iter().zip([
            ("409", Some("uniqueness")),
            ("409", None),
            ("409", None),
            ("412", None),
            ("404", None),
            ("400", Some("invalidSyntax")),
            ("409", None),
        ]) {
            let error = &outcome["response"];
            assert_eq!((&outcome["status"], &error["status"]), (&json!(status), &json!(status)), "{outcome}");
            assert_eq!(error["scimType"].as_str(), scim_type, "{outcome}");
            assert!(!error["detail"].as_str().unwrap().is_empty(), "{outcome}");
            let has_location = outcome["method"] != "POST" && outcome["method"] != "GET";
            assert!(!has_location || outcome["location"].is_string(), "{outcome}");
        }
        assert_eq!(outcomes[7]["status"], "201");
        assert_eq!(idp.get("/Groups").await.ok()["totalResults"], 0);
        assert_eq!(idp.get("/Users").await.ok()["totalResults"], 2);
    })
    .await;
}

/// References where none make sense: each operation has an outcome, and none is a defect.
#[tokio::test]
async fn odd_references_are_no_defects() {
    both(async |server| {
        let idp = server.idp();
        for data in [
            json!({ "path": "x[value eq \"bulkId:u\"]" }),
            json!({ "urn:x:y": { "path": "\"bulkId:u\"", "a": [["bulkId:u"]], "b": "bulkId:u" } }),
            json!({ "userName": "bulkId:u" }),
            json!({ "emails": ["bulkId:u", { "value": "bulkId:u" }] }),
            json!({ "schemas": ["bulkId:u"] }),
            json!({ "name": { "givenName": "bulkId:" }, "title": "bulkId:bulkId:u" }),
        ] {
            let mut user = user("u");
            user["data"].as_object_mut().unwrap().extend(data.as_object().unwrap().clone());
            let outcomes = bulk(idp, json!([user, { "method": "DELETE", "path": "/Users/bulkId:u" }])).await;
            for outcome in outcomes {
                let status = outcome["status"].as_str().unwrap();
                assert!(["201", "204", "400", "409"].contains(&status), "{data}: {outcome}");
            }
        }
        assert_eq!(idp.get("/Users").await.ok()["totalResults"], 0);
    })
    .await;
}

/// A circle of which one half cannot be: the other is there, and its operation says that it is not as it should be.
#[tokio::test]
async fn half_a_circle_is_a_failure() {
    both(async |server| {
        let idp = server.idp();
        idp.new_group("a", &[]).await;
        let outcomes = bulk(idp, json!([group("a", &["bulkId:b"]), group("b", &["bulkId:a"])])).await;
        assert_eq!(outcomes[0]["response"]["scimType"], "uniqueness");
        assert_eq!(outcomes[1]["status"], "409");
        let half = idp.get(outcomes[1]["location"].as_str().unwrap()).await.ok();
        assert!(half["displayName"] == "b" && half["members"].is_null(), "{half}");
    })
    .await;
}

#[tokio::test]
async fn it_stops_after_as_many_errors_as_allowed() {
    both(async |server| {
        let idp = server.idp();
        let wrong = json!({ "method": "POST", "path": "/Users", "bulkId": "x", "data": {} });
        let mut operations = vec![user("one"), wrong.clone(), user("two"), wrong, user("three")];
        operations[3]["bulkId"] = json!("y");
        for (limit, done, users) in [(1, 2, 1), (2, 4, 2), (3, 5, 3)] {
            let answer = send(idp, operations.clone().into(), Some(limit)).await.ok();
            let outcomes = answer["Operations"].as_array().unwrap();
            assert_eq!(outcomes.len(), done, "{answer}");
            let listed = idp.get("/Users").await.ok();
            assert_eq!(listed["totalResults"], users);
            for user in listed["Resources"].as_array().unwrap() {
                idp.delete(&format!("/Users/{}", user["id"].as_str().unwrap())).await.no_content();
            }
        }
        for limit in [json!(0), json!(-1), json!("1"), json!(1.5)] {
            let body = json!({ "schemas": [REQUEST], "failOnErrors": limit, "Operations": [] });
            idp.post("/Bulk", &body).await.error(400, Some("invalidValue"));
        }
    })
    .await;
}

#[tokio::test]
async fn the_limits_are_those_that_are_advertised() {
    both(async |server| {
        let idp = server.idp();
        let config = idp.get("/ServiceProviderConfig").await.ok();
        let limits = &config["bulk"];
        assert_eq!(limits["supported"], true);
        let most = usize::try_from(limits["maxOperations"].as_u64().unwrap()).unwrap();
        let delete = |number| json!({ "method": "DELETE", "path": format!("/Users/{number}") });
        let operations: Vec<Value> = (0..=most).map(delete).collect();
        let answer = send(idp, operations[..most].into(), None).await.ok();
        assert_eq!(answer["Operations"].as_array().unwrap().len(), most);
        let answer = send(idp, operations.into(), None).await;
        assert!(answer.error(413, None).contains(&most.to_string()), "{answer}");
        let size = usize::try_from(limits["maxPayloadSize"].as_u64().unwrap()).unwrap();
        let mut body = json!({ "schemas": [REQUEST], "Operations": [] }).to_string();
        body.push_str(&" ".repeat(size - body.len()));
        idp.send(reqwest::Method::POST, "/Bulk", Some(body.clone().into_bytes())).await.ok();
        body.push(' ');
        let answer = idp.send(reqwest::Method::POST, "/Bulk", Some(body.into_bytes())).await;
        assert!(answer.error(413, None).contains(&size.to_string()), "{answer}");
    })
    .await;
}

#[tokio::test]
async fn a_request_that_means_nothing_is_refused_whole() {
    both(async |server| {
        let idp = server.idp();
        for body in
            [json!({}), json!({ "schemas": [REQUEST] }), json!({ "schemas": [USER], "Operations": [] })]
        {
            idp.post("/Bulk", &body).await.error(400, Some("invalidSyntax"));
        }
        send(idp, json!([user("a"), user("a")]), None).await.error(400, Some("invalidValue"));
        assert_eq!(idp.get("/Users").await.ok()["totalResults"], 0);
        idp.get("/Bulk").await.error(405, None);
    })
    .await;
}
