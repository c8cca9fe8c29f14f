//! One database handle over SQLite and PostgreSQL.
//!
//! * [`Database::read`] runs a closure on a pooled connection, in one snapshot.
//! * [`Database::write`] runs a closure in one write transaction. Writes that wait for the same writer share a commit
//!   ([group commit](writer)), each in a savepoint of its own, and are answered after that commit.
//! * [`Sql`] is a statement put together from pieces, where Diesel's query builder does not do.
//! * [`Error`] says of every failure whether a constraint refused it, whether trying again may help, or neither.
//!
//! Diesel blocks, so the runtime is never kept from its other tasks: reads take a blocking thread, or lend the one they are on where
//! the database is a file (no more of them than there are pooled connections), writes a thread that lives as long as the handle.

pub mod address;
pub mod connection;
pub mod copy;
pub mod database;
pub mod error;
pub mod migrate;
pub mod options;
pub mod reader;
pub mod residue;
pub mod sql;
#[cfg(feature = "test")]
pub mod test;
pub mod writer;

pub use address::Address;
pub use connection::{AnyConnection as Connection, Backend};
pub use database::Database;
pub use error::Error;
pub use migrate::Migrations;
pub use options::{Args, Options, Pooler};
pub use reader::Reader;
pub use sql::Sql;

// Linked for their bundled C libraries; Diesel binds to them.
use libsqlite3_sys as _;
use pq_sys as _;
