//! The store's errors as gRPC statuses; nowhere else is one made.

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::store::error::Error;

/// The domain of the `ErrorInfo` in every status.
const DOMAIN: &str = "rollcall";

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let (code, reason) = match &error {
            Error::NotFound(_) => (Code::NotFound, "NOT_FOUND"),
            Error::Taken { .. }
            | Error::TakenByTwo { .. }
            | Error::Deactivated { .. }
            | Error::NotAdopted { .. } => (Code::AlreadyExists, "UNIQUENESS"),
            Error::KeptByHand { .. } => (Code::PermissionDenied, "MANUAL"),
            Error::KeptByProvider { .. } => (Code::FailedPrecondition, "SCIM"),
            Error::Etag { .. } => (Code::Aborted, "ETAG_MISMATCH"),
            Error::Scim(scim) => (Code::InvalidArgument, scim.scim_type().reason()),
            Error::PageToken => (Code::InvalidArgument, "INVALID_CURSOR"),
            Error::Field { .. } | Error::UnknownMembers { .. } => (Code::InvalidArgument, "INVALID_VALUE"),
            Error::Database(database) if database.is_transient() => {
                (Code::Unavailable, "DATABASE_UNAVAILABLE")
            }
            Error::Corrupt(_) | Error::Database(_) => (Code::Internal, "INTERNAL"),
        };
        // What a client cannot mend it need not know; the operator does.
        let message = match code {
            Code::Unavailable => {
                tracing::warn!(%error, "the database is not available");
                "the directory is not available at the moment; try again later".to_owned()
            }
            Code::Internal => {
                tracing::error!(%error, "a request failed");
                "an internal error; the log of the identity service says more".to_owned()
            }
            _ => error.to_string(),
        };
        let mut metadata = HashMap::new();
        if let Error::Taken { attribute, .. }
        | Error::Deactivated { attribute, .. }
        | Error::NotAdopted { attribute, .. } = &error
        {
            metadata.insert("attribute".to_owned(), (*attribute).to_owned());
        }
        Self::with_error_details(code, message, ErrorDetails::with_error_info(reason, DOMAIN, metadata))
    }
}
