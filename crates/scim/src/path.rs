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
#[allow(clippy::option_option)]
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
    Some(Some(match is_attribute {
        true => Target::Unknown { urn: urn.to_owned(), attribute: Some(last.to_owned()) },
        false => Target::Unknown { urn: name.to_owned(), attribute: None },
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
