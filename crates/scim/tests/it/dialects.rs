//! What identity providers send and what the RFC says, one JSON case each, with its source: `tests/dialects/*.json`.
//!
//! `before` and `after` are bodies; `schemas` and the required attribute are filled in. No `after` means no change.

use std::fmt::Write as _;

use rollcall_proto::identity::{Group, User};
use rollcall_scim::{
    patch::{MemberChange, apply_group, apply_user, operations_from_json},
    resource::{group_from_json, user_from_json},
};
use serde_json::{Value, json};

#[test]
fn microsoft_entra_id() {
    check(include_str!("../dialects/entra.json"));
}

#[test]
fn other_identity_providers() {
    check(include_str!("../dialects/others.json"));
}

#[test]
fn rfc_7644_section_3_5_2() {
    check(include_str!("../dialects/rfc.json"));
}

/// Nobody becomes active because it is no longer said that they are not.
#[test]
fn who_is_not_said_to_be_active_any_more_is_not() {
    let body =
        json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "u", "active": false});
    let operations =
        operations_from_json(&request(&json!({"operations": [{"op": "remove", "path": "active"}]})));
    let after = apply_user(&user_from_json(&body).unwrap(), &operations.unwrap()).unwrap();
    assert_eq!((after.active, after.active()), (None, false));
}

fn check(cases: &str) {
    let cases: Vec<Value> = serde_json::from_str(cases).unwrap();
    let mut failures = String::new();
    for case in &cases {
        assert!(case["source"].is_string(), "no source: {case}");
        let (expected, found) = match case["resource"].as_str() {
            None => user(case),
            Some("Group") => group(case),
            Some(other) => panic!("unknown resource {other}"),
        };
        if expected != found {
            writeln!(failures, "{}\n  expected {expected}\n  found    {found}", case["name"]).unwrap();
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

fn user(case: &Value) -> (String, String) {
    let body = |of: &str| -> User {
        let mut body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "u"});
        fill(&mut body, &case[of]);
        user_from_json(&body).unwrap()
    };
    let operations = operations_from_json(&request(case));
    let found = operations.and_then(|operations| apply_user(&body("before"), &operations));
    let expected = match case["error"].as_str() {
        Some(error) => error.to_owned(),
        None => format!("{:?}", body(if case["after"].is_null() { "before" } else { "after" })),
    };
    (expected, found.map_or_else(|error| error.scim_type().as_str().to_owned(), |user| format!("{user:?}")))
}

fn group(case: &Value) -> (String, String) {
    let body = |of: &str| -> Group {
        let mut body =
            json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "g"});
        fill(&mut body, &case[of]);
        group_from_json(&body).unwrap()
    };
    let operations = operations_from_json(&request(case));
    let found = operations.and_then(|operations| apply_group(&body("before"), &operations));
    let expected = if let Some(error) = case["error"].as_str() {
        error.to_owned()
    } else {
        let after = body(if case["after"].is_null() { "before" } else { "after" });
        format!("{after:?} {}", case["members"])
    };
    let found = found.map_or_else(
        |error| error.scim_type().as_str().to_owned(),
        |(group, changes)| {
            let changes: Vec<Value> = changes.iter().map(change_to_json).collect();
            format!("{group:?} {}", Value::from(changes))
        },
    );
    (expected, found)
}

fn change_to_json(change: &MemberChange) -> Value {
    match change {
        MemberChange::Add(ids) => json!({"add": ids}),
        MemberChange::Remove(ids) => json!({"remove": ids}),
        MemberChange::RemoveWhere(_) => json!("where"),
        MemberChange::RemoveAll => json!("all"),
        MemberChange::Replace(ids) => json!({"replace": ids}),
    }
}

fn request(case: &Value) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": case["operations"]})
}

fn fill(body: &mut Value, with: &Value) {
    let with = with.as_object().cloned().unwrap_or_default();
    body.as_object_mut().unwrap().extend(with);
}
