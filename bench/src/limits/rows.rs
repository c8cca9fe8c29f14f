//! Commits of rows with nothing around them, as durable as Rollcall's: by the connection that Rollcall writes by.

use std::{path::Path, time::Duration};

use diesel::{ExpressionMethods as _, RunQueryDsl as _, connection::SimpleConnection as _};
use rollcall_db::{Address, Connection};

use super::{Pace, pace};
use crate::Error;

diesel::table! {
    limit_rows (id) {
        id -> BigInt,
        document -> Binary,
    }
}

/// As much as the document of a user is.
const DOCUMENT: [u8; 400] = [b'x'; 400];

/// A table of a key and a document.
pub(crate) struct Rows {
    connection: Connection,
    next: i64,
    _directory: Option<tempfile::TempDir>,
}

impl Rows {
    /// In SQLite, with its log written ahead and synchronous=FULL.
    pub(crate) fn sqlite(directory: &Path) -> Result<Self, Error> {
        let directory = tempfile::tempdir_in(directory)?;
        let address = Address::Sqlite(directory.path().join("rows.db"));
        Self::open(&address, "BLOB", Some(directory))
    }

    /// In a PostgreSQL database.
    pub(crate) fn postgres(url: &str) -> Result<Self, Error> {
        Self::open(&url.parse()?, "BYTEA", None)
    }

    fn open(address: &Address, bytes: &str, directory: Option<tempfile::TempDir>) -> Result<Self, Error> {
        let mut connection = Connection::open_writer(address)?;
        connection.batch_execute(&format!(
            "CREATE TABLE limit_rows (id BIGINT NOT NULL PRIMARY KEY, document {bytes} NOT NULL)"
        ))?;
        Ok(Self { connection, next: 0, _directory: directory })
    }

    /// Commits of so many rows each; the rate is of rows.
    pub(crate) fn commits(&mut self, rows: usize, span: Duration) -> Result<Pace, Error> {
        pace(span, rows, || {
            if rows > 1 {
                self.connection.batch_execute("BEGIN")?;
            }
            for _ in 0..rows {
                self.next += 1;
                diesel::insert_into(limit_rows::table)
                    .values((limit_rows::id.eq(self.next), limit_rows::document.eq(DOCUMENT.as_slice())))
                    .execute(&mut self.connection)?;
            }
            if rows > 1 {
                self.connection.batch_execute("COMMIT")?;
            }
            Ok(())
        })
    }
}

/// A PostgreSQL database of its own, dropped with this value.
pub(crate) struct Scratch {
    server: String,
    name: String,
    pub(crate) url: String,
}

impl Scratch {
    /// On the server of `url`, whose user may make databases.
    pub(crate) fn create(server: &str, name: &str) -> Result<Self, Error> {
        let name = format!("rollcall_bench_{name}_{}", std::process::id());
        let (place, _) = server.rsplit_once('/').ok_or("the PostgreSQL URL names no database")?;
        let url = format!("{place}/{name}");
        execute(server, &format!("CREATE DATABASE {name}"))?;
        Ok(Self { server: server.to_owned(), name, url })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It is named after this process: whoever finds it later knows whose it was.
        let _ = execute(&self.server, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

fn execute(server: &str, statement: &str) -> Result<(), Error> {
    Ok(Connection::open_writer(&server.parse()?)?.batch_execute(statement)?)
}
