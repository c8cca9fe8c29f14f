//! A message shown as JSON and read again is the same message.

use proptest::prelude::*;
use rollcall_proto::identity::{Group, User};
use rollcall_scim::{
    convert::{group_to_json, user_to_json},
    resource::{group_from_json, user_from_json},
};
use serde_json::Value;

use crate::generate;

const BASE: &str = "https://scim.example.com/a/scim/v2";

/// A PUT of what was read changes nothing: Okta does that for every change.
fn put_back_user(user: &User) -> User {
    let read = user_from_json(&Value::Object(user_to_json(user, BASE))).unwrap();
    User {
        name: user.name.clone(),
        groups: user.groups.clone(),
        create_time: user.create_time,
        update_time: user.update_time,
        etag: user.etag.clone(),
        source: user.source,
        ..read
    }
}

fn put_back_group(group: &Group) -> Group {
    let read = group_from_json(&Value::Object(group_to_json(group, BASE))).unwrap();
    Group {
        name: group.name.clone(),
        create_time: group.create_time,
        update_time: group.update_time,
        etag: group.etag.clone(),
        ..read
    }
}

proptest! {
    #[test]
    fn of_a_user(user in generate::user()) {
        prop_assert_eq!(put_back_user(&user), user);
    }

    #[test]
    fn of_a_group(group in generate::group()) {
        prop_assert_eq!(put_back_group(&group), group);
    }

    #[test]
    fn of_whatever_was_accepted(mut body in generate::object()) {
        body.insert("schemas".to_owned(), "urn:ietf:params:scim:schemas:core:2.0:User".into());
        body.entry("userName").or_insert_with(|| "u".into());
        if let Ok(user) = user_from_json(&Value::Object(body.clone())) {
            prop_assert_eq!(put_back_user(&user), user);
        }
        body.insert("schemas".to_owned(), "urn:ietf:params:scim:schemas:core:2.0:Group".into());
        body.entry("displayName").or_insert_with(|| "g".into());
        if let Ok(group) = group_from_json(&Value::Object(body)) {
            prop_assert_eq!(put_back_group(&group), group);
        }
    }
}
