use proptest::prelude::*;
use serde_json::json;

use super::*;

fn redacted(mut value: Value) -> Value {
    json(&mut value, &mut Removed::default());
    value
}

#[test]
fn names_that_speak_of_secrets() {
    for name in [
        "password",
        "PassWord",
        "pin",
        "PIN",
        "pin2",
        "authPin",
        "authPin2",
        "userPinCode",
        "print-pin",
        "print_pin_1",
        "passcode",
        "cardNumber",
        "card",
        "Cards",
        "badgeId",
        "badge_number",
        "cardRegistrationCode",
        "MFD_PIN",
        "MFD_CardId",
        "mfd_anything",
        "ｐｉｎ",
        "urn:example:printercloud:1.0:User:badgeId",
        "urn:example:2.0:User.authPin",
        "cards[type eq \"x\"].value",
    ] {
        assert!(is_secret(name), "{name}");
    }
    for name in [
        "userName",
        "shippingAddress",
        "mapping",
        "displayName",
        "opinion",
        "urn:ietf:params:scim:schemas:core:2.0:User",
        "active",
        "",
    ] {
        assert!(!is_secret(name), "{name}");
    }
}

#[test]
fn bodies() {
    for (body, expected) in [
        (json!({"userName": "ann", "password": "x"}), json!({"userName": "ann", "password": "[redacted]"})),
        (json!({"PIN": 1234, "active": true}), json!({"PIN": "[redacted]", "active": true})),
        (json!({"password": null, "pin": false}), json!({"password": null, "pin": false})),
        (
            json!({"urn:x:2.0:User": {"badgeId": ["a", {"b": "c"}], "room": "1"}}),
            json!({"urn:x:2.0:User": {"badgeId": "[redacted]", "room": "1"}}),
        ),
        (json!({"urn:x:2.0:User:pin": "1"}), json!({"urn:x:2.0:User:pin": "[redacted]"})),
        (
            json!({"Operations": [{"op": "replace", "path": "urn:x:2.0:User:authPin", "value": "1"}]}),
            json!({"Operations": [{"op": "replace", "path": "urn:x:2.0:User:authPin", "value": "[redacted]"}]}),
        ),
        (
            json!({"Path": "cards[value eq \"1:2]\"].display", "Value": {"a": 1}}),
            json!({"Path": "cards[[redacted]].display", "Value": "[redacted]"}),
        ),
        (
            json!({"op": "add", "value": {"x.cardNumber": "1", "title": "t"}}),
            json!({"op": "add", "value": {"x.cardNumber": "[redacted]", "title": "t"}}),
        ),
        (
            json!({"custom": [{"name": "pin", "value": "1"}, {"name": "room", "value": "2"}]}),
            json!({"custom": [{"name": "pin", "value": "[redacted]"}, {"name": "room", "value": "2"}]}),
        ),
        (json!({"cards[value eq \"9\"].x": 1}), json!({"cards[[redacted]].x": "[redacted]"})),
        (json!({"note": "{\"pin\":\"9\",\"a\":1}"}), json!({"note": "{\"pin\":\"[redacted]\",\"a\":1}"})),
        (json!({"note": "{\"pin\":\"9\","}), json!({"note": "[redacted]"})),
        (json!({"filter": "pin eq \"9\""}), json!({"filter": "pin eq [redacted]"})),
        (
            json!({"Operations": [{"method": "GET", "path": "/Users?filter=pin eq 9"}]}),
            json!({"Operations": [{"method": "GET", "path": "[redacted]"}]}),
        ),
    ] {
        assert_eq!(redacted(body.clone()), expected, "{body}");
    }
}

#[test]
fn filters() {
    for (text, expected) in [
        ("userName eq \"ann\"", "userName eq \"ann\""),
        ("pin eq \"1234\"", "pin eq [redacted]"),
        (
            "userName eq \"a\" and urn:x:User:cardNumber SW \"1\\\"2\"",
            "userName eq [redacted] and urn:x:User:cardNumber SW [redacted]",
        ),
        ("pin eq 1234 or not (pin gt -5)", "pin eq [redacted] or not (pin gt [redacted])"),
        ("cards[value eq \"1\"]", "cards[[redacted]]"),
        ("pin pr", "pin pr"),
        ("pin eq 1234x", "[redacted]"),
        ("pin eq \"1234", "[redacted]"),
        ("pin=1234", "[redacted]"),
        ("pin is hunter", "[redacted]"),
        ("pin", "pin"),
    ] {
        assert_eq!(filter(text, &mut Removed::default()), expected, "{text}");
    }
}

