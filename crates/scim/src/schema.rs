//! The schemas of RFC 7643 as static tables: users, the enterprise extension, Rollcall's own, groups, and the common attributes.
//!
//! Filters, PATCH, projection and discovery all read these tables; adding an attribute begins here. Look-ups take
//! names in any case (RFC 7643 section 2.1) and give the table's entry, whose `name` has the case to answer in.

mod attribute;
mod common;
mod enterprise;
mod group;
mod print;
mod user;

use std::iter;

use crate::quirks;
pub use attribute::{Attribute, Kind, Mutability, Returned, Uniqueness};
pub use common::COMMON;
pub use enterprise::ENTERPRISE_USER;
pub use group::GROUP;
pub use print::PRINT_USER;
pub use user::USER;

static USER_SCHEMAS: &[&Schema] = &[&USER, &ENTERPRISE_USER, &PRINT_USER];
static GROUP_SCHEMAS: &[&Schema] = &[&GROUP];

/// A schema: a URN with its attributes (RFC 7643 section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    /// The URN.
    pub id: &'static str,
    /// The name for people, such as `User`.
    pub name: &'static str,
    /// What the schema is for.
    pub description: &'static str,
    /// The attributes, in the order in which they are answered.
    pub attributes: &'static [Attribute],
}

impl Schema {
    /// The attribute of this name, in any case.
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        find(self.attributes, name)
            .or_else(|| find(self.attributes, quirks::attribute_of_other_product(self, name)?))
    }

    /// The URNs that identity providers send for it, its own first.
    fn urns(&self) -> impl Iterator<Item = &'static str> {
        iter::once(self.id).chain(quirks::other_urns(self).iter().copied())
    }

    /// Whether this is a URN for it, in any case.
    pub fn is_named(&self, urn: &str) -> bool {
        self.urns().any(|known| known.eq_ignore_ascii_case(urn))
    }

    /// Whether it is an extension, whose attributes stand under its URN.
    pub fn is_extension(&self) -> bool {
        ResourceType::ALL.iter().flat_map(|kind| kind.extensions()).any(|extension| extension.id == self.id)
    }
}

/// A kind of resource (RFC 7643 section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResourceType {
    /// A person.
    User,
    /// A group of users and groups.
    Group,
}

impl ResourceType {
    /// Every kind of resource.
    pub const ALL: [Self; 2] = [Self::User, Self::Group];

    /// The name, such as `User`: the value of `meta.resourceType`.
    pub fn name(self) -> &'static str {
        self.core().name
    }

    /// The path below the base address, such as `/Users`.
    pub fn endpoint(self) -> &'static str {
        match self {
            Self::User => "/Users",
            Self::Group => "/Groups",
        }
    }

    /// The schemas, core first, then the known extensions.
    pub fn schemas(self) -> &'static [&'static Schema] {
        match self {
            Self::User => USER_SCHEMAS,
            Self::Group => GROUP_SCHEMAS,
        }
    }

    /// The core schema.
    pub fn core(self) -> &'static Schema {
        match self {
            Self::User => &USER,
            Self::Group => &GROUP,
        }
    }

    /// The known extensions.
    pub fn extensions(self) -> &'static [&'static Schema] {
        self.schemas().get(1..).unwrap_or_default()
    }

    /// The schema with this URN, in any case, core or known extension.
    pub fn schema(self, urn: &str) -> Option<&'static Schema> {
        self.schemas().iter().copied().find(|schema| schema.is_named(urn))
    }

    /// The attribute that a name without URN means, in any case. Core attributes come first, then the common ones,
    /// which count as the core schema's, then those of the extensions: identity providers ask `manager eq "x"`.
    pub fn attribute(self, name: &str) -> Option<(&'static Schema, &'static Attribute)> {
        let core = self.core();
        let of_core = core.attribute(name).or_else(|| find(COMMON, name)).map(|attribute| (core, attribute));
        of_core
            .or_else(|| self.extensions().iter().find_map(|schema| Some((*schema, schema.attribute(name)?))))
    }

    /// Splits a name that begins with a URN of a schema of this type into the schema and what follows the URN:
    /// `""` when the name is the URN alone. Identity providers put a dot where the RFC has a colon behind the URN
    /// (Microsoft Entra ID with `aadOptscim062020`; Microsoft Q&A 1435791), so both are taken.
    pub fn split_urn(self, name: &str) -> Option<(&'static Schema, &str)> {
        self.schemas().iter().find_map(|schema| {
            schema.urns().find_map(|urn| {
                let head = name.get(..urn.len()).filter(|head| head.eq_ignore_ascii_case(urn))?;
                let rest = name.get(head.len()..)?;
                match rest.strip_prefix([':', '.']) {
                    None if rest.is_empty() => Some((*schema, "")),
                    Some(rest) if !rest.is_empty() => Some((*schema, rest)),
                    _ => None,
                }
            })
        })
    }
}

