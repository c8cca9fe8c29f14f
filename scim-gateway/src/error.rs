//! Every failure, and the only place that chooses its status, `scimType` and words (RFC 7644 section 3.12).

use std::{any::Any, borrow::Cow, time::Duration};

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use rollcall_scim::ScimType;
use rollcall_serve::{channel, trace};
use serde_json::{Map, Value};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::{response, sync_log::Failure};

const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// What Retry-After says when the service behind did not: Okta and Entra honour whole seconds.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// When an account that has too many requests under way may try again.
const SOON: Duration = Duration::from_secs(1);

/// Why a request was not done. Each variant names its reply.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// 400 with the `scimType` of the error.
    #[error(transparent)]
    Scim(#[from] rollcall_scim::Error),
    /// 400 `invalidSyntax`: the body is not what it should be.
    #[error("{0}")]
    Syntax(String),
    /// 400 `invalidValue`: a query parameter or a header is not what it should be.
    #[error("{0}")]
    Value(String),
    /// 400 `invalidCursor`: it is none that was given out.
    #[error("{0}")]
    Cursor(String),
    /// 400 `invalidCount`: no page has that size.
    #[error("{0}")]
    Count(String),
    /// 400 `tooMany`: it would cost more than the service is willing to spend.
    #[error("{0}")]
    TooMany(String),
    /// 401, the same for every cause, so that nobody learns which accounts and tokens exist.
    #[error("a valid bearer token for this account is required")]
    Unauthenticated,
    /// 403: discovery cannot be filtered (RFC 7644 section 4).
    #[error("this endpoint cannot be filtered")]
    FilterForbidden,
    /// 404: nothing is served at this address.
    #[error("there is nothing at this address")]
    NotFound,
    /// 405; the router adds Allow.
    #[error("this address does not support the method")]
    MethodNotAllowed,
    /// 409: what a reference in a bulk request stands for was not created.
    #[error("{0}")]
    Unresolved(String),
    /// 413: the body is larger than this many bytes.
    #[error("the body is larger than the {limit} bytes that are allowed")]
    TooLarge { limit: usize },
    /// 413: a bulk request has more than this many operations.
    #[error("the request has more than the {limit} operations that are allowed")]
    TooManyOperations { limit: usize },
    /// 415: the body is in a form that is not understood.
    #[error("{0}")]
    MediaType(String),
    /// 501: a part of SCIM that is not offered.
    #[error("{0}")]
    NotImplemented(&'static str),
    /// 429 with Retry-After: the account has as many requests under way as it may have.
    #[error(
        "{limit} requests of this account are under way, and that is the most; send the next when one of them is answered"
    )]
    Busy { limit: usize },
    /// 503 with Retry-After: token-service cannot be asked.
    #[error("tokens cannot be verified at the moment; try again later")]
    CannotVerify,
    /// 500: a defect; what happened is in the log.
    #[error("internal error")]
    Internal,
    /// What a service answered, by its code and the reason in its `ErrorInfo`.
    #[error("{0}")]
    Service(Box<Status>),
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        Self::Service(Box::new(status))
    }
}

/// What the client is told.
#[derive(Debug, PartialEq)]
struct Reply<'a> {
    status: StatusCode,
    scim_type: Option<&'static str>,
    detail: Cow<'a, str>,
    retry_after: Option<Duration>,
}

impl Error {
    fn reply(&self) -> Reply<'_> {
        let (status, scim_type) = match self {
            Self::Scim(error) => (StatusCode::BAD_REQUEST, Some(error.scim_type())),
            Self::Syntax(_) => (StatusCode::BAD_REQUEST, Some(ScimType::InvalidSyntax)),
            Self::Value(_) => (StatusCode::BAD_REQUEST, Some(ScimType::InvalidValue)),
            Self::Cursor(_) => (StatusCode::BAD_REQUEST, Some(ScimType::InvalidCursor)),
            Self::Count(_) => (StatusCode::BAD_REQUEST, Some(ScimType::InvalidCount)),
            Self::TooMany(_) => (StatusCode::BAD_REQUEST, Some(ScimType::TooMany)),
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, None),
            Self::FilterForbidden => (StatusCode::FORBIDDEN, None),
            Self::NotFound => (StatusCode::NOT_FOUND, None),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, None),
            Self::Unresolved(_) => (StatusCode::CONFLICT, None),
            Self::TooLarge { .. } | Self::TooManyOperations { .. } => (StatusCode::PAYLOAD_TOO_LARGE, None),
            Self::MediaType(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, None),
            Self::NotImplemented(_) => (StatusCode::NOT_IMPLEMENTED, None),
            Self::Busy { .. } => (StatusCode::TOO_MANY_REQUESTS, None),
            Self::CannotVerify => (StatusCode::SERVICE_UNAVAILABLE, None),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, None),
            Self::Service(status) => return service_reply(status),
        };
        let retry_after = match status {
            StatusCode::SERVICE_UNAVAILABLE => Some(RETRY_AFTER),
            StatusCode::TOO_MANY_REQUESTS => Some(SOON),
            _ => None,
        };
        Reply {
            status,
            scim_type: scim_type.map(ScimType::as_str),
            detail: Cow::Owned(self.to_string()),
            retry_after,
        }
    }
}

