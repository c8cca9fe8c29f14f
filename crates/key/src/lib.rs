//! The keys of the installation: 32 random bytes each, in a file outside of the databases. What is derived from them need
//! not be stored, so a copy of a database is not enough to sign in Rollcall's name, or to read a card number.
//!
//! The file has a key a line, the current one first. What was made by an older one is still read while that stands in
//! the file; [`Keys::rotate`] puts a new one in front.

mod file;
mod key;

pub use file::{KeyError, Keys, MAX_KEYS};
pub use key::{Key, SIZE, mac};
