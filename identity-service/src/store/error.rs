//! What the store answers when it cannot do as asked.

/// A failure of the store. `grpc` turns it into a status.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such user or group in the account.
    #[error("{0} was not found")]
    NotFound(String),
    /// The value of an attribute belongs to another user or group of the account.
    #[error("{attribute} {value:?} belongs to another {resource} of the account")]
    Taken {
        /// The kind of resource: `user` or `group`.
        resource: &'static str,
        /// The SCIM attribute.
        attribute: &'static str,
        /// The value, as it came.
        value: String,
    },
    /// The condition of the request does not hold.
    #[error("the resource is at version {current}, which is not what the request asks for; read it again")]
    Etag {
        /// The etag that the resource has.
        current: String,
    },
    /// The request is wrong in the terms of SCIM.
    #[error(transparent)]
    Scim(#[from] rollcall_scim::Error),
    /// A page token that this service did not make, or made for another request.
    #[error("the page token is not one of this list; begin again without one")]
    PageToken,
    /// A field of the request is wrong.
    #[error("{field}: {problem}")]
    Field {
        /// The field.
        field: &'static str,
        /// What is wrong with it, and what is right.
        problem: String,
    },
    /// A stored document cannot be read.
    #[error("the stored document of {0} cannot be read")]
    Corrupt(String),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] rollcall_db::Error),
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error.into())
    }
}

impl Error {
    /// A field that is wrong.
    pub(crate) fn field(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Field { field, problem: problem.into() }
    }

    /// Names the attribute, with its value, when it was the unique index of its column that refused a write.
    pub(crate) fn taken(
        self,
        resource: &'static str,
        (column, attribute, value): (&str, &'static str, &str),
    ) -> Self {
        match &self {
            Self::Database(rollcall_db::Error::Unique { constraint }) if constraint.contains(column) => {
                Self::Taken { resource, attribute, value: value.to_owned() }
            }
            _ => self,
        }
    }
}
