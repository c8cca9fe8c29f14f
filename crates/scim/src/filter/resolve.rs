//! Syntax becomes meaning: names become attributes, literals values of the attribute's type.

use super::{
    Filter, Literal, Operator, Path,
    ast::{Columns, Expression, Name, Value},
    error::{Error, Reason, cut},
    eval::parse_instant,
};
use crate::{
    fold::fold,
    schema::{Attribute, COMMON, Kind, ResourceType, Returned, find},
};

/// What names in a filter are names of.
#[derive(Clone, Copy)]
enum Scope {
    /// Attributes of a resource.
    Resource(ResourceType),
    /// Sub-attributes of an element of this attribute.
    Element(Path),
}

/// Resolves a filter on resources.
pub(crate) fn resolve(expression: &Expression, resource_type: ResourceType) -> Result<Filter, Error> {
    filter(expression, Scope::Resource(resource_type))
}

/// Resolves a filter on the elements of an attribute, which stands at a column.
pub(crate) fn resolve_element(
    expression: &Expression,
    attribute: Path,
    column: usize,
) -> Result<Filter, Error> {
    match attribute {
        Path { attribute: Attribute { multi_valued: true, kind: Kind::Complex, .. }, sub: None, .. } => {
            filter(expression, Scope::Element(attribute))
        }
        other => Err(Reason::NoElements(other.leaf().name).at(column)),
    }
}

/// The attribute that a name in a path or filter means.
pub(crate) fn resolve_name(name: &Name, resource_type: ResourceType) -> Result<Path, Error> {
    let core = resource_type.core();
    let unknown = |name_of: &str, column, known: &[&'static [Attribute]]| {
        let suggestion = suggest(name_of, known.iter().copied().flatten());
        Reason::UnknownAttribute { name: cut(name_of), suggestion }.at(column)
    };
    let (schema, rest) = match resource_type.split_urn(&name.text) {
        Some((schema, "")) => return Err(Reason::SchemaOnly(schema.id).at(name.column)),
        Some((schema, rest)) => (Some(schema), rest),
        None if is_urn(&name.text) => return Err(Reason::UnknownSchema(cut(&name.text)).at(name.column)),
        None => (None, name.text.as_str()),
    };
    let column = name.column + name.text.chars().count() - rest.chars().count();
    let (attribute_name, sub_name) = match rest.split_once('.') {
        Some((attribute, sub)) => (attribute, Some(sub)),
        None => (rest, None),
    };
    let found = match schema {
        None => resource_type.attribute(attribute_name),
        Some(schema) => {
            let common = if schema == core { COMMON } else { &[] };
            let attribute = schema.attribute(attribute_name).or_else(|| find(common, attribute_name));
            attribute.map(|attribute| (schema, attribute))
        }
    };
    let (schema, attribute) = found.ok_or_else(|| {
        let schemas =
            resource_type.schemas().iter().filter(|known| schema.is_none_or(|only| only == **known));
        let mut known: Vec<_> = schemas.map(|schema| schema.attributes).collect();
        known.extend(schema.is_none().then_some(COMMON));
        unknown(attribute_name, column, &known)
    })?;
    let sub = match sub_name {
        None => None,
        Some(sub) => Some(attribute.sub(sub).ok_or_else(|| {
            let column = column + attribute_name.chars().count() + 1;
            unknown(sub, column, &[attribute.sub_attributes])
        })?),
    };
    Ok(Path { schema, attribute, sub })
}

/// The sub-attribute of an attribute.
pub(crate) fn resolve_sub(name: &Name, attribute: &Attribute) -> Result<&'static Attribute, Error> {
    attribute.sub(&name.text).ok_or_else(|| {
        let suggestion = suggest(&name.text, attribute.sub_attributes);
        Reason::UnknownAttribute { name: cut(&name.text), suggestion }.at(name.column)
    })
}

/// Whether a name begins like a URN.
pub(crate) fn is_urn(name: &str) -> bool {
    name.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("urn:"))
}

fn filter(expression: &Expression, scope: Scope) -> Result<Filter, Error> {
    let all = |all: &[Expression]| all.iter().map(|each| filter(each, scope)).collect::<Result<Vec<_>, _>>();
    Ok(match expression {
        Expression::And(each) => Filter::And(all(each)?),
        Expression::Or(each) => Filter::Or(all(each)?),
        Expression::Not(inner) => Filter::Not(Box::new(filter(inner, scope)?)),
        Expression::Present(name) => Filter::Present(path(name, scope)?),
        Expression::Compare { name, op, value, columns } => {
            compare(path(name, scope)?, *op, value, name.column, *columns)?
        }
        Expression::Element { name, filter: inner } => match scope {
            Scope::Resource(resource_type) => {
                let attribute = resolve_name(name, resource_type)?;
                if attribute.attribute.secret {
                    return Err(Reason::NotFilterable(attribute.attribute.name).at(name.column));
                }
                let inner = resolve_element(inner, attribute, name.column)?;
                Filter::Element { attribute, filter: Box::new(inner) }
            }
            Scope::Element(_) => return Err(Reason::NestedElement.at(name.column)),
        },
    })
}