#[test]
fn what_was_taken_out_is_taken_out_of_what_was_said() {
    let mut removed = Removed::default();
    json(&mut json!({"pin": "87654321", "card": 4711, "badge": "x"}), &mut removed);
    for (said, expected) in [
        ("the pin 87654321 is taken", "the pin [redacted] is taken"),
        ("found \"87654…\" and 4711, 4711", "found \"[redacted]…\" and [redacted], [redacted]"),
        ("an x is too short to be looked for", "an x is too short to be looked for"),
    ] {
        assert_eq!(removed.scrub(said), expected);
    }
    let mut removed = Removed::default();
    filter("pin eq \"s3cr3t\" nonsense", &mut removed);
    assert_eq!(removed.scrub("found \"s3cr3t\""), "found \"[redacted]\"");
}

const SECRET: &str = "S3CR3T";

fn spelled(name: &'static str) -> impl Strategy<Value = String> {
    proptest::collection::vec(any::<bool>(), name.len()).prop_map(move |upper| {
        let cased =
            |(c, upper): (char, bool)| if upper { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
        name.chars().zip(upper).map(cased).collect()
    })
}

fn secret_name() -> impl Strategy<Value = String> {
    let names = [
        "password",
        "pin",
        "passcode",
        "cardNumber",
        "badgeId",
        "authPin",
        "cardRegistrationCode",
        "MFD_Card",
    ];
    let name = proptest::sample::select(names.to_vec()).prop_flat_map(spelled);
    let before = proptest::sample::select(vec![
        "",
        "urn:example:schemas:2.0:User:",
        "x.",
        "cards[value eq \"S3CR3T\"].",
    ]);
    (before, name).prop_map(|(before, name)| format!("{before}{name}"))
}

/// Any JSON, and the secret somewhere in it.
fn secret_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::from(SECRET)),
        "[a-z]{0,4}".prop_map(|around| format!("{around}{SECRET}{around}").into()),
        any::<i32>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            proptest::collection::vec(("[a-z]{1,8}", inner), 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// An object that has a secret by its name or by that of its path.
fn holder() -> impl Strategy<Value = Value> {
    (secret_name(), secret_value(), 0..5).prop_map(|(name, value, shape)| match shape {
        0 => json!({ name: value }),
        1 => json!({ "op": "add", "path": name, "value": value }),
        2 => json!({ "PATH": name, "VALUE": [value] }),
        3 => json!({ "op": "replace", "value": { name: value } }),
        _ => json!({ "filter": format!("{name} eq \"{SECRET}\"") }),
    })
}

proptest! {
    #[test]
    fn no_secret_survives(holder in holder(), around in proptest::collection::vec("[A-Za-z]{1,6}", 0..6)) {
        let nested = around.into_iter().fold(holder, |inner, key| {
            if key.len() % 2 == 0 { json!([{ "title": "t" }, inner]) } else { json!({ key: inner, "title": "t" }) }
        });
        let shown = redacted(nested.clone()).to_string();
        prop_assert!(!shown.contains(SECRET), "{nested} -> {shown}");
        let text = json!({ "note": nested.to_string() });
        prop_assert!(!redacted(text).to_string().contains(SECRET));
    }

    #[test]
    fn no_literal_of_a_secret_filter_survives(name in secret_name(), text in "[ -~]{0,20}", op in "(eq|sw|Co|is|=)") {
        for literal in [format!("\"{SECRET}{text}\""), format!("{SECRET}{text}"), format!("12{SECRET}")] {
            let shown = filter(&format!("{name} {op} {literal}"), &mut Removed::default());
            prop_assert!(!shown.contains(SECRET), "{shown}");
        }
    }

    #[test]
    fn anything_is_taken(text in any::<String>()) {
        let mut removed = Removed::default();
        let shown = filter(&text, &mut removed);
        removed.scrub(&shown);
        let _ = redacted(json!({ "path": text, "value": text }));
    }
}