/// The reply for a gRPC status. The message of a status is for the client where the client is at fault, and for the
/// log otherwise.
fn service_reply(status: &Status) -> Reply<'_> {
    let known = |http, detail| Reply { status: http, scim_type: None, detail, retry_after: None };
    let said = || Cow::Borrowed(status.message());
    match status.code() {
        Code::InvalidArgument => {
            Reply { scim_type: scim_type(status), ..known(StatusCode::BAD_REQUEST, said()) }
        }
        Code::AlreadyExists => Reply {
            scim_type: scim_type(status).or(Some(ScimType::Uniqueness.as_str())),
            ..known(StatusCode::CONFLICT, said())
        },
        Code::NotFound => known(StatusCode::NOT_FOUND, said()),
        // Nobody may write it over SCIM, whatever the token: an administrator keeps it by hand.
        Code::PermissionDenied => known(StatusCode::FORBIDDEN, said()),
        Code::Aborted => known(StatusCode::PRECONDITION_FAILED, said()),
        Code::Unauthenticated => known(StatusCode::UNAUTHORIZED, Error::Unauthenticated.to_string().into()),
        Code::ResourceExhausted => Reply {
            retry_after: Some(retry_after(status)),
            ..known(StatusCode::TOO_MANY_REQUESTS, "too many requests; try again later".into())
        },
        _ if is_passing(status) => Reply {
            retry_after: Some(retry_after(status)),
            ..known(
                StatusCode::SERVICE_UNAVAILABLE,
                "the service is busy or restarting; try again later".into(),
            )
        },
        _ => known(StatusCode::INTERNAL_SERVER_ERROR, Error::Internal.to_string().into()),
    }
}

/// Whether a later attempt may well succeed.
fn is_passing(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled)
        || channel::broke(status)
}

fn scim_type(status: &Status) -> Option<&'static str> {
    let info = status.get_details_error_info()?;
    ScimType::from_reason(&info.reason).map(ScimType::as_str)
}

fn retry_after(status: &Status) -> Duration {
    status.get_details_retry_info().and_then(|info| info.retry_delay).unwrap_or(RETRY_AFTER)
}

impl Error {
    /// The status.
    pub(crate) fn status(&self) -> StatusCode {
        self.reply().status
    }

    /// The body: a SCIM error.
    pub(crate) fn body(&self) -> Map<String, Value> {
        let reply = self.reply();
        let mut body = Map::new();
        body.insert("schemas".to_owned(), vec![SCHEMA].into());
        // A string, not a number (RFC 7644 section 3.12).
        body.insert("status".to_owned(), reply.status.as_str().into());
        if let Some(scim_type) = reply.scim_type {
            body.insert("scimType".to_owned(), scim_type.into());
        }
        // What the client cannot mend it can ask the operator about.
        let detail = if reply.status.is_server_error() {
            trace::with_id(&reply.detail)
        } else {
            reply.detail.into_owned()
        };
        body.insert("detail".to_owned(), Value::String(detail));
        body
    }

    /// Tells the operator of what the client cannot mend.
    pub(crate) fn log(&self) {
        if let Self::Service(status) = self
            && self.status().is_server_error()
        {
            let source = std::error::Error::source(status.as_ref()).map(tracing::field::display);
            tracing::warn!(code = ?status.code(), said = status.message(), source, "a service failed");
        }
    }

