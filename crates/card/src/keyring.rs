//! The tag by which a number is found and the seal under which it is kept, both by keys outside of the database.
//!
//! A number has few bits: without a key, anyone with a copy of the database could try them all.

use std::{fmt, sync::Arc};

use chacha20poly1305::{
    Key as AeadKey, KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use rollcall_key::{Keys, SIZE, mac};
use sha2::{Digest as _, Sha256};

/// The bytes of an XChaCha20-Poly1305 nonce (draft-irtf-cfrg-xchacha), which stands in front of what is sealed.
const NONCE: usize = 24;

/// Why something cannot be sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// What is to be opened was sealed by a key that is not there.
    #[error("the key {id} is not in the key file; put it back behind the others")]
    UnknownKey {
        /// The id of the key.
        id: String,
    },
    /// What is to be opened was changed, or belongs elsewhere.
    #[error("what was stored is damaged or belongs elsewhere")]
    Damaged,
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random,
    /// A hash cannot be computed.
    #[error("a hash cannot be computed: {0}")]
    Hash(String),
}

/// Something sealed, and by which key.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The id of the key.
    pub key: String,
    /// Nonce, encrypted number, and authentication tag.
    pub bytes: Vec<u8>,
}

/// The keys of the installation for one purpose each: the first is used for writing, all of them for reading.
#[derive(Clone)]
pub struct Keyring(Arc<Vec<Ring>>);

/// What is derived from one key.
struct Ring {
    id: String,
    tag: [u8; SIZE],
    seal: [u8; SIZE],
    pepper: [u8; SIZE],
    salt: [u8; SIZE],
    station: [u8; SIZE],
}

impl Keyring {
    /// Of the installation's keys.
    pub fn new(keys: &Keys) -> Self {
        let ring = |key: &rollcall_key::Key| Ring {
            id: id(&key.derive("card/id")),
            tag: key.derive("card/tag"),
            seal: key.derive("card/seal"),
            pepper: key.derive("pin/pepper"),
            salt: key.derive("pin/salt"),
            station: key.derive("card/station"),
        };
        Self(Arc::new(keys.all().iter().map(ring).collect()))
    }

    /// The id of the key that is used for writing: 8 hexadecimal digits that tell nothing of it.
    pub fn current(&self) -> &str {
        self.0.first().map_or("", |ring| &ring.id)
    }

    /// The ids of all keys, the current one first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|ring| ring.id.as_str())
    }

    /// The tag of a converted number in an account, by every key, the current one first. 32 bytes each.
    pub fn tags(&self, account: &str, number: &str) -> Vec<[u8; SIZE]> {
        self.0.iter().map(|ring| tag(&ring.tag, account, number)).collect()
    }

    /// Seals a number. `place` says where it is stored: it cannot be opened as any other's.
    ///
    /// # Errors
    /// [`Error::Random`].
    pub fn seal(&self, place: &str, number: &str) -> Result<Sealed, Error> {
        let ring = self.0.first().ok_or(Error::Damaged)?;
        let mut bytes = vec![0; NONCE];
        getrandom::fill(&mut bytes).map_err(|_| Error::Random)?;
        let payload = Payload { msg: number.as_bytes(), aad: place.as_bytes() };
        let sealed =
            ring.cipher().encrypt(XNonce::from_slice(&bytes), payload).map_err(|_| Error::Damaged)?;
        bytes.extend(sealed);
        Ok(Sealed { key: ring.id.clone(), bytes })
    }

    /// Opens what was sealed at this place by the key with this id.
    ///
    /// # Errors
    /// [`Error::UnknownKey`], [`Error::Damaged`].
    pub fn open(&self, place: &str, key: &str, bytes: &[u8]) -> Result<String, Error> {
        let ring = self.ring(key)?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE).ok_or(Error::Damaged)?;
        let payload = Payload { msg: sealed, aad: place.as_bytes() };
        let number = ring.cipher().decrypt(XNonce::from_slice(nonce), payload).map_err(|_| Error::Damaged)?;
        String::from_utf8(number).map_err(|_| Error::Damaged)
    }

    /// The key for the tags in one station's copy of an account, by the current key: a copy never holds the installation's
    /// own, and what one station has is of no use against another.
    pub fn station_key(&self, account: &str, station: &str) -> [u8; SIZE] {
        self.0.first().map_or([0; SIZE], |ring| tag(&ring.station, account, station))
    }

    pub(crate) fn pepper(&self, key: &str) -> Result<&[u8; SIZE], Error> {
        Ok(&self.ring(key)?.pepper)
    }

    /// The salts of an account, with the ids of their keys, the current one first.
    pub(crate) fn salts(&self, account: &str) -> impl Iterator<Item = (&str, [u8; SIZE])> {
        self.0.iter().map(move |ring| (ring.id.as_str(), mac(&ring.salt, &[account.as_bytes()])))
    }

    fn ring(&self, id: &str) -> Result<&Ring, Error> {
        self.0.iter().find(|ring| ring.id == id).ok_or_else(|| Error::UnknownKey { id: id.to_owned() })
    }
}

impl Ring {
    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(AeadKey::from_slice(&self.seal))
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|ring| &ring.id)).finish()
    }
}

