//! A document becomes a user.

use std::collections::HashSet;

use prost_types::Timestamp;
use rollcall_proto::identity::{
    Address, EnterpriseUser, Manager, MultiValue, PersonName, PrintCard, PrintUser, User,
};
use serde_json::{Map, Value};

use super::{Error, Problem, extension};
use crate::{
    convert::CARD_SLOTS,
    filter::eval::parse_instant,
    schema::{ENTERPRISE_USER, PRINT_USER},
};

/// The user that a document describes.
pub(crate) fn from_document(mut document: Map<String, Value>) -> Result<User, Error> {
    for of_service in ["schemas", "id", "meta", "groups"] {
        document.shift_remove(of_service);
    }
    let from = &mut document;
    let user_name = required(from, "userName")?;
    let print = object(from, PRINT_USER.id).map(print_user).transpose()?;
    let print = print.filter(|print| *print != PrintUser::default());
    Ok(User {
        name: String::new(),
        user_name,
        external_id: text(from, "externalId"),
        active: truth(from, "active"),
        person_name: object(from, "name").map(person_name),
        display_name: text(from, "displayName"),
        nick_name: text(from, "nickName"),
        profile_url: text(from, "profileUrl"),
        title: text(from, "title"),
        user_type: text(from, "userType"),
        preferred_language: text(from, "preferredLanguage"),
        locale: text(from, "locale"),
        timezone: text(from, "timezone"),
        emails: list(from, "emails", multi_value),
        phone_numbers: list(from, "phoneNumbers", multi_value),
        ims: list(from, "ims", multi_value),
        photos: list(from, "photos", multi_value),
        addresses: list(from, "addresses", address),
        entitlements: list(from, "entitlements", multi_value),
        roles: list(from, "roles", multi_value),
        x509_certificates: list(from, "x509Certificates", multi_value),
        enterprise: object(from, ENTERPRISE_USER.id).map(enterprise_user),
        extensions: extension::from_rest(document)?,
        groups: Vec::new(),
        create_time: None,
        update_time: None,
        etag: String::new(),
        source: 0,
        print,
    })
}

fn person_name(mut from: Map<String, Value>) -> PersonName {
    let from = &mut from;
    PersonName {
        formatted: text(from, "formatted"),
        family_name: text(from, "familyName"),
        given_name: text(from, "givenName"),
        middle_name: text(from, "middleName"),
        honorific_prefix: text(from, "honorificPrefix"),
        honorific_suffix: text(from, "honorificSuffix"),
    }
}

fn multi_value(mut from: Map<String, Value>) -> MultiValue {
    let from = &mut from;
    MultiValue {
        value: text(from, "value"),
        display: text(from, "display"),
        r#type: text(from, "type"),
        primary: truth(from, "primary"),
    }
}

fn address(mut from: Map<String, Value>) -> Address {
    let from = &mut from;
    Address {
        formatted: text(from, "formatted"),
        street_address: text(from, "streetAddress"),
        locality: text(from, "locality"),
        region: text(from, "region"),
        postal_code: text(from, "postalCode"),
        country: text(from, "country"),
        r#type: text(from, "type"),
        primary: truth(from, "primary"),
    }
}

fn enterprise_user(mut from: Map<String, Value>) -> EnterpriseUser {
    let from = &mut from;
    EnterpriseUser {
        employee_number: text(from, "employeeNumber"),
        cost_center: text(from, "costCenter"),
        organization: text(from, "organization"),
        division: text(from, "division"),
        department: text(from, "department"),
        manager: object(from, "manager").map(manager),
    }
}

fn manager(mut from: Map<String, Value>) -> Manager {
    let from = &mut from;
    Manager { value: text(from, "value"), r#ref: text(from, "$ref"), display_name: text(from, "displayName") }
}

/// What a number has in it that was masked.
const MASK: char = '•';

/// A number that stands twice is one card: the first place counts.
fn print_user(mut from: Map<String, Value>) -> Result<PrintUser, Error> {
    let from = &mut from;
    let mut cards: Vec<PrintCard> = Vec::new();
    for (slot, name) in (1..).zip(CARD_SLOTS) {
        if let Some(number) = text(from, name) {
            cards.push(PrintCard { number, slot, ..PrintCard::default() });
        }
    }
    let elements = list(from, "cards", print_card);
    for (at, element) in elements.iter().enumerate() {
        if element.number.is_empty() {
            return Err(Error::new(format!("{}:cards[{at}].value", PRINT_USER.id), Problem::Required));
        }
        let seconds = |time: &Option<Timestamp>| time.map(|time| (time.seconds, time.nanos));
        if let (Some(begin), Some(end)) = (seconds(&element.valid_from), seconds(&element.valid_until))
            && end <= begin
        {
            return Err(Error::new(format!("{}:cards[{at}].validUntil", PRINT_USER.id), Problem::Period));
        }
    }
    cards.extend(elements);
    let mut seen = HashSet::new();
    // Masked, two numbers may look the same.
    cards.retain(|card| card.number.contains(MASK) || seen.insert(card.number.clone()));
    Ok(PrintUser {
        cards,
        pin: text(from, "pin"),
        card_registration_code: text(from, "cardRegistrationCode"),
        local_user_name: text(from, "localUserName"),
    })
}

fn print_card(mut from: Map<String, Value>) -> PrintCard {
    let from = &mut from;
    PrintCard {
        number: text(from, "value").unwrap_or_default(),
        slot: 0,
        kind: text(from, "type"),
        label: text(from, "display"),
        valid_from: moment(from, "validFrom"),
        valid_until: moment(from, "validUntil"),
    }
}

/// Takes a moment, to the millisecond.
fn moment(from: &mut Map<String, Value>, name: &str) -> Option<Timestamp> {
    let millis = parse_instant(&text(from, name)?)?;
    let nanos = i32::try_from(millis.rem_euclid(1000) * 1_000_000).unwrap_or_default();
    Some(Timestamp { seconds: millis.div_euclid(1000), nanos })
}

/// Takes a text that must be there and not blank.
pub(super) fn required(from: &mut Map<String, Value>, name: &'static str) -> Result<String, Error> {
    text(from, name).filter(|text| !text.trim().is_empty()).ok_or_else(|| Error::new(name, Problem::Required))
}

/// Takes a text. Documents hold only values of the right type, so another type is the same as none.
pub(super) fn text(from: &mut Map<String, Value>, name: &str) -> Option<String> {
    match from.shift_remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

fn truth(from: &mut Map<String, Value>, name: &str) -> Option<bool> {
    from.shift_remove(name).and_then(|value| value.as_bool())
}

fn object(from: &mut Map<String, Value>, name: &str) -> Option<Map<String, Value>> {
    match from.shift_remove(name) {
        Some(Value::Object(object)) if !object.is_empty() => Some(object),
        _ => None,
    }
}

fn list<T>(from: &mut Map<String, Value>, name: &str, read: impl Fn(Map<String, Value>) -> T) -> Vec<T> {
    let Some(Value::Array(elements)) = from.shift_remove(name) else { return Vec::new() };
    let objects = elements.into_iter().filter_map(|element| match element {
        Value::Object(object) if !object.is_empty() => Some(object),
        _ => None,
    });
    objects.map(read).collect()
}
