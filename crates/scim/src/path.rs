//! The paths of PATCH operations (RFC 7644 section 3.5.2, figure 7).

use serde_json::{Map, Value};

use crate::{
    ScimType,
    filter::{
        self, Filter, Operator, Path, Reason,
        ast::{self, Expression},
        parse::Parser,
        resolve,
    },
    schema::{Attribute, Kind, ResourceType, Schema},
};

/// What a PATCH operation changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatchPath {
    /// The attribute or extension.
    pub target: Target,
    /// Which elements of the attribute; `None` for all. Each path in it has the attribute and `Some` sub-attribute,
    /// and its texts are folded: use it with [`Filter::matches_element`].
    pub filter: Option<Filter>,
    /// What an element would have to hold to pass the filter, as the path spells it. `None` when there is no filter,
    /// or when it says more than `eq`, joined by `and`.
    pub seed: Option<Map<String, Value>>,
    /// The sub-attribute of the attribute, or of the selected elements.
    pub sub: Option<&'static Attribute>,
}

/// What a PATCH path begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An attribute. The common attributes count as the core schema's.
    Attribute {
        /// Its schema.
        schema: &'static Schema,
        /// The attribute.
        attribute: &'static Attribute,
    },
    /// All of a known extension.
    Extension(&'static Schema),
    /// An extension that Rollcall does not know but keeps.
    ///
    /// Where its URN ends cannot be seen from the path. The attribute is taken to be what follows the last colon,
    /// sub-attributes included, unless that is no attribute name, such as `2.0`, or is the name of the resource type:
    /// then the URN is the whole path. Who knows the resource's extensions may know better.
    Unknown {
        /// The URN.
        urn: String,
        /// The attribute, with its sub-attribute behind a dot if the path has one.
        attribute: Option<String>,
    },
}

/// Why a PATCH path was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The path has the wrong form, or names what there is not.
    #[error("path, column {}: {}", .0.column, .0.reason)]
    Path(filter::Error),
    /// The filter in the path is wrong.
    #[error("path, column {}: {}", .0.column, .0.reason)]
    Filter(filter::Error),
}

impl Error {
    /// The `scimType` of the SCIM error to answer.
    pub fn scim_type(&self) -> ScimType {
        match self {
            Self::Path(_) => ScimType::InvalidPath,
            Self::Filter(_) => ScimType::InvalidFilter,
        }
    }
}

impl PatchPath {
    /// Reads a path. The limits are those of a [`Filter`].
    pub fn parse(text: &str, resource_type: ResourceType) -> Result<Self, Error> {
        let mut parser = Parser::new(text).map_err(Error::Path)?;
        let name = parser.name("an attribute").map_err(Error::Path)?;
        let expression = parser.element_filter().map_err(Error::Filter)?;
        let sub_name = match expression {
            Some(_) => parser.sub_name().map_err(Error::Path)?,
            None => None,
        };
        parser.end().map_err(|error| match error.reason {
            Reason::Expected { found, .. } => {
                Error::Path(Reason::Expected { expected: "the end of the path", found }.at(error.column))
            }
            _ => Error::Path(error),
        })?;

        let Some(expression) = expression else {
            if let Some(target) = whole_extension(&name.text, resource_type) {
                return target.map(|target| Self { target, filter: None, seed: None, sub: None }).ok_or_else(
                    || Error::Path(Reason::UnknownSchema(filter::cut(&name.text)).at(name.column)),
                );
            }
            let Path { schema, attribute, sub } =
                resolve::resolve_name(&name, resource_type).map_err(Error::Path)?;
            return Ok(Self {
                target: Target::Attribute { schema, attribute },
                filter: None,
                seed: None,
                sub,
            });
        };
        let path = resolve::resolve_name(&name, resource_type).map_err(Error::Path)?;
        let filter =
            resolve::resolve_element(&expression, path, name.column).map_err(|error| match error.reason {
                Reason::NoElements(_) => Error::Path(error),
                _ => Error::Filter(error),
            })?;
        let sub = sub_name.map(|sub| resolve::resolve_sub(&sub, path.attribute)).transpose();
        Ok(Self {
            target: Target::Attribute { schema: path.schema, attribute: path.attribute },
            filter: Some(filter),
            seed: seed(&expression, path.attribute),
            sub: sub.map_err(Error::Path)?,
        })
    }
}

