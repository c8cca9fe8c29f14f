//! The extension for printing, under its own URN and those of other products.

use rollcall_proto::identity::{PatchOp, PatchOperation, PrintCard, PrintUser, User};
use rollcall_scim::{
    convert::user_to_json, filter::Filter, patch::apply_user, resource::user_from_json, schema::ResourceType,
};
use serde_json::{Value, json};

const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const OURS: &str = "urn:ietf:params:scim:schemas:extension:rollcall:2.0:User";
const UNIFLOW: &str = "urn:ietf:params:scim:schemas:extension:uniFLOWOnline:2.0:User";
const PRINTERCLOUD: &str = "urn:ietf:params:scim:schemas:extension:printercloud:2.0:User";
const UPD: &str = "urn:ietf:params:scim:schemas:extension:UPD:2.0:User";

fn create(extension: &str, attributes: Value) -> Result<Option<PrintUser>, String> {
    let body = json!({"schemas": [CORE, extension], "userName": "anna", (extension): attributes});
    user_from_json(&body).map(|user| user.print).map_err(|error| error.to_string())
}

fn card(slot: i32, number: &str) -> PrintCard {
    PrintCard { slot, number: number.to_owned(), ..PrintCard::default() }
}

fn anna() -> User {
    let print = PrintUser {
        local_user_name: Some("anna".to_owned()),
        cards: vec![
            card(1, "111"),
            card(2, "222"),
            PrintCard { kind: Some("HID".to_owned()), ..card(0, "333") },
        ],
        ..PrintUser::default()
    };
    User { user_name: "anna".to_owned(), active: Some(true), print: Some(print), ..User::default() }
}

fn patch(op: PatchOp, path: &str, value: &Value) -> Result<PrintUser, String> {
    let value = if value.is_null() { String::new() } else { value.to_string() };
    let operation = PatchOperation { op: op.into(), path: path.to_owned(), value };
    apply_user(&anna(), &[operation])
        .map(|user| user.print.unwrap_or_default())
        .map_err(|error| error.to_string())
}

fn numbers(print: &PrintUser) -> Vec<&str> {
    print.cards.iter().map(|card| card.number.as_str()).collect()
}

#[test]
fn the_names_of_other_products_mean_the_same() {
    for (urn, attributes) in [
        (OURS, json!({"cardNumber": "04A1", "pin": "7392", "localUserName": "a"})),
        (UNIFLOW, json!({"cardNumber": "04A1", "pin": "7392", "localUsername": "a"})),
        (PRINTERCLOUD, json!({"badgeId": "04A1", "authPin": "7392", "authPinUser": "a"})),
        (UPD, json!({"MFD_SMARTCARD_ID": "04A1", "MFD_PIN": 7392, "MFD_USER": "a"})),
    ] {
        let print = create(urn, attributes.clone()).unwrap().unwrap();
        let expected = PrintUser {
            local_user_name: Some("a".to_owned()),
            cards: vec![card(1, "04A1")],
            pin: Some("7392".to_owned()),
            card_registration_code: None,
        };
        assert_eq!(print, expected, "{urn}");
        // The same without a path, with a path to each, and with the names in the value.
        for (name, value) in attributes.as_object().unwrap() {
            let path = format!("{urn}:{name}");
            let by_path = patch(PatchOp::Replace, &path, value).unwrap();
            assert_eq!(
                by_path,
                patch(PatchOp::Replace, "", &json!({(path.clone()): value})).unwrap(),
                "{path}"
            );
            assert_eq!(
                by_path,
                patch(PatchOp::Add, "", &json!({(urn): {(name.clone()): value}})).unwrap(),
                "{path}"
            );
            assert_ne!(by_path, anna().print.unwrap(), "{path}");
        }
    }
    let code = create(UNIFLOW, json!({"cardRegistrationCode": "AB12"})).unwrap().unwrap();
    assert_eq!(code.card_registration_code.as_deref(), Some("AB12"));
}

#[test]
fn cards_are_flat_or_elements_and_each_number_once() {
    let print = create(
        OURS,
        json!({
            "cardNumber": 12345, "cardNumber2": "", "cardNumber3": "333",
            "cards": [
                {"value": "444", "type": "HID", "display": "Blue", "validUntil": "2030-01-01T00:00:00Z"},
                {"value": "333"},
            ],
        }),
    );
    let print = print.unwrap().unwrap();
    assert_eq!(numbers(&print), ["12345", "333", "444"]);
    let blue = &print.cards[2];
    assert_eq!((blue.slot, blue.kind.as_deref(), blue.label.as_deref()), (0, Some("HID"), Some("Blue")));
    assert_eq!(blue.valid_until.unwrap().seconds, 1_893_456_000);
    assert_eq!(create(OURS, json!({"cardNumber": null, "pin": null})).unwrap(), None);
    assert_eq!(create(OURS, json!({"pin": ""})).unwrap().unwrap().pin.as_deref(), Some(""));
}

