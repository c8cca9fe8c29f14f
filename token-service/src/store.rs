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

/// The tables that have what is kept of an account; of sessions and invitations, those that are for one account. Those who refer to
/// others come before them, and the account itself is not among them.
pub(crate) const OF_ACCOUNTS: [&str; 9] = [
    "sessions",
    "invitations",
    "tokens",
    "notices",
    "notice_settings",
    "sync_entries",
    "sync_log_settings",
    "connections",
    "audit_entries",
];