/// The target when a name is all of a known extension or about an unknown one: `None` when it is neither,
/// `Some(None)` when it begins like a URN but is none.
#[allow(clippy::option_option, reason = "the doc comment says what each of the three means")]
fn whole_extension(name: &str, resource_type: ResourceType) -> Option<Option<Target>> {
    match resource_type.split_urn(name) {
        Some((schema, "")) if schema.is_extension() => return Some(Some(Target::Extension(schema))),
        Some(_) => return None,
        None => {}
    }
    if !resolve::is_urn(name) {
        return None;
    }
    let Some((urn, last)) = name.rsplit_once(':').filter(|(urn, last)| urn.len() > 4 && !last.is_empty())
    else {
        return Some(None);
    };
    let is_attribute = last.starts_with(|c: char| c.is_ascii_alphabetic())
        && !last.eq_ignore_ascii_case(resource_type.name());
    Some(Some(if is_attribute {
        Target::Unknown { urn: urn.to_owned(), attribute: Some(last.to_owned()) }
    } else {
        Target::Unknown { urn: name.to_owned(), attribute: None }
    }))
}

/// What an element must hold to pass a filter that is `eq`, joined by `and`.
fn seed(expression: &Expression, attribute: &Attribute) -> Option<Map<String, Value>> {
    let terms = match expression {
        Expression::And(terms) => terms.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut seed = Map::new();
    for term in terms {
        let Expression::Compare { name, op: Operator::Eq, value, .. } = term else {
            return None;
        };
        let sub = attribute.sub(&name.text)?;
        let value = match (value, sub.kind) {
            (ast::Value::Bool(value), Kind::Boolean) => Value::Bool(*value),
            (ast::Value::Text(text), Kind::Boolean) => Value::Bool(resolve::boolean(text)?),
            (ast::Value::Text(text), _) => Value::String(text.clone()),
            _ => return None,
        };
        if seed.insert(sub.name.to_owned(), value).is_some() {
            return None;
        }
    }
    Some(seed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::schema::ENTERPRISE_USER;

    /// A path in short: target, filter or not, sub-attribute.
    fn short(text: &str, resource_type: ResourceType) -> String {
        let path = match PatchPath::parse(text, resource_type) {
            Ok(path) => path,
            Err(error) => return format!("{}: {error}", error.scim_type().as_str()),
        };
        let target = match path.target {
            Target::Attribute { schema, attribute } => Path { schema, attribute, sub: None }.to_string(),
            Target::Extension(schema) => format!("all of {}", schema.name),
            Target::Unknown { urn, attribute } => {
                format!("unknown {urn} {}", attribute.as_deref().unwrap_or("-"))
            }
        };
        let filter = path.filter.map_or("", |_| "[]");
        path.sub.map_or(format!("{target}{filter}"), |sub| format!("{target}{filter}.{}", sub.name))
    }

    #[test]
    fn every_form_of_path() {
        let urn = ENTERPRISE_USER.id;
        for (text, expected) in [
            ("userName", "userName"),
            (" USERNAME ", "userName"),
            ("name.GIVENNAME", "name.givenName"),
            ("emails", "emails"),
            ("emails.value", "emails.value"),
            (r#"emails[type eq "work"]"#, "emails[]"),
            (r#"Emails[Type EQ "work" and not (value pr)].Value"#, "emails[].value"),
            (r#"roles[primary eq "True"].value"#, "roles[].value"),
            ("id", "id"),
            ("meta.created", "meta.created"),
            ("password", "password"),
            ("groups.$ref", "groups.$ref"),
            ("urn:ietf:params:scim:schemas:core:2.0:User:name.familyName", "name.familyName"),
            (r#"urn:ietf:params:scim:schemas:core:2.0:User:emails[type eq "work"].value"#, "emails[].value"),
            (urn, "all of EnterpriseUser"),
            (&urn.to_uppercase(), "all of EnterpriseUser"),
            (&format!("{urn}:department"), &format!("{urn}:department")),
            (&format!("{urn}.department"), &format!("{urn}:department")),
            (&format!("{urn}:manager.value"), &format!("{urn}:manager.value")),
            (&format!("{urn}.manager.displayName"), &format!("{urn}:manager.displayName")),
            ("manager", &format!("{urn}:manager")),
            ("urn:example:badge:2.0:User:number", "unknown urn:example:badge:2.0:User number"),
            ("urn:example:badge:2.0:User:lock.code", "unknown urn:example:badge:2.0:User lock.code"),
            ("urn:example:badge:2.0:User", "unknown urn:example:badge:2.0:User -"),
            ("urn:example:badge:2.0", "unknown urn:example:badge:2.0 -"),
        ] {
            assert_eq!(short(text, ResourceType::User), expected, "{text}");
        }
        assert_eq!(short(r#"members[value eq "u"]"#, ResourceType::Group), "members[]");
        assert_eq!(short(&format!("{urn}:manager"), ResourceType::Group), format!("unknown {urn} manager"));
    }

    #[test]
    fn every_way_to_be_wrong() {
        for (text, expected) in [
            ("", "invalidPath: path, column 1: expected an attribute, found the end"),
            ("nme", "invalidPath: path, column 1: unknown attribute `nme`; did you mean `name`?"),
            (
                "name.givnName",
                "invalidPath: path, column 6: unknown attribute `givnName`; did you mean `givenName`?",
            ),
            ("name.", "invalidPath: path, column 6: unknown attribute ``"),
            ("userName pr", "invalidPath: path, column 10: expected the end of the path, found `pr`"),
            ("emails]", "invalidPath: path, column 7: expected the end of the path, found `]`"),
            (
                "emails[type pr]value",
                "invalidPath: path, column 16: expected the end of the path, found `value`",
            ),
            ("emails[type pr].", "invalidPath: path, column 16: expected the end of the path, found `.`"),
            (
                "emails[type pr].vale",
                "invalidPath: path, column 17: unknown attribute `vale`; did you mean `value`?",
            ),
            (
                "emails[type pr].value[x pr]",
                "invalidPath: path, column 22: expected the end of the path, found `[`",
            ),
            ("name[givenName pr]", "invalidPath: path, column 1: `name` has no elements to select with [ ]"),
            ("emails[]", "invalidFilter: path, column 8: expected an attribute, `not` or `(`, found `]`"),
            (
                "emails[type is 1]",
                "invalidFilter: path, column 13: unknown operator `is`; there are eq, ne, co, sw, ew, gt, ge, lt, le and pr",
            ),
            (
                "emails[typ pr]",
                "invalidFilter: path, column 8: unknown attribute `typ`; did you mean `type`?",
            ),
            (
                "emails[type eq 1]",
                "invalidFilter: path, column 16: `type` is compared with a text, not with 1",
            ),
            ("emails[type pr", "invalidFilter: path, column 15: expected `and`, `or` or `]`, found the end"),
            ("urn:", "invalidPath: path, column 1: `urn:` is no attribute of a known schema"),
            ("urn:x", "invalidPath: path, column 1: `urn:x` is no attribute of a known schema"),
            ("urn:a:b:", "invalidPath: path, column 1: `urn:a:b:` is no attribute of a known schema"),
            (
                "urn:ietf:params:scim:schemas:core:2.0:User",
                "invalidPath: path, column 1: `urn:ietf:params:scim:schemas:core:2.0:User` is a schema; \
                 append a colon and an attribute",
            ),
            (
                "urn:example:2.0:User:tags[value pr]",
                "invalidPath: path, column 1: `urn:example:2.0:User:tags` is no attribute of a known schema",
            ),
        ] {
            assert_eq!(short(text, ResourceType::User), expected, "{text}");
        }
        let deep = format!("emails[{}", "(".repeat(10_000));
        assert!(short(&deep, ResourceType::User).starts_with("invalidFilter: path, column 39: more than 32"));
        assert!(
            short(&"a".repeat(100_000), ResourceType::User)
                .starts_with("invalidPath: path, column 1: longer")
        );
    }

    #[test]
    fn a_seed_has_the_spelling_of_the_path() {
        let seed = |text: &str| {
            let seed = PatchPath::parse(text, ResourceType::User).unwrap().seed;
            seed.map(Value::Object)
        };
        assert_eq!(seed("emails"), None);
        assert_eq!(seed(r#"emails[type eq "Work"].value"#), Some(json!({ "type": "Work" })));
        assert_eq!(
            seed(r#"roles[PRIMARY eq "True" and TYPE eq "A"].value"#),
            Some(json!({ "primary": true, "type": "A" }))
        );
        for more_than_eq in [
            r#"emails[type ne "work"]"#,
            r#"emails[type eq "work" or type eq "home"]"#,
            r#"emails[type eq "work" and type eq "home"]"#,
            "emails[type eq null]",
            "emails[type pr]",
            r#"emails[not (type eq "work")]"#,
        ] {
            assert_eq!(seed(more_than_eq), None, "{more_than_eq}");
        }
    }

    proptest! {
        #[test]
        fn any_text_gives_a_path_or_an_error_within_it(
            text in prop_oneof![any::<String>(), "[a-z:.]{0,8}(\\[[a-z ()\"]{0,12}\\]?)?(\\.[a-z]{0,5})?", "urn:[a-z:.0-9]{0,9}"],
        ) {
            for resource_type in ResourceType::ALL {
                if let Err(Error::Path(error) | Error::Filter(error)) = PatchPath::parse(&text, resource_type) {
                    prop_assert!((1..=text.chars().count() + 1).contains(&error.column), "{}", error);
                }
            }
        }
    }
}
