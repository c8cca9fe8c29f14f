//! What an operator may set.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use lettre::message::Mailbox;
use rollcall_db::Address;
use rollcall_key::{Key, Keys};
use rollcall_serve::{metrics, peer, process};
use url::{Host, Url};

use crate::{
    error::StartError,
    mail::{Mail, SmtpUrl},
};

/// The token service of Rollcall: accounts and the tokens of their identity providers, over gRPC.
///
/// It has reflection and health. Offer it to the gateway and to administrators only: who may call everything can make tokens.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "token-service", version)]
pub struct Config {
    /// The token database: `sqlite:PATH` or `postgres://user:password@host:5432/name`.
    #[arg(long, env = "ROLLCALL_TOKEN_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub token_database_url: Address,

    /// The address to serve gRPC on.
    #[arg(long, env = "ROLLCALL_TOKEN_LISTEN", default_value = "127.0.0.1:7402", value_name = "IP:PORT")]
    pub token_listen: SocketAddr,

    /// What it does beside answering.
    #[command(flatten)]
    pub args: Args,

    /// The address by which administrators reach the console: notices link to it.
    #[arg(long, env = "ROLLCALL_CONSOLE_URL", value_name = "URL", value_parser = console_url)]
    pub console_url: Option<Url>,

    /// How the database is used.
    #[command(flatten)]
    pub database: rollcall_db::Args,

    /// How much metrics may say.
    #[command(flatten)]
    pub metrics: metrics::Args,

    /// Who may call.
    #[command(flatten)]
    pub peers: peer::ServerArgs,

    /// What every server has.
    #[command(flatten)]
    pub process: process::Args,
}

/// The options that the service has by itself and within `rollcall`.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// File with the keys of the installation, 32 random bytes in Base64 a line, the current one first: the same for all
    /// services and replicas. `openssl rand -base64 32` makes one. Webhooks are signed by the last
    #[arg(long, env = "ROLLCALL_KEY_FILE", value_name = "FILE")]
    pub key_file: Option<PathBuf>,

    /// Mail server for notices: `smtps://user@host`, `smtp://user@host?tls=required` (STARTTLS), or `smtp://localhost`;
    /// without it no e-mail is sent
    #[arg(
        long,
        env = "ROLLCALL_SMTP_URL",
        hide_env_values = true,
        value_name = "URL",
        requires = "smtp_from"
    )]
    pub smtp_url: Option<SmtpUrl>,

    /// Sender of the e-mails, such as `Rollcall <rollcall@example.com>`
    #[arg(long, env = "ROLLCALL_SMTP_FROM", value_name = "MAILBOX")]
    pub smtp_from: Option<Mailbox>,

    /// File with the password of the user in the URL of the mail server
    #[arg(long, env = "ROLLCALL_SMTP_PASSWORD_FILE", value_name = "FILE")]
    pub smtp_password_file: Option<PathBuf>,

    /// How often to look which tokens are near their end, in seconds
    #[arg(
        long,
        env = "ROLLCALL_NOTICE_INTERVAL_SECONDS",
        default_value_t = 60,
        value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(1..=3600)
    )]
    pub notice_interval_seconds: u64,

    /// The most entries that the sync log of an account keeps; the oldest go first
    #[arg(
        long,
        env = "ROLLCALL_SYNC_LOG_MAX_ENTRIES",
        default_value_t = 1_000_000,
        value_name = "NUMBER",
        value_parser = clap::value_parser!(i64).range(1..)
    )]
    pub sync_log_max_entries: i64,
}

/// What a [`crate::Service`] needs besides its database.
#[derive(Clone, Debug)]
pub struct Options {
    /// The key of the installation; without one no webhook is sent.
    pub key: Option<Key>,
    /// The mail server; without one no e-mail is sent.
    pub mail: Option<Mail>,
    /// Where the console is.
    pub console_url: Option<Url>,
    /// How often to look for tokens near their end.
    pub notice_interval: Duration,
    /// The most entries that the sync log of an account keeps.
    pub sync_log_max_entries: i64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            key: None,
            mail: None,
            console_url: None,
            notice_interval: Duration::from_mins(1),
            sync_log_max_entries: 1_000_000,
        }
    }
}

impl Args {
    /// Reads the files that are named here; where the console is, is for the caller to add.
    ///
    /// # Errors
    /// [`StartError::Key`], [`StartError::Mail`].
    pub fn options(self) -> Result<Options, StartError> {
        let Self {
            key_file,
            smtp_url,
            smtp_from,
            smtp_password_file,
            notice_interval_seconds,
            sync_log_max_entries,
        } = self;
        let keys = key_file.map(|path| Keys::read(&path)).transpose()?;
        let mail = match (smtp_url, smtp_from) {
            (Some(url), Some(from)) => Some(Mail::new(&url, from, smtp_password_file.as_deref())?),
            _ => None,
        };
        // What receivers of webhooks know stays when a new key comes.
        let key = keys.as_ref().and_then(Keys::oldest).cloned();
        Ok(Options {
            key,
            mail,
            console_url: None,
            notice_interval: Duration::from_secs(notice_interval_seconds),
            sync_log_max_entries,
        })
    }
}

fn console_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|problem| problem.to_string())?;
    if matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none() {
        Ok(url)
    } else {
        Err("it must be an http or https address without a query".to_owned())
    }
}

/// Whether the host is this machine, by its name or address.
pub(crate) fn is_loopback(host: Option<Host<&str>>) -> bool {
    match host {
        Some(Host::Domain(name)) => name == "localhost" || is_loopback_address(name),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// A URL of an unknown scheme has its IPv4 address as a name.
fn is_loopback_address(name: &str) -> bool {
    name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn parse(args: &[&str]) -> Result<Config, clap::Error> {
        Config::try_parse_from(["token-service", "--token-database-url", "sqlite:x"].iter().chain(args))
    }

    #[test]
    fn mail_needs_a_sender() {
        assert!(parse(&["--smtp-url", "smtp://localhost"]).is_err());
        let config = parse(&["--smtp-url", "smtp://localhost", "--smtp-from", "Rollcall <a@b.example>"]);
        assert!(config.unwrap().args.options().unwrap().mail.is_some());
        assert!(parse(&["--smtp-from", "no address"]).is_err());
        assert!(parse(&[]).unwrap().args.options().unwrap().mail.is_none());
    }

    #[test]
    fn loopback() {
        for (url, expected) in [
            ("http://localhost:1/", true),
            ("http://127.0.0.1/", true),
            ("http://127.9.9.9/", true),
            ("http://[::1]:5/", true),
            ("smtp://127.0.0.1:25", true),
            ("smtp://[::1]", true),
            ("http://localhost.example/", false),
            ("http://10.0.0.1/", false),
            ("http://[::2]/", false),
            ("http://0.0.0.0/", false),
        ] {
            assert_eq!(is_loopback(Url::parse(url).unwrap().host()), expected, "{url}");
        }
    }

    #[test]
    fn a_console_url_is_an_address_of_pages() {
        for bad in ["console", "ftp://x.example", "https://x.example/?a=b", "https://x.example/#a"] {
            assert!(console_url(bad).is_err(), "{bad}");
        }
        assert!(console_url("https://x.example/rollcall").is_ok());
    }
}
