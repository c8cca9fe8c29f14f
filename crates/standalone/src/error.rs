//! What can go wrong: each message is one sentence for the person at the terminal.

use std::{error::Error as _, io, path::PathBuf};

use tonic::{Code, Status};

use crate::client::Service;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Serve(#[from] rollcall_serve::Error),
    #[error(transparent)]
    Database(#[from] rollcall_db::Error),
    #[error(transparent)]
    Token(#[from] rollcall_token_service::StartError),
    #[error(transparent)]
    Console(#[from] rollcall_console::StartError),
    #[error(transparent)]
    Key(#[from] rollcall_key::KeyError),
    #[error(transparent)]
    Identity(#[from] rollcall_identity_service::StartError),
    #[error(transparent)]
    Config(#[from] rollcall_serve::config::ConfigError),
    #[error(transparent)]
    Guard(#[from] rollcall_access::GuardError),
    #[error(
        "there is no key: with both databases elsewhere, name its file with --key-file; `openssl rand -base64 32` makes one"
    )]
    NoKey,
    #[error("cannot use the data directory {}: {source}; choose another with --data-dir", .path.display())]
    DataDir { path: PathBuf, source: io::Error },
    #[error("the data directory {} is in use by another rollcall; stop it or choose another with --data-dir", .path.display())]
    DataDirInUse { path: PathBuf },
    #[error("cannot find out where it listens: {0}")]
    Address(#[source] io::Error),
    #[error("cannot make the account `{account}`: {message}")]
    Account { account: &'static str, message: String },
    #[error("a part of the server ended by a defect: {0}")]
    Defect(#[from] tokio::task::JoinError),
    #[error("no {} answers at {uri}; start it with `rollcall serve`, or name another with {}", .service.name, .service.option)]
    Unreachable { service: Service, uri: String },
    #[error("{url} cannot be reached: {cause}")]
    NoAnswer { url: String, cause: String },
    #[error("{0}")]
    Refused(String),
    #[error("{}: {source}", .path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("cannot read {what}: {source}")]
    Input { what: String, source: io::Error },
    #[error("cannot write the output: {0}")]
    Output(#[source] io::Error),
}

impl Error {
    /// The failure of a call to the service at `uri`.
    pub(crate) fn call(service: Service, uri: &str, status: &Status) -> Self {
        // A status with a source was made on this side: no answer came.
        let unanswered = status.source().is_some() || status.code() == Code::DeadlineExceeded;
        if unanswered {
            return Self::Unreachable { service, uri: uri.to_owned() };
        }
        // Rollcall's own failures carry details; these do not come from it.
        let foreign = status.details().is_empty()
            && matches!(status.code(), Code::Internal | Code::Unknown | Code::Unimplemented);
        Self::Refused(if foreign {
            format!("what answers at {uri} is not the {}", service.name)
        } else {
            status.message().to_owned()
        })
    }
}
