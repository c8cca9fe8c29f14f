//! SCIM 2.0 (RFC 7643, RFC 7644) as pure functions: no I/O, no clock, no state.
//!
//! A map of the crate, in the order in which a request meets it:
//!
//! | module | what it does |
//! |---|---|
//! | [`schema`] | the attributes of users and groups as static tables; everything else asks them |
//! | [`fold`] | the key by which text is compared where case does not count |
//! | [`resource`] | a JSON body becomes a `User` or `Group` message, checked and cleaned |
//! | [`patch`] | a PATCH request becomes operations, and operations change a message |
//! | [`provider`] | which identity provider a User-Agent belongs to |
//! | [`quirks`] | every oddity of an identity provider, each a named function |
//! | [`filter`] | filters: syntax, meaning, and evaluation in memory |
//! | [`path`] | the paths of PATCH operations |
//! | [`convert`] | a message becomes JSON in the order of the schema |
//! | [`projection`] | `attributes` and `excludedAttributes` |
//! | [`discovery`] | `/Schemas` and `/ResourceTypes`, printed from the tables |
//! | [`error`] | what can be wrong, and the `scimType` that says so |

pub mod convert;
pub mod discovery;
pub mod error;
pub mod filter;
pub mod fold;
pub mod patch;
pub mod path;
pub mod projection;
pub mod provider;
pub mod quirks;
pub mod resource;
pub mod schema;

pub use error::{Error, ScimType};
pub use fold::fold;