/// A path that may be filtered on: not the secret ones, nor those that the answer only makes up.
fn path(name: &Name, scope: Scope) -> Result<Path, Error> {
    let path = match scope {
        Scope::Resource(resource_type) => resolve_name(name, resource_type)?,
        Scope::Element(of) => Path { sub: Some(resolve_sub(name, of.attribute)?), ..of },
    };
    let leaf = path.leaf();
    let is_made_up = leaf.name == "$ref" || path.attribute.name == "meta" && leaf.name == "location";
    // In a PATCH, one card of a person is chosen by its number: that asks nothing of others.
    let is_secret = matches!(scope, Scope::Resource(_)) && (leaf.secret || path.attribute.secret);
    if leaf.returned == Returned::Never || is_made_up || is_secret {
        return Err(Reason::NotFilterable(leaf.name).at(name.column));
    }
    Ok(path)
}

fn compare(
    path: Path,
    op: Operator,
    value: &Value,
    column: usize,
    columns: Columns,
) -> Result<Filter, Error> {
    let attribute = path.leaf();
    match (value, op) {
        (Value::Null, Operator::Eq) => return Ok(Filter::Not(Box::new(Filter::Present(path)))),
        (Value::Null, Operator::Ne) => return Ok(Filter::Present(path)),
        _ => {}
    }
    let path = match attribute.kind {
        Kind::Complex => {
            let sub = attribute.sub("value").ok_or_else(|| {
                let example = attribute.sub_attributes.first().map_or("", |sub| sub.name);
                Reason::NeedsSub(attribute.name, example).at(column)
            })?;
            Path { sub: Some(sub), ..path }
        }
        _ => path,
    };
    let leaf = path.leaf();
    let (kind, expected) = match leaf.kind {
        Kind::Boolean => ("a boolean", "true or false"),
        Kind::DateTime => ("a date and time", "a date and time such as \"2024-01-31T23:59:59Z\""),
        Kind::Binary => ("binary", "a text"),
        Kind::String | Kind::Reference | Kind::Complex => ("a text", "a text"),
    };
    let is_ordering = matches!(op, Operator::Gt | Operator::Ge | Operator::Lt | Operator::Le);
    let is_partial = matches!(op, Operator::Co | Operator::Sw | Operator::Ew);
    let is_wrong = match leaf.kind {
        Kind::Boolean => is_ordering || is_partial,
        Kind::DateTime => is_partial,
        Kind::Binary => is_ordering,
        Kind::String | Kind::Reference | Kind::Complex => false,
    };
    if is_wrong {
        let reason = Reason::WrongOperator { attribute: attribute.name, kind, operator: op.as_str() };
        return Err(reason.at(columns.op));
    }
    let literal = literal(leaf, value).ok_or_else(|| {
        let found = cut(&value.to_string());
        Reason::WrongLiteral { attribute: attribute.name, expected, found }.at(columns.value)
    })?;
    Ok(Filter::Compare { path, op, value: literal })
}

/// The literal as a value of the attribute's type. A boolean may also be a text: Microsoft Entra ID writes
/// `roles[primary eq "True"]`.
fn literal(leaf: &Attribute, value: &Value) -> Option<Literal> {
    match (leaf.kind, value) {
        (Kind::Boolean, Value::Bool(value)) => Some(Literal::Bool(*value)),
        (Kind::Boolean, Value::Text(text)) => boolean(text).map(Literal::Bool),
        (Kind::DateTime, Value::Text(text)) => parse_instant(text).map(Literal::Instant),
        (Kind::String | Kind::Reference | Kind::Binary, Value::Text(text)) => {
            Some(Literal::Text(if leaf.case_exact { text.clone() } else { fold(text).into_owned() }))
        }
        _ => None,
    }
}

/// `true` and `false` in any case.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    [true, false].into_iter().find(|value| text.eq_ignore_ascii_case(if *value { "true" } else { "false" }))
}

/// The known name that is most alike, if one is alike enough to be meant.
fn suggest(name: &str, known: impl IntoIterator<Item = &'static Attribute>) -> Option<&'static str> {
    if name.len() > 64 {
        return None;
    }
    let name = name.to_ascii_lowercase();
    let likeness = |known: &str| strsim::jaro_winkler(&name, &known.to_ascii_lowercase());
    let alike = known.into_iter().map(|attribute| (likeness(attribute.name), attribute.name));
    alike.filter(|(likeness, _)| *likeness > 0.85).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name)
}
