//! The store's errors as gRPC statuses; nowhere else is one made.

use std::{collections::HashMap, time::Duration};

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::store::{clock, error::Error};

/// The domain of the `ErrorInfo` in every status.
const DOMAIN: &str = "rollcall";

/// When a stream that was ended may be begun again: another replica is there at once.
const RESUME: Duration = Duration::from_millis(500);

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let (code, reason) = match &error {
            Error::NotFound(_) => (Code::NotFound, "NOT_FOUND"),
            Error::Taken { .. }
            | Error::TakenByTwo { .. }
            | Error::Deactivated { .. }
            | Error::NotAdopted { .. }
            | Error::CardHeld(_)
            | Error::PinTaken => (Code::AlreadyExists, "UNIQUENESS"),
            Error::KeptByHand { .. } => (Code::PermissionDenied, "MANUAL"),
            Error::KeptByProvider { .. } | Error::CardProvisioned => (Code::FailedPrecondition, "SCIM"),
            Error::WrongSecret => (Code::Unauthenticated, "WRONG_SECRET"),
            Error::Locked { .. } => (Code::ResourceExhausted, "LOCKED"),
            Error::Slow { .. } => (Code::ResourceExhausted, "SLOW"),
            Error::Ahead { .. } => (Code::OutOfRange, "AHEAD"),
            Error::Stopping { .. } => (Code::Unavailable, "STOPPING"),
            Error::Compacted { .. } => (Code::OutOfRange, "COMPACTED"),
            Error::Collisions { .. } => (Code::FailedPrecondition, "COLLISIONS"),
            Error::Etag { .. } => (Code::Aborted, "ETAG_MISMATCH"),
            Error::Scim(scim) => (Code::InvalidArgument, scim.scim_type().reason()),
            Error::PageToken => (Code::InvalidArgument, "INVALID_CURSOR"),
            Error::Field { .. } | Error::UnknownMembers { .. } | Error::Number(_) | Error::Row(_) => {
                (Code::InvalidArgument, "INVALID_VALUE")
            }
            Error::Database(database) if database.is_transient() => {
                (Code::Unavailable, "DATABASE_UNAVAILABLE")
            }
            Error::Corrupt(_)
            | Error::Database(_)
            | Error::Keyring(_)
            | Error::Defect(_)
            | Error::Preview => (Code::Internal, "INTERNAL"),
        };
        // What a client cannot mend it need not know; the operator does.
        let message = match code {
            Code::Unavailable if !matches!(error, Error::Stopping { .. }) => {
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
        let mut details = ErrorDetails::with_error_info(reason, DOMAIN, metadata);
        if let Error::Stopping { .. } = &error {
            details.set_retry_info(Some(RESUME));
        }
        if let Error::Locked { until } = &error {
            let pause = u64::try_from(until - clock::now()).unwrap_or_default();
            details.set_retry_info(Some(Duration::from_millis(pause)));
        }
        Self::with_error_details(code, message, details)
    }
}
