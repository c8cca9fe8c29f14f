//! A body becomes a document: the JSON of a resource in canonical form.

use serde_json::{Map, Value};

use super::{Error, Problem, extension, kind_of, value};
use crate::{
    filter::resolve,
    schema::{Attribute, COMMON, Mutability, ResourceType, Schema, find},
};

/// The document of a body. Unknown attributes are left out and unknown extensions kept, listed in `schemas` or not:
/// Microsoft Entra ID sends custom extensions without listing them.
pub(super) fn from_body(kind: ResourceType, body: &Value) -> Result<Map<String, Value>, Error> {
    let Value::Object(body) = body else {
        return Err(Error::new("the body", Problem::NotAnObject { found: kind_of(body) }));
    };
    check_schemas(kind, body)?;
    let mut document = Map::new();
    for (name, value) in body {
        let attribute = kind.core().attribute(name).or_else(|| find(COMMON, name));
        if let Some(attribute) = attribute {
            assign(&mut document, attribute, value)?;
        } else if let Some((schema, rest)) = kind.split_urn(name) {
            known_extension(&mut document, schema, rest, value)?;
        } else if resolve::is_urn(name)
            && let Value::Object(attributes) = value
        {
            unknown_extension(&mut document, name, attributes)?;
        }
    }
    Ok(document)
}

/// The URNs of a `schemas` attribute in any case of its name, or `None` when it is missing or not a list of URNs.
pub(crate) fn schemas_of(body: &Map<String, Value>) -> Option<Vec<&str>> {
    let (_, schemas) = body.iter().find(|(name, _)| name.eq_ignore_ascii_case("schemas"))?;
    match schemas {
        Value::Array(urns) => urns.iter().map(Value::as_str).collect(),
        single => single.as_str().map(|urn| vec![urn]),
    }
}

fn check_schemas(kind: ResourceType, body: &Map<String, Value>) -> Result<(), Error> {
    let core = kind.core();
    let named = schemas_of(body).is_some_and(|urns| urns.iter().any(|listed| core.is_named(listed)));
    if named { Ok(()) } else { Err(Error::new("schemas", Problem::Schemas { urn: core.id })) }
}

/// A later name that differs only in case wins. What only the service may set is left out, as RFC 7644 section 3.5.1
/// asks; a password is checked and forgotten; members of groups are no part of a document.
fn assign(document: &mut Map<String, Value>, attribute: &Attribute, value: &Value) -> Result<(), Error> {
    if attribute.mutability == Mutability::ReadOnly || matches!(attribute.name, "schemas" | "members") {
        return Ok(());
    }
    let value = value::whole(attribute, value)?;
    if attribute.is_forgotten() {
        return Ok(());
    }
    match value {
        Some(value) => document.insert(attribute.name.to_owned(), value),
        None => document.shift_remove(attribute.name),
    };
    Ok(())
}

/// What stands under the URN of a known schema: all of an extension, or one attribute behind the URN.
fn known_extension(
    document: &mut Map<String, Value>,
    schema: &Schema,
    rest: &str,
    value: &Value,
) -> Result<(), Error> {
    if !schema.is_extension() {
        return schema.attribute(rest).map_or(Ok(()), |attribute| assign(document, attribute, value));
    }
    let mut extension = match document.shift_remove(schema.id) {
        Some(Value::Object(extension)) => extension,
        _ => Map::new(),
    };
    match value {
        _ if !rest.is_empty() => {
            if let Some(attribute) = schema.attribute(rest) {
                assign(&mut extension, attribute, value)?;
            }
        }
        Value::Object(attributes) => {
            for (name, value) in attributes {
                if let Some(attribute) = schema.attribute(name) {
                    assign(&mut extension, attribute, value)?;
                }
            }
        }
        Value::Null => {}
        other => {
            let problem = Problem::Type { expected: "an object", found: kind_of(other) };
            return Err(Error::new(schema.id, problem));
        }
    }
    if !extension.is_empty() {
        document.insert(schema.id.to_owned(), Value::Object(extension));
    }
    Ok(())
}

fn unknown_extension(
    document: &mut Map<String, Value>,
    urn: &str,
    attributes: &Map<String, Value>,
) -> Result<(), Error> {
    extension::check_urn(urn)?;
    let kept = extension::kept(urn, attributes)?;
    document.retain(|name, _| !name.eq_ignore_ascii_case(urn));
    if !kept.is_empty() {
        document.insert(urn.to_owned(), Value::Object(kept));
    }
    Ok(())
}
