//! All SQL of the token service.

pub(crate) mod accounts;
mod schema;
pub(crate) mod tokens;
