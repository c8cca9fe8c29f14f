//! The account and the id in a request's address.

use std::{fmt, sync::Arc};

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;

use crate::error::Error;

/// The id of an account. [`auth`](crate::auth) puts it on a request that may come in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Account(Arc<str>);

impl Account {
    /// An account id: 1 to 63 of `a-z`, `0-9` and `-`, a letter first and no hyphen last.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let well_formed = text.len() <= 63
            && text.bytes().all(inner)
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && !text.ends_with('-');
        well_formed.then(|| Self(text.into()))
    }

    /// The account of a path `/{account}/scim/v2` and of all below.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        let (account, rest) = path.strip_prefix('/')?.split_once('/')?;
        let below = rest.strip_prefix("scim/v2")?;
        (below.is_empty() || below.starts_with('/')).then(|| Self::parse(account)).flatten()
    }

    /// The resource name, `accounts/{account}`.
    pub(crate) fn name(&self) -> String {
        format!("accounts/{self}")
    }

    /// The resource name of a user.
    pub(crate) fn user(&self, id: &Id) -> String {
        format!("accounts/{self}/users/{}", id.0)
    }

    /// The resource name of a group.
    pub(crate) fn group(&self, id: &Id) -> String {
        format!("accounts/{self}/groups/{}", id.0)
    }
}

impl fmt::Display for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The id of a resource, in the shape of every id that the service gives out.
#[derive(Clone, Debug)]
pub(crate) struct Id(String);

impl Id {
    /// A UUID in its canonical form, lower case: ids are compared letter by letter (RFC 7643 section 3.1), so that no
    /// other spelling can be one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let well_formed = text.len() == 36
            && text.bytes().enumerate().all(|(index, byte)| match index {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            });
        well_formed.then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        parameter(parts, state, "id").await.as_deref().and_then(Self::parse).ok_or(Error::NotFound)
    }
}

/// The key of a discovery resource: the URN of a schema or the name of a resource type.
#[derive(Debug)]
pub(crate) struct Key(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        parameter(parts, state, "key").await.map(Self).ok_or(Error::NotFound)
    }
}

/// The percent-decoded part of the path that the route names so; none if it is not UTF-8.
async fn parameter<S: Send + Sync>(parts: &mut Parts, state: &S, name: &str) -> Option<String> {
    let parameters = RawPathParams::from_request_parts(parts, state).await.ok()?;
    parameters.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_read_from_the_path() {
        let longest = "a".repeat(63);
        for (path, account) in [
            ("/acme/scim/v2", Some("acme")),
            ("/acme/scim/v2/Users", Some("acme")),
            ("/a/scim/v2/", Some("a")),
            ("/a-1/scim/v2/Users/x/y", Some("a-1")),
            (&format!("/{longest}/scim/v2"), Some(longest.as_str())),
            (&format!("/a{longest}/scim/v2"), None),
            ("/acme/scim/v22/Users", None),
            ("/acme/scim/v1/Users", None),
            ("/acme/scim", None),
            ("/scim/v2/Users", None),
            ("//scim/v2", None),
            ("/", None),
            ("", None),
            ("/Acme/scim/v2", None),
            ("/1acme/scim/v2", None),
            ("/acme-/scim/v2", None),
            ("/-/scim/v2", None),
            ("/ac_me/scim/v2", None),
            ("/%61cme/scim/v2", None),
            ("/äcme/scim/v2", None),
        ] {
            assert_eq!(Account::of_path(path).map(|a| a.to_string()).as_deref(), account, "{path}");
        }
    }

    #[test]
    fn only_a_canonical_uuid_is_an_id() {
        assert!(Id::parse("0195a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b").is_some());
        for text in [
            "",
            "1",
            "0195A1B2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
            "0195a1b2c3d47e5f8a9b0c1d2e3f4a5b",
            "0195a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5",
            "0195a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5g",
            "0195a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b/",
        ] {
            assert!(Id::parse(text).is_none(), "{text}");
        }
    }
}
