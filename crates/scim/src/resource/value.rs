//! One value against its attribute: the type, the limits, and the case of the names.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde_json::{Map, Value};

use super::{Error, Problem, kind_of};
use crate::{
    filter::eval::parse_instant,
    quirks,
    schema::{Attribute, Kind, Mutability},
};

/// The longest text, in bytes.
pub(crate) const TEXT_BYTES: usize = 8_192;
/// The longest certificate or picture address (a `data:` URI), in bytes.
const BINARY_BYTES: usize = 65_536;
/// The most elements of a multi-valued attribute of a user.
pub(crate) const ELEMENTS: usize = 100;

/// Base64 with or without padding: directories send both.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A value for a whole attribute, in canonical form; `None` when it is unassigned (RFC 7643 section 2.5).
pub(crate) fn whole(attribute: &Attribute, value: &Value) -> Result<Option<Value>, Error> {
    if attribute.multi_valued {
        let elements = list(attribute, value)?;
        let elements: Vec<Value> = elements.into_iter().map(Value::Object).collect();
        Ok((!elements.is_empty()).then_some(Value::Array(elements)))
    } else if attribute.is_complex() {
        Ok(element(attribute, quirks::sole_element(value))?.map(Value::Object))
    } else {
        scalar(attribute, value)
    }
}

/// A value that has no parts. The path of an error is the attribute's name.
pub(crate) fn scalar(attribute: &Attribute, value: &Value) -> Result<Option<Value>, Error> {
    let refused = |problem| Error::new(attribute.name, problem);
    let wrong = |expected| refused(Problem::Type { expected, found: kind_of(value) });
    match (attribute.kind, value) {
        (_, Value::Null) => Ok(None),
        (_, Value::Array(elements)) if elements.is_empty() => Ok(None),
        (Kind::Boolean, Value::Bool(_)) => Ok(Some(value.clone())),
        (Kind::Boolean, Value::String(text)) => {
            quirks::boolean(text).map(|truth| Some(Value::Bool(truth))).ok_or_else(|| wrong("true or false"))
        }
        (Kind::Boolean, _) => Err(wrong("true or false")),
        (Kind::Complex, _) => Err(wrong("an object")),
        (Kind::String | Kind::Reference | Kind::DateTime | Kind::Binary, Value::String(text)) => {
            check_text(attribute, text).map_err(refused)?;
            let unassigned = quirks::empty_text_is_unassigned(attribute) && text.is_empty();
            Ok((!unassigned).then(|| value.clone()))
        }
        (Kind::String | Kind::Reference | Kind::DateTime | Kind::Binary, _) => {
            match quirks::digits(attribute, value) {
                Some(digits) => scalar(attribute, &Value::String(digits)),
                None => Err(wrong("a string")),
            }
        }
    }
}

/// The texts of the sub-attributes that an object names, each checked, `None` for those it unassigns. Unknown and
/// read-only names are left out.
pub(crate) type Parts = Vec<(&'static Attribute, Option<Value>)>;

/// The parts of one value of a complex attribute.
pub(crate) fn parts(attribute: &Attribute, value: &Value) -> Result<Parts, Error> {
    let part = |name: &str, value: &Value| -> Result<Option<(&'static Attribute, Option<Value>)>, Error> {
        let Some(sub) = attribute.sub(name).filter(|sub| sub.mutability != Mutability::ReadOnly) else {
            return Ok(None);
        };
        Ok(Some((sub, scalar(sub, value).map_err(|error| error.within(attribute.name))?)))
    };
    match value {
        Value::Null => Ok(Parts::new()),
        Value::Object(object) => {
            object.iter().filter_map(|(name, value)| part(name, value).transpose()).collect()
        }
        bare if quirks::is_bare_value(attribute, bare) => Ok(part("value", bare)?.into_iter().collect()),
        _ => {
            let problem = Problem::Type { expected: "an object", found: kind_of(value) };
            Err(Error::new(attribute.name, problem))
        }
    }
}

/// One value of a complex attribute; `None` when nothing of it is assigned.
pub(crate) fn element(attribute: &Attribute, value: &Value) -> Result<Option<Map<String, Value>>, Error> {
    if quirks::removes_manager(attribute, value) {
        return Ok(None);
    }
    let parts = parts(attribute, value)?;
    let assigned = parts.into_iter().filter_map(|(sub, value)| Some((sub.name.to_owned(), value?)));
    let element: Map<String, Value> = assigned.collect();
    Ok((!element.is_empty()).then_some(element))
}

/// The values of a multi-valued attribute, equal ones once.
pub(crate) fn list(attribute: &Attribute, value: &Value) -> Result<Vec<Map<String, Value>>, Error> {
    let refused = |problem| Error::new(attribute.name, problem);
    let values = match value {
        Value::Null => &[],
        Value::Array(values) => values.as_slice(),
        single if quirks::is_single_element(single) => std::slice::from_ref(single),
        _ => return Err(refused(Problem::Type { expected: "an array", found: kind_of(value) })),
    };
    if values.len() > ELEMENTS {
        return Err(refused(Problem::TooMany { limit: ELEMENTS }));
    }
    let mut elements = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        let in_place = |error: Error| {
            let rest = error.path.strip_prefix(attribute.name).unwrap_or_default();
            Error::new(format!("{}[{index}]{rest}", attribute.name), error.problem)
        };
        match element(attribute, value).map_err(in_place)? {
            Some(element) if !elements.contains(&element) => elements.push(element),
            _ => {}
        }
    }
    if elements.iter().filter(|element| is_primary(element)).count() > 1 {
        return Err(refused(Problem::Primaries));
    }
    Ok(elements)
}

/// Whether an element is marked as the preferred one.
pub(crate) fn is_primary(element: &Map<String, Value>) -> bool {
    element.get("primary") == Some(&Value::Bool(true))
}

fn check_text(attribute: &Attribute, text: &str) -> Result<(), Problem> {
    if text.contains('\0') {
        return Err(Problem::Nul);
    }
    let is_picture = attribute.kind == Kind::Reference && attribute.name == "value";
    let bytes = if is_picture || attribute.kind == Kind::Binary { BINARY_BYTES } else { TEXT_BYTES };
    if text.len() > bytes {
        return Err(Problem::TooLong { limit: bytes, unit: "bytes" });
    }
    if let Some(limit) = attribute.max_characters.filter(|&limit| text.chars().count() > limit) {
        return Err(Problem::TooLong { limit, unit: "characters" });
    }
    if attribute.kind == Kind::DateTime && parse_instant(text).is_none() {
        return Err(Problem::NotDateTime);
    }
    if attribute.kind == Kind::Binary && BASE64.decode(text).is_err() {
        return Err(Problem::NotBase64);
    }
    Ok(())
}
