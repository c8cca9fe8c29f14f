//! A connection to either database, set up for Rollcall.
#![allow(missing_docs, reason = "the derive makes public items without documentation")]

use diesel::{
    Connection as _, ConnectionResult, PgConnection, SqliteConnection,
    connection::{AnsiTransactionManager, CacheSize, SimpleConnection as _, TransactionManager as _},
};

use crate::{Address, Error, Pooler};

/// A connection to SQLite or PostgreSQL; Diesel's query builder works on it as on any.
///
/// What the two have no common words for (`ON CONFLICT`, inserting many rows) matches on the variant.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    /// SQLite.
    Sqlite(SqliteConnection),
    /// PostgreSQL.
    Postgres(PgConnection),
}

/// Diesel's name for the two databases together.
pub type Backend = <AnyConnection as diesel::Connection>::Backend;

/// The time limits of a transaction are set with its beginning, in one message: between them there may be another server.
const BEGIN_WRITE: &str = "BEGIN READ WRITE; SET LOCAL statement_timeout='10s'; SET LOCAL lock_timeout='5s'; \
                           SET LOCAL idle_in_transaction_session_timeout='30s'; SET LOCAL synchronous_commit=on";
const BEGIN_SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL statement_timeout='10s'; \
                              SET LOCAL idle_in_transaction_session_timeout='30s'";

type Transactions = <AnyConnection as diesel::Connection>::TransactionManager;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Read,
    Write,
}

impl AnyConnection {
    /// Connects and sets the connection up.
    pub(crate) fn open(address: &Address, purpose: Purpose, pooler: Pooler) -> Result<Self, Error> {
        let mut connection =
            Self::establish_at(address).map_err(|cause| Error::Open { address: address.clone(), cause })?;
        let settings = match (&connection, purpose) {
            // FULL: a commit is on the disk before it is acknowledged. In WAL mode, readers never wait for the writer. What is
            // deleted is overwritten: it may be a person's. The log is carried over into the file every 16 MiB: a page that many
            // commits write is carried over once.
            (Self::Sqlite(_), Purpose::Write) => {
                "PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; \
                 PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-16384; \
                 PRAGMA wal_autocheckpoint=4096"
            }
            (Self::Sqlite(_), Purpose::Read) => {
                "PRAGMA busy_timeout=5000; PRAGMA query_only=ON; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-4096"
            }
            // Each transaction sets its own limits.
            (Self::Postgres(_), _) => "",
        };
        if !settings.is_empty() {
            connection.batch_execute(settings)?;
            if rollcall_defect::is("fsync-off") {
                connection.batch_execute("PRAGMA synchronous=OFF")?;
            }
        }
        if pooler == Pooler::Transaction {
            // A statement prepared by name would be unknown to the next server.
            connection.set_prepared_statement_cache_size(CacheSize::Disabled);
        }
        Ok(connection)
    }

    /// A connection to write by, outside of a [`crate::Database`]: for what is done once, before there is one. Blocks.
    ///
    /// # Errors
    /// [`Error::Open`].
    pub fn open_writer(address: &Address) -> Result<Self, Error> {
        Self::open(address, Purpose::Write, Pooler::None)
    }

    fn establish_at(address: &Address) -> ConnectionResult<Self> {
        match address {
            Address::Sqlite(path) => SqliteConnection::establish(&path.to_string_lossy()).map(Self::Sqlite),
            Address::Postgres(url) => PgConnection::establish(&Address::libpq(url)).map(Self::Postgres),
        }
    }

    /// Begins a transaction that takes the write lock at once on SQLite (a deferred one that is upgraded later fails
    /// as BUSY when another wrote in between).
    pub(crate) fn begin_write(&mut self) -> Result<(), Error> {
        match self {
            Self::Sqlite(c) => AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE")?,
            // On a primary that has become a standby it fails at once, and not at the first write.
            Self::Postgres(c) => AnsiTransactionManager::begin_transaction_sql(c, BEGIN_WRITE)?,
        }
        Ok(())
    }

    /// Begins a transaction in which every statement sees the same state.
    pub(crate) fn begin_snapshot(&mut self) -> Result<(), Error> {
        match self {
            Self::Sqlite(c) => AnsiTransactionManager::begin_transaction(c)?,
            Self::Postgres(c) => {
                AnsiTransactionManager::begin_transaction_sql(c, BEGIN_SNAPSHOT)?;
            }
        }
        Ok(())
    }

    /// Begins a savepoint inside a transaction.
    pub(crate) fn begin_savepoint(&mut self) -> Result<(), Error> {
        Ok(Transactions::begin_transaction(self)?)
    }

    /// Commits the transaction of writes.
    ///
    /// Where a replica must confirm it, PostgreSQL takes a timeout while it waits for that replica for leave to acknowledge without it:
    /// what is acknowledged then is lost with the primary. So there is none.
    pub(crate) fn commit_write(&mut self) -> Result<(), Error> {
        if let Self::Postgres(c) = self {
            c.batch_execute("SET LOCAL statement_timeout=0")?;
        }
        self.commit()
    }

    /// Commits the innermost transaction or savepoint.
    pub(crate) fn commit(&mut self) -> Result<(), Error> {
        Ok(Transactions::commit_transaction(self)?)
    }

    /// Rolls the innermost transaction or savepoint back.
    pub(crate) fn rollback(&mut self) -> Result<(), Error> {
        Ok(Transactions::rollback_transaction(self)?)
    }

    /// Whether the connection is of no more use.
    pub(crate) fn is_broken(&mut self) -> bool {
        Transactions::is_broken_transaction_manager(self)
    }

    /// Whether the database is PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }
}
