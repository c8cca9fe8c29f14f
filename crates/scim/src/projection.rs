//! Which attributes an answer has: `attributes` and `excludedAttributes` (RFC 7644 section 3.9).

use serde_json::{Map, Value};

use crate::{
    filter::{ast::Name, resolve},
    schema::{Attribute, COMMON, ResourceType, Returned, Schema, find},
};

/// Both `attributes` and `excludedAttributes` were given, which RFC 7644 section 3.9 rules out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("give either `attributes` or `excludedAttributes`, not both")]
pub struct Error;

/// Which attributes to answer.
#[derive(Debug, Clone)]
pub struct Projection {
    resource_type: ResourceType,
    mode: Mode,
    selectors: Vec<Selector>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// What is returned by default.
    Default,
    /// The selected, and what is always returned.
    Only,
    /// What is returned by default, less the selected.
    Except,
}

/// One name in the list.
#[derive(Debug, Clone, PartialEq)]
enum Selector {
    /// An attribute or sub-attribute.
    Attribute(&'static Schema, &'static Attribute, Option<&'static Attribute>),
    /// All of a known schema.
    Schema(&'static Schema),
    /// An unknown URN in lower case: an extension, or an attribute in one.
    Urn(String),
}

/// What is to be done with a value.
enum Verdict {
    Keep,
    Drop,
    /// Keep only these sub-attributes if the flag is true, else all but these.
    Subs(Vec<&'static str>, bool),
}

impl Projection {
    /// Reads the two parameters, each a list separated by commas. Names that mean nothing are ignored, and so is a list
    /// without any name.
    pub fn parse(
        resource_type: ResourceType,
        attributes: Option<&str>,
        excluded: Option<&str>,
    ) -> Result<Self, Error> {
        let named = |list: Option<&'_ str>| list.is_some_and(|list| names(list).next().is_some());
        let (mode, list) = match (named(attributes), named(excluded)) {
            (true, true) => return Err(Error),
            (true, false) => (Mode::Only, attributes),
            (false, true) => (Mode::Except, excluded),
            (false, false) => (Mode::Default, None),
        };
        let selectors = names(list.unwrap_or_default()).filter_map(|name| selector(name, resource_type));
        Ok(Self { resource_type, mode, selectors: selectors.collect() })
    }

    /// Whether neither parameter was given.
    pub fn is_default(&self) -> bool {
        self.mode == Mode::Default
    }

    /// Whether an answer has any of this attribute, named in the case of the schema. What is not wanted need not be
    /// fetched.
    pub fn wants(&self, attribute: &str) -> bool {
        match self.resource_type.attribute(attribute) {
            Some((schema, attribute)) => !matches!(self.verdict(schema, attribute), Verdict::Drop),
            None => true,
        }
    }

    /// Takes out of a resource what is not to be answered.
    pub fn apply(&self, resource: &mut Map<String, Value>) {
        let core = self.resource_type.core();
        resource.retain(|key, value| {
            if let Some(schema) = self.resource_type.schema(key) {
                return value.as_object_mut().is_some_and(|extension| {
                    extension.retain(|key, value| {
                        let attribute = schema.attribute(key);
                        attribute.is_some_and(|attribute| carry_out(self.verdict(schema, attribute), value))
                    });
                    !extension.is_empty()
                });
            }
            match core.attribute(key).or_else(|| find(COMMON, key)) {
                Some(attribute) => carry_out(self.verdict(core, attribute), value),
                None => self.keep_unknown(key, value),
            }
        });
    }

    fn verdict(&self, schema: &Schema, attribute: &Attribute) -> Verdict {
        let mut subs = Vec::new();
        let mut whole = false;
        for selector in &self.selectors {
            match selector {
                Selector::Schema(selected) => whole |= selected.id == schema.id,
                Selector::Attribute(selected, name, sub)
                    if selected.id == schema.id && name.name == attribute.name =>
                {
                    match sub {
                        Some(sub) => subs.push(sub.name),
                        None => whole = true,
                    }
                }
                _ => {}
            }
        }
        match (attribute.returned, self.mode) {
            (Returned::Never, _) | (Returned::Request, Mode::Default | Mode::Except) => Verdict::Drop,
            (Returned::Always, _) | (_, Mode::Default) => without_unasked(attribute, &[], Vec::new()),
            (_, Mode::Only) if whole => without_unasked(attribute, &subs, Vec::new()),
            (_, Mode::Only) if subs.is_empty() => Verdict::Drop,
            (_, Mode::Only) => Verdict::Subs(subs, true),
            (_, Mode::Except) if whole => Verdict::Drop,
            (_, Mode::Except) => without_unasked(attribute, &[], subs),
        }
    }

    /// An unknown extension, whole or in part.
    fn keep_unknown(&self, key: &str, value: &mut Value) -> bool {
        let key = key.to_ascii_lowercase();
        let mut attributes = Vec::new();
        let mut whole = false;
        for selector in &self.selectors {
            if let Selector::Urn(urn) = selector
                && let Some(rest) = urn.strip_prefix(&key)
            {
                whole |= rest.is_empty();
                attributes.extend(rest.strip_prefix(':'));
            }
        }
        let only = match self.mode {
            Mode::Default => return true,
            _ if whole => return self.mode == Mode::Only,
            Mode::Only => true,
            Mode::Except => false,
        };
        let Value::Object(extension) = value else {
            return !only;
        };
        extension.retain(|key, _| attributes.iter().any(|name| name.eq_ignore_ascii_case(key)) == only);
        !extension.is_empty()
    }
}

/// All of an attribute but what is `left_out`, and what is answered only to those who name it, unless it was `named`.
fn without_unasked(attribute: &Attribute, named: &[&str], left_out: Vec<&'static str>) -> Verdict {
    let on_request = attribute.sub_attributes.iter().filter(|sub| sub.returned == Returned::Request);
    let mut without = left_out;
    without.extend(on_request.map(|sub| sub.name).filter(|name| !named.contains(name)));
    if without.is_empty() { Verdict::Keep } else { Verdict::Subs(without, false) }
}

/// Does to a value what the verdict says; false when nothing is left of it.
fn carry_out(verdict: Verdict, value: &mut Value) -> bool {
    let (subs, only) = match verdict {
        Verdict::Keep => return true,
        Verdict::Drop => return false,
        Verdict::Subs(subs, only) => (subs, only),
    };
    let trim = |object: &mut Map<String, Value>| {
        object.retain(|key, _| subs.contains(&key.as_str()) == only);
        !object.is_empty()
    };
    match value {
        Value::Object(object) => trim(object),
        Value::Array(elements) => {
            elements.retain_mut(|element| element.as_object_mut().is_none_or(trim));
            !elements.is_empty()
        }
        _ => !only,
    }
}

fn names(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|name| !name.is_empty())
}

fn selector(name: &str, resource_type: ResourceType) -> Option<Selector> {
    match resource_type.split_urn(name) {
        Some((schema, "")) => return Some(Selector::Schema(schema)),
        None if resolve::is_urn(name) => return Some(Selector::Urn(name.to_ascii_lowercase())),
        _ => {}
    }
    let path = resolve::resolve_name(&Name { text: name.to_owned(), column: 1 }, resource_type).ok()?;
    Some(Selector::Attribute(path.schema, path.attribute, path.sub))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::{ENTERPRISE_USER, USER};

    const BADGE: &str = "urn:example:Badge:2.0:User";

    fn project(attributes: Option<&str>, excluded: Option<&str>) -> Value {
        let mut user = json!({
            "schemas": [USER.id, ENTERPRISE_USER.id, BADGE],
            "id": "1",
            "externalId": "e",
            "meta": { "resourceType": "User", "version": "W/\"1\"" },
            "userName": "b",
            "password": "secret",
            "name": { "givenName": "B", "familyName": "J" },
            "emails": [{ "value": "b@x", "type": "work" }, { "type": "home" }],
            (ENTERPRISE_USER.id): { "department": "Tour", "manager": { "value": "2", "displayName": "J" } },
            (BADGE): { "number": 7, "Colour": "red" },
        });
        let projection = Projection::parse(ResourceType::User, attributes, excluded).unwrap();
        projection.apply(user.as_object_mut().unwrap());
        user.as_object_mut().unwrap().remove("schemas").expect("schemas is always returned");
        user
    }

    #[test]
    fn only_what_is_asked_for_and_the_id() {
        let enterprise = ENTERPRISE_USER.id;
        for (attributes, expected) in [
            ("userName", json!({ "id": "1", "userName": "b" })),
            ("id", json!({ "id": "1" })),
            ("nothing,password, ,urn:x", json!({ "id": "1" })),
            (" USERNAME , ExternalId", json!({ "id": "1", "externalId": "e", "userName": "b" })),
            ("name.givenname", json!({ "id": "1", "name": { "givenName": "B" } })),
            ("name.givenName,name", json!({ "id": "1", "name": { "givenName": "B", "familyName": "J" } })),
            ("name.middleName", json!({ "id": "1" })),
            ("emails.value", json!({ "id": "1", "emails": [{ "value": "b@x" }] })),
            ("meta.version", json!({ "id": "1", "meta": { "version": "W/\"1\"" } })),
            ("urn:ietf:params:scim:schemas:core:2.0:User:userName", json!({ "id": "1", "userName": "b" })),
            ("department", json!({ "id": "1", enterprise: { "department": "Tour" } })),
            (
                &format!("{enterprise}:manager.value"),
                json!({ "id": "1", enterprise: { "manager": { "value": "2" } } }),
            ),
            (
                &enterprise.to_uppercase(),
                json!({ "id": "1", enterprise: { "department": "Tour", "manager": { "value": "2", "displayName": "J" } } }),
            ),
            ("urn:example:badge:2.0:user", json!({ "id": "1", BADGE: { "number": 7, "Colour": "red" } })),
            ("urn:example:badge:2.0:user:colour", json!({ "id": "1", BADGE: { "Colour": "red" } })),
            ("urn:example:badge:2.0:user:size", json!({ "id": "1" })),
        ] {
            assert_eq!(project(Some(attributes), None), expected, "{attributes}");
        }
    }

    #[test]
    fn all_but_what_is_excluded() {
        let enterprise = ENTERPRISE_USER.id;
        let all = project(None, None);
        assert!(all.get("password").is_none() && all.get("name").is_some() && all.get("meta").is_some());
        let without = |pointers: &[&str]| {
            let mut rest = all.clone();
            for pointer in pointers {
                let (parent, key) = pointer.rsplit_once('/').unwrap();
                rest.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key).unwrap();
            }
            rest
        };
        let department = format!("/{enterprise}/department");
        for (excluded, expected) in [
            ("", all.clone()),
            ("id,schemas", all.clone()),
            ("nothing", all.clone()),
            ("Emails", without(&["/emails"])),
            ("name.givenName", without(&["/name/givenName"])),
            ("name.givenName,name.familyName", without(&["/name"])),
            ("emails.type", {
                let mut rest = without(&["/emails/0/type"]);
                rest["emails"].as_array_mut().unwrap().pop();
                rest
            }),
            ("meta,externalId", without(&["/meta", "/externalId"])),
            (&format!("{enterprise}:department"), without(&[&department])),
            (enterprise, without(&[&format!("/{enterprise}")])),
            (BADGE, without(&[&format!("/{BADGE}")])),
            (&format!("{BADGE}:NUMBER"), without(&[&format!("/{BADGE}/number")])),
            (
                "urn:ietf:params:scim:schemas:core:2.0:User",
                without(&["/userName", "/name", "/emails", "/meta", "/externalId"]),
            ),
        ] {
            assert_eq!(project(None, Some(excluded)), expected, "{excluded}");
        }
    }

    #[test]
    fn both_lists_exclude_each_other_unless_one_is_empty() {
        let parse = |attributes, excluded| Projection::parse(ResourceType::User, attributes, excluded);
        assert_eq!(parse(Some("id"), Some("name")).unwrap_err(), Error);
        assert!(!parse(Some("id"), Some(" ,")).unwrap().is_default());
        assert!(parse(Some(""), None).unwrap().is_default());
    }

    #[test]
    fn what_is_not_wanted_need_not_be_fetched() {
        let wants = |attributes, excluded, name| {
            Projection::parse(ResourceType::Group, attributes, excluded).unwrap().wants(name)
        };
        assert!(wants(None, None, "members"));
        assert!(!wants(Some("displayName"), None, "members"));
        assert!(wants(Some("MEMBERS.value"), None, "members"));
        assert!(!wants(None, Some("members"), "members"));
        assert!(wants(None, Some("members.display"), "members"));
        assert!(wants(Some("displayName"), None, "id"));
    }
}
