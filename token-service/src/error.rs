//! What can go wrong, and the gRPC status that says it.

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A listener, a log filter, a signal handler.
    #[error(transparent)]
    Serve(#[from] rollcall_serve::Error),
    /// The database cannot be opened or migrated.
    #[error(transparent)]
    Database(#[from] rollcall_db::Error),
    /// Nothing says who may call.
    #[error(transparent)]
    Guard(#[from] rollcall_access::GuardError),
    /// The key file cannot be used.
    #[error(transparent)]
    Key(#[from] rollcall_key::KeyError),
    /// The mail server cannot be used.
    #[error(transparent)]
    Mail(#[from] crate::mail::MailError),
}

/// Why a request fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// INVALID_ARGUMENT.
    #[error("{field}: {problem}")]
    Invalid { field: &'static str, problem: String },
    /// NOT_FOUND.
    #[error("there is no account `{0}`")]
    NoAccount(String),
    /// NOT_FOUND.
    #[error("there is no token `{0}`")]
    NoToken(String),
    /// NOT_FOUND.
    #[error("there is no entry `{0}`")]
    NoSyncEntry(String),
    /// ALREADY_EXISTS.
    #[error("there is an account `{0}` already")]
    AccountExists(String),
    /// FAILED_PRECONDITION.
    #[error(
        "two tokens are live already: revoke one of them, or wait until {until}, when the first of them ends"
    )]
    TwoLive { until: String },
    /// ALREADY_EXISTS.
    #[error(
        "this request has made the token {prefix}… already, and a secret is shown once; if nobody has it, revoke that \
         token and generate another"
    )]
    TokenMade { prefix: String },
    /// FAILED_PRECONDITION.
    #[error("no newer token replaces {prefix}…; revoke it to end it all the same")]
    NotReplaced { prefix: String },
    /// FAILED_PRECONDITION.
    #[error("this service has no key to sign webhooks with; start it with --key-file, or ROLLCALL_KEY_FILE")]
    NoKey,
    /// FAILED_PRECONDITION.
    #[error("the account `{0}` has no webhook; set its URL first")]
    NoWebhook(String),
    /// RESOURCE_EXHAUSTED.
    #[error("a test was sent a moment ago; wait ten seconds")]
    TestedJustNow,
    /// FAILED_PRECONDITION.
    #[error("somebody has signed in already, so no invitation can be the first")]
    NotFirst,
    /// UNAUTHENTICATED. One for every cause.
    #[error("the session or invitation has ended, or never was; sign in again")]
    SignInRefused,
    /// UNAUTHENTICATED. One for every cause: the answer must not tell a stranger which it was.
    #[error("the token is not valid for this account")]
    Refused,
    /// UNAVAILABLE, or INTERNAL where it is a fault of the program.
    #[error(transparent)]
    Database(#[from] rollcall_db::Error),
    /// INTERNAL.
    #[error("the system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error.into())
    }
}

impl Error {
    pub(crate) fn invalid(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Invalid { field, problem: problem.into() }
    }

    fn code_and_reason(&self) -> (Code, &'static str) {
        match self {
            Self::Invalid { .. } => (Code::InvalidArgument, "INVALID_VALUE"),
            Self::NoAccount(_) => (Code::NotFound, "ACCOUNT_NOT_FOUND"),
            Self::NoToken(_) => (Code::NotFound, "TOKEN_NOT_FOUND"),
            Self::NoSyncEntry(_) => (Code::NotFound, "SYNC_ENTRY_NOT_FOUND"),
            Self::AccountExists(_) => (Code::AlreadyExists, "UNIQUENESS"),
            Self::TokenMade { .. } => (Code::AlreadyExists, "TOKEN_ALREADY_GENERATED"),
            Self::NotReplaced { .. } => (Code::FailedPrecondition, "TOKEN_NOT_REPLACED"),
            Self::TwoLive { .. } => (Code::FailedPrecondition, "TWO_TOKENS_LIVE"),
            Self::NoKey => (Code::FailedPrecondition, "KEY_MISSING"),
            Self::NoWebhook(_) => (Code::FailedPrecondition, "WEBHOOK_NOT_SET"),
            Self::TestedJustNow => (Code::ResourceExhausted, "TESTED_JUST_NOW"),
            Self::NotFirst => (Code::FailedPrecondition, "NOT_THE_FIRST"),
            Self::SignInRefused => (Code::Unauthenticated, "SIGN_IN_REFUSED"),
            Self::Refused => (Code::Unauthenticated, "TOKEN_REFUSED"),
            Self::Database(error) if error.is_transient() => (Code::Unavailable, "DATABASE_UNAVAILABLE"),
            Self::Database(_) | Self::Random(_) => (Code::Internal, "INTERNAL"),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let (code, reason) = error.code_and_reason();
        let mut details = ErrorDetails::with_error_info(reason, "rollcall", HashMap::new());
        let message = match &error {
            Error::Invalid { field, problem } => {
                details.add_bad_request_violation(*field, problem);
                error.to_string()
            }
            // The operator reads the cause in the log; a caller is told nothing of the database.
            Error::Database(cause) if cause.is_transient() => {
                tracing::warn!(%error, "the token database is in trouble");
                "the token database does not answer; try again".to_owned()
            }
            Error::Database(_) | Error::Random(_) => {
                tracing::error!(%error, "a request failed");
                "the token service failed; its log says why".to_owned()
            }
            _ => error.to_string(),
        };
        Self::with_error_details(code, message, details)
    }
}
