//! A document becomes a user.

use rollcall_proto::identity::{Address, EnterpriseUser, Manager, MultiValue, PersonName, User};
use serde_json::{Map, Value};

use super::{Error, Problem, extension};
use crate::schema::ENTERPRISE_USER;

/// The user that a document describes.
pub(crate) fn from_document(mut document: Map<String, Value>) -> Result<User, Error> {
    for of_service in ["schemas", "id", "meta", "groups"] {
        document.shift_remove(of_service);
    }
    let from = &mut document;
    let user_name = required(from, "userName")?;
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
        print: None,
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
