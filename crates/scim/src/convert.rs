//! From the messages of `rollcall.identity.v1` to SCIM JSON, in the order of the schema.
//!
//! Every message is taken apart field by field, so that a new field does not compile until it is said here how it is
//! shown. The way back is [`crate::resource`].

use chrono::{DateTime, SecondsFormat};
use rollcall_proto::identity::{
    Address, EnterpriseUser, Extension, Group, GroupMembership, Manager, Member, MemberType, MultiValue,
    PersonName, PrintCard, PrintUser, User,
};
use serde_json::{Map, Value};

use crate::schema::{ENTERPRISE_USER, PRINT_USER, ResourceType};

/// The attributes for cards by their slots, the first of which is 1.
pub(crate) const CARD_SLOTS: [&str; 5] =
    ["cardNumber", "cardNumber2", "cardNumber3", "cardNumber4", "cardNumber5"];

type Timestamp = prost_types::Timestamp;

/// The JSON of a user.
///
/// `base` is the address of the account's endpoint, such as `https://host/acct/scim/v2`. With an empty `base`,
/// `meta.location` and `groups.$ref`, which need it, are left out.
pub fn user_to_json(user: &User, base: &str) -> Map<String, Value> {
    let User {
        name,
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
        groups,
        create_time,
        update_time,
        etag,
        source: _, // Rollcall's own: SCIM has no word for it.
        print,
    } = user;
    let enterprise = enterprise.as_ref().map(enterprise_user).unwrap_or_default();
    let print = print.as_ref().map(print_user).unwrap_or_default();
    let extensions = Extensions::read(ResourceType::User, extensions);

    let mut json = Object::default();
    let known = [(&enterprise, ENTERPRISE_USER.id), (&print, PRINT_USER.id)];
    let known = known.into_iter().filter(|(object, _)| !object.is_empty()).map(|(_, id)| id);
    json.put("schemas", Some(extensions.schemas(ResourceType::User, known)));
    json.text("id", Some(last_segment(name)).filter(|id| !id.is_empty()));
    json.text("externalId", external_id.as_deref());
    json.text("userName", Some(user_name));
    json.object("name", person_name.as_ref().map(name_parts));
    json.text("displayName", display_name.as_deref());
    json.text("nickName", nick_name.as_deref());
    json.text("profileUrl", profile_url.as_deref());
    json.text("title", title.as_deref());
    json.text("userType", user_type.as_deref());
    json.text("preferredLanguage", preferred_language.as_deref());
    json.text("locale", locale.as_deref());
    json.text("timezone", timezone.as_deref());
    json.put("active", *active);
    json.list("emails", emails, multi_value);
    json.list("phoneNumbers", phone_numbers, multi_value);
    json.list("ims", ims, multi_value);
    json.list("photos", photos, multi_value);
    json.list("addresses", addresses, address);
    json.list("groups", groups, |group| membership(group, base));
    json.list("entitlements", entitlements, multi_value);
    json.list("roles", roles, multi_value);
    json.list("x509Certificates", x509_certificates, multi_value);
    json.object(ENTERPRISE_USER.id, Some(enterprise));
    json.object(PRINT_USER.id, Some(print));
    extensions.put_into(&mut json);
    json.object("meta", Some(meta(ResourceType::User, name, base, [create_time, update_time], etag)));
    json.0
}

/// The JSON of a group, with the members that the message holds.
///
/// `base` is as for [`user_to_json`]; without it `members.$ref` is left out too.
pub fn group_to_json(group: &Group, base: &str) -> Map<String, Value> {
    let Group {
        name,
        display_name,
        external_id,
        members,
        members_next_page_token: _, // SCIM has no pages of members: the gateway follows them before it converts.
        extensions,
        create_time,
        update_time,
        etag,
        source: _,
    } = group;
    let extensions = Extensions::read(ResourceType::Group, extensions);

    let mut json = Object::default();
    json.put("schemas", Some(extensions.schemas(ResourceType::Group, [])));
    json.text("id", Some(last_segment(name)).filter(|id| !id.is_empty()));
    json.text("externalId", external_id.as_deref());
    json.text("displayName", Some(display_name));
    json.list("members", members, |one| member(one, base));
    extensions.put_into(&mut json);
    json.object("meta", Some(meta(ResourceType::Group, name, base, [create_time, update_time], etag)));
    json.0
}