/// What a station's copy compares: HMAC-SHA-256 of a converted number by the station's key.
pub fn station_tag(station_key: &[u8; SIZE], number: &str) -> [u8; SIZE] {
    mac(station_key, &[number.as_bytes()])
}

/// HMAC-SHA-256 of two texts, neither of which can be mistaken for a part of the other.
fn tag(key: &[u8; SIZE], account: &str, text: &str) -> [u8; SIZE] {
    mac(key, &[account.as_bytes(), b"\0", text.as_bytes()])
}

fn id(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    Sha256::digest(bytes).iter().take(4).fold(String::new(), |mut id, byte| {
        // Writing to a text does not fail.
        let _ = write!(id, "{byte:02x}");
        id
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn ring() -> Keyring {
        Keyring::new(&Keys::generate().unwrap())
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_alone() {
        let ring = ring();
        let sealed = ring.seal("acme/1", "04A1B2C3").unwrap();
        let again = ring.seal("acme/1", "04A1B2C3").unwrap();
        assert!(sealed.bytes != again.bytes, "a nonce was used twice");
        assert_eq!(ring.open("acme/1", &sealed.key, &sealed.bytes).unwrap(), "04A1B2C3");
        assert_eq!(ring.open("acme/2", &sealed.key, &sealed.bytes), Err(Error::Damaged));
        for at in 0..sealed.bytes.len() {
            let mut bytes = sealed.bytes.clone();
            bytes[at] ^= 1;
            assert_eq!(ring.open("acme/1", &sealed.key, &bytes), Err(Error::Damaged), "byte {at}");
            assert_eq!(ring.open("acme/1", &sealed.key, &sealed.bytes[..at]), Err(Error::Damaged));
        }
        let other = self::ring();
        assert!(matches!(other.open("acme/1", &sealed.key, &sealed.bytes), Err(Error::UnknownKey { .. })));
        assert!(!sealed.bytes.windows(4).any(|window| window == b"04A1"));
    }

    #[test]
    fn tags_differ_by_account_number_key_and_station() {
        let (one, two) = (ring(), ring());
        let tag = |ring: &Keyring, account: &str, number: &str| ring.tags(account, number)[0];
        assert_eq!(tag(&one, "a", "1"), tag(&one, "a", "1"));
        for other in [tag(&one, "b", "1"), tag(&one, "a", "2"), tag(&two, "a", "1"), tag(&one, "a1", "")] {
            assert_ne!(tag(&one, "a", "1"), other);
        }
        let station = |account: &str, name: &str| station_tag(&one.station_key(account, name), "1");
        assert_eq!(station("a", "s"), station("a", "s"));
        for other in [station("b", "s"), station("a", "t"), tag(&one, "a", "1")] {
            assert_ne!(station("a", "s"), other);
        }
    }

    #[test]
    fn after_a_rotation_old_seals_open_and_old_tags_are_known() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("key");
        let before = Keyring::new(&Keys::read_or_make(&path).unwrap());
        let after = Keyring::new(&Keys::rotate(&path).unwrap());
        let sealed = before.seal("p", "7").unwrap();
        assert_eq!(after.open("p", &sealed.key, &sealed.bytes).unwrap(), "7");
        assert_ne!(after.current(), before.current());
        assert_eq!(after.tags("a", "7")[1], before.tags("a", "7")[0]);
        assert_eq!(
            (after.tags("a", "7").len(), after.seal("p", "7").unwrap().key.as_str()),
            (2, after.current())
        );
    }

    #[test]
    fn debug_tells_ids_alone() {
        let ring = ring();
        assert_eq!(format!("{ring:?}"), format!("[{:?}]", ring.current()));
        assert_eq!(ring.current().len(), 8);
    }

    /// Keys that never change.
    pub(crate) fn fixed() -> Keyring {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=").unwrap();
        Keyring::new(&Keys::read(file.path()).unwrap())
    }

    /// Computed elsewhere. If these change, no card that is stored is found any more.
    #[test]
    fn what_is_stored_stays_what_it_is() {
        let ring = fixed();
        let tag = ring.tags("acme", "04A1B2C3")[0];
        let station = station_tag(&ring.station_key("acme", "s1"), "04A1B2C3");
        assert_eq!(ring.current(), "dbf911dc");
        for (bytes, known) in [
            (tag, "Jxt3gXIM4JyN9KBFvz7E7mePNqi2P9Pdz/AeQryg32o="),
            (station, "EFTDii0yKFskSmp1pFWIZDwqgAivyW6qJgU7LdaW0Zc="),
        ] {
            assert_eq!(STANDARD.encode(bytes), known);
        }
    }

    proptest! {
        #[test]
        fn any_number_comes_back(number in any::<String>(), place in any::<String>()) {
            let ring = ring();
            let sealed = ring.seal(&place, &number).unwrap();
            prop_assert_eq!(ring.open(&place, &sealed.key, &sealed.bytes).unwrap(), number);
        }

        #[test]
        fn any_bytes_are_refused(bytes in any::<Vec<u8>>()) {
            let ring = ring();
            prop_assert_eq!(ring.open("p", ring.current(), &bytes), Err(Error::Damaged));
        }
    }
}