#[test]
fn what_is_wrong_is_said_without_the_number() {
    let secret = "0123456789-secret";
    for (attributes, message) in [
        (json!({"cardNumber": true}), "cardNumber must be a string, not a boolean".to_owned()),
        (json!({"cardNumber": 1.5}), "cardNumber must be a string, not a number".to_owned()),
        (
            json!({"cardNumber": "x".repeat(129)}),
            "cardNumber must not be longer than 128 characters".to_owned(),
        ),
        (
            json!({"cards": [{"display": secret}]}),
            format!("{OURS}:cards[0].value is required and must not be blank"),
        ),
        (
            json!({"cards": [{"value": secret, "validUntil": "tomorrow"}]}),
            "cards[0].validUntil must be a date and time such as 2026-12-31T23:59:59Z".to_owned(),
        ),
        (
            json!({"cards": [{"value": secret, "validFrom": "2030-01-01T00:00:00Z", "validUntil": "2029-01-01T00:00:00Z"}]}),
            format!("{OURS}:cards[0].validUntil must be after validFrom"),
        ),
    ] {
        assert_eq!(create(OURS, attributes).unwrap_err(), message);
    }
    for (op, path) in [
        (PatchOp::Replace, format!("{OURS}:cards[value eq \"{secret}\"].id")),
        (PatchOp::Replace, format!("{OURS}:cards[value eq \"{secret}\"].display")),
        (PatchOp::Replace, format!("{OURS}:cards[value eq \"{secret}\" and type eq \"x\"].value")),
        (PatchOp::Add, format!("{OURS}:cards[value eq \"{secret}\" or value eq \"1\"]")),
    ] {
        let error = patch(op, &path, &json!(true)).unwrap_err();
        assert!(!error.contains(secret), "{error}");
    }
}

#[test]
fn a_patch_changes_one_card_and_leaves_the_others() {
    for (op, path, value, expected) in [
        (PatchOp::Replace, "cardNumber", json!("999"), ["999", "222", "333"].as_slice()),
        (PatchOp::Remove, "cardNumber2", Value::Null, &["111", "333"]),
        (PatchOp::Replace, "cardNumber", json!(""), &["222", "333"]),
        (PatchOp::Remove, "cards[value eq \"333\"]", Value::Null, &["111", "222"]),
        (PatchOp::Add, "cards", json!([{"value": "444"}]), &["111", "222", "333", "444"]),
        (PatchOp::Replace, "cards[type eq \"HID\"].value", json!("555"), &["111", "222", "555"]),
        (PatchOp::Remove, "", Value::Null, &[]),
    ] {
        let path = format!("{OURS}{}{path}", if path.is_empty() { "" } else { ":" });
        let print = patch(op, &path, &value).unwrap();
        assert_eq!(numbers(&print), expected, "{path}");
    }
    // Names that are nowhere else need no URN.
    assert_eq!(numbers(&patch(PatchOp::Replace, "badgeId", &json!("9")).unwrap()), ["9", "222", "333"]);
}

#[test]
fn secrets_are_set_and_removed_and_never_read() {
    let pin = |op, path: &str, value: &Value| patch(op, &format!("{OURS}:{path}"), value).unwrap().pin;
    assert_eq!(pin(PatchOp::Replace, "pin", &json!("7392")).as_deref(), Some("7392"));
    assert_eq!(pin(PatchOp::Add, "authPin", &json!(7392)).as_deref(), Some("7392"));
    for (op, value) in [(PatchOp::Remove, Value::Null), (PatchOp::Replace, json!(""))] {
        assert_eq!(pin(op, "pin", &value).as_deref(), Some(""), "removed");
    }
    assert_eq!(pin(PatchOp::Replace, "localUserName", &json!("b")), None, "left alone");

    let mut user = anna();
    let print = user.print.as_mut().unwrap();
    (print.pin, print.card_registration_code) = (Some("7392".to_owned()), Some("AB12CD".to_owned()));
    let shown = Value::Object(user_to_json(&user, "")).to_string();
    assert!(!shown.contains("7392") && !shown.contains("AB12CD") && shown.contains("333"), "{shown}");
}

#[test]
fn cards_and_secrets_cannot_be_searched_by() {
    for filter in [
        "cardNumber eq \"1\"",
        "pin eq \"1\"",
        "cardRegistrationCode pr",
        "cards.value eq \"1\"",
        "cards[value eq \"1\"]",
        "cards pr",
        "badgeId sw \"1\"",
    ] {
        let error = Filter::parse(filter, ResourceType::User).unwrap_err().to_string();
        assert!(error.contains("cannot be filtered on"), "{filter}: {error}");
    }
    for filter in ["localUserName eq \"anna\"", "authPinUser sw \"a\"", "localUsername pr"] {
        Filter::parse(filter, ResourceType::User).unwrap();
    }
}