    /// The keyword of the SCIM error.
    #[cfg(test)]
    pub(crate) fn scim_type(&self) -> Option<&'static str> {
        self.reply().scim_type
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        self.log();
        let reply = self.reply();
        let mut response = response::json(reply.status, &self.body());
        let failure =
            Failure { scim_type: reply.scim_type.unwrap_or_default(), detail: reply.detail.to_string() };
        response.extensions_mut().insert(failure);
        let headers = response.headers_mut();
        if reply.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(r#"Bearer realm="rollcall""#));
        }
        if let Some(delay) = reply.retry_after.filter(|_| !rollcall_defect::is("no-retry-after")) {
            let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response
    }
}

/// The reply to a request whose handler panicked. What it said may hold personal data, so only its place is kept, and
/// that by the panic hook.
pub(crate) fn panicked(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("a handler panicked; this is a defect");
    Error::Internal.into_response()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use tonic_types::{ErrorDetails, StatusExt};

    use super::*;

    fn status(code: Code, reason: &str) -> Status {
        let details = ErrorDetails::with_error_info(reason, "rollcall", HashMap::new());
        Status::with_error_details(code, "what was wrong", details)
    }

    #[test]
    fn each_grpc_status_has_its_reply() {
        for (code, reason, http, scim_type, detail, retries) in [
            (Code::InvalidArgument, "INVALID_FILTER", 400, Some("invalidFilter"), "what was wrong", false),
            (Code::InvalidArgument, "NO_TARGET", 400, Some("noTarget"), "what was wrong", false),
            (Code::InvalidArgument, "MUTABILITY", 400, Some("mutability"), "what was wrong", false),
            (Code::InvalidArgument, "SOMETHING_ELSE", 400, None, "what was wrong", false),
            (Code::AlreadyExists, "UNIQUENESS", 409, Some("uniqueness"), "what was wrong", false),
            (Code::NotFound, "", 404, None, "what was wrong", false),
            (Code::PermissionDenied, "MANUAL", 403, None, "what was wrong", false),
            (Code::Aborted, "ETAG_MISMATCH", 412, None, "what was wrong", false),
            (Code::ResourceExhausted, "", 429, None, "too many requests; try again later", true),
            (Code::Unavailable, "", 503, None, "the service is busy or restarting; try again later", true),
            (
                Code::DeadlineExceeded,
                "",
                503,
                None,
                "the service is busy or restarting; try again later",
                true,
            ),
            (Code::Internal, "INVALID_FILTER", 500, None, "internal error", false),
            (Code::Unknown, "", 500, None, "internal error", false),
            (Code::DataLoss, "", 500, None, "internal error", false),
        ] {
            let error = Error::from(status(code, reason));
            let reply = error.reply();
            let expected = Reply {
                status: StatusCode::from_u16(http).unwrap(),
                scim_type,
                detail: detail.into(),
                retry_after: retries.then_some(RETRY_AFTER),
            };
            assert_eq!(reply, expected, "{code:?} {reason}");
        }
        assert_eq!(Error::from(Status::already_exists("taken")).reply().scim_type, Some("uniqueness"));
    }

    #[test]
    fn a_connection_that_broke_is_no_fault_of_the_service() {
        for mut status in [Status::internal("h2 protocol error"), Status::unknown("transport error")] {
            assert_eq!(Error::from(status.clone()).status(), StatusCode::INTERNAL_SERVER_ERROR);
            status.set_source(std::sync::Arc::new(std::io::Error::other("reset")));
            let reply = Error::from(status);
            assert_eq!(reply.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert!(reply.reply().retry_after.is_some());
        }
    }

    #[test]
    fn a_delay_that_a_service_asks_for_is_passed_on_in_whole_seconds() {
        let details = ErrorDetails::with_retry_info(Some(Duration::from_millis(4200)));
        let status = Status::with_error_details(Code::Unavailable, "busy", details);
        let response = Error::from(status).into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "5");
    }

    #[tokio::test]
    async fn the_body_is_a_scim_error() {
        let response = Error::Syntax("bad".to_owned()).into_response();
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/scim+json");
        let bytes = axum::body::to_bytes(response.into_body(), 1024).await.unwrap();
        assert_eq!(
            String::from_utf8_lossy(&bytes),
            r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"400","scimType":"invalidSyntax","detail":"bad"}"#
        );
    }
}
