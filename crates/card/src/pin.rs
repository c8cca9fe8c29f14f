//! PINs and passcodes: which are refused, and how one is hashed.
//!
//! argon2id (RFC 9106) with the parameters that OWASP's Password Storage Cheat Sheet names first, and a pepper from the key
//! file: of four digits, ten thousand tries would do for whoever had the hash alone.

use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use subtle::ConstantTimeEq as _;

use crate::keyring::{Error, Keyring};

/// Memory in KiB, passes, and lanes.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
/// The bytes of a hash and of a random salt.
const HASH: usize = 32;
const SALT: usize = 16;
/// PINs that many people choose, beside those that the rules find (the lists of DataGenetics and of Markert et al., 2020).
const COMMON: [&str; 24] = [
    "1004", "1010", "1122", "1313", "2001", "2468", "2580", "0852", "1342", "1478", "1590", "3579", "4200",
    "5150", "6969", "7410", "8520", "9630", "112233", "121314", "123654", "147258", "159753", "789456",
];

/// What a PIN must be.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// The fewest digits. 4 is the fewest that count: less is taken for 4.
    pub min_length: usize,
    /// The most digits.
    pub max_length: usize,
    /// Whether PINs that are easy to guess are refused.
    pub refuse_trivial: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { min_length: 4, max_length: 16, refuse_trivial: true }
    }
}

/// Which rule a PIN breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Something else than the digits 0 to 9.
    #[error("must have digits only")]
    NotDigits,
    /// Too short or too long.
    #[error("must have {min} to {max} digits")]
    Length {
        /// The fewest.
        min: usize,
        /// The most.
        max: usize,
    },
    /// One digit again and again, a row, a pattern, a year, or one that many people choose.
    #[error("is too easy to guess: no rows, repetitions, years or patterns of keys")]
    Trivial,
    /// A part of what the person is known by.
    #[error("must not be part of the person's name or numbers")]
    Known,
}

/// Refuses a PIN that breaks the rules. `known` is what the person is known by: names, card numbers.
pub fn check(pin: &str, rules: &Rules, known: &[&str]) -> Result<(), Problem> {
    let Rules { min_length, max_length, refuse_trivial } = *rules;
    let min = min_length.clamp(4, max_length.max(4));
    let digits: Option<Vec<u8>> =
        pin.bytes().map(|byte| byte.is_ascii_digit().then_some(byte.wrapping_sub(b'0'))).collect();
    let digits = digits.ok_or(Problem::NotDigits)?;
    if !(min..=max_length).contains(&digits.len()) {
        return Err(Problem::Length { min, max: max_length });
    }
    if refuse_trivial && is_trivial(pin, &digits) {
        return Err(Problem::Trivial);
    }
    // `0412-3456` is known by `041234` too.
    let plain = |known: &str| known.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    if known.iter().any(|known| known.contains(pin) || plain(known).contains(pin)) {
        return Err(Problem::Known);
    }
    Ok(())
}

fn is_trivial(pin: &str, digits: &[u8]) -> bool {
    let steps: Vec<u8> =
        digits.iter().zip(digits.iter().skip(1)).map(|(one, next)| (next + 10 - one) % 10).collect();
    // 0 is one digit again and again, 1 and 9 a row up or down, also around 0.
    let row = steps
        .first()
        .is_some_and(|first| matches!(first, 0 | 1 | 9) && steps.iter().all(|step| step == first));
    // 1212, 123123: a shorter one again and again.
    let repeated = (1..=digits.len() / 2).any(|length| {
        digits.len().is_multiple_of(length)
            && digits.chunks(length).all(|chunk| Some(chunk) == digits.get(..length))
    });
    let mirrored = digits.len() == 4 && digits.iter().eq(digits.iter().rev());
    let year = digits.len() == 4 && (pin.starts_with("19") || pin.starts_with("20"));
    row || repeated || mirrored || year || COMMON.contains(&pin)
}

/// A hashed secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Hash {
    /// The id of the key whose pepper is in it.
    pub key: String,
    /// The salt.
    pub salt: Vec<u8>,
    /// The hash, 32 bytes.
    pub hash: Vec<u8>,
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hash(..)")
    }
}

/// Hashes a secret with a random salt. Takes some ten milliseconds and 19 MiB.
///
/// # Errors
/// [`Error`].
pub fn hash(ring: &Keyring, secret: &str) -> Result<Hash, Error> {
    let mut salt = vec![0; SALT];
    getrandom::fill(&mut salt).map_err(|_| Error::Random)?;
    with(ring, ring.current(), &salt, secret)
}

