//! Webhooks, signed as Standard Webhooks has it (standardwebhooks.com).

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::{Client, header::CONTENT_TYPE, redirect};
use rollcall_key::{Key, SIZE, mac};
use serde_json::Value;
use url::Url;

use crate::{clock::Millis, config::is_loopback, error::Error};

/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most characters of a URL.
const MAX_URL: usize = 2048;

/// Checks where webhooks are to be posted: what they hold must not be read on the way.
pub(crate) fn check_url(text: &str, field: &'static str) -> Result<Url, Error> {
    if text.len() > MAX_URL {
        return Err(Error::invalid(field, format!("it has more than {MAX_URL} characters")));
    }
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Error::invalid(field, "it has a space or a control character"));
    }
    let url =
        Url::parse(text).map_err(|problem| Error::invalid(field, format!("it is no URL: {problem}")))?;
    match url.scheme() {
        _ if !url.username().is_empty() || url.password().is_some() => {
            Err(Error::invalid(field, "it must not hold a user or a password"))
        }
        "https" => Ok(url),
        "http" if is_loopback(url.host()) => Ok(url),
        _ => Err(Error::invalid(field, "it must be an https URL, or an http URL of this machine")),
    }
}

/// The secret of an account's webhooks, which is not stored: whoever has the key can tell it again.
#[derive(Clone)]
pub(crate) struct Secret([u8; SIZE]);

impl Secret {
    /// The secret of this version: another version, another secret.
    pub(crate) fn of(key: &Key, account: &str, version: i32) -> Self {
        Self(key.derive(&format!("webhook/{account}/{version}")))
    }

    /// As a receiver is told it.
    pub(crate) fn shown(&self) -> String {
        format!("whsec_{}", STANDARD.encode(self.0))
    }

    /// The header `webhook-signature`. `seconds` is the header `webhook-timestamp`.
    fn sign(&self, id: &str, seconds: &str, body: &[u8]) -> String {
        let signature = mac(&self.0, &[id.as_bytes(), b".", seconds.as_bytes(), b".", body]);
        format!("v1,{}", STANDARD.encode(signature))
    }
}

/// Posts webhooks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Webhooks(Arc<OnceLock<Result<Client, String>>>);

impl Webhooks {
    /// Posts `body`. `id` is the same whenever it is sent again.
    ///
    /// # Errors
    /// What went wrong, for an administrator: never what the receiver said, which may be anything.
    pub(crate) async fn post(
        &self,
        url: Url,
        secret: &Secret,
        id: &str,
        now: Millis,
        body: &Value,
    ) -> Result<(), String> {
        let body = body.to_string().into_bytes();
        let seconds = now.div_euclid(1000).to_string();
        let answer = self
            .client()?
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-signature", secret.sign(id, &seconds, &body))
            .header("webhook-timestamp", seconds)
            .body(body)
            .send()
            .await
            .map_err(|error| reason(&error))?;
        let status = answer.status();
        if status.is_success() {
            Ok(())
        } else if status.is_redirection() {
            Err(format!(
                "the receiver answered {status}: redirects are not followed, set the URL that they lead to"
            ))
        } else {
            Err(format!("the receiver answered {status}"))
        }
    }

    /// The client, made when the first webhook is sent: it reads the certificates that the system trusts.
    fn client(&self) -> Result<&Client, String> {
        let made = self.0.get_or_init(|| {
            Client::builder()
                .redirect(redirect::Policy::none())
                .timeout(PATIENCE)
                .user_agent(concat!("rollcall/", env!("CARGO_PKG_VERSION")))
                .build()
                .map_err(|error| error.to_string())
        });
        made.as_ref().map_err(Clone::clone)
    }
}

/// The failure in words, with its innermost cause: the outer ones only say that sending failed.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("the receiver did not answer within {} s", PATIENCE.as_secs());
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    format!("the receiver cannot be reached: {cause}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for good in [
            "https://hooks.example.com/rollcall?team=print",
            "https://10.0.0.1:8443/",
            "http://localhost:9000/hook",
            "http://127.0.0.1/hook",
            "http://[::1]:9000/",
        ] {
            assert!(check_url(good, "url").is_ok(), "{good}");
        }
        let long = format!("https://x.example/{}", "a".repeat(MAX_URL));
        for bad in [
            "",
            "hooks.example.com",
            "http://hooks.example.com/",
            "http://localhost.example/",
            "ftp://localhost/",
            "file:///etc/passwd",
            "https://user:secret@hooks.example.com/",
            "https://user@hooks.example.com/",
            "https://x.example/ a",
            "https://x.example/\n",
            "https://",
            &long,
        ] {
            assert!(check_url(bad, "url").is_err(), "{bad}");
        }
    }

    /// The example of the specification's reference libraries.
    #[test]
    fn the_signature_is_that_of_standard_webhooks() {
        let bytes = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = mac(&bytes, &[b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}"]);
        assert_eq!(STANDARD.encode(signature), "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn each_account_and_version_has_its_secret() {
        let key = Key::generate().unwrap();
        let secret = |account, version| Secret::of(&key, account, version).shown();
        assert_eq!(secret("a", 1), secret("a", 1));
        assert_ne!(secret("a", 1), secret("a", 2));
        assert_ne!(secret("a", 1), secret("b", 1));
        let bytes = STANDARD.decode(secret("a", 1).strip_prefix("whsec_").unwrap()).unwrap();
        assert_eq!(bytes.len(), SIZE);
    }
}
