//! What can be wrong with a request, and the `scimType` that says so.

use crate::{filter, patch, path, projection, resource};

/// The kinds of error of RFC 7644 section 3.12, table 9, and of RFC 9865 section 2.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScimType {
    /// The filter is not a filter, or asks for a comparison that the attribute does not have.
    InvalidFilter,
    /// The answer would be longer than the service is willing to give.
    TooMany,
    /// A value is taken already.
    Uniqueness,
    /// The attribute cannot be changed so.
    Mutability,
    /// The body is not what the request needs.
    InvalidSyntax,
    /// The path of a PATCH operation names nothing.
    InvalidPath,
    /// The path of a PATCH operation selects nothing to change.
    NoTarget,
    /// A value is missing, of the wrong type, or too long.
    InvalidValue,
    /// The version of the protocol is not supported.
    InvalidVers,
    /// The request would have put personal data into a URI.
    Sensitive,
    /// The cursor is none that was given out for this query.
    InvalidCursor,
    /// The cursor is too old.
    ExpiredCursor,
    /// The size of the page is none that can be had.
    InvalidCount,
}

/// Each kind with its name in SCIM JSON and its name as the reason of a gRPC `ErrorInfo`.
const NAMES: [(ScimType, &str, &str); 13] = [
    (ScimType::InvalidFilter, "invalidFilter", "INVALID_FILTER"),
    (ScimType::TooMany, "tooMany", "TOO_MANY"),
    (ScimType::Uniqueness, "uniqueness", "UNIQUENESS"),
    (ScimType::Mutability, "mutability", "MUTABILITY"),
    (ScimType::InvalidSyntax, "invalidSyntax", "INVALID_SYNTAX"),
    (ScimType::InvalidPath, "invalidPath", "INVALID_PATH"),
    (ScimType::NoTarget, "noTarget", "NO_TARGET"),
    (ScimType::InvalidValue, "invalidValue", "INVALID_VALUE"),
    (ScimType::InvalidVers, "invalidVers", "INVALID_VERS"),
    (ScimType::Sensitive, "sensitive", "SENSITIVE"),
    (ScimType::InvalidCursor, "invalidCursor", "INVALID_CURSOR"),
    (ScimType::ExpiredCursor, "expiredCursor", "EXPIRED_CURSOR"),
    (ScimType::InvalidCount, "invalidCount", "INVALID_COUNT"),
];

impl ScimType {
    /// The keyword of `scimType`, such as `invalidFilter`.
    pub fn as_str(self) -> &'static str {
        NAMES.iter().find(|(kind, ..)| *kind == self).map_or("", |(_, name, _)| name)
    }

    /// The reason of a gRPC `ErrorInfo`, such as `INVALID_FILTER`.
    pub fn reason(self) -> &'static str {
        NAMES.iter().find(|(kind, ..)| *kind == self).map_or("", |(.., reason)| reason)
    }

    /// The kind whose [`reason`](Self::reason) this is.
    pub fn from_reason(reason: &str) -> Option<Self> {
        NAMES.iter().find(|(.., known)| *known == reason).map(|(kind, ..)| *kind)
    }
}

/// Why this crate refused a request. The text is fit to be the `detail` of a SCIM error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub enum Error {
    /// A filter was refused.
    Filter(#[from] filter::Error),
    /// The path of a PATCH operation was refused.
    Path(#[from] path::Error),
    /// A PATCH request was refused, or could not be carried out.
    Patch(#[from] patch::Error),
    /// A resource was refused.
    Resource(#[from] resource::Error),
    /// `attributes` or `excludedAttributes` was refused.
    Projection(#[from] projection::Error),
}

impl Error {
    /// The `scimType` of the SCIM error to answer.
    pub fn scim_type(&self) -> ScimType {
        match self {
            Self::Filter(_) => ScimType::InvalidFilter,
            Self::Path(error) => error.scim_type(),
            Self::Patch(error) => error.scim_type(),
            Self::Resource(error) => error.scim_type(),
            Self::Projection(_) => ScimType::InvalidValue,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_names_and_is_found_again_by_its_reason() {
        for (kind, name, reason) in NAMES {
            assert_eq!(kind.as_str(), name);
            assert_eq!(kind.reason(), reason);
            assert_eq!(ScimType::from_reason(reason), Some(kind));
            assert_eq!(name.to_uppercase(), reason.replace('_', ""));
        }
        assert_eq!(ScimType::from_reason("ETAG_MISMATCH"), None);
    }
}
