//! Card numbers and PINs as pure functions: no database, no clock, no state but keys.
//!
//! | module | what it does |
//! |---|---|
//! | [`conversion`] | a number as a reader or a directory gives it becomes the number that is compared |
//! | [`infer`] | three cards are enough to find the conversion between a reader and a directory |
//! | [`keyring`] | the tag by which a number is found, and the seal under which it is kept |
//! | [`mask`] | how a number is shown |
//! | [`pin`] | which PINs are refused, and how one is hashed |
//!
//! Numbers and PINs are secrets: no error and no `Debug` here has one in it.

pub mod conversion;
pub mod infer;
pub mod keyring;
pub mod mask;
pub mod pin;
