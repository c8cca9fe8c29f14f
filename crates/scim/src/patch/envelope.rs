//! The body of a PATCH request.

use rollcall_proto::identity::PatchOperation;
use serde_json::{Map, Value};

use super::{Error, MAX_OPERATIONS, MESSAGE, Problem};
use crate::{
    quirks,
    resource::{kind_of, schemas_of},
};

/// The operations of a PATCH request. Their paths and values are read when they are applied.
///
/// Names and operations are taken in any case, and a single operation without its array. No operations at all are
/// let through: Microsoft's SCIM validator sends them, and they change nothing.
pub fn operations_from_json(body: &Value) -> Result<Vec<PatchOperation>, crate::Error> {
    let Value::Object(body) = body else {
        return Err(Error::NotAnObject { found: kind_of(body) }.into());
    };
    if !schemas_of(body).is_some_and(|urns| urns.iter().any(|urn| urn.eq_ignore_ascii_case(MESSAGE))) {
        return Err(Error::Schemas.into());
    }
    let operations = match find(body, "Operations") {
        Some(Value::Array(operations)) => operations.as_slice(),
        Some(single @ Value::Object(_)) => std::slice::from_ref(single),
        _ => return Err(Error::NoOperations.into()),
    };
    if operations.len() > MAX_OPERATIONS {
        return Err(Error::TooMany { found: operations.len() }.into());
    }
    let read = |(index, one)| operation(one).map_err(|problem: Problem| problem.at(index).into());
    operations.iter().enumerate().map(read).collect()
}

fn operation(operation: &Value) -> Result<PatchOperation, Problem> {
    let Value::Object(operation) = operation else {
        return Err(Problem::NotAnObject { found: kind_of(operation) });
    };
    let op = find(operation, "op").and_then(Value::as_str).and_then(quirks::operation).ok_or(Problem::Op)?;
    let path = match find(operation, "path") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(path)) => path.clone(),
        Some(other) => return Err(Problem::PathNotText { found: kind_of(other) }),
    };
    let value = find(operation, "value").map(Value::to_string).unwrap_or_default();
    Ok(PatchOperation { op: op.into(), path, value })
}

fn find<'a>(object: &'a Map<String, Value>, sought: &str) -> Option<&'a Value> {
    object.iter().find(|(name, _)| name.eq_ignore_ascii_case(sought)).map(|(_, value)| value)
}
