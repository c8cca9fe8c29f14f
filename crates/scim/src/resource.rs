//! From SCIM JSON to the messages of `rollcall.identity.v1`: what POST and PUT send.
//!
//! A body first becomes a *document*: names in the case of the schema, values of the right type, without what is
//! unassigned (`null`, `[]`), read-only or unknown. A document then becomes a message. PATCH changes a document in
//! between, with the same checks for each value. The way back is [`crate::convert`].

mod document;
mod extension;
mod group;
mod user;
pub(crate) mod value;

use rollcall_proto::identity::{Group, User};
use serde_json::Value;

use crate::{ScimType, schema::ResourceType};
pub(crate) use document::schemas_of;
pub(crate) use extension::{check_urn as check_extension_urn, kept as kept_extension};
pub(crate) use group::from_document as group_from_document;
pub(crate) use user::from_document as user_from_document;

/// The user that the body of a POST or PUT describes. Who is not said to be inactive is active. What only the service may
/// set is empty in it.
pub fn user_from_json(body: &Value) -> Result<User, crate::Error> {
    let mut user = user::from_document(document::from_body(ResourceType::User, body)?)?;
    user.active.get_or_insert(true);
    Ok(user)
}

/// The group that the body of a POST or PUT describes, with its members, each once. What only the service may set is
/// empty in it.
pub fn group_from_json(body: &Value) -> Result<Group, crate::Error> {
    let mut group = group::from_document(document::from_body(ResourceType::Group, body)?)?;
    group.members = group::members(body)?;
    Ok(group)
}

/// Why a resource, or a value for it, was refused: where and what.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path} {problem}")]
pub struct Error {
    /// The attribute, such as `emails[2].value`; elements count from 0.
    pub path: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What can be wrong with a resource or a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The body is not an object: `invalidSyntax`.
    #[error("must be a JSON object, not {found}")]
    NotAnObject {
        /// What it is instead.
        found: &'static str,
    },
    /// `schemas` is missing or lacks the core URN: `invalidSyntax`.
    #[error("must be an array of URNs that has \"{urn}\"")]
    Schemas {
        /// The URN to list.
        urn: &'static str,
    },
    /// A required attribute is missing, empty or only white space.
    #[error("is required and must not be blank")]
    Required,
    /// An element of `members` has no `value`.
    #[error("needs a value: the id of the user or group")]
    NoId,
    /// The value has another type than the schema says.
    #[error("must be {expected}, not {found}")]
    Type {
        /// What the schema says.
        expected: &'static str,
        /// What it is instead.
        found: &'static str,
    },
    /// The bytes of a binary attribute are not in Base64.
    #[error("must be Base64 (RFC 4648 section 4)")]
    NotBase64,
    /// A text that is no moment.
    #[error("must be a date and time such as 2026-12-31T23:59:59Z")]
    NotDateTime,
    /// A card that would end before it begins.
    #[error("must be after validFrom")]
    Period,
    /// A text, or all the extensions, are too long.
    #[error("must not be longer than {limit} {unit}")]
    TooLong {
        /// The most there may be.
        limit: usize,
        /// Of what: `characters` or `bytes`.
        unit: &'static str,
    },
    /// A multi-valued attribute has too many elements.
    #[error("must not have more than {limit} elements")]
    TooMany {
        /// The most there may be.
        limit: usize,
    },
    /// An extension is nested too deep.
    #[error("must not be nested deeper than {limit}")]
    TooDeep {
        /// The most there may be.
        limit: usize,
    },
    /// A text has the character U+0000, which PostgreSQL does not store.
    #[error("must not contain U+0000")]
    Nul,
    /// Several elements are marked as the preferred one.
    #[error("must not have more than one primary element")]
    Primaries,
}

impl Error {
    pub(crate) fn new(path: impl Into<String>, problem: Problem) -> Self {
        Self { path: path.into(), problem }
    }

    /// The same error seen from the attribute around it.
    pub(crate) fn within(self, outer: &str) -> Self {
        Self { path: format!("{outer}.{}", self.path), problem: self.problem }
    }

    /// The `scimType` of the SCIM error to answer.
    pub fn scim_type(&self) -> ScimType {
        match self.problem {
            Problem::NotAnObject { .. } | Problem::Schemas { .. } => ScimType::InvalidSyntax,
            Problem::Required
            | Problem::NoId
            | Problem::Type { .. }
            | Problem::NotBase64
            | Problem::NotDateTime
            | Problem::Period
            | Problem::TooLong { .. }
            | Problem::TooMany { .. }
            | Problem::TooDeep { .. }
            | Problem::Nul
            | Problem::Primaries => ScimType::InvalidValue,
        }
    }
}

/// What a JSON value is, for messages.
pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
