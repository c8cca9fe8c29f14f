//! PATCH as a whole: its envelope, and what holds of any operations.

use proptest::{collection::vec, prelude::*};
use rollcall_proto::identity::{PatchOp, PatchOperation, User};
use rollcall_scim::{
    ScimType,
    convert::user_to_json,
    patch::{apply_group, apply_user, operations_from_json},
    resource::user_from_json,
};
use serde_json::{Value, json};

use crate::generate;

#[test]
fn an_envelope_is_read_in_any_case_and_with_one_operation() {
    let operations = operations_from_json(&json!({
        "Schemas": "URN:ietf:params:scim:api:messages:2.0:PatchOp",
        "operations": {"Op": "Add", "Path": "title", "Value": "T"},
    }))
    .unwrap();
    let expected =
        PatchOperation { op: PatchOp::Add.into(), path: "title".to_owned(), value: "\"T\"".to_owned() };
    assert_eq!(operations, [expected]);
}

#[test]
fn an_envelope_of_the_wrong_form_is_refused() {
    let schemas = json!(["urn:ietf:params:scim:api:messages:2.0:PatchOp"]);
    let with = |operations: Value| json!({"schemas": schemas, "Operations": operations});
    let many = Value::from(vec![json!({"op": "remove", "path": "title"}); 1001]);
    for (body, scim_type, message) in [
        (json!([]), ScimType::InvalidSyntax, "the body must be a JSON object, not an array"),
        (
            json!({"Operations": []}),
            ScimType::InvalidSyntax,
            "schemas must be an array of URNs that has \"urn:ietf:params:scim:api:messages:2.0:PatchOp\"",
        ),
        (json!({"schemas": schemas}), ScimType::InvalidSyntax, "Operations must be an array of operations"),
        (
            with(many),
            ScimType::InvalidSyntax,
            "Operations must not have more than 1000 elements, and has 1001",
        ),
        (with(json!([7])), ScimType::InvalidSyntax, "operation 1: must be a JSON object, not a number"),
        (
            with(json!([{"op": "remove", "path": "title"}, {"op": "move"}])),
            ScimType::InvalidSyntax,
            "operation 2: op must be add, remove or replace",
        ),
        (
            with(json!([{"op": "add", "path": 7}])),
            ScimType::InvalidPath,
            "operation 1: path must be a string, not a number",
        ),
    ] {
        let error = operations_from_json(&body).unwrap_err();
        assert_eq!((error.scim_type(), error.to_string().as_str()), (scim_type, message));
    }
}

#[test]
fn errors_say_which_operation_and_where() {
    let user = User { user_name: "u".to_owned(), ..User::default() };
    for (op, path, value, message) in [
        (
            PatchOp::Add,
            "titel",
            "1",
            "operation 1: path, column 1: unknown attribute `titel`; did you mean `title`?",
        ),
        (PatchOp::Replace, "title", "1", "operation 1: title must be a string, not a number"),
        (PatchOp::Replace, "title", "{", "operation 1: value must be JSON"),
        (PatchOp::Remove, "", "", "operation 1: remove needs a path"),
        (PatchOp::Replace, "id", "1", "operation 1: `id` is read-only"),
        (PatchOp::Remove, "userName", "", "operation 1: `userName` is required and cannot be removed"),
        (
            PatchOp::Replace,
            "emails[type eq \"work\"]",
            "{\"value\":\"a\"}",
            "operation 1: `emails[type eq \"work\"]` selects nothing",
        ),
        (
            PatchOp::Replace,
            "emails[type eq \"work\"].value",
            "7",
            "operation 1: emails.value must be a string, not a number",
        ),
    ] {
        let operation = PatchOperation { op: op.into(), path: path.to_owned(), value: value.to_owned() };
        assert_eq!(apply_user(&user, &[operation]).unwrap_err().to_string(), message);
    }
}

#[test]
fn a_list_stays_within_its_limit() {
    let operation = |n: usize| PatchOperation {
        op: PatchOp::Add.into(),
        path: "emails".to_owned(),
        value: json!([{"value": n.to_string()}]).to_string(),
    };
    let user = User { user_name: "u".to_owned(), ..User::default() };
    let operations: Vec<_> = (0..101).map(operation).collect();
    assert_eq!(apply_user(&user, &operations[..100]).unwrap().emails.len(), 100);
    let error = apply_user(&user, &operations).unwrap_err();
    assert_eq!(error.to_string(), "operation 101: emails must not have more than 100 elements");
}

fn operation(op: PatchOp, path: &str, value: String) -> PatchOperation {
    PatchOperation { op: op.into(), path: path.to_owned(), value }
}

proptest! {
    /// Nothing panics, what comes out could have been stored, and what only the service sets stays.
    #[test]
    fn any_operations_on_a_user(user in generate::user(), operations in vec(generate::operation(), 0..5)) {
        if let Ok(changed) = apply_user(&user, &operations) {
            prop_assert_eq!(&changed.name, &user.name);
            prop_assert_eq!(&changed.groups, &user.groups);
            prop_assert_eq!((&changed.create_time, &changed.update_time, &changed.etag), (&user.create_time, &user.update_time, &user.etag));
            prop_assert_eq!(apply_user(&changed, &[]).unwrap(), changed.clone());
            let primary = |list: &[rollcall_proto::identity::MultiValue]| list.iter().filter(|one| one.primary == Some(true)).count();
            prop_assert!(primary(&changed.emails) <= 1 && primary(&changed.roles) <= 1);
            prop_assert!(user_from_json(&Value::Object(user_to_json(&changed, ""))).is_ok());
        }
    }

    #[test]
    fn any_operations_on_a_group(group in generate::group(), operations in vec(generate::operation(), 0..5)) {
        if let Ok((changed, _)) = apply_group(&group, &operations) {
            prop_assert_eq!(&changed.members, &group.members);
            prop_assert_eq!(apply_group(&changed, &[]).unwrap(), (changed, vec![]));
        }
    }

    /// Operations are one after another: together they do what they do one by one.
    #[test]
    fn operations_are_sequential(user in generate::user(), operations in vec(generate::operation(), 0..4)) {
        let one_by_one = operations.iter().try_fold(user.clone(), |user, one| apply_user(&user, std::slice::from_ref(one)));
        if let Ok(expected) = one_by_one {
            prop_assert_eq!(apply_user(&user, &operations).unwrap(), expected);
        }
    }

    /// To write what is there changes nothing, attribute by attribute and all at once.
    #[test]
    fn writing_what_is_there_changes_nothing(user in generate::user()) {
        let document = user_to_json(&user, "https://scim.example.com/a/scim/v2");
        for op in [PatchOp::Add, PatchOp::Replace] {
            let whole = operation(op, "", Value::Object(document.clone()).to_string());
            prop_assert_eq!(apply_user(&user, &[whole]).unwrap(), user.clone());
            for (name, value) in document.iter().filter(|(name, _)| !matches!(name.as_str(), "id" | "meta" | "groups")) {
                let one = operation(op, name, value.to_string());
                prop_assert_eq!(apply_user(&user, &[one]).unwrap(), user.clone(), "{}", name);
            }
        }
    }
}
