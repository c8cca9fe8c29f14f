//! All SQL of the token service.

pub(crate) mod accounts;
pub(crate) mod audit;
pub(crate) mod connections;
pub(crate) mod gauges;
pub(crate) mod notices;
mod schema;
pub(crate) mod sessions;
pub(crate) mod sync_log;
pub(crate) mod tokens;
pub(crate) mod usage;
