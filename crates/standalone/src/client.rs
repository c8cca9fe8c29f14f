//! The commands' way to the services.

use std::time::Duration;

use prost_types::Timestamp;
use rollcall_serve::{Channel, channel, peer};
use serde_json::Value;
use tonic::{Response, Status};

use crate::error::Error;

/// How long one call may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Which token service to ask, and how to answer.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Options {
    /// Address of the token service
    #[arg(long, env = "ROLLCALL_TOKEN_SERVICE", default_value = "http://127.0.0.1:7402", value_name = "URL")]
    pub(crate) token_service: String,

    #[command(flatten)]
    pub(crate) peers: peer::ClientArgs,

    /// Print JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

impl Options {
    pub(crate) fn channel(&self) -> Result<Channel, Error> {
        Ok(channel::connect_as(
            &self.token_service,
            &self.peers.client().map_err(rollcall_serve::Error::from)?,
        )?)
    }

    /// The answer to a call, or what went wrong in words for the person at the terminal.
    pub(crate) async fn answer<T>(
        &self,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, Error> {
        answer(TOKEN, &self.token_service, call).await
    }
}

/// Which identity service to ask.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Identity {
    /// Address of the identity service
    #[arg(
        long,
        env = "ROLLCALL_IDENTITY_SERVICE",
        default_value = "http://127.0.0.1:7401",
        value_name = "URL"
    )]
    identity_service: String,
}

impl Identity {
    pub(crate) fn channel(&self, peers: &peer::ClientArgs) -> Result<Channel, Error> {
        Ok(channel::connect_as(
            &self.identity_service,
            &peers.client().map_err(rollcall_serve::Error::from)?,
        )?)
    }

    /// The answer to a call, or what went wrong in words for the person at the terminal.
    pub(crate) async fn answer<T>(
        &self,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, Error> {
        answer(IDENTITY, &self.identity_service, call).await
    }

    /// What went wrong in the middle of an answer.
    pub(crate) fn failure(&self, status: &Status) -> Error {
        Error::call(IDENTITY, &self.identity_service, status)
    }
}

/// Both services, for what is of an account as a whole.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Services {
    #[command(flatten)]
    pub(crate) identity: Identity,
    #[command(flatten)]
    pub(crate) client: Options,
}

/// A service that commands talk to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Service {
    /// What it is, for people.
    pub(crate) name: &'static str,
    /// The option that says where it is.
    pub(crate) option: &'static str,
}

const TOKEN: Service = Service { name: "token service", option: "--token-service" };
/// Users and groups.
const IDENTITY: Service = Service { name: "identity service", option: "--identity-service" };

/// The answer of the service at `uri` to a call, or what went wrong in words for the person at the terminal.
pub(crate) async fn answer<T>(
    service: Service,
    uri: &str,
    call: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T, Error> {
    match tokio::time::timeout(PATIENCE, call).await {
        Ok(Ok(response)) => Ok(response.into_inner()),
        Ok(Err(status)) => Err(Error::call(service, uri, &status)),
        Err(_) => Err(Error::Unreachable { service, uri: uri.to_owned() }),
    }
}

/// The last part of a resource name: its id.
pub(crate) fn id_of(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// A time as JSON: RFC 3339 in UTC, or null.
pub(crate) fn json_time(time: Option<&Timestamp>) -> Value {
    date_time(time)
        .map_or(Value::Null, |time| Value::String(time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)))
}

/// A time for people, or a dash.
pub(crate) fn human_time(time: Option<&Timestamp>) -> String {
    date_time(time).map_or_else(|| "-".to_owned(), |time| time.format("%Y-%m-%d %H:%M UTC").to_string())
}

fn date_time(time: Option<&Timestamp>) -> Option<chrono::DateTime<chrono::Utc>> {
    time.and_then(|time| {
        chrono::DateTime::from_timestamp(time.seconds, u32::try_from(time.nanos).unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let time = Timestamp { seconds: 1_767_225_600, nanos: 5_000_000 };
        assert_eq!(json_time(Some(&time)), "2026-01-01T00:00:00.005Z");
        assert_eq!(human_time(Some(&time)), "2026-01-01 00:00 UTC");
        assert_eq!((json_time(None), human_time(None).as_str()), (Value::Null, "-"));
        assert_eq!(id_of("accounts/a/tokens/t"), "t");
    }
}
