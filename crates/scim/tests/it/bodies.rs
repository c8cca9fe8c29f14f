//! What POST and PUT send.

use rollcall_proto::identity::{EnterpriseUser, Extension, Manager, Member, MemberType};
use rollcall_scim::{
    ScimType,
    resource::{group_from_json, user_from_json},
};
use serde_json::{Map, Value, json};

const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

fn user_body(with: &Value) -> Value {
    let mut body = json!({"schemas": [CORE], "userName": "u"});
    body.as_object_mut().unwrap().extend(with.as_object().cloned().unwrap());
    body
}

/// Microsoft Learn, *Develop and plan provisioning*, "Create User", with the nulls and texts that its Postman
/// collection has.
#[test]
fn what_entra_creates() {
    let user = user_from_json(&json!({
        "schemas": [CORE, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
        "externalId": "0a21f0f2",
        "userName": "Test_User",
        "active": "True",
        "title": null,
        "addresses": null,
        "emails": [{"Primary": true, "type": "work", "value": "t@example.com"}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "g f", "familyName": "f", "givenName": "g"},
        "roles": [{"primary": "True", "value": "Admin", "displayName": "Admin"}],
        "groups": [],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"Department": "bob", "Manager": {"Value": "SuzzyQ"}},
        "urn:ietf:params:scim:schemas:extension:Acme:2.0:User": {"cardId": "1", "none": null},
    }))
    .unwrap();
    assert_eq!(user.external_id.as_deref(), Some("0a21f0f2"));
    assert!(user.active() && user.addresses.is_empty() && user.groups.is_empty());
    assert_eq!(user.emails[0].primary, Some(true));
    assert_eq!((user.roles[0].primary, user.roles[0].display.as_deref()), (Some(true), None));
    let enterprise = EnterpriseUser {
        department: Some("bob".to_owned()),
        manager: Some(Manager { value: Some("SuzzyQ".to_owned()), ..Manager::default() }),
        ..EnterpriseUser::default()
    };
    assert_eq!(user.enterprise, Some(enterprise));
    let extension = Extension {
        schema: "urn:ietf:params:scim:schemas:extension:Acme:2.0:User".to_owned(),
        json: r#"{"cardId":"1"}"#.to_owned(),
    };
    assert_eq!(user.extensions, [extension]);
}

/// Recorded in goauthentik/authentik#11249.
#[test]
fn what_onelogin_sends() {
    let user = user_from_json(&json!({
        "schemas": ["urn:scim:schemas:core:2.0", "urn:scim:schemas:extension:enterprise:2.0"],
        "userName": "u",
        "urn:scim:schemas:extension:enterprise:2.0": {"department": "D"},
    }))
    .unwrap();
    assert_eq!(user.enterprise.unwrap().department.as_deref(), Some("D"));
    assert!(user.extensions.is_empty());
}

/// Okta, *SCIM 2.0 reference*, "Create users" and "Update a specific user (PUT)": the whole resource comes back.
#[test]
fn what_okta_puts() {
    let user = user_from_json(&user_body(&json!({
        "id": "23a35c27",
        "password": "1mz050nq",
        "locale": "en-US",
        "groups": [{"value": "g"}],
        "active": false,
        "meta": {"resourceType": "User", "version": "W/\"1\""},
    })))
    .unwrap();
    assert!(!user.active() && user.groups.is_empty() && user.name.is_empty() && user.etag.is_empty());
    assert_eq!(user.locale.as_deref(), Some("en-US"));
}

/// Microsoft Learn, *Develop and plan provisioning*, "Create Group": a URN that nobody knows is no reason to refuse.
#[test]
fn a_group_with_members_in_every_form() {
    let group = group_from_json(&json!({
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:group",
            "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group",
        ],
        "displayName": "G",
        "members": [{"value": "a", "type": "User", "display": "A"}, {"value": "b", "type": "group"}, "c", {"value": "a"}],
    }))
    .unwrap();
    let member =
        |id: &str, kind: MemberType| Member { id: id.to_owned(), r#type: kind.into(), ..Member::default() };
    let expected =
        [member("a", MemberType::User), member("b", MemberType::Group), member("c", MemberType::Unspecified)];
    assert_eq!(group.members, expected);
    for members in [json!(null), json!([])] {
        let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "G", "members": members});
        assert!(group_from_json(&body).unwrap().members.is_empty());
    }
}

