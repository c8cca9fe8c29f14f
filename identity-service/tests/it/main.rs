//! The identity service over its gRPC interface, on SQLite and on PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod cards;
mod changes;
mod concurrency;
mod conversions;
mod diagnosis;
mod filter;
mod groups;
mod imports;
mod keys;
mod life;
mod lookups;
mod secrets;
mod service;
mod settings;
mod sources;
mod strangers;
mod users;
mod watch;
