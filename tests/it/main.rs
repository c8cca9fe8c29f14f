//! The black-box suite of Rollcall: the real binary, real HTTP, real gRPC, on SQLite and on PostgreSQL.
//!
//! A test takes a server by [`server::both`], speaks to it as an identity provider would through [`client::Client`],
//! and reads what a print component would read through [`server::Server::lookups`].
//!
//! PostgreSQL is taken from `ROLLCALL_TEST_POSTGRES`, the URL of a server on which databases may be made;
//! `ROLLCALL_TEST_SKIP_POSTGRES=1` leaves that half out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::cloned_ref_to_slice_refs,
    reason = "a test fails by panicking, says on which database it ran, and compares lists of ids"
)]

mod backup;
mod bad_input;
mod browser;
mod bulk;
mod canary;
mod certificates;
mod client;
mod command_line;
mod concurrency;
mod configuration;
mod conformance;
mod console;
mod cursors;
mod dialects;
mod discovery;
mod entra;
mod erase;
mod etag;
mod filters;
mod forwarded;
mod freshness;
mod health;
mod isolation;
mod life;
mod lookups;
mod me;
mod members;
mod metrics;
mod mutations;
mod okta;
mod other_providers;
mod paging;
mod peers;
mod projection;
mod rfc;
mod roles;
mod rolling;
mod search;
mod separate;
mod server;
mod story;
mod sync_log;
mod tokens;
mod traces;
mod truth;
mod two_gateways;
mod upgrade;
mod user_names;
