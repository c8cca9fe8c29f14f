//! Any JSON as a PATCH request on a user and on a group: carried out or refused, never a panic, and what it leaves
//! behind is a resource that could also have been sent as a whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rollcall_proto::identity::{Group, User};
use rollcall_scim::{
    convert::{group_to_json, user_to_json},
    patch::{apply_group, apply_user, operations_from_json},
    resource::{group_from_json, user_from_json},
};
use serde_json::{Value, json};

fuzz_target!(|text: &str| {
    let Ok(body) = serde_json::from_str::<Value>(text) else { return };
    let Ok(operations) = operations_from_json(&body) else { return };
    if let Ok(mut patched) = apply_user(&user(), &operations) {
        // Taken away, it stays away; sent as a whole, a user is active unless it says otherwise.
        patched.active.get_or_insert(true);
        let json = Value::Object(user_to_json(&patched, ""));
        assert_eq!(user_from_json(&json).as_ref(), Ok(&patched), "{json}");
    }
    if let Ok((patched, _)) = apply_group(&group(), &operations) {
        let json = Value::Object(group_to_json(&patched, ""));
        assert_eq!(group_from_json(&json).as_ref(), Ok(&patched), "{json}");
    }
});

fn user() -> User {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "bjensen",
        "name": { "familyName": "Jensen" },
        "emails": [{ "value": "a@b", "type": "work", "primary": true }, { "value": "c@d" }],
        "addresses": [{ "locality": "Chur" }],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "manager": { "value": "3" } },
        "urn:example:2.0:User": { "badge": { "number": 7 }, "tags": ["a"] },
    });
    user_from_json(&body).expect("a valid user")
}

fn group() -> Group {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": "Printers",
        "urn:example:2.0:Group": { "floor": 2 },
    });
    group_from_json(&body).expect("a valid group")
}
