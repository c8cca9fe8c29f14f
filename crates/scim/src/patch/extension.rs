//! A change to an extension that Rollcall does not know.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{
    Problem,
    apply::{Change, Verb},
};
use crate::{
    filter::resolve::is_urn,
    resource::{self, check_extension_urn, kept_extension, kind_of},
    schema::ResourceType,
};

/// Changes the extension, or an attribute of it.
pub(super) fn change(
    kind: ResourceType,
    document: &mut Map<String, Value>,
    change: Change<'_>,
    urn: &str,
    attribute: Option<&str>,
) -> Result<(), Problem> {
    let (urn, attribute) = place(kind, document, change, urn, attribute);
    check_extension_urn(&urn)?;
    let mut extension = take(document, &urn);
    match attribute
        .as_deref()
        .map(|name| name.split_once('.').map_or((name, None), |(name, sub)| (name, Some(sub))))
    {
        None => match (change.verb, change.value) {
            (Verb::Remove, _) | (Verb::Replace, Some(Value::Null)) => extension.clear(),
            (Verb::Add, Some(Value::Null)) => {}
            (_, None) => return Err(Problem::NoValue),
            (_, Some(Value::Object(attributes))) => {
                for (name, value) in attributes {
                    assign(&mut extension, &urn, name, Change { value: Some(value), ..change })?;
                }
            }
            (_, Some(other)) => {
                let problem = resource::Problem::Type { expected: "an object", found: kind_of(other) };
                return Err(resource::Error::new(urn, problem).into());
            }
        },
        Some((name, None)) => assign(&mut extension, &urn, name, change)?,
        Some((name, Some(sub))) => {
            let name = known_name(&extension, name);
            let mut object = take(&mut extension, &name);
            assign(&mut object, &urn, sub, change)?;
            put_back(&mut extension, name, object);
        }
    }
    // The limits hold for the extension as a whole: a path with a sub-attribute brings a name and a level of its own.
    let extension = kept_extension(&urn, &extension)?;
    put_back(document, urn, extension);
    Ok(())
}

/// Takes the object of this name and leaves its place, so that what is put back stands where it stood: the text of
/// an extension is stored, and must not change when nothing in it does.
fn take(holder: &mut Map<String, Value>, name: &str) -> Map<String, Value> {
    match holder.get_mut(name) {
        Some(Value::Object(object)) => std::mem::take(object),
        _ => Map::new(),
    }
}

fn put_back(holder: &mut Map<String, Value>, name: String, object: Map<String, Value>) {
    if object.is_empty() {
        holder.shift_remove(&name);
    } else {
        holder.insert(name, Value::Object(object));
    }
}

/// Where the URN ends and the attribute begins. The path alone does not tell; the extensions that the resource has do.
fn place(
    kind: ResourceType,
    document: &Map<String, Value>,
    change: Change<'_>,
    urn: &str,
    attribute: Option<&str>,
) -> (String, Option<String>) {
    let whole = change.text.trim();
    let known = document.keys().filter(|name| is_urn(name) && kind.schema(name).is_none());
    let behind = known.filter_map(|known| {
        let head = whole.get(..known.len()).filter(|head| head.eq_ignore_ascii_case(known))?;
        let rest = whole.get(head.len()..)?;
        let attribute = rest.strip_prefix([':', '.']).filter(|attribute| !attribute.is_empty());
        (rest.is_empty() || attribute.is_some()).then(|| (known.clone(), attribute.map(str::to_owned)))
    });
    if let Some(found) = behind.max_by_key(|(known, _)| known.len()) {
        return found;
    }
    (urn.to_owned(), attribute.map(str::to_owned))
}

/// Names are the same in any case (RFC 7643 section 2.1); the first to come decides how it is written.
fn known_name(object: &Map<String, Value>, name: &str) -> String {
    object.keys().find(|known| known.eq_ignore_ascii_case(name)).map_or_else(|| name.to_owned(), Clone::clone)
}

fn assign(object: &mut Map<String, Value>, urn: &str, name: &str, change: Change<'_>) -> Result<(), Problem> {
    let name = known_name(object, name);
    if change.verb == Verb::Remove {
        object.shift_remove(&name);
        return Ok(());
    }
    let sent = Map::from_iter([(name.clone(), change.value()?.clone())]);
    let new = kept_extension(urn, &sent)?.remove(&name);
    match (change.verb, new, object.get_mut(&name)) {
        (Verb::Add, Some(Value::Array(new)), Some(Value::Array(old))) => {
            let mut seen: HashSet<String> = old.iter().map(Value::to_string).collect();
            old.extend(new.into_iter().filter(|value| seen.insert(value.to_string())));
        }
        (_, Some(Value::Object(new)), Some(Value::Object(old))) => old.extend(new),
        (_, Some(new), _) => _ = object.insert(name, new),
        (Verb::Replace, None, _) => _ = object.shift_remove(&name),
        (_, None, _) => {}
    }
    Ok(())
}
