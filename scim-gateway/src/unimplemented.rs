//! Parts of SCIM that are not offered, each with what to use instead.

use crate::error::Error;

/// `/Me` (RFC 7644 section 3.11): a token stands for an identity provider, which is nobody's self.
pub(crate) async fn me() -> Error {
    Error::NotImplemented("/Me is not offered: a token belongs to an account, not to a user; use /Users/{id}")
}

/// `/Bulk` (RFC 7644 section 3.7).
pub(crate) async fn bulk() -> Error {
    Error::NotImplemented("bulk requests are not offered; send the operations one by one")
}

/// `/.search` (RFC 7644 section 3.4.3).
pub(crate) async fn search() -> Error {
    Error::NotImplemented("searching by POST is not offered; use GET with the same parameters in the query")
}
