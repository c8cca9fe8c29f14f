//! Operations on a document: which attribute each is about, and whether it may be changed.

use rollcall_proto::identity::{PatchOp, PatchOperation};
use serde_json::{Map, Value};

use super::{Error, MemberChange, Problem, attribute, extension, group};
use crate::{
    filter::{cut, resolve},
    path::{PatchPath, Target},
    quirks,
    resource::{self, kind_of},
    schema::{Attribute, Mutability, ResourceType, Schema},
};

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Add,
    Remove,
    Replace,
}

/// One change to one place. An operation without path is a change for each attribute in its value.
#[derive(Clone, Copy)]
pub(super) struct Change<'a> {
    pub(super) verb: Verb,
    pub(super) path: &'a PatchPath,
    /// The path as it was sent, for messages.
    pub(super) text: &'a str,
    /// `None` for none, and for the `null` of a `remove`.
    pub(super) value: Option<&'a Value>,
    /// Whether the operation had a path. Without one, what the client may not write is ignored.
    pub(super) has_path: bool,
}

impl<'a> Change<'a> {
    /// The value, which `add` and `replace` must have.
    pub(super) fn value(&self) -> Result<&'a Value, Problem> {
        self.value.ok_or(Problem::NoValue)
    }

    pub(super) fn path_text(&self) -> String {
        // A filter on cards has a card number in it.
        let secret = matches!(&self.path.target, Target::Attribute { attribute, .. } if attribute.secret);
        let shown = if secret { self.text.split('[').next().unwrap_or_default() } else { self.text };
        cut(shown)
    }
}

/// A document in the course of a PATCH.
pub(super) struct Patch {
    kind: ResourceType,
    pub(super) document: Map<String, Value>,
    pub(super) members: Vec<MemberChange>,
}

impl Patch {
    /// Applies the operations to a document, in order, up to the first that fails.
    pub(super) fn run(
        kind: ResourceType,
        document: Map<String, Value>,
        operations: &[PatchOperation],
    ) -> Result<Self, Error> {
        let mut patch = Self { kind, document, members: Vec::new() };
        for (index, operation) in operations.iter().enumerate() {
            patch.operation(operation).map_err(|problem| problem.at(index))?;
        }
        Ok(patch)
    }

    fn operation(&mut self, operation: &PatchOperation) -> Result<(), Problem> {
        let verb = match PatchOp::try_from(operation.op) {
            Ok(PatchOp::Add) => Verb::Add,
            Ok(PatchOp::Remove) => Verb::Remove,
            Ok(PatchOp::Replace) => Verb::Replace,
            Ok(PatchOp::Unspecified) | Err(_) => return Err(Problem::Op),
        };
        let value: Option<Value> = match operation.value.as_str() {
            "" => None,
            text => Some(serde_json::from_str(text).map_err(|_| Problem::NotJson)?),
        };
        let value = value.as_ref().filter(|value| verb != Verb::Remove || !value.is_null());
        let text = operation.path.trim();
        if !text.is_empty() {
            let path = PatchPath::parse(text, self.kind)?;
            return self.change(Change { verb, path: &path, text, value, has_path: true });
        }
        match (verb, value) {
            (Verb::Remove, _) => Err(Problem::NoPath),
            (_, None) => Err(Problem::NoValue),
            (_, Some(Value::Object(attributes))) => self.whole(verb, attributes),
            (_, Some(other)) => Err(Problem::ValueNotObject { found: kind_of(other) }),
        }
    }

    /// An operation without path, whose value is a set of attributes.
    fn whole(&mut self, verb: Verb, attributes: &Map<String, Value>) -> Result<(), Problem> {
        for (name, value) in attributes {
            match (self.kind.split_urn(name), value) {
                (Some((schema, "")), Value::Object(attributes)) => self.schema(verb, schema, attributes)?,
                // What is a whole extension in a POST is one here.
                (None, Value::Object(_)) if resolve::is_urn(name) => {
                    let target = Target::Unknown { urn: name.clone(), attribute: None };
                    let path = PatchPath { target, filter: None, seed: None, sub: None };
                    let value = Some(value);
                    self.change(Change { verb, path: &path, text: name, value, has_path: false })?;
                }
                _ => {
                    if let Some(path) = quirks::path_of_name(self.kind, name)? {
                        let value = Some(value);
                        self.change(Change { verb, path: &path, text: name, value, has_path: false })?;
                    }
                }
            }
        }
        Ok(())
    }

