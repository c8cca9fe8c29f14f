//! One user out of two.

use rollcall_proto::identity::{EnterpriseUser, Extension, PersonName, PrintUser, User};
use serde_json::{Map, Value};

/// `over` laid upon `under`: what `over` does not name is kept. A multi-valued attribute is named as a whole.
///
/// The messages are taken apart field by field, so that a new one does not compile until it is said here.
pub(crate) fn merge(under: User, over: User) -> User {
    let User {
        name: _,
        user_name,
        external_id,
        active,
        person_name,
        display_name,
        nick_name,
        profile_url,
        title,
        user_type,
        preferred_language,
        locale,
        timezone,
        emails,
        phone_numbers,
        ims,
        photos,
        addresses,
        entitlements,
        roles,
        x509_certificates,
        enterprise,
        extensions,
        groups: _,
        create_time: _,
        update_time: _,
        etag: _,
        source,
        print,
    } = over;
    User {
        user_name,
        external_id: external_id.or(under.external_id),
        active,
        person_name: both(under.person_name, person_name, names),
        display_name: display_name.or(under.display_name),
        nick_name: nick_name.or(under.nick_name),
        profile_url: profile_url.or(under.profile_url),
        title: title.or(under.title),
        user_type: user_type.or(under.user_type),
        preferred_language: preferred_language.or(under.preferred_language),
        locale: locale.or(under.locale),
        timezone: timezone.or(under.timezone),
        emails: list(under.emails, emails),
        phone_numbers: list(under.phone_numbers, phone_numbers),
        ims: list(under.ims, ims),
        photos: list(under.photos, photos),
        addresses: list(under.addresses, addresses),
        entitlements: list(under.entitlements, entitlements),
        roles: list(under.roles, roles),
        x509_certificates: list(under.x509_certificates, x509_certificates),
        enterprise: both(under.enterprise, enterprise, enterprises),
        extensions: all_extensions(under.extensions, extensions),
        source,
        print: both(under.print, print, prints),
        name: under.name,
        groups: under.groups,
        create_time: under.create_time,
        update_time: under.update_time,
        etag: under.etag,
    }
}

fn both<T>(under: Option<T>, over: Option<T>, merge: fn(T, T) -> T) -> Option<T> {
    match (under, over) {
        (Some(under), Some(over)) => Some(merge(under, over)),
        (under, over) => over.or(under),
    }
}

fn prints(under: PrintUser, over: PrintUser) -> PrintUser {
    let PrintUser { local_user_name, cards, pin, card_registration_code } = over;
    PrintUser {
        local_user_name: local_user_name.or(under.local_user_name),
        cards: if cards.is_empty() { under.cards } else { cards },
        pin,
        card_registration_code,
    }
}

fn list<T>(under: Vec<T>, over: Vec<T>) -> Vec<T> {
    if over.is_empty() { under } else { over }
}

fn names(under: PersonName, over: PersonName) -> PersonName {
    let PersonName { formatted, family_name, given_name, middle_name, honorific_prefix, honorific_suffix } =
        over;
    PersonName {
        formatted: formatted.or(under.formatted),
        family_name: family_name.or(under.family_name),
        given_name: given_name.or(under.given_name),
        middle_name: middle_name.or(under.middle_name),
        honorific_prefix: honorific_prefix.or(under.honorific_prefix),
        honorific_suffix: honorific_suffix.or(under.honorific_suffix),
    }
}

fn enterprises(under: EnterpriseUser, over: EnterpriseUser) -> EnterpriseUser {
    let EnterpriseUser { employee_number, cost_center, organization, division, department, manager } = over;
    EnterpriseUser {
        employee_number: employee_number.or(under.employee_number),
        cost_center: cost_center.or(under.cost_center),
        organization: organization.or(under.organization),
        division: division.or(under.division),
        department: department.or(under.department),
        // One reference: its parts do not mix.
        manager: manager.or(under.manager),
    }
}

fn all_extensions(under: Vec<Extension>, over: Vec<Extension>) -> Vec<Extension> {
    let mut merged = under;
    for extension in over {
        match merged.iter_mut().find(|kept| kept.schema.eq_ignore_ascii_case(&extension.schema)) {
            Some(kept) => *kept = attributes(kept, extension),
            None => merged.push(extension),
        }
    }
    merged
}

fn attributes(under: &Extension, over: Extension) -> Extension {
    let object = |json: &str| serde_json::from_str::<Map<String, Value>>(json);
    let (Ok(mut kept), Ok(new)) = (object(&under.json), object(&over.json)) else { return over };
    kept.retain(|name, _| !new.keys().any(|named| named.eq_ignore_ascii_case(name)));
    kept.extend(new);
    Extension { schema: over.schema, json: Value::Object(kept).to_string() }
}

#[cfg(test)]
mod tests {
    use rollcall_proto::identity::{Manager, MultiValue, UserSource};

    use super::*;

    fn email(value: &str) -> MultiValue {
        MultiValue { value: Some(value.to_owned()), ..MultiValue::default() }
    }

    fn extension(schema: &str, json: &str) -> Extension {
        Extension { schema: schema.to_owned(), json: json.to_owned() }
    }

    #[test]
    fn what_is_named_wins_and_the_rest_is_kept() {
        let manager = |value: &str| Manager { value: Some(value.to_owned()), ..Manager::default() };
        let under = User {
            name: "accounts/a/users/u".to_owned(),
            user_name: "Anna".to_owned(),
            external_id: Some("old".to_owned()),
            title: Some("Boss".to_owned()),
            person_name: Some(PersonName {
                given_name: Some("A".to_owned()),
                family_name: Some("B".to_owned()),
                ..PersonName::default()
            }),
            emails: vec![email("a@x"), email("b@x")],
            roles: vec![email("admin")],
            enterprise: Some(EnterpriseUser {
                department: Some("D".to_owned()),
                manager: Some(Manager { display_name: Some("M".to_owned()), ..manager("1") }),
                ..EnterpriseUser::default()
            }),
            extensions: vec![extension("urn:x", r#"{"A":1,"b":2}"#), extension("urn:y", "{}")],
            etag: "W/\"3\"".to_owned(),
            source: UserSource::Import.into(),
            ..User::default()
        };
        let over = User {
            user_name: "anna".to_owned(),
            active: Some(true),
            person_name: Some(PersonName { family_name: Some("C".to_owned()), ..PersonName::default() }),
            emails: vec![email("c@x")],
            enterprise: Some(EnterpriseUser { manager: Some(manager("2")), ..EnterpriseUser::default() }),
            extensions: vec![extension("URN:x", r#"{"a":3}"#), extension("urn:z", "{}")],
            source: UserSource::Scim.into(),
            ..User::default()
        };
        let expected = User {
            user_name: "anna".to_owned(),
            active: Some(true),
            person_name: Some(PersonName {
                given_name: Some("A".to_owned()),
                family_name: Some("C".to_owned()),
                ..PersonName::default()
            }),
            emails: vec![email("c@x")],
            enterprise: Some(EnterpriseUser {
                department: Some("D".to_owned()),
                manager: Some(manager("2")),
                ..EnterpriseUser::default()
            }),
            extensions: vec![
                extension("URN:x", r#"{"b":2,"a":3}"#),
                extension("urn:y", "{}"),
                extension("urn:z", "{}"),
            ],
            source: UserSource::Scim.into(),
            ..under.clone()
        };
        assert_eq!(merge(under, over), expected);
    }
}