fn name_parts(name: &PersonName) -> Map<String, Value> {
    let PersonName { formatted, family_name, given_name, middle_name, honorific_prefix, honorific_suffix } =
        name;
    let mut json = Object::default();
    json.text("formatted", formatted.as_deref());
    json.text("familyName", family_name.as_deref());
    json.text("givenName", given_name.as_deref());
    json.text("middleName", middle_name.as_deref());
    json.text("honorificPrefix", honorific_prefix.as_deref());
    json.text("honorificSuffix", honorific_suffix.as_deref());
    json.0
}

fn multi_value(element: &MultiValue) -> Map<String, Value> {
    let MultiValue { value, display, r#type, primary } = element;
    let mut json = Object::default();
    json.text("value", value.as_deref());
    json.text("display", display.as_deref());
    json.text("type", r#type.as_deref());
    json.put("primary", *primary);
    json.0
}

fn address(address: &Address) -> Map<String, Value> {
    let Address { formatted, street_address, locality, region, postal_code, country, r#type, primary } =
        address;
    let mut json = Object::default();
    json.text("formatted", formatted.as_deref());
    json.text("streetAddress", street_address.as_deref());
    json.text("locality", locality.as_deref());
    json.text("region", region.as_deref());
    json.text("postalCode", postal_code.as_deref());
    json.text("country", country.as_deref());
    json.text("type", r#type.as_deref());
    json.put("primary", *primary);
    json.0
}

fn enterprise_user(enterprise: &EnterpriseUser) -> Map<String, Value> {
    let EnterpriseUser { employee_number, cost_center, organization, division, department, manager } =
        enterprise;
    let mut json = Object::default();
    json.text("employeeNumber", employee_number.as_deref());
    json.text("costCenter", cost_center.as_deref());
    json.text("organization", organization.as_deref());
    json.text("division", division.as_deref());
    json.text("department", department.as_deref());
    json.object("manager", manager.as_ref().map(reference_to_manager));
    json.0
}

/// Secrets are never shown. Of a card it is for the service to say how much of the number is in the message.
fn print_user(print: &PrintUser) -> Map<String, Value> {
    let PrintUser { local_user_name, cards, pin: _, card_registration_code: _ } = print;
    let mut json = Object::default();
    for (slot, name) in (1..).zip(CARD_SLOTS) {
        let card = cards.iter().find(|card| card.slot == slot);
        json.text(name, card.map(|card| card.number.as_str()).filter(|number| !number.is_empty()));
    }
    let elements: Vec<PrintCard> = cards.iter().filter(|card| card.slot == 0).cloned().collect();
    json.list("cards", &elements, print_card);
    json.text("localUserName", local_user_name.as_deref());
    json.0
}

fn print_card(card: &PrintCard) -> Map<String, Value> {
    let PrintCard { number, slot: _, kind, label, valid_from, valid_until } = card;
    let mut json = Object::default();
    json.text("value", Some(number.as_str()).filter(|number| !number.is_empty()));
    json.text("display", label.as_deref());
    json.text("type", kind.as_deref());
    json.put("validFrom", valid_from.as_ref().and_then(instant));
    json.put("validUntil", valid_until.as_ref().and_then(instant));
    json.0
}

/// `$ref` is shown as it was sent: the value is whatever the identity provider has for a manager, so that an address
/// made of it could lead nowhere.
fn reference_to_manager(manager: &Manager) -> Map<String, Value> {
    let Manager { value, r#ref, display_name } = manager;
    let mut json = Object::default();
    json.text("value", value.as_deref());
    json.text("$ref", r#ref.as_deref());
    json.text("displayName", display_name.as_deref());
    json.0
}

fn membership(membership: &GroupMembership, base: &str) -> Map<String, Value> {
    let GroupMembership { group, display_name } = membership;
    let id = last_segment(group);
    let mut json = Object::default();
    json.text("value", Some(id));
    json.put("$ref", address_of(ResourceType::Group, id, base));
    json.text("display", Some(display_name));
    json.text("type", Some("direct"));
    json.0
}

fn member(member: &Member, base: &str) -> Map<String, Value> {
    let Member { id, r#type, display_name } = member;
    let kind = match MemberType::try_from(*r#type) {
        Ok(MemberType::User) => Some(ResourceType::User),
        Ok(MemberType::Group) => Some(ResourceType::Group),
        Ok(MemberType::Unspecified) | Err(_) => None,
    };
    let mut json = Object::default();
    json.text("value", Some(id));
    json.put("$ref", kind.and_then(|kind| address_of(kind, id, base)));
    json.text("type", kind.map(ResourceType::name));
    json.text("display", Some(display_name.as_str()).filter(|name| !name.is_empty()));
    json.0
}

fn meta(
    kind: ResourceType,
    name: &str,
    base: &str,
    [created, modified]: [&Option<Timestamp>; 2],
    etag: &str,
) -> Map<String, Value> {
    let mut json = Object::default();
    json.text("resourceType", Some(kind.name()));
    json.put("created", created.as_ref().and_then(instant));
    json.put("lastModified", modified.as_ref().and_then(instant));
    json.put("location", address_of(kind, last_segment(name), base));
    json.text("version", Some(etag).filter(|etag| !etag.is_empty()));
    json.0
}

/// RFC 3339 in UTC, to the millisecond. `None` for a moment outside the years that can be written.
fn instant(time: &Timestamp) -> Option<String> {
    let nanos = u32::try_from(time.nanos).ok()?;
    Some(DateTime::from_timestamp(time.seconds, nanos)?.to_rfc3339_opts(SecondsFormat::Millis, true))
}

fn address_of(kind: ResourceType, id: &str, base: &str) -> Option<String> {
    (!base.is_empty() && !id.is_empty()).then(|| format!("{base}{}/{id}", kind.endpoint()))
}

fn last_segment(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or_default()
}

/// Extensions whose text is a JSON object: anything else was never written by this crate, and cannot be shown.
struct Extensions<'a>(Vec<(&'a str, Map<String, Value>)>);

impl<'a> Extensions<'a> {
    fn read(kind: ResourceType, extensions: &'a [Extension]) -> Self {
        let read = |Extension { schema, json }: &'a Extension| match serde_json::from_str(json) {
            // What was unknown when it was stored, and is known now, is not shown: it may have a PIN in it.
            Ok(Value::Object(attributes)) if !attributes.is_empty() && kind.schema(schema).is_none() => {
                Some((schema.as_str(), attributes))
            }
            _ => None,
        };
        Self(extensions.iter().filter_map(read).collect())
    }

    fn schemas<'b>(&'b self, kind: ResourceType, known: impl IntoIterator<Item = &'b str>) -> Vec<Value> {
        let unknown = self.0.iter().map(|(schema, _)| *schema);
        [kind.core().id].into_iter().chain(known).chain(unknown).map(Value::from).collect()
    }

    fn put_into(self, json: &mut Object) {
        self.0.into_iter().for_each(|(schema, attributes)| json.object(schema, Some(attributes)));
    }
}

/// A JSON object that leaves out what is unassigned.
#[derive(Default)]
struct Object(Map<String, Value>);

impl Object {
    fn put(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value.into());
        }
    }

    fn text(&mut self, name: &str, value: Option<&str>) {
        self.put(name, value);
    }

    fn object(&mut self, name: &str, value: Option<Map<String, Value>>) {
        self.put(name, value.filter(|object| !object.is_empty()));
    }

    fn list<T>(&mut self, name: &str, elements: &[T], to_json: impl Fn(&T) -> Map<String, Value>) {
        let list: Vec<Value> =
            elements.iter().map(to_json).filter(|object| !object.is_empty()).map(Value::Object).collect();
        self.put(name, Some(list).filter(|list| !list.is_empty()));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const BASE: &str = "https://scim.example.com/acme/scim/v2";

    #[test]
    fn a_user_is_shown_in_the_order_of_the_schema() {
        let user = User {
            name: "accounts/acme/users/0190".to_owned(),
            user_name: "bjensen@example.com".to_owned(),
            external_id: Some("701984".to_owned()),
            active: Some(true),
            emails: vec![MultiValue {
                value: Some("bjensen@example.com".to_owned()),
                r#type: Some("work".to_owned()),
                primary: Some(true),
                ..MultiValue::default()
            }],
            enterprise: Some(EnterpriseUser { department: Some("Tours".to_owned()), ..Default::default() }),
            extensions: vec![Extension {
                schema: "urn:acme:2.0:User".to_owned(),
                json: r#"{"pin":7}"#.to_owned(),
            }],
            groups: vec![GroupMembership {
                group: "accounts/acme/groups/0191".to_owned(),
                display_name: "Guides".to_owned(),
            }],
            create_time: Some(Timestamp { seconds: 1_700_000_000, nanos: 120_000_000 }),
            update_time: Some(Timestamp { seconds: 1_700_000_001, nanos: 0 }),
            etag: "W/\"2\"".to_owned(),
            ..User::default()
        };
        let expected = json!({
            "schemas": [
                "urn:ietf:params:scim:schemas:core:2.0:User",
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
                "urn:acme:2.0:User",
            ],
            "id": "0190",
            "externalId": "701984",
            "userName": "bjensen@example.com",
            "active": true,
            "emails": [{"value": "bjensen@example.com", "type": "work", "primary": true}],
            "groups": [{"value": "0191", "$ref": format!("{BASE}/Groups/0191"), "display": "Guides", "type": "direct"}],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Tours"},
            "urn:acme:2.0:User": {"pin": 7},
            "meta": {
                "resourceType": "User",
                "created": "2023-11-14T22:13:20.120Z",
                "lastModified": "2023-11-14T22:13:21.000Z",
                "location": format!("{BASE}/Users/0190"),
                "version": "W/\"2\"",
            },
        });
        let shown = Value::Object(user_to_json(&user, BASE));
        assert_eq!(
            serde_json::to_string_pretty(&shown).unwrap(),
            serde_json::to_string_pretty(&expected).unwrap()
        );

        let shown = Value::Object(user_to_json(&user, ""));
        assert_eq!(shown.pointer("/meta/location"), None);
        assert_eq!(shown.pointer("/groups/0/$ref"), None);
    }

    #[test]
    fn a_group_shows_its_members_with_type_and_address() {
        let member = |id: &str, kind: MemberType| Member {
            id: id.to_owned(),
            r#type: kind.into(),
            display_name: format!("name of {id}"),
        };
        let group = Group {
            name: "accounts/acme/groups/g".to_owned(),
            display_name: "Guides".to_owned(),
            members: vec![member("u", MemberType::User), member("h", MemberType::Group)],
            ..Group::default()
        };
        let expected = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "id": "g",
            "displayName": "Guides",
            "members": [
                {"value": "u", "$ref": format!("{BASE}/Users/u"), "type": "User", "display": "name of u"},
                {"value": "h", "$ref": format!("{BASE}/Groups/h"), "type": "Group", "display": "name of h"},
            ],
            "meta": {"resourceType": "Group", "location": format!("{BASE}/Groups/g")},
        });
        assert_eq!(Value::Object(group_to_json(&group, BASE)), expected);
    }

    #[test]
    fn what_cannot_be_shown_is_left_out() {
        let user = User {
            create_time: Some(Timestamp { seconds: i64::MAX, nanos: -1 }),
            extensions: vec![Extension { schema: "urn:x".to_owned(), json: "not JSON".to_owned() }],
            person_name: Some(PersonName::default()),
            emails: vec![MultiValue::default()],
            ..User::default()
        };
        let expected = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "",
            "meta": {"resourceType": "User"},
        });
        assert_eq!(Value::Object(user_to_json(&user, BASE)), expected);
    }
}
