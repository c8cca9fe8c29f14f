//! Bringing a schema up to date.

use diesel::{
    QueryableByName, RunQueryDsl as _,
    backend::Backend,
    connection::SimpleConnection as _,
    migration::{Migration as _, MigrationSource},
    sql_types::{BigInt, Text},
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _};

use crate::{Address, Connection, Error, Pooler, connection::Purpose};

/// The migrations of one service, a set for each database.
pub struct Migrations {
    /// For SQLite.
    pub sqlite: EmbeddedMigrations,
    /// For PostgreSQL.
    pub postgres: EmbeddedMigrations,
}

/// Any number, the same in every replica: the key of the lock under which a schema is changed on PostgreSQL.
const LOCK: i64 = 0x0072_6f6c_6c63_616c;

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = Text)]
    version: String,
}

impl Migrations {
    /// Applies what is missing and returns the names of the migrations applied.
    ///
    /// Several replicas may start at once: on PostgreSQL they take turns under an advisory lock. All of them are one transaction there, so
    /// that it works through a pooler, and a schema is never half new.
    ///
    /// # Errors
    /// [`Error::Open`], [`Error::Migrate`].
    pub fn run(self, address: &Address, pooler: Pooler) -> Result<Vec<String>, Error> {
        let mut connection = Connection::open(address, Purpose::Write, pooler)?;
        let applied = match &mut connection {
            Connection::Sqlite(c) => c.run_pending_migrations(self.sqlite).map(names),
            Connection::Postgres(_) => {
                connection.begin_write()?;
                let Connection::Postgres(c) = &mut connection else { return Ok(Vec::new()) };
                c.batch_execute("SET LOCAL statement_timeout=0; SET LOCAL lock_timeout=0")?;
                // The lock ends with the transaction.
                diesel::sql_query("SELECT pg_advisory_xact_lock($1)").bind::<BigInt, _>(LOCK).execute(c)?;
                let applied = c.run_pending_migrations(self.postgres).map(names);
                if applied.is_ok() {
                    connection.commit()?;
                }
                applied
            }
        };
        applied.map_err(|cause| Error::Migrate { address: address.clone(), reason: cause.to_string() })
    }

    /// The migrations that a database has and this program does not know: it is of a newer version.
    ///
    /// # Errors
    /// [`Error::Open`], [`Error::Migrate`].
    pub fn unknown(self, address: &Address) -> Result<Vec<String>, Error> {
        let mut connection = Connection::open(address, Purpose::Read, Pooler::None)?;
        let wanted = self.wanted(&connection, address)?;
        let unknown = applied(&mut connection).into_iter().filter(|version| !wanted.contains(version));
        Ok(unknown.collect())
    }

    fn wanted(&self, connection: &Connection, address: &Address) -> Result<Vec<String>, Error> {
        match connection {
            Connection::Sqlite(_) => wanted::<diesel::sqlite::Sqlite>(&self.sqlite),
            Connection::Postgres(_) => wanted::<diesel::pg::Pg>(&self.postgres),
        }
        .map_err(|reason| Error::Migrate { address: address.clone(), reason })
    }

    /// Looks that none is missing; a schema that is newer than this program is no matter. Needs no right to change the schema.
    ///
    /// # Errors
    /// [`Error::Open`], [`Error::Pending`].
    pub fn check(self, address: &Address, pooler: Pooler) -> Result<(), Error> {
        let mut connection = Connection::open(address, Purpose::Read, pooler)?;
        let wanted = self.wanted(&connection, address)?;
        let applied = applied(&mut connection);
        let missing: Vec<String> = wanted.into_iter().filter(|version| !applied.contains(version)).collect();
        if missing.is_empty() { Ok(()) } else { Err(Error::Pending { address: address.clone(), missing }) }
    }
}

/// The versions that were applied. Without the table none was; any other failure shows itself at the first read.
fn applied(connection: &mut Connection) -> Vec<String> {
    let rows: Vec<Applied> = diesel::sql_query("SELECT version FROM __diesel_schema_migrations")
        .load(connection)
        .unwrap_or_default();
    rows.into_iter().map(|row| row.version).collect()
}

fn wanted<DB: Backend>(source: &EmbeddedMigrations) -> Result<Vec<String>, String> {
    let all = MigrationSource::<DB>::migrations(source).map_err(|cause| cause.to_string())?;
    Ok(all.iter().map(|migration| migration.name().version().to_string()).collect())
}

fn names(versions: Vec<diesel::migration::MigrationVersion<'_>>) -> Vec<String> {
    versions.iter().map(ToString::to_string).collect()
}
