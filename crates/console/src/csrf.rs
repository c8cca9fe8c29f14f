//! Forms that only our own pages can send.
//!
//! Every form that changes something carries a value that is derived from the secret of the session: another site can
//! make a browser send the cookie, but cannot know the value. Beside that, a browser that says where a request comes
//! from (`Sec-Fetch-Site`, `Origin`) must say that it is from here.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _};
use http::{HeaderMap, header};
use maud::{Markup, html};
use serde::{Deserialize, de::DeserializeOwned};
use sha2::Sha256;

use crate::{cookie_jar, error::Error};

/// The value that the forms of a session carry.
#[derive(Clone, Debug)]
pub(crate) struct Csrf(String);

impl Csrf {
    /// The value of the session that has this secret.
    pub(crate) fn of(secret: &str) -> Self {
        let value = mac(secret).map(|mac| BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
        Self(value.unwrap_or_default())
    }

    /// The hidden field of a form.
    pub(crate) fn field(&self) -> Markup {
        html! { input type="hidden" name="csrf" value=(self.0); }
    }
}

/// HMAC takes keys of any length, so there always is one; if there were none, no form would be taken.
fn mac(secret: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(b"rollcall console form");
    Some(mac)
}

/// Compares in a time that does not depend on where they differ.
fn is_of(secret: &str, value: &str) -> bool {
    let value = BASE64_URL_SAFE_NO_PAD.decode(value).ok();
    mac(secret).zip(value).is_some_and(|(mac, value)| mac.verify_slice(&value).is_ok())
}

/// The fields of a form that one of our own pages has sent.
#[derive(Debug)]
pub(crate) struct Checked<T>(pub(crate) T);

/// A form without a field of its own.
#[derive(Debug, Deserialize)]
pub(crate) struct Nothing {}

#[derive(Deserialize)]
struct Field {
    #[serde(default)]
    csrf: String,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Checked<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let secret = cookie_jar::get(request.headers(), cookie_jar::SESSION).ok_or(Error::Csrf)?;
        if !is_from_here(request.headers()) {
            return Err(Error::Csrf);
        }
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|_| Error::BadInput("The form is too large, or did not arrive whole.".to_owned()))?;
        let field: Field = serde_urlencoded::from_bytes(&body).map_err(|_| Error::Csrf)?;
        if !is_of(&secret, &field.csrf) {
            return Err(Error::Csrf);
        }
        let fields = serde_urlencoded::from_bytes(&body)
            .map_err(|error| Error::BadInput(format!("The form is not complete: {error}.")))?;
        Ok(Self(fields))
    }
}

/// Refuses a form that is taken apart elsewhere, by its field `csrf`.
pub(crate) fn check(headers: &HeaderMap, value: &str) -> Result<(), Error> {
    let secret = cookie_jar::get(headers, cookie_jar::SESSION).ok_or(Error::Csrf)?;
    if is_from_here(headers) && is_of(&secret, value) { Ok(()) } else { Err(Error::Csrf) }
}

/// Whether the browser says, if it says anything, that the request comes from a page of this host.
pub(crate) fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    match (text("sec-fetch-site"), text("origin")) {
        (Some("same-origin" | "none"), _) | (None, None) => true,
        (Some(_), _) => false,
        (None, Some(origin)) => {
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
            origin.split_once("://").is_some_and(|(_, from)| Some(from) == host)
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::HeaderValue;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Name {
        name: String,
    }

    async fn send(
        cookie: &str,
        body: String,
        headers: &[(&'static str, &'static str)],
    ) -> Result<Name, Error> {
        let mut request = http::Request::post("/").header("cookie", format!("__Host-rollcall={cookie}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let checked = Checked::from_request(request.body(Body::from(body)).unwrap(), &()).await;
        checked.map(|Checked(name)| name)
    }

    #[tokio::test]
    async fn a_form_needs_the_value_of_its_own_session() {
        let body = |secret: &str| format!("csrf={}&name=a+b", Csrf::of(secret).0);
        assert_eq!(send("s", body("s"), &[]).await.unwrap().name, "a b");
        assert_eq!(send("s", body("s"), &[("sec-fetch-site", "same-origin")]).await.unwrap().name, "a b");
        for (cookie, body, headers) in [
            ("s", body("t"), &[][..]),
            ("s", "name=a".to_owned(), &[]),
            ("s", "csrf=&name=a".to_owned(), &[]),
            ("s", format!("csrf={}", "A".repeat(43)), &[]),
            ("s", body("s"), &[("sec-fetch-site", "cross-site")]),
            ("s", body("s"), &[("sec-fetch-site", "same-site")]),
            ("s", body("s"), &[("origin", "https://evil.example")]),
            ("s", body("s"), &[("origin", "null")]),
            ("s; __Host-rollcall=t", body("s"), &[]),
        ] {
            assert!(matches!(send(cookie, body, headers).await, Err(Error::Csrf)), "{headers:?}");
        }
        assert!(matches!(send("s", body("s").replace("name", "nom"), &[]).await, Err(Error::BadInput(_))));
    }

    #[test]
    fn an_origin_is_this_host_or_refused() {
        let here = |origin: &'static str| {
            is_from_here(&HeaderMap::from_iter([
                (header::HOST, HeaderValue::from_static("r.example:8443")),
                (header::ORIGIN, HeaderValue::from_static(origin)),
            ]))
        };
        assert!(here("https://r.example:8443"));
        for other in ["https://r.example", "https://x.r.example:8443", "r.example:8443", "null"] {
            assert!(!here(other), "{other}");
        }
    }
}
