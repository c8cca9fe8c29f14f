//! What a token looks like, and what is kept of it.
//!
//! `rollcall_scim_` + 30 random base62 characters (178 bits) + 6 base62 characters of checksum, 50 in all. The prefix and
//! the checksum let a secret scanner tell a leaked token from any other text without asking anybody: the checksum is
//! the CRC-32 (IEEE) of the 44 characters before it, most significant digit first, digits `0-9A-Za-z`.
//!
//! Only the SHA-256 of a token is stored. A slow hash would gain nothing: 178 random bits cannot be guessed.

use std::fmt;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// What every token begins with.
pub const PREFIX: &str = "rollcall_scim_";

const RANDOM: usize = 30;
const CHECKSUM: usize = 6;
/// How many of the random characters are shown, to tell tokens apart: 155 bits stay secret.
const SHOWN: usize = 4;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A token as the identity provider holds it. It is never stored, and never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct PlainSecret(String);

/// The SHA-256 of a token: what the database holds.
#[derive(Clone, Copy)]
pub struct HashedSecret([u8; 32]);

/// The text cannot be a token: its shape or its checksum is wrong.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a token")]
pub struct Malformed;

impl PlainSecret {
    /// A new token out of the system's random numbers.
    ///
    /// # Errors
    /// When the system has none to give.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut text = String::with_capacity(PREFIX.len() + RANDOM + CHECKSUM);
        text.push_str(PREFIX);
        let mut bytes = [0; 64];
        while text.len() < PREFIX.len() + RANDOM {
            getrandom::fill(&mut bytes)?;
            // 248 is the largest multiple of 62 in a byte: what is above it is thrown away, or the first digits of the
            // alphabet would come more often than the others.
            let even = bytes.iter().filter(|byte| **byte < 248);
            let missing = PREFIX.len() + RANDOM - text.len();
            text.extend(even.take(missing).map(|byte| digit(u32::from(*byte))));
        }
        let checksum = checksum(&text);
        text.extend(checksum);
        Ok(Self(text))
    }

    /// Reads a token, refusing whatever has not its exact shape and checksum.
    ///
    /// # Errors
    /// [`Malformed`], whatever is wrong.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let digits = text.strip_prefix(PREFIX).ok_or(Malformed)?;
        if digits.len() != RANDOM + CHECKSUM || !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(Malformed);
        }
        let (body, sum) = text.split_at_checked(PREFIX.len() + RANDOM).ok_or(Malformed)?;
        if sum.chars().eq(checksum(body)) { Ok(Self(text.to_owned())) } else { Err(Malformed) }
    }

    /// What is stored of it.
    pub fn hash(&self) -> HashedSecret {
        HashedSecret(Sha256::digest(self.0.as_bytes()).into())
    }

    /// Its first characters, to tell tokens apart.
    pub fn shown(&self) -> &str {
        self.0.get(..PREFIX.len() + SHOWN).unwrap_or(PREFIX)
    }

    /// The token itself: for the one answer that hands it over.
    pub fn into_exposed(self) -> String {
        self.0
    }
}

impl HashedSecret {
    /// The bytes, for the look-up.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether `stored` is this hash, in a time that does not depend on where they differ.
    pub fn matches(&self, stored: &[u8]) -> bool {
        self.0.ct_eq(stored).into()
    }
}

impl fmt::Debug for PlainSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainSecret(***)")
    }
}

impl fmt::Debug for HashedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashedSecret(***)")
    }
}

fn digit(number: u32) -> char {
    let index = usize::try_from(number % 62).unwrap_or_default();
    char::from(DIGITS.get(index).copied().unwrap_or(b'0'))
}

fn checksum(body: &str) -> [char; CHECKSUM] {
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut digits = ['0'; CHECKSUM];
    for place in digits.iter_mut().rev() {
        *place = digit(rest);
        rest /= 62;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Worked out by other means (Python's `zlib.crc32`).
    const KNOWN: &str = "rollcall_scim_00000000000000000000000000000043LdVc";

    #[test]
    fn a_known_token() {
        assert!(PlainSecret::parse(KNOWN).is_ok());
    }

    #[test]
    fn generated_tokens_are_read_back_and_differ() {
        let one = PlainSecret::generate().unwrap();
        let two = PlainSecret::generate().unwrap();
        assert_ne!(one, two);
        assert_eq!(PlainSecret::parse(&one.0), Ok(one.clone()));
        assert_eq!(one.0.len(), 50);
        assert!(one.hash().matches(one.hash().as_bytes()));
        assert!(!one.hash().matches(two.hash().as_bytes()));
        assert!(!one.hash().matches(b"short"));
        assert!(one.0.starts_with(one.shown()) && one.shown().len() == 18);
    }

    #[test]
    fn every_digit_comes_about_equally_often() {
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..2_000 {
            for c in PlainSecret::generate().unwrap().0[PREFIX.len()..PREFIX.len() + RANDOM].chars() {
                *counts.entry(c).or_insert(0_u32) += 1;
            }
        }
        // 60,000 characters: 968 of each expected, with a deviation of 31.
        assert_eq!(counts.len(), 62);
        assert!(counts.values().all(|count| (700..1_250).contains(count)), "{counts:?}");
    }

    #[test]
    fn nothing_is_shown_by_debug() {
        let secret = PlainSecret::generate().unwrap();
        assert_eq!(format!("{secret:?} {:?}", secret.hash()), "PlainSecret(***) HashedSecret(***)");
    }

    #[test]
    fn one_wrong_character_anywhere_is_refused() {
        let good = PlainSecret::generate().unwrap().0;
        for at in 0..good.len() {
            let mut missing = good.clone();
            missing.remove(at);
            let mut doubled = good.clone();
            doubled.insert(at, good.as_bytes()[at].into());
            let mut changed = good.clone();
            changed.replace_range(at..=at, if &good[at..=at] == "a" { "b" } else { "a" });
            for bad in [missing, doubled, changed, good[..at].to_owned()] {
                assert_eq!(PlainSecret::parse(&bad), Err(Malformed), "{bad}");
            }
        }
        for bad in [format!(" {good}"), format!("{good} "), format!("{good}\0"), good.to_uppercase()] {
            assert_eq!(PlainSecret::parse(&bad), Err(Malformed), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,80}", tail in ".{0,40}") {
            let _ = PlainSecret::parse(&text);
            let _ = PlainSecret::parse(&format!("{PREFIX}{tail}"));
        }
    }
}
