//! One key, and what is derived from it.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::KeyError;

/// The size of a key, and of everything derived from it, in bytes.
pub const SIZE: usize = 32;

/// A key of the installation.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; SIZE]);

impl Key {
    /// A new key.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn generate() -> Result<Self, KeyError> {
        let mut bytes = [0; SIZE];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Of a line of a key file; `None` for anything but 32 bytes in Base64.
    pub(crate) fn parse(line: &[u8]) -> Option<Self> {
        STANDARD.decode(line.trim_ascii()).ok()?.try_into().ok().map(Self)
    }

    /// As a line of a key file.
    pub(crate) fn line(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// A key for one purpose; keys for different purposes tell nothing of each other.
    pub fn derive(&self, purpose: &str) -> [u8; SIZE] {
        mac(&self.0, &[purpose.as_bytes()])
    }
}

/// HMAC-SHA-256 (RFC 2104) of the parts, one after another.
pub fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; SIZE] {
    // HMAC takes keys of every length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; SIZE] };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_keys_differ_and_stay() {
        let key = Key([1; SIZE]);
        assert_eq!(key.derive("a"), key.derive("a"));
        assert_ne!(key.derive("a"), key.derive("b"));
        assert_ne!(key.derive("a"), Key([2; SIZE]).derive("a"));
        assert_eq!(format!("{key:?}"), "Key(..)");
    }

    /// RFC 4231, test case 2.
    #[test]
    fn the_mac_is_that_of_the_rfc() {
        let expected = "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=";
        assert_eq!(STANDARD.encode(mac(b"Jefe", &[b"what do ya want ", b"for nothing?"])), expected);
    }
}
