//! What stands behind the question mark of an address.

use axum::extract::{FromRequestParts, Query};
use http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;

use crate::error::Error;

/// The query of an address; what cannot be read is refused in words.
#[derive(Debug)]
pub(crate) struct Asked<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let Query(asked) = Query::<T>::from_request_parts(parts, state).await.map_err(|_| {
            Error::BadInput(
                "The address cannot be read: something behind its question mark is wrong.".to_owned(),
            )
        })?;
        Ok(Self(asked))
    }
}

/// Left as they are in a query: letters, digits, and what RFC 3986 section 2.3 calls unreserved.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A name as a part of a path.
pub(crate) fn segment(name: &str) -> String {
    utf8_percent_encode(name, ESCAPED).to_string()
}

/// An address with those parameters that have a value.
pub(crate) fn address(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut address = path.to_owned();
    let mut glue = '?';
    for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
        address.push(glue);
        address.push_str(name);
        address.push('=');
        address.extend(utf8_percent_encode(value, ESCAPED));
        glue = '&';
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(address("/x", &[]), "/x");
        assert_eq!(
            address("/x", &[("q", ""), ("page", "a=b&c"), ("z", "ä ~")]),
            "/x?page=a%3Db%26c&z=%C3%A4%20~"
        );
    }
}
