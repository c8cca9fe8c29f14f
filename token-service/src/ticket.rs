//! The secret of a session or an invitation: 32 random bytes in Base64 for addresses (RFC 4648 section 5), 43 characters.
//!
//! As with tokens, only its SHA-256 is stored.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use sha2::{Digest as _, Sha256};

const BYTES: usize = 32;

/// A secret as its holder has it. It is never stored, and never shown by `Debug`.
pub(crate) struct Ticket(String);

impl Ticket {
    /// A new one out of the system's random numbers.
    pub(crate) fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(BASE64.encode(bytes)))
    }

    /// Reads one; `None` for what has not its shape.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64.decode(text).ok().filter(|bytes| bytes.len() == BYTES)?;
        Some(Self(BASE64.encode(bytes)))
    }

    /// What is stored of it, and looked for. An index finds it: with 256 random bits, what the time of a look-up tells
    /// of a hash tells nothing of any secret.
    pub(crate) fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.0.as_bytes()).to_vec()
    }

    /// The secret itself: for the one answer that hands it over.
    pub(crate) fn into_exposed(self) -> String {
        self.0
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickets() {
        let ticket = Ticket::generate().unwrap();
        assert_eq!(format!("{ticket:?}"), "Ticket(***)");
        let hash = ticket.hash();
        let text = ticket.into_exposed();
        assert_eq!(text.len(), 43);
        assert_eq!(Ticket::parse(&text).unwrap().hash(), hash);
        for bad in ["", "x", &text[1..], &format!("{text}="), &format!("{text}AAAA"), "ä".repeat(43).as_str()]
        {
            assert!(Ticket::parse(bad).is_none(), "{bad}");
        }
    }
}
