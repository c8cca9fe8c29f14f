//! Random messages, as the store may hold them, and random operations, sensible and not.

use proptest::{collection::vec, option, prelude::*, sample::select};
use rollcall_proto::identity::{
    Address, EnterpriseUser, Extension, Group, GroupMembership, Manager, Member, MemberType, MultiValue,
    PatchOp, PatchOperation, PersonName, PrintCard, PrintUser, User,
};
use serde_json::{Map, Value, json};

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z @.]{0,8}", "[^\\x00]{0,6}", Just("Straße İ\u{301}".to_owned())]
}

fn texts<const N: usize>() -> impl Strategy<Value = [Option<String>; N]> {
    vec(option::of(text()), N).prop_map(|texts| texts.try_into().unwrap())
}

/// Elements that are not empty, differ from each other, and of which the first may be primary.
fn elements<T: PartialEq + Default + std::fmt::Debug + Clone>(
    one: impl Strategy<Value = T>,
    set_primary: fn(&mut T, Option<bool>),
) -> impl Strategy<Value = Vec<T>> {
    (vec(one, 0..3), any::<Option<bool>>()).prop_map(move |(all, primary)| {
        let mut kept: Vec<T> = Vec::new();
        for one in all {
            if one != T::default() && !kept.contains(&one) {
                kept.push(one);
            }
        }
        if let Some(first) = kept.first_mut() {
            set_primary(first, primary);
        }
        kept
    })
}

fn multi_values() -> impl Strategy<Value = Vec<MultiValue>> {
    let one =
        texts().prop_map(|[value, display, r#type]| MultiValue { value, display, r#type, primary: None });
    elements(one, |element, primary| element.primary = primary)
}

fn certificates() -> impl Strategy<Value = Vec<MultiValue>> {
    let one = (select(vec!["TQ==", "TWE", "TWFu"]), texts()).prop_map(|(value, [display, r#type])| {
        MultiValue { value: Some(value.to_owned()), display, r#type, primary: None }
    });
    elements(one, |element, primary| element.primary = primary)
}

fn addresses() -> impl Strategy<Value = Vec<Address>> {
    let one =
        texts().prop_map(|[formatted, street_address, locality, region, postal_code, country, r#type]| {
            Address {
                formatted,
                street_address,
                locality,
                region,
                postal_code,
                country,
                r#type,
                primary: None,
            }
        });
    elements(one, |address, primary| address.primary = primary)
}

fn person_name() -> impl Strategy<Value = Option<PersonName>> {
    texts().prop_map(
        |[formatted, family_name, given_name, middle_name, honorific_prefix, honorific_suffix]| {
            let name = PersonName {
                formatted,
                family_name,
                given_name,
                middle_name,
                honorific_prefix,
                honorific_suffix,
            };
            (name != PersonName::default()).then_some(name)
        },
    )
}

fn enterprise() -> impl Strategy<Value = Option<EnterpriseUser>> {
    (texts(), texts()).prop_map(|(manager, texts)| {
        let [value, r#ref, display_name] = manager;
        let manager = Manager { value: value.filter(|value| !value.is_empty()), r#ref, display_name };
        let [employee_number, cost_center, organization, division, department] = texts;
        let enterprise = EnterpriseUser {
            employee_number,
            cost_center,
            organization,
            division,
            department,
            manager: (manager != Manager::default()).then_some(manager),
        };
        (enterprise != EnterpriseUser::default()).then_some(enterprise)
    })
}

pub(crate) fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        text().prop_map(Value::from),
        select(vec!["True", "", "work", "a@example.com", "\0"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let name = prop_oneof![select(NAMES.to_vec()).prop_map(str::to_owned), text()];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((name, inner), 0..4).prop_map(|all| Value::Object(all.into_iter().collect())),
        ]
    })
}

fn extensions() -> impl Strategy<Value = Vec<Extension>> {
    let attributes = prop_oneof![
        Just(json!({"a": 1, "list": ["x", {"b": true}]})),
        text().prop_map(|text| json!({"text": text, "nested": {"n": -1.5}})),
    ];
    (attributes, 0..3_usize).prop_map(|(attributes, count)| {
        let extension =
            |n| Extension { schema: format!("urn:acme:{n}.0:User"), json: attributes.to_string() };
        (0..count).map(extension).collect()
    })
}

/// What the service shows of cards and what a client sends of them have the same shape. Secrets are never read back.
fn print() -> impl Strategy<Value = Option<PrintUser>> {
    let times = (option::of(1_600_000_000..1_700_000_000_i64), option::of(1_700_000_001..1_800_000_000_i64));
    let about = (option::of("[A-Z]{1,6}"), option::of("[a-z ]{1,8}"), times);
    let timestamp = |seconds: i64| prost_types::Timestamp { seconds, nanos: 5_000_000 };
    let element = about.prop_map(move |(kind, label, (from, until))| PrintCard {
        kind,
        label,
        valid_from: from.map(timestamp),
        valid_until: until.map(timestamp),
        ..PrintCard::default()
    });
    let cards = (vec(any::<bool>(), 5), vec(element, 0..3)).prop_map(|(flat, elements)| {
        let flat = (1..)
            .zip(flat)
            .filter(|(_, there)| *there)
            .map(|(slot, _)| PrintCard { slot, ..PrintCard::default() });
        let cards = flat.chain(elements).zip(1..);
        cards.map(|(card, number)| PrintCard { number: format!("04A1-{number}"), ..card }).collect::<Vec<_>>()
    });
    (option::of("[a-z]{1,8}"), cards).prop_map(|(local_user_name, cards)| {
        let print = PrintUser { local_user_name, cards, ..PrintUser::default() };
        (print != PrintUser::default()).then_some(print)
    })
}

pub(crate) fn user() -> impl Strategy<Value = User> {
    let names = ("[a-zA-Z@.ü]{1,12}", option::of("[a-z0-9]{1,8}"), any::<bool>(), person_name(), texts());
    let lists = (vec(multi_values(), 6), addresses(), certificates());
    (names, lists, enterprise(), extensions(), print()).prop_map(
        |(
            (user_name, external_id, active, person_name, texts),
            (lists, addresses, certificates),
            enterprise,
            extensions,
            print,
        )| {
            let [
                display_name,
                nick_name,
                profile_url,
                title,
                user_type,
                preferred_language,
                locale,
                timezone,
            ] = texts;
            let [emails, phone_numbers, ims, photos, entitlements, roles]: [_; 6] = lists.try_into().unwrap();
            User {
                name: "accounts/a/users/u".to_owned(),
                user_name,
                external_id,
                active: Some(active),
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
                x509_certificates: certificates,
                enterprise,
                extensions,
                groups: vec![GroupMembership {
                    group: "accounts/a/groups/g".to_owned(),
                    display_name: "G".to_owned(),
                }],
                create_time: Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 5_000_000 }),
                update_time: Some(prost_types::Timestamp { seconds: 1_700_000_001, nanos: 0 }),
                etag: "W/\"1\"".to_owned(),
                source: 1,
                print,
            }
        },
    )
}

pub(crate) fn group() -> impl Strategy<Value = Group> {
    let member = |n: usize| Member {
        id: format!("m{n}"),
        r#type: if n.is_multiple_of(2) { MemberType::User } else { MemberType::Group }.into(),
        display_name: String::new(),
    };
    ("[a-zA-Z ü]{0,8}x", option::of("[a-z0-9]{1,8}"), extensions(), 0..4_usize).prop_map(
        move |(display_name, external_id, extensions, members)| Group {
            name: "accounts/a/groups/g".to_owned(),
            display_name,
            external_id,
            members: (0..members).map(member).collect(),
            members_next_page_token: String::new(),
            extensions,
            create_time: Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 5_000_000 }),
            update_time: Some(prost_types::Timestamp { seconds: 1_700_000_001, nanos: 0 }),
            etag: "W/\"1\"".to_owned(),
            source: 0,
        },
    )
}