/// Hashes a PIN that says by itself whose it is: the salt is the account's, so that equal PINs have equal hashes and an
/// index finds them. One hash for each key, the current one first.
///
/// # Errors
/// [`Error`].
pub fn hash_alone(ring: &Keyring, account: &str, pin: &str) -> Result<Vec<Hash>, Error> {
    ring.salts(account).map(|(key, salt)| with(ring, key, salt.get(..SALT).unwrap_or(&salt), pin)).collect()
}

/// Whether a secret is the one that was hashed. Takes as long as hashing it.
///
/// # Errors
/// [`Error::UnknownKey`] when the pepper is not there any more.
pub fn verify(ring: &Keyring, hash: &Hash, secret: &str) -> Result<bool, Error> {
    let tried = with(ring, &hash.key, &hash.salt, secret)?;
    Ok(tried.hash.ct_eq(&hash.hash).into())
}

fn with(ring: &Keyring, key: &str, salt: &[u8], secret: &str) -> Result<Hash, Error> {
    let failed = |problem: argon2::Error| Error::Hash(problem.to_string());
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, Some(HASH)).map_err(failed)?;
    let argon2 = Argon2::new_with_secret(ring.pepper(key)?, Algorithm::Argon2id, Version::V0x13, params)
        .map_err(failed)?;
    let mut hash = vec![0; HASH];
    argon2.hash_password_into(secret.as_bytes(), salt, &mut hash).map_err(failed)?;
    Ok(Hash { key: key.to_owned(), salt: salt.to_vec(), hash })
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    use super::*;
    use crate::keyring::tests::{fixed, ring};

    #[test]
    fn rules() {
        let check = |pin: &str| super::check(pin, &Rules::default(), &["anna7315", "48210", "06:39:27"]);
        for pin in ["7392", "83461", "0417263", "1827364554637281"] {
            assert_eq!(check(pin), Ok(()), "{pin}");
        }
        for pin in ["", "1", "739", "18273645546372819"] {
            assert_eq!(check(pin), Err(Problem::Length { min: 4, max: 16 }), "{pin}");
        }
        for pin in ["73a2", "73 2", "７３９２", "-739", "7392\0"] {
            assert_eq!(check(pin), Err(Problem::NotDigits), "{pin:?}");
        }
        for pin in [
            "0000", "7777777", "1234", "4321", "7890", "8901", "0987", "1212", "123123", "7373", "2112",
            "1987", "2024", "2580", "1122", "112233",
        ] {
            assert_eq!(check(pin), Err(Problem::Trivial), "{pin}");
        }
        for pin in ["7315", "8210", "48210", "6392", "063927"] {
            assert_eq!(check(pin), Err(Problem::Known), "{pin}");
        }
        let long = Rules { min_length: 6, ..Rules::default() };
        assert_eq!(super::check("7392", &long, &[]), Err(Problem::Length { min: 6, max: 16 }));
        let short = Rules { min_length: 0, ..Rules::default() };
        assert_eq!(super::check("739", &short, &[]), Err(Problem::Length { min: 4, max: 16 }));
    }

    #[test]
    fn a_hash_knows_its_secret_and_no_other() {
        let ring = ring();
        let hashed = hash(&ring, "7392").unwrap();
        assert!(verify(&ring, &hashed, "7392").unwrap());
        assert!(!verify(&ring, &hashed, "7393").unwrap() && !verify(&ring, &hashed, "").unwrap());
        assert_ne!(hash(&ring, "7392").unwrap(), hashed, "a salt was used twice");
        assert!(matches!(verify(&self::ring(), &hashed, "7392"), Err(Error::UnknownKey { .. })));
        assert_eq!(format!("{hashed:?}"), "Hash(..)");
    }

    #[test]
    fn alone_equal_pins_are_equal_in_one_account() {
        let ring = ring();
        let of = |account: &str, pin: &str| hash_alone(&ring, account, pin).unwrap().remove(0);
        assert_eq!(of("a", "7392"), of("a", "7392"));
        assert_ne!(of("a", "7392"), of("b", "7392"));
        assert_ne!(of("a", "7392"), of("a", "7393"));
        assert!(verify(&ring, &of("a", "7392"), "7392").unwrap());
    }

    /// Computed by the reference implementation. If this changes, no PIN that is stored is right any more.
    #[test]
    fn what_is_stored_stays_what_it_is() {
        let hashed = hash_alone(&fixed(), "acme", "7392").unwrap().remove(0);
        assert_eq!(STANDARD.encode(&hashed.hash), "5Jn6aQWTEfh0Nu4au3xa3DgUorDGwnR3I4Lk4wchjE0=");
        assert!(verify(&fixed(), &hashed, "7392").unwrap());
    }
}
