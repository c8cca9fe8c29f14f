//! Extensions that Rollcall does not know: kept as they came, within limits.

use rollcall_proto::identity::Extension;
use serde_json::{Map, Value};

use super::{Error, Problem};
use crate::filter::resolve::is_urn;

/// The most that the extensions of one resource may take together, in bytes of JSON.
const BYTES: usize = 65_536;
/// How deep the value of an attribute of an extension may be nested.
const DEPTH: usize = 16;
/// The longest URN, in bytes.
const URN_BYTES: usize = 255;

/// Refuses a URN that cannot be stored.
pub(crate) fn check_urn(urn: &str) -> Result<(), Error> {
    if urn.len() > URN_BYTES {
        return Err(Error::new(
            "the URN of an extension",
            Problem::TooLong { limit: URN_BYTES, unit: "bytes" },
        ));
    }
    if urn.contains('\0') {
        return Err(Error::new("the URN of an extension", Problem::Nul));
    }
    Ok(())
}

/// The attributes without those that are unassigned (`null` and `[]`, RFC 7643 section 2.5).
pub(crate) fn kept(urn: &str, attributes: &Map<String, Value>) -> Result<Map<String, Value>, Error> {
    object(attributes, 1).map_err(|problem| Error::new(urn, problem))
}

fn object(object: &Map<String, Value>, depth: usize) -> Result<Map<String, Value>, Problem> {
    if depth > DEPTH {
        return Err(Problem::TooDeep { limit: DEPTH });
    }
    let mut kept = Map::new();
    for (name, value) in object {
        let unassigned = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        if !unassigned {
            check_text(name)?;
            kept.insert(name.clone(), any(value, depth)?);
        }
    }
    Ok(kept)
}

fn any(value: &Value, depth: usize) -> Result<Value, Problem> {
    match value {
        Value::Object(inner) => object(inner, depth + 1).map(Value::Object),
        Value::Array(_) if depth >= DEPTH => Err(Problem::TooDeep { limit: DEPTH }),
        Value::Array(inner) => {
            inner.iter().map(|one| any(one, depth + 1)).collect::<Result<_, _>>().map(Value::Array)
        }
        Value::String(text) => check_text(text).map(|()| value.clone()),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(value.clone()),
    }
}

fn check_text(text: &str) -> Result<(), Problem> {
    if text.contains('\0') { Err(Problem::Nul) } else { Ok(()) }
}

/// What is left of a document when all that is known was taken out of it.
pub(super) fn from_rest(rest: Map<String, Value>) -> Result<Vec<Extension>, Error> {
    let extension = |(schema, value): (String, Value)| match value {
        Value::Object(_) if is_urn(&schema) => Some(Extension { schema, json: value.to_string() }),
        _ => None,
    };
    let extensions: Vec<Extension> = rest.into_iter().filter_map(extension).collect();
    if extensions.iter().map(|extension| extension.json.len()).sum::<usize>() > BYTES {
        return Err(Error::new("the extensions together", Problem::TooLong { limit: BYTES, unit: "bytes" }));
    }
    Ok(extensions)
}
