//! `/Me` (RFC 7644 section 3.11), which is not offered.

use crate::error::Error;

/// A token stands for the connection to an identity provider, which is nobody's self.
pub(crate) async fn me() -> Error {
    Error::NotImplemented("/Me is not offered: a token belongs to an account, not to a user; use /Users/{id}")
}
