//! A filter applied to a resource in memory. What a store answers must agree with this.

use chrono::{DateTime, NaiveDateTime};
use serde_json::{Map, Value};

use super::{Filter, Literal, Operator, Path};
use crate::{fold::fold, schema::Attribute};

impl Filter {
    /// Whether a resource satisfies the filter. The resource has the case and the types of the schema, as
    /// [`convert`](crate::convert) makes it; a value of another type satisfies no comparison.
    pub fn matches(&self, resource: &Map<String, Value>) -> bool {
        eval(self, Scope::Resource(resource))
    }

    /// Whether an element of a multi-valued attribute satisfies the filter, which is the inner one of a
    /// [`Filter::Element`] or that of a [`PatchPath`](crate::path::PatchPath).
    pub fn matches_element(&self, element: &Map<String, Value>) -> bool {
        eval(self, Scope::Element(element))
    }
}

#[derive(Clone, Copy)]
enum Scope<'a> {
    Resource(&'a Map<String, Value>),
    Element(&'a Map<String, Value>),
}

fn eval(filter: &Filter, scope: Scope<'_>) -> bool {
    match filter {
        Filter::And(all) => all.iter().all(|each| eval(each, scope)),
        Filter::Or(any) => any.iter().any(|each| eval(each, scope)),
        Filter::Not(inner) => !eval(inner, scope),
        Filter::Present(path) => any(path, scope, is_present),
        Filter::Compare { path, op: Operator::Ne, value } => {
            !any(path, scope, |found| compare(path.leaf(), found, Operator::Eq, value))
        }
        Filter::Compare { path, op, value } => {
            any(path, scope, |found| compare(path.leaf(), found, *op, value))
        }
        Filter::Element { attribute, filter } => any(attribute, scope, |element| {
            element.as_object().is_some_and(|element| eval(filter, Scope::Element(element)))
        }),
    }
}

/// Whether any value at the path passes the test.
fn any(path: &Path, scope: Scope<'_>, test: impl Fn(&Value) -> bool) -> bool {
    let of_sub = |value: &Value| match path.sub {
        None => test(value),
        Some(sub) => value.get(sub.name).is_some_and(&test),
    };
    match scope {
        Scope::Element(element) => path.sub.and_then(|sub| element.get(sub.name)).is_some_and(test),
        Scope::Resource(resource) => {
            let name = path.attribute.name;
            let value = if path.schema.is_extension() {
                resource.get(path.schema.id).and_then(|extension| extension.get(name))
            } else {
                resource.get(name)
            };
            match value {
                Some(Value::Array(elements)) => elements.iter().any(of_sub),
                Some(value) => of_sub(value),
                None => false,
            }
        }
    }
}

fn is_present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(elements) => elements.iter().any(|element| !element.is_null()),
        Value::Object(subs) => subs.values().any(|sub| !sub.is_null()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

fn compare(leaf: &Attribute, found: &Value, op: Operator, literal: &Literal) -> bool {
    match (literal, found) {
        (Literal::Bool(literal), Value::Bool(found)) => op == Operator::Eq && found == literal,
        (Literal::Instant(literal), Value::String(found)) => {
            parse_instant(found).is_some_and(|found| ordered(&found, op, literal))
        }
        (Literal::Text(literal), Value::String(found)) => {
            let key = if leaf.case_exact { found.into() } else { fold(found) };
            match op {
                Operator::Co => key.contains(literal.as_str()),
                Operator::Sw => key.starts_with(literal.as_str()),
                Operator::Ew => key.ends_with(literal.as_str()),
                _ => ordered(key.as_ref(), op, literal.as_str()),
            }
        }
        _ => false,
    }
}

/// Text compares by its UTF-8 bytes, whose order is that of the code points.
fn ordered<T: Ord + ?Sized>(found: &T, op: Operator, literal: &T) -> bool {
    match op {
        Operator::Eq => found == literal,
        Operator::Ne => found != literal,
        Operator::Gt => found > literal,
        Operator::Ge => found >= literal,
        Operator::Lt => found < literal,
        Operator::Le => found <= literal,
        Operator::Co | Operator::Sw | Operator::Ew => false,
    }
}

/// The moment that an `xsd:dateTime` means, in Unix milliseconds, fractions of a millisecond cut off. Without an
/// offset it counts as UTC. `None` when it is no date and time.
pub fn parse_instant(text: &str) -> Option<i64> {
    let with_offset = DateTime::parse_from_rfc3339(text).map(|moment| moment.timestamp_millis());
    let naive = |text| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f");
    with_offset.or_else(|_| naive(text).map(|moment| moment.and_utc().timestamp_millis())).ok()
}
