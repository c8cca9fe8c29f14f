//! The service as its clients see it, on SQLite and on PostgreSQL.
// Clippy knows test functions, not their helpers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accounts;
mod connection;
mod notices;
mod receivers;
mod server;
mod sessions;
mod sync_log;
mod tokens;
mod verify;
