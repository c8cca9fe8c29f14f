//! E-mail over SMTP.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    address::Envelope,
    message::{Mailbox, MessageBuilder, header::ContentType},
    transport::smtp::authentication::Credentials,
};
use percent_encoding::percent_decode_str;
use url::Url;

use crate::{clock::Millis, config::is_loopback, notice_text::Text};

/// How long a mail server may take with one message, from connecting to accepting it.
const PATIENCE: Duration = Duration::from_mins(1);

/// The URL of a mail server, as it was given: it may hold a password, and is shown in no error.
#[derive(Clone)]
pub struct SmtpUrl(String);

/// Why no e-mail can be sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// Not a URL of a mail server.
    #[error(
        "the URL of the mail server is wrong: {0}; it looks like smtps://user@host, smtp://user@host?tls=required or \
         smtp://localhost"
    )]
    Url(String),
    /// The password cannot be read.
    #[error("cannot read the password of the mail server from {}: {source}", .path.display())]
    Password {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A password without a user.
    #[error("there is a password for the mail server but no user; the URL looks like smtps://user@host")]
    User,
    /// The connection cannot be set up.
    #[error("cannot set up the connection to the mail server: {0}")]
    Setup(#[source] lettre::transport::smtp::Error),
}

impl From<&str> for SmtpUrl {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl SmtpUrl {
    /// The URL, if nobody can read what is sent: by TLS, or because the server is on this machine.
    fn check(&self) -> Result<Url, MailError> {
        let url = Url::parse(&self.0).map_err(|problem| MailError::Url(problem.to_string()))?;
        let wrong = |problem: &str| Err(MailError::Url(problem.to_owned()));
        match (url.scheme(), url.query()) {
            _ if !url.has_host() => wrong("it names no host"),
            ("smtps", None) | ("smtp", Some("tls=required")) => Ok(url),
            ("smtp", None) if is_loopback(url.host()) => Ok(url),
            ("smtp", None) => wrong("without TLS the mail server must be on this machine"),
            _ => wrong("its scheme or its query is not one that is known"),
        }
    }
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmtpUrl(..)")
    }
}

/// Sends e-mail by one mail server.
#[derive(Clone)]
pub struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mail {
    /// E-mail from `from` by the server at `url`, whose password may be in a file.
    ///
    /// # Errors
    /// [`MailError`].
    pub fn new(url: &SmtpUrl, from: Mailbox, password: Option<&Path>) -> Result<Self, MailError> {
        let url = url.check()?;
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.as_str())
            .map_err(MailError::Setup)?
            .timeout(Some(PATIENCE));
        if let Some(path) = password {
            let text = fs::read_to_string(path)
                .map_err(|source| MailError::Password { path: path.to_owned(), source })?;
            let user = percent_decode_str(url.username()).decode_utf8_lossy().into_owned();
            if user.is_empty() {
                return Err(MailError::User);
            }
            transport =
                transport.credentials(Credentials::new(user, text.trim_end_matches(['\r', '\n']).to_owned()));
        }
        Ok(Self { transport: transport.build(), from })
    }

    /// Sends a text to all addresses in one message. `id` is its Message-ID without the domain.
    ///
    /// A server that refuses one address of several refuses the message; then each address gets it by itself, so that
    /// somebody who has left does not keep the others from being told. `Ok` has what to say about those.
    pub(crate) async fn send(
        &self,
        id: &str,
        now: Millis,
        to: &[Address],
        text: Text,
    ) -> Result<String, String> {
        let message = self.message(id, now, to, text).map_err(|error| error.to_string())?;
        let raw = message.formatted();
        let error = match self.deliver(to, &raw).await {
            Ok(()) => return Ok(String::new()),
            Err(Refusal { permanent: true, text }) if to.len() > 1 => text,
            Err(refusal) => return Err(refusal.text),
        };
        let mut refused = Vec::new();
        for address in to {
            if let Err(refusal) = self.deliver(std::slice::from_ref(address), &raw).await {
                refused.push(format!("{address}: {}", refusal.text));
            }
        }
        if refused.len() == to.len() { Err(error) } else { Ok(refused.join("; ")) }
    }

    fn message(
        &self,
        id: &str,
        now: Millis,
        to: &[Address],
        text: Text,
    ) -> Result<Message, lettre::error::Error> {
        let date = u64::try_from(now).map(Duration::from_millis).unwrap_or_default();
        let addressed: MessageBuilder = to
            .iter()
            .fold(Message::builder(), |message, address| message.to(Mailbox::new(None, address.clone())));
        addressed
            .from(self.from.clone())
            .date(SystemTime::UNIX_EPOCH + date)
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .subject(text.subject)
            // RFC 3834: nobody's out-of-office note should answer.
            .raw_header(auto_submitted())
            .header(ContentType::TEXT_PLAIN)
            .body(text.body)
    }

    async fn deliver(&self, to: &[Address], raw: &[u8]) -> Result<(), Refusal> {
        let envelope = Envelope::new(Some(self.from.email.clone()), to.to_vec())
            .map_err(|error| Refusal { permanent: true, text: error.to_string() })?;
        match tokio::time::timeout(PATIENCE, self.transport.send_raw(&envelope, raw)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(Refusal { permanent: error.is_permanent(), text: error.to_string() }),
            Err(_) => Err(Refusal {
                permanent: false,
                text: format!("the mail server did not take the message within {} s", PATIENCE.as_secs()),
            }),
        }
    }
}

/// Why a message was not taken.
struct Refusal {
    /// Whether the server says that trying again is of no use.
    permanent: bool,
    text: String,
}

fn auto_submitted() -> lettre::message::header::HeaderValue {
    use lettre::message::header::{HeaderName, HeaderValue};
    HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned())
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("from", &self.from).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_in_the_clear_stays_on_this_machine() {
        for good in [
            "smtp://localhost:2525",
            "smtp://127.0.0.1",
            "smtp://[::1]:25",
            "smtps://user:secret@mail.example.com",
            "smtp://user@mail.example.com:587?tls=required",
        ] {
            assert!(SmtpUrl::from(good).check().is_ok(), "{good}");
        }
        for bad in [
            "",
            "mail.example.com",
            "smtp://mail.example.com",
            "smtp://mail.example.com?tls=opportunistic",
            "smtp://localhost?tls=opportunistic",
            "smtps://mail.example.com?tls=none",
            "https://mail.example.com",
            "smtp:",
        ] {
            let error = SmtpUrl::from(bad).check().unwrap_err().to_string();
            assert!(error.ends_with("or smtp://localhost"), "{error}");
        }
    }

    #[test]
    fn no_password_is_shown() {
        let from: Mailbox = "a@b.example".parse().unwrap();
        let url = SmtpUrl::from("smtps://user:hidden@mail.example.com");
        let mail = Mail::new(&url, from.clone(), None).unwrap();
        let error = Mail::new(&"smtp://user:hidden@mail.example.com".into(), from, None).unwrap_err();
        assert!(!format!("{mail:?} {url:?} {error} {error:?}").contains("hidden"));
    }

    #[test]
    fn the_password_may_be_in_a_file() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("password");
        fs::write(&path, "p@ss w/rd\n").unwrap();
        let new = |url: &str, path: &Path| Mail::new(&url.into(), "a@b.example".parse().unwrap(), Some(path));
        assert!(new("smtps://user@mail.example.com", &path).is_ok());
        assert!(matches!(new("smtps://mail.example.com", &path), Err(MailError::User)));
        let absent = home.path().join("absent");
        assert!(matches!(new("smtps://user@mail.example.com", &absent), Err(MailError::Password { .. })));
    }
}
