//! The identity service over its gRPC interface, on SQLite and on PostgreSQL.

mod changes;
mod concurrency;
mod filter;
mod groups;
mod lookups;
mod service;
mod users;