#[test]
fn names_that_mean_nothing_are_ignored() {
    let user = user_from_json(&user_body(&json!({
        "__proto__": {"active": false},
        "department": "no URN, so unknown",
        "name": {"constructor": 1},
        "urn:acme:2.0:User": "no object",
        CORE: {"active": false},
        "urn:ietf:params:scim:schemas:core:2.0:User:title": "T",
    })))
    .unwrap();
    assert!(
        user.active()
            && user.enterprise.is_none()
            && user.person_name.is_none()
            && user.extensions.is_empty()
    );
    assert_eq!(user.title.as_deref(), Some("T"));
}

#[test]
fn a_body_of_the_wrong_form_is_invalid_syntax() {
    for body in [
        json!([]),
        json!("x"),
        json!({"userName": "u"}),
        json!({"schemas": [], "userName": "u"}),
        json!({"schemas": [7], "userName": "u"}),
        json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "userName": "u"}),
    ] {
        assert_eq!(user_from_json(&body).unwrap_err().scim_type(), ScimType::InvalidSyntax, "{body}");
    }
    let error = user_from_json(&json!({"userName": "u"})).unwrap_err();
    assert_eq!(error.to_string(), format!("schemas must be an array of URNs that has \"{CORE}\""));
}

#[test]
fn a_wrong_value_is_named_by_its_path() {
    let many: Vec<Value> = (0..101).map(|n| json!({"value": n.to_string()})).collect();
    let mut deep = json!(1);
    for _ in 0..20 {
        deep = json!({"a": deep});
    }
    for (with, message) in [
        (json!({"userName": null}), "userName is required and must not be blank"),
        (json!({"userName": " "}), "userName is required and must not be blank"),
        (json!({"userName": 7}), "userName must be a string, not a number"),
        (json!({"userName": "ü".repeat(256)}), "userName must not be longer than 255 characters"),
        (json!({"externalId": "a\0"}), "externalId must not contain U+0000"),
        (json!({"active": "yes"}), "active must be true or false, not a string"),
        (json!({"name": "A B"}), "name must be an object, not a string"),
        (json!({"name": {"givenName": []}, "title": {}}), "title must be a string, not an object"),
        (json!({"title": "x".repeat(8193)}), "title must not be longer than 8192 bytes"),
        (json!({"emails": 7}), "emails must be an array, not a number"),
        (json!({"emails": ["a", {"value": 7}]}), "emails[1].value must be a string, not a number"),
        (json!({"emails": many}), "emails must not have more than 100 elements"),
        (
            json!({"emails": [{"value": "a", "primary": true}, {"value": "b", "primary": "true"}]}),
            "emails must not have more than one primary element",
        ),
        (
            json!({"x509Certificates": [{"value": "=="}]}),
            "x509Certificates[0].value must be Base64 (RFC 4648 section 4)",
        ),
        (json!({"password": 7}), "password must be a string, not a number"),
        (json!({"urn:acme": {"a": deep}}), "urn:acme must not be nested deeper than 16"),
        (json!({"urn:acme": {"a": ["\0"]}}), "urn:acme must not contain U+0000"),
        (
            json!({"urn:acme": {"a": "x".repeat(40_000)}, "urn:other": {"a": "x".repeat(40_000)}}),
            "the extensions together must not be longer than 65536 bytes",
        ),
        (
            json!({format!("urn:{}", "x".repeat(300)): {"a": 1}}),
            "the URN of an extension must not be longer than 255 bytes",
        ),
        (
            json!({"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": "x"}),
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User must be an object, not a string",
        ),
    ] {
        let error = user_from_json(&user_body(&with)).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!(error.scim_type(), ScimType::InvalidValue, "{message}");
    }
}

#[test]
fn nesting_that_a_parser_lets_through_exhausts_no_stack() {
    let text = format!("{}1{}", "[".repeat(120), "]".repeat(120));
    let deep: Value = serde_json::from_str(&text).unwrap();
    for name in ["userName", "emails", "name", "schemas", "urn:acme"] {
        let body = user_body(&Value::Object(Map::from_iter([(name.to_owned(), deep.clone())])));
        let _ = user_from_json(&body);
        let _ = group_from_json(&body);
    }
}
