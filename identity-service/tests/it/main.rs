//! The identity service over its gRPC interface, on SQLite and on PostgreSQL.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod changes;
mod concurrency;
mod filter;
mod groups;
mod life;
mod lookups;
mod service;
mod settings;
mod sources;
mod strangers;
mod users;
