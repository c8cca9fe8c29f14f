//! PATCH (RFC 7644 section 3.5.2): a request becomes operations, and operations change a message.
//!
//! Operations apply in order to the document of a resource, and all or none: the message that was given is not
//! touched. Members of a group are too many for a document, so what is done to them comes back as [`MemberChange`]s.

mod apply;
mod attribute;
mod envelope;
mod extension;
mod group;
mod user;

use crate::{ScimType, path, resource};
pub use envelope::operations_from_json;
pub use group::{MemberChange, apply_group};
pub use user::apply_user;

/// The URN of a PATCH request.
pub const MESSAGE: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// The most operations in one request.
pub const MAX_OPERATIONS: usize = 1_000;

/// Why a PATCH request was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The body is not an object: `invalidSyntax`.
    #[error("the body must be a JSON object, not {found}")]
    NotAnObject {
        /// What it is instead.
        found: &'static str,
    },
    /// `schemas` is missing or lacks the URN: `invalidSyntax`.
    #[error("schemas must be an array of URNs that has \"{MESSAGE}\"")]
    Schemas,
    /// `Operations` is missing or not a list: `invalidSyntax`.
    #[error("Operations must be an array of operations")]
    NoOperations,
    /// Too many operations: `invalidSyntax`.
    #[error("Operations must not have more than {MAX_OPERATIONS} elements, and has {found}")]
    TooMany {
        /// How many there are.
        found: usize,
    },
    /// One operation is wrong or could not be carried out, and so none was.
    #[error("operation {number}: {problem}")]
    Operation {
        /// Which; the first is 1.
        number: usize,
        /// What is wrong.
        problem: Problem,
    },
}

/// Why one operation was refused. Paths are cut to 64 characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// It is not an object: `invalidSyntax`.
    #[error("must be a JSON object, not {found}")]
    NotAnObject {
        /// What it is instead.
        found: &'static str,
    },
    /// `op` is missing or unknown: `invalidSyntax`.
    #[error("op must be add, remove or replace")]
    Op,
    /// The value is no JSON text: `invalidSyntax`.
    #[error("value must be JSON")]
    NotJson,
    /// `path` is not a text: `invalidPath`.
    #[error("path must be a string, not {found}")]
    PathNotText {
        /// What it is instead.
        found: &'static str,
    },
    /// The path was refused: `invalidPath` or `invalidFilter`.
    #[error(transparent)]
    Path(#[from] path::Error),
    /// The value was refused: `invalidValue`.
    #[error(transparent)]
    Value(#[from] resource::Error),
    /// `add` or `replace` without a value: `invalidValue`.
    #[error("value is missing")]
    NoValue,
    /// `add` or `replace` without path, and the value is no object: `invalidValue`.
    #[error("without a path, value must be an object of attributes, not {found}")]
    ValueNotObject {
        /// What it is instead.
        found: &'static str,
    },
    /// `remove` without path: `noTarget`.
    #[error("remove needs a path")]
    NoPath,
    /// The filter selects nothing: `noTarget`.
    #[error("`{path}` selects nothing")]
    NoMatch {
        /// The path.
        path: String,
    },
    /// Only the service may change it: `mutability`.
    #[error("`{path}` is read-only")]
    ReadOnly {
        /// The path.
        path: String,
    },
    /// A resource must have it: `mutability`.
    #[error("`{path}` is required and cannot be removed")]
    Required {
        /// The path.
        path: String,
    },
    /// It cannot be changed once it is there: `mutability`.
    #[error("`{path}`: a member cannot be changed, only added or removed")]
    Immutable {
        /// The path.
        path: String,
    },
}

impl Error {
    /// The `scimType` of the SCIM error to answer.
    pub fn scim_type(&self) -> ScimType {
        match self {
            Self::NotAnObject { .. } | Self::Schemas | Self::NoOperations | Self::TooMany { .. } => {
                ScimType::InvalidSyntax
            }
            Self::Operation { problem, .. } => problem.scim_type(),
        }
    }
}

impl Problem {
    /// The `scimType` of the SCIM error to answer.
    pub fn scim_type(&self) -> ScimType {
        match self {
            Self::NotAnObject { .. } | Self::Op | Self::NotJson => ScimType::InvalidSyntax,
            Self::PathNotText { .. } => ScimType::InvalidPath,
            Self::Path(error) => error.scim_type(),
            Self::Value(error) => error.scim_type(),
            Self::NoValue | Self::ValueNotObject { .. } => ScimType::InvalidValue,
            Self::NoPath | Self::NoMatch { .. } => ScimType::NoTarget,
            Self::ReadOnly { .. } | Self::Required { .. } | Self::Immutable { .. } => ScimType::Mutability,
        }
    }

    fn at(self, index: usize) -> Error {
        Error::Operation { number: index + 1, problem: self }
    }
}