/// The attribute of this name, in any case.
pub fn find(attributes: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case_and_give_the_case_of_the_schema() {
        let (schema, attribute) = ResourceType::User.attribute("USERNAME").unwrap();
        assert_eq!((schema.id, attribute.name), (USER.id, "userName"));
        let (schema, attribute) = ResourceType::Group.attribute("META").unwrap();
        assert_eq!((schema.id, attribute.name), (GROUP.id, "meta"));
        assert_eq!(attribute.sub("lastmodified").unwrap().name, "lastModified");
        let (schema, attribute) = ResourceType::User.attribute("manager").unwrap();
        assert_eq!((schema.id, attribute.name), (ENTERPRISE_USER.id, "manager"));
        assert!(ResourceType::Group.attribute("userName").is_none());
    }

    #[test]
    fn a_urn_is_split_off_with_a_colon_or_a_dot() {
        let urn = ENTERPRISE_USER.id;
        for (name, rest) in [
            (urn.to_owned(), Some("")),
            (urn.to_uppercase(), Some("")),
            (format!("{urn}:department"), Some("department")),
            (format!("{urn}.manager.value"), Some("manager.value")),
            (format!("{urn}:"), None),
            ("urn:scim:schemas:extension:enterprise:2.0:User:manager".to_owned(), Some("manager")),
            ("urn:scim:schemas:extension:enterprise:2.0:manager.value".to_owned(), Some("manager.value")),
            ("urn:scim:schemas:core:2.0".to_owned(), Some("")),
            (format!("{urn}s:x"), None),
            ("urn:other:x".to_owned(), None),
            ("department".to_owned(), None),
        ] {
            assert_eq!(ResourceType::User.split_urn(&name).map(|(_, rest)| rest), rest, "{name}");
        }
        assert!(ResourceType::Group.split_urn(urn).is_none());
    }

    #[test]
    fn the_tables_keep_the_rules_of_rfc_7643_section_2() {
        fn check(attribute: &Attribute, depth: usize) {
            let name = attribute.name;
            assert_eq!(attribute.kind == Kind::Complex, !attribute.sub_attributes.is_empty(), "{name}");
            assert_eq!(attribute.kind == Kind::Reference, !attribute.reference_types.is_empty(), "{name}");
            assert!(attribute.description.ends_with('.'), "{name}");
            assert!(attribute.mutability != Mutability::WriteOnly || attribute.returned == Returned::Never);
            assert!(
                depth == 0 || attribute.kind != Kind::Complex,
                "{name}: a sub-attribute is never complex"
            );
            attribute.sub_attributes.iter().for_each(|sub| check(sub, depth + 1));
        }
        for attributes in
            [USER.attributes, ENTERPRISE_USER.attributes, PRINT_USER.attributes, GROUP.attributes, COMMON]
        {
            for attribute in attributes {
                check(attribute, 0);
            }
        }
    }
}
