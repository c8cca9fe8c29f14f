//! Bringing a schema up to date.

use diesel::{RunQueryDsl as _, connection::SimpleConnection as _};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _};

use crate::{Address, Connection, Error, connection::Purpose};

/// The migrations of one service, a set for each database.
pub struct Migrations {
    /// For SQLite.
    pub sqlite: EmbeddedMigrations,
    /// For PostgreSQL.
    pub postgres: EmbeddedMigrations,
}

/// Any number, the same in every replica: the key of the lock under which a schema is changed on PostgreSQL.
const LOCK: i64 = 0x0072_6f6c_6c63_616c;

impl Migrations {
    /// Applies what is missing and returns the names of the migrations applied.
    ///
    /// Several replicas may start at once: on PostgreSQL they take turns under an advisory lock.
    pub fn run(self, address: &Address) -> Result<Vec<String>, Error> {
        let mut connection = Connection::open(address, Purpose::Write)?;
        let applied = match &mut connection {
            Connection::Sqlite(c) => c.run_pending_migrations(self.sqlite).map(names),
            Connection::Postgres(c) => {
                c.batch_execute("SET statement_timeout=0; SET lock_timeout=0")?;
                diesel::sql_query("SELECT pg_advisory_lock($1)")
                    .bind::<diesel::sql_types::BigInt, _>(LOCK)
                    .execute(c)?;
                // The lock ends with the connection, whatever happens.
                c.run_pending_migrations(self.postgres).map(names)
            }
        };
        applied.map_err(|cause| Error::Migrate { address: address.clone(), reason: cause.to_string() })
    }
}

fn names(versions: Vec<diesel::migration::MigrationVersion<'_>>) -> Vec<String> {
    versions.iter().map(ToString::to_string).collect()
}
