//! The body of a bulk request. What is wrong with an operation is the outcome of that operation.

use std::collections::{BTreeSet, HashMap};

use rollcall_scim::{patch, schema::ResourceType};
use serde_json::{Map, Value, json};

use super::{MAX_OPERATIONS, references};
use crate::{body::check_schema, conditional, error::Error, target::Id};

const REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

/// The whole request.
#[derive(Debug)]
pub(super) struct Bulk {
    /// After so many failures no operation is tried any more.
    pub(super) fail_on_errors: Option<usize>,
    pub(super) operations: Vec<Operation>,
    /// The name of what an operation creates, at the operation's place.
    pub(super) names: Vec<Option<String>>,
}

/// An operation, with what the answer repeats of it.
#[derive(Debug)]
pub(super) struct Operation {
    /// In capitals; empty if there is none.
    pub(super) method: String,
    pub(super) bulk_id: Option<String>,
    pub(super) path: Option<String>,
    pub(super) action: Result<Action, Error>,
}

/// What an operation does.
#[derive(Debug)]
pub(super) struct Action {
    pub(super) method: Method,
    pub(super) kind: ResourceType,
    pub(super) target: Target,
    /// `null` for DELETE.
    pub(super) body: Value,
    /// The versions at which it may happen; none for any.
    pub(super) etags: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Post,
    Put,
    Patch,
    Delete,
}

/// What an operation is done to.
#[derive(Debug)]
pub(super) enum Target {
    /// What it creates.
    New,
    Id(Id),
    /// What another operation creates, by its `bulkId`.
    Reference(String),
}

impl Bulk {
    pub(super) fn read(body: Value) -> Result<Self, Error> {
        check_schema(&body, REQUEST)?;
        let Value::Object(mut body) = body else { return Err(Error::Internal) };
        let fail_on_errors = match take(&mut body, "failOnErrors") {
            None => None,
            Some(limit) => Some(
                limit
                    .as_u64()
                    .filter(|limit| *limit > 0)
                    .map(|limit| usize::try_from(limit).unwrap_or(usize::MAX))
                    .ok_or_else(|| {
                        Error::Value("failOnErrors must be an integer of at least 1".to_owned())
                    })?,
            ),
        };
        let Some(Value::Array(operations)) = take(&mut body, "Operations") else {
            return Err(Error::Syntax("Operations must be an array of operations".to_owned()));
        };
        if operations.len() > MAX_OPERATIONS {
            return Err(Error::TooManyOperations { limit: MAX_OPERATIONS });
        }
        let operations: Vec<Operation> = operations.into_iter().map(Operation::read).collect();
        let names = operations.iter().map(|operation| match &operation.action {
            Ok(Action { method: Method::Post, .. }) => operation.bulk_id.clone(),
            _ => None,
        });
        let names: Vec<Option<String>> = names.collect();
        let mut known = BTreeSet::new();
        if let Some(twice) = names.iter().flatten().find(|name| !known.insert(name.as_str())) {
            return Err(Error::Value(format!("bulkId {twice:?} is given to more than one operation")));
        }
        Ok(Self { fail_on_errors, operations, names })
    }

    /// For each operation, the operations that create what it speaks of. Where there is no such operation, that is found out
    /// when it is done.
    pub(super) fn needs(&self) -> Vec<Vec<usize>> {
        let places: HashMap<&str, usize> = self
            .names
            .iter()
            .enumerate()
            .filter_map(|(place, name)| Some((name.as_deref()?, place)))
            .collect();
        let needs = |operation: &Operation| {
            let Ok(action) = &operation.action else { return Vec::new() };
            let mut found = BTreeSet::new();
            let mut note = |name: &str| found.extend(places.get(name).copied());
            if let Target::Reference(name) = &action.target {
                note(name);
            }
            references::each(&action.body, &mut note);
            found.into_iter().collect()
        };
        self.operations.iter().map(needs).collect()
    }
}

impl Operation {
    fn read(operation: Value) -> Self {
        let Value::Object(mut operation) = operation else {
            let action = Err(Error::Syntax("an operation must be a JSON object".to_owned()));
            return Self { method: String::new(), bulk_id: None, path: None, action };
        };
        let text = |value: Option<Value>| value.and_then(|value| Some(value.as_str()?.to_owned()));
        let method = text(take(&mut operation, "method")).unwrap_or_default().to_ascii_uppercase();
        let bulk_id = text(take(&mut operation, "bulkId")).filter(|name| !name.is_empty());
        let path = text(take(&mut operation, "path"));
        let action = Action::read(&method, bulk_id.as_deref(), path.as_deref(), &mut operation);
        Self { method, bulk_id, path, action }
    }
}

impl Action {
    fn read(
        method: &str,
        bulk_id: Option<&str>,
        path: Option<&str>,
        operation: &mut Map<String, Value>,
    ) -> Result<Self, Error> {
        let method = match method {
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "PATCH" => Method::Patch,
            "DELETE" => Method::Delete,
            _ => return Err(Error::Syntax("method must be POST, PUT, PATCH or DELETE".to_owned())),
        };
        let Some(path) = path else {
            return Err(Error::Syntax("path must be a string such as /Users or /Users/{id}".to_owned()));
        };
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        let (endpoint, id, rest) = (segments.next(), segments.next(), segments.next());
        let mut kinds = ResourceType::ALL.into_iter();
        let kind = kinds.find(|kind| kind.endpoint().strip_prefix('/') == endpoint).ok_or(Error::NotFound)?;
        let target = match (method, id, rest) {
            (_, _, Some(_)) => return Err(Error::NotFound),
            (Method::Post, None, _) if bulk_id.is_none() => {
                return Err(Error::Syntax("bulkId is required with POST".to_owned()));
            }
            (Method::Post, None, _) => Target::New,
            (Method::Post, Some(_), _) | (_, None, _) => return Err(Error::MethodNotAllowed),
            (_, Some(id), _) => match id.strip_prefix(references::PREFIX) {
                Some(name) => Target::Reference(name.to_owned()),
                None => Target::Id(Id::parse(id).ok_or(Error::NotFound)?),
            },
        };
        let body = match (method, take(operation, "data")) {
            (Method::Delete, _) => Value::Null,
            (_, Some(data @ Value::Object(_))) => data,
            // So it is in the examples of RFC 7644 section 3.7.3.
            (Method::Patch, Some(data @ Value::Array(_))) => {
                json!({ "schemas": [patch::MESSAGE], "Operations": data })
            }
            _ => return Err(Error::Syntax("data must be a JSON object".to_owned())),
        };
        let etags = match take(operation, "version") {
            Some(Value::String(version)) if method != Method::Post => conditional::version(&version)?,
            None | Some(Value::String(_)) => Vec::new(),
            Some(_) => return Err(Error::Value("version must be a string".to_owned())),
        };
        Ok(Self { method, kind, target, body, etags })
    }
}

/// The value of an attribute, named in any case; none for `null`.
fn take(object: &mut Map<String, Value>, name: &str) -> Option<Value> {
    let key = object.keys().find(|key| key.eq_ignore_ascii_case(name))?.clone();
    object.remove(&key).filter(|value| !value.is_null())
}

#[cfg(test)]
mod tests;
