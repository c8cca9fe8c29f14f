//! Any JSON as the body of POST or PUT: a resource that stays the same when it is answered and sent back, or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rollcall_scim::{
    convert::{group_to_json, user_to_json},
    resource::{group_from_json, user_from_json},
};
use serde_json::Value;

fuzz_target!(|text: &str| {
    let Ok(body) = serde_json::from_str::<Value>(text) else { return };
    if let Ok(user) = user_from_json(&body) {
        let json = Value::Object(user_to_json(&user, ""));
        assert_eq!(user_from_json(&json).as_ref(), Ok(&user), "{json}");
    }
    if let Ok(group) = group_from_json(&body) {
        let json = Value::Object(group_to_json(&group, ""));
        assert_eq!(group_from_json(&json).as_ref(), Ok(&group), "{json}");
    }
});
