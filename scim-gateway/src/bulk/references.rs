//! `bulkId:x` in the bodies of operations: what the operation named x creates.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use crate::{error::Error, target::Id};

/// What a reference begins with.
pub(super) const PREFIX: &str = "bulkId:";

/// Part of a body that refers to what is not there yet, as the value of a PATCH that adds it.
#[derive(Debug, PartialEq)]
pub(super) struct Owed {
    pub(super) path: String,
    pub(super) value: Value,
}

/// Every reference in a body: a text that begins with the prefix, and in the path of a PATCH a literal that does.
pub(super) fn each(value: &Value, note: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => {
            if let Some(name) = text.strip_prefix(PREFIX) {
                note(name);
            }
        }
        Value::Array(all) => all.iter().for_each(|value| each(value, note)),
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::String(path) if key.eq_ignore_ascii_case("path") => {
                        literals(path).for_each(&mut *note);
                    }
                    value => each(value, note),
                }
            }
        }
        _ => {}
    }
}

/// The names that the literals of a filter refer to.
fn literals(path: &str) -> impl Iterator<Item = &str> {
    path.split('"').skip(1).step_by(2).filter_map(|literal| literal.strip_prefix(PREFIX))
}

/// Puts ids in the places of references. One that stands for nothing is an error where only an id makes sense, and a text
/// like others elsewhere.
pub(super) fn resolve(value: &mut Value, ids: &HashMap<String, Id>) -> Result<(), Error> {
    match value {
        Value::Array(all) => all.iter_mut().try_for_each(|value| resolve(value, ids)),
        Value::Object(object) => object.iter_mut().try_for_each(|(key, value)| match value {
            Value::String(path) if key.eq_ignore_ascii_case("path") => {
                let names: BTreeSet<String> = literals(path).map(str::to_owned).collect();
                for name in names {
                    let id = ids.get(&name).ok_or_else(|| unresolved(&name))?;
                    *path = path.replace(&format!("\"{PREFIX}{name}\""), &format!("\"{id}\""));
                }
                Ok(())
            }
            Value::String(text) => match text.strip_prefix(PREFIX) {
                Some(name) => match ids.get(name) {
                    Some(id) => {
                        *text = id.to_string();
                        Ok(())
                    }
                    None if key.eq_ignore_ascii_case("value") => Err(unresolved(name)),
                    None => Ok(()),
                },
                None => Ok(()),
            },
            value => resolve(value, ids),
        }),
        Value::String(text) => match text.strip_prefix(PREFIX) {
            Some(name) => {
                *text = ids.get(name).ok_or_else(|| unresolved(name))?.to_string();
                Ok(())
            }
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// The error of a reference to what is not there.
pub(super) fn unresolved(name: &str) -> Error {
    Error::Unresolved(format!("bulkId:{name} stands for nothing that this request created"))
}

/// Takes out of the body of a POST the values that refer to one of `names`: elements of multi-valued attributes, or else
/// attributes.
pub(super) fn omit(body: &mut Value, names: &BTreeSet<String>) -> Vec<Owed> {
    let mut owed = Vec::new();
    if !names.is_empty() {
        omit_from(body, "", names, &mut owed);
    }
    owed
}

fn omit_from(body: &mut Value, prefix: &str, names: &BTreeSet<String>, owed: &mut Vec<Owed>) {
    let Some(object) = body.as_object_mut() else { return };
    object.retain(|key, value| {
        let path = format!("{prefix}{key}");
        match value {
            Value::Object(_) if prefix.is_empty() && key.contains(':') => {
                omit_from(value, &format!("{path}:"), names, owed);
                return true;
            }
            Value::Array(all) => {
                let (later, now): (Vec<_>, Vec<_>) =
                    std::mem::take(all).into_iter().partition(|value| mentions(value, names));
                *all = now;
                // An element of its own each, so that one that cannot be added leaves the others.
                owed.extend(
                    later.into_iter().map(|value| Owed { path: path.clone(), value: vec![value].into() }),
                );
                return true;
            }
            value if !mentions(value, names) => return true,
            _ => {}
        }
        owed.push(Owed { path, value: value.take() });
        false
    });
}

fn mentions(value: &Value, names: &BTreeSet<String>) -> bool {
    let mut found = false;
    each(value, &mut |name| found |= names.contains(name));
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const A: &str = "0195a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
    const URN: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    fn ids() -> HashMap<String, Id> {
        HashMap::from([("a".to_owned(), Id::parse(A).unwrap())])
    }

    #[test]
    fn references_are_found_and_become_ids() {
        for (before, names, after) in [
            (
                json!({ "members": [{ "value": "bulkId:a" }, { "value": "x" }] }),
                "a",
                json!({ "members": [{ "value": A }, { "value": "x" }] }),
            ),
            (
                json!({ URN: { "manager": { "value": "bulkId:a" } } }),
                "a",
                json!({ URN: { "manager": { "value": A } } }),
            ),
            (
                json!({ "Operations": [{ "path": r#"members[value eq "bulkId:a"]"# }] }),
                "a",
                json!({ "Operations": [{ "path": format!(r#"members[value eq "{A}"]"#) }] }),
            ),
            (
                json!({ "Operations": [{ "path": "manager", "value": "bulkId:a" }] }),
                "a",
                json!({ "Operations": [{ "path": "manager", "value": A }] }),
            ),
            (
                json!({ "displayName": "bulkId:none", "active": true }),
                "none",
                json!({ "displayName": "bulkId:none", "active": true }),
            ),
        ] {
            let mut found = Vec::new();
            each(&before, &mut |name| found.push(name.to_owned()));
            assert_eq!(found, [names], "{before}");
            let mut body = before.clone();
            resolve(&mut body, &ids()).unwrap();
            assert_eq!(body, after, "{before}");
        }
        for mut body in [
            json!({ "members": [{ "value": "bulkId:b" }] }),
            json!({ "members": ["bulkId:b"] }),
            json!({ "Operations": [{ "path": r#"members[value eq "bulkId:b"]"# }] }),
        ] {
            let error = resolve(&mut body, &ids()).unwrap_err();
            assert_eq!(error.status(), 409);
            assert!(error.to_string().contains("bulkId:b"), "{error}");
        }
    }

    #[test]
    fn what_cannot_be_there_yet_is_taken_out() {
        let mut body = json!({
            "displayName": "g",
            "members": [{ "value": "bulkId:b" }, { "value": "x" }, { "value": "bulkId:a" }],
            URN: { "department": "d", "manager": { "value": "bulkId:b" } },
        });
        assert_eq!(omit(&mut body.clone(), &BTreeSet::new()), []);
        let owed = omit(&mut body, &BTreeSet::from(["b".to_owned()]));
        let rest = json!({
            "displayName": "g",
            "members": [{ "value": "x" }, { "value": "bulkId:a" }],
            URN: { "department": "d" },
        });
        assert_eq!(body, rest);
        let manager = Owed { path: format!("{URN}:manager"), value: json!({ "value": "bulkId:b" }) };
        let member = Owed { path: "members".to_owned(), value: json!([{ "value": "bulkId:b" }]) };
        assert_eq!(owed, [member, manager]);
    }
}
