//! Every failure, and the page that says it.

use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderValue, StatusCode, header};
use maud::html;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rollcall_serve::{channel, trace};
use tonic::{Code, Status};

use crate::{page, text};

/// Why a page cannot be shown, or a change was not made. Each variant names its answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// 303 to the sign-in page.
    #[error("Sign in first.")]
    SignIn {
        /// Where to go afterwards.
        next: Option<String>,
    },
    /// 403.
    #[error(
        "This form was not sent by a page of your own session, or that has ended. Open the page again and repeat it."
    )]
    Csrf,
    /// 403.
    #[error("{0}")]
    NotAdmitted(String),
    /// 404.
    #[error("There is nothing at this address, or nothing that you may see.")]
    NotFound,
    /// 405.
    #[error("This address cannot be used this way.")]
    MethodNotAllowed,
    /// 400.
    #[error("{0}")]
    BadInput(String),
    /// 409.
    #[error("{0}")]
    Conflict(String),
    /// 429.
    #[error("There were too many attempts to sign in. Wait a minute, then try again.")]
    TooMany,
    /// 502.
    #[error("The OpenID provider cannot be used at the moment: {0}. Try again, or ask the operator.")]
    Provider(String),
    /// 500.
    #[error("Something went wrong here. The log of the console says what.")]
    Internal,
    /// By the code of the status.
    #[error("{}", said(.0))]
    Service(Box<Status>),
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        Self::Service(Box::new(status))
    }
}

/// What a service said, for people: the fault of the caller in its words, any other in ours.
fn said(status: &Status) -> String {
    match status.code() {
        Code::InvalidArgument | Code::FailedPrecondition | Code::AlreadyExists | Code::ResourceExhausted => {
            text::sentence(status.message())
        }
        Code::Aborted => {
            "Somebody else has changed this in the meantime. Open the page again, and repeat your change."
                .to_owned()
        }
        Code::NotFound => Error::NotFound.to_string(),
        Code::PermissionDenied => "Your role does not allow this.".to_owned(),
        _ if is_away(status) => {
            "A service that this page needs does not answer. If you were changing something, look whether it was done \
             before you do it again."
                .to_owned()
        }
        _ => Error::Internal.to_string(),
    }
}

/// Whether the service said nothing itself.
fn is_away(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown)
        || channel::broke(status)
}

impl Error {
    /// For a name that was put together from the address: if it cannot be one, there is nothing there.
    pub(crate) fn in_address(status: Status) -> Self {
        match status.code() {
            Code::InvalidArgument | Code::NotFound => Self::NotFound,
            _ => status.into(),
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::SignIn { .. } => StatusCode::SEE_OTHER,
            Self::Csrf | Self::NotAdmitted(_) => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::BadInput(_) => StatusCode::BAD_REQUEST,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Provider(_) => StatusCode::BAD_GATEWAY,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Service(status) => match status.code() {
                Code::InvalidArgument => StatusCode::BAD_REQUEST,
                Code::FailedPrecondition | Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
                Code::NotFound => StatusCode::NOT_FOUND,
                Code::PermissionDenied => StatusCode::FORBIDDEN,
                Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
                _ if is_away(status) => StatusCode::SERVICE_UNAVAILABLE,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            },
        }
    }

    fn title(&self) -> &'static str {
        match self.status() {
            StatusCode::FORBIDDEN => "Not allowed",
            StatusCode::NOT_FOUND => "Not found",
            StatusCode::BAD_REQUEST => "That cannot be right",
            StatusCode::CONFLICT => "Not done",
            StatusCode::TOO_MANY_REQUESTS => "Slow down",
            StatusCode::METHOD_NOT_ALLOWED => "Not this way",
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::BAD_GATEWAY => "Not available at the moment",
            _ => "Something went wrong",
        }
    }
}

fn to_sign_in(next: Option<&str>) -> Redirect {
    match next {
        None | Some("/") => Redirect::to("/sign-in"),
        Some(next) => Redirect::to(&format!("/sign-in?next={}", utf8_percent_encode(next, NON_ALPHANUMERIC))),
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        if let Self::SignIn { next } = &self {
            return to_sign_in(next.as_deref()).into_response();
        }
        let status = self.status();
        if let Self::Service(cause) = &self
            && status.is_server_error()
        {
            tracing::warn!(code = ?cause.code(), said = cause.message(), "a service failed");
        }
        // Who asks about it can say which one it was.
        let trace = if status.is_server_error() { trace::current() } else { None };
        let body = html! {
            p { (self) }
            @if let Some(id) = trace { p { "Trace " code { (id.to_string()) } } }
            p { a href="/" { "To the start" } }
        };
        let mut response = (status, page::bare(self.title(), body)).into_response();
        if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            let seconds = if status == StatusCode::TOO_MANY_REQUESTS { 60 } else { 2 };
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// The answer to a request whose handler panicked; what it said is in the log of the panic.
pub(crate) fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    tracing::error!("a handler panicked; this is a defect");
    Error::Internal.into_response()
}

#[cfg(test)]
mod tests {
    use tower::ServiceExt as _;

    use super::*;

    #[test]
    fn services_say_it_in_a_sentence() {
        for (status, http, text) in [
            (
                Status::invalid_argument("ttl: it must be 30 to 730 days"),
                400,
                "Ttl: it must be 30 to 730 days.",
            ),
            (
                Status::not_found("accounts/x"),
                404,
                "There is nothing at this address, or nothing that you may see.",
            ),
            (Status::permission_denied("x"), 403, "Your role does not allow this."),
            (
                Status::unavailable("tcp connect error 10.0.0.1"),
                503,
                "A service that this page needs does not answer. If you were changing something, look whether it was \
                 done before you do it again.",
            ),
            (
                Status::internal("table x"),
                500,
                "Something went wrong here. The log of the console says what.",
            ),
        ] {
            let error = Error::from(status);
            assert_eq!((error.status().as_u16(), error.to_string().as_str()), (http, text));
        }
        assert!(matches!(Error::in_address(Status::invalid_argument("x")), Error::NotFound));
    }

    #[tokio::test]
    async fn a_page_that_says_a_failure_of_ours_says_its_trace() {
        let routes = axum::Router::new()
            .route("/ours", axum::routing::get(async || Error::Internal))
            .route("/theirs", axum::routing::get(async || Error::NotFound))
            .layer(axum::middleware::from_fn(trace::http));
        for (path, is_ours) in [("/ours", true), ("/theirs", false)] {
            let request = http::Request::get(path).body(axum::body::Body::empty()).unwrap();
            let answer = routes.clone().oneshot(request).await.unwrap();
            let id = answer.headers()["rollcall-trace-id"].to_str().unwrap().to_owned();
            let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
            assert_eq!(String::from_utf8_lossy(&body).contains(&id), is_ours, "{path}");
        }
    }
}