const NAMES: &[&str] = &[
    "userName",
    "displayName",
    "active",
    "name",
    "name.givenName",
    "emails",
    "emails[type eq \"work\"].value",
    "value",
    "type",
    "primary",
    "id",
    "meta",
    "schemas",
    "externalId",
    "password",
    "members",
    "manager",
    "x509Certificates",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
    "urn:ietf:params:scim:schemas:core:2.0:User",
    "urn:acme:0.0:User",
    "urn:acme:0.0:User:list",
];

const PATHS: &[&str] = &[
    "",
    "emails.value",
    "emails.primary",
    "emails[primary eq true].display",
    "emails[type pr]",
    "emails[not (value co \"a\")].type",
    "addresses[type eq \"work\" and country eq \"CH\"].locality",
    "roles[primary eq \"True\"].value",
    "name.formatted",
    "members[value eq \"a\"]",
    "members[type eq \"User\"]",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
    "urn:acme:0.0:User:nested.n",
    "groups",
    "nonsense",
    "emails[",
];

pub(crate) fn operation() -> impl Strategy<Value = PatchOperation> {
    let names: Vec<&str> = [NAMES, PATHS].concat();
    let path = prop_oneof![9 => select(names).prop_map(str::to_owned), 1 => ".{0,12}"];
    let value = prop_oneof![
        8 => json_value().prop_map(|value| value.to_string()),
        1 => Just(String::new()),
        1 => ".{0,6}",
    ];
    let op =
        select(vec![PatchOp::Add, PatchOp::Remove, PatchOp::Replace, PatchOp::Replace, PatchOp::Unspecified]);
    (op, path, value).prop_map(|(op, path, value)| PatchOperation { op: op.into(), path, value })
}

pub(crate) fn object() -> impl Strategy<Value = Map<String, Value>> {
    let name = prop_oneof![4 => select(NAMES.to_vec()).prop_map(str::to_owned), 1 => text()];
    vec((name, json_value()), 0..6).prop_map(|all| all.into_iter().collect())
}