    /// A set of attributes of one schema. Unknown ones are ignored.
    fn schema(
        &mut self,
        verb: Verb,
        schema: &'static Schema,
        attributes: &Map<String, Value>,
    ) -> Result<(), Problem> {
        for (name, value) in attributes {
            if let Some(attribute) = schema.attribute(name) {
                let target = Target::Attribute { schema, attribute };
                let path = PatchPath { target, filter: None, seed: None, sub: None };
                let value = Some(value);
                self.change(Change { verb, path: &path, text: name, value, has_path: false })?;
            }
        }
        Ok(())
    }

    fn change(&mut self, change: Change<'_>) -> Result<(), Problem> {
        match &change.path.target {
            Target::Attribute { schema, attribute } => self.attribute(change, schema, attribute),
            Target::Unknown { urn, attribute } => {
                extension::change(self.kind, &mut self.document, change, urn, attribute.as_deref())
            }
            Target::Extension(schema) => match (change.verb, change.value) {
                (Verb::Remove, _) | (Verb::Replace, Some(Value::Null)) => {
                    self.document.shift_remove(schema.id);
                    Ok(())
                }
                (Verb::Add, Some(Value::Null)) => Ok(()),
                (_, None) => Err(Problem::NoValue),
                (verb, Some(Value::Object(attributes))) => self.schema(verb, schema, attributes),
                (_, Some(other)) => {
                    let problem = resource::Problem::Type { expected: "an object", found: kind_of(other) };
                    Err(resource::Error::new(schema.id, problem).into())
                }
            },
        }
    }

    fn attribute(
        &mut self,
        change: Change<'_>,
        schema: &Schema,
        attribute: &'static Attribute,
    ) -> Result<(), Problem> {
        let leaf = change.path.sub.unwrap_or(attribute);
        if !change.has_path
            && (quirks::is_ignored_without_path(attribute) || quirks::is_ignored_without_path(leaf))
        {
            return Ok(());
        }
        if [attribute, leaf].iter().any(|one| one.mutability == Mutability::ReadOnly) {
            return Err(Problem::ReadOnly { path: change.path_text() });
        }
        if attribute.required && change.verb == Verb::Remove {
            return Err(Problem::Required { path: change.path_text() });
        }
        match attribute.name {
            // It says what the resource has, and so follows from the rest.
            "schemas" => return Ok(()),
            "members" => {
                self.members.extend(group::member_change(change)?);
                return Ok(());
            }
            _ => {}
        }
        if attribute.is_forgotten() {
            // A password is checked and forgotten.
            return change
                .value
                .map_or(Ok(()), |value| Ok(resource::value::whole(attribute, value).map(drop)?));
        }
        if !schema.is_extension() {
            return attribute::change(&mut self.document, attribute, change);
        }
        let mut extension = match self.document.shift_remove(schema.id) {
            Some(Value::Object(extension)) => extension,
            _ => Map::new(),
        };
        if attribute.mutability == Mutability::WriteOnly {
            // It is never there to be removed: an empty one says so.
            let value = match change.verb {
                Verb::Remove => None,
                Verb::Add | Verb::Replace => resource::value::whole(attribute, change.value()?)?,
            };
            extension.insert(attribute.name.to_owned(), value.unwrap_or_else(|| "".into()));
        } else {
            attribute::change(&mut extension, attribute, change)?;
        }
        if !extension.is_empty() {
            self.document.insert(schema.id.to_owned(), Value::Object(extension));
        }
        Ok(())
    }
}
