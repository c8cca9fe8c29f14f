//! Any text as a filter: a filter or an error, never a panic; and what is a filter prints as itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rollcall_scim::{
    filter::{Filter, ast::Expression},
    schema::ResourceType,
};
use serde_json::{Map, Value, json};

fuzz_target!(|text: &str| {
    for resource_type in ResourceType::ALL {
        match Filter::parse(text, resource_type) {
            Ok(filter) => {
                let matches = filter.matches(&resource());
                assert_ne!(Filter::Not(Box::new(filter)).matches(&resource()), matches);
            }
            Err(error) => assert!((1..=text.chars().count() + 1).contains(&error.column), "{error}"),
        }
    }
    if let Ok(expression) = Expression::parse(text) {
        let printed = expression.to_string();
        // Printed, it can exceed a limit that it kept as written.
        if let Ok(parsed) = Expression::parse(&printed) {
            assert_eq!(parsed, expression, "{printed}");
        }
    }
});

fn resource() -> Map<String, Value> {
    let resource = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": "1",
        "userName": "Ä",
        "displayName": "",
        "active": true,
        "name": { "familyName": "x" },
        "emails": [{ "value": "a@b", "type": "work", "primary": true }, { "value": "c@d" }],
        "members": [{ "value": "2", "type": "User" }],
        "meta": { "created": "2024-05-01T10:00:00.000Z" },
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "manager": { "value": "3" } },
    });
    resource.as_object().cloned().unwrap_or_default()
}
