//! The body of a search: a `SearchRequest` (RFC 7644 section 3.4.3). An unknown attribute is ignored, names are read without
//! regard to case, and `null` is not given.

use serde_json::Value;

use super::Given;
use crate::{body::check_schema, error::Error};

const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

pub(super) fn read(body: &Value) -> Result<Given, Error> {
    check_schema(body, SCHEMA)?;
    let mut given = Given::default();
    for (name, value) in body.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        match name.to_ascii_lowercase().as_str() {
            "attributes" => given.attributes = list("attributes", value)?,
            "excludedattributes" => given.excluded = list("excludedAttributes", value)?,
            "filter" => given.filter = text("filter", value)?,
            "sortby" => given.sort_by = text("sortBy", value)?,
            "sortorder" => given.sort_order = text("sortOrder", value)?,
            "startindex" => given.start_index = Some(number(value)),
            "count" => given.count = Some(number(value)),
            "cursor" => match value {
                Value::String(cursor) => given.cursor = Some(cursor.clone()),
                _ => return Err(Error::Cursor("cursor must be a string".to_owned())),
            },
            _ => {}
        }
    }
    Ok(given)
}

fn text(name: &str, value: &Value) -> Result<Option<String>, Error> {
    match value {
        Value::String(text) => Ok((!text.trim().is_empty()).then(|| text.clone())),
        _ => Err(Error::Value(format!("{name} must be a string"))),
    }
}

/// A number as it was written; what is none becomes a text that is none either.
fn number(value: &Value) -> String {
    value.as_number().map_or_else(|| value.to_string(), ToString::to_string)
}

fn list(name: &str, value: &Value) -> Result<Option<String>, Error> {
    let wrong = || Error::Value(format!("{name} must be an array of strings"));
    let names = value.as_array().ok_or_else(wrong)?;
    let names = names.iter().map(|name| name.as_str().ok_or_else(wrong)).collect::<Result<Vec<_>, _>>()?;
    Ok((!names.is_empty()).then(|| names.join(",")))
}
