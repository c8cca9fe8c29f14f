//! What can go wrong with a database.

use diesel::result::{DatabaseErrorKind, Error as Diesel};

use crate::Address;

/// A failure of the database, sorted by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A unique index or primary key refused the write. The transaction was rolled back.
    #[error("the unique constraint {constraint} refused the write")]
    Unique {
        /// The name of the constraint on PostgreSQL; on SQLite, which knows no names, `table.column, table.column`.
        constraint: String,
    },
    /// A foreign key refused the write: what it refers to is not there.
    #[error("a foreign key refused the write")]
    ForeignKey,
    /// Too many requests wait for the database already. Nothing was done.
    #[error("too many requests wait for the database; try again later")]
    Overloaded,
    /// The database cannot be reached, or did not answer in time. A write may or may not have happened.
    #[error("the database does not answer: {0}")]
    Unavailable(String),
    /// The database is being closed.
    #[error("the database is being closed")]
    Closed,
    /// The database cannot be opened.
    #[error("cannot open the database {address}: {cause}")]
    Open {
        /// Which database.
        address: Address,
        /// Why.
        cause: diesel::ConnectionError,
    },
    /// The schema could not be brought up to date.
    #[error("cannot migrate the database {address}: {reason}")]
    Migrate {
        /// Which database.
        address: Address,
        /// Why.
        reason: String,
    },
    /// The schema lacks migrations, and this process is not to apply them.
    #[error("the database {address} lacks {} of this version ({}): run `rollcall migrate`", count(missing.len()), missing.join(", "))]
    Pending {
        /// Which database.
        address: Address,
        /// The migrations that are missing.
        missing: Vec<String>,
    },
    /// Any other failure of a statement: a fault of the program.
    #[error("a statement failed: {0}")]
    Query(Diesel),
    /// The work itself panicked: a fault of the program. It was rolled back.
    #[error("the work on the database failed")]
    Panicked,
}

fn count(missing: usize) -> String {
    if missing == 1 { "a migration".to_owned() } else { format!("{missing} migrations") }
}

impl Error {
    /// Whether the same request may succeed later, unchanged.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Overloaded | Self::Unavailable(_) | Self::Closed | Self::Open { .. })
    }
}

impl From<Diesel> for Error {
    fn from(error: Diesel) -> Self {
        let Diesel::DatabaseError(kind, info) = &error else {
            return match error {
                Diesel::BrokenTransactionManager | Diesel::RollbackErrorOnCommit { .. } => {
                    Self::Unavailable(error.to_string())
                }
                other => Self::Query(other),
            };
        };
        match kind {
            DatabaseErrorKind::UniqueViolation => Self::Unique {
                constraint: info
                    .constraint_name()
                    .map_or_else(|| sqlite_constraint(info.message()), str::to_owned),
            },
            DatabaseErrorKind::ForeignKeyViolation => Self::ForeignKey,
            DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::SerializationFailure
            | DatabaseErrorKind::ReadOnlyTransaction
            | DatabaseErrorKind::UnableToSendCommand => Self::Unavailable(info.message().to_owned()),
            _ if may_pass(info.message()) => Self::Unavailable(info.message().to_owned()),
            _ => Self::Query(error),
        }
    }
}

/// SQLite names the violated columns in its message only: `UNIQUE constraint failed: users.account_id, users.id`.
fn sqlite_constraint(message: &str) -> String {
    message.rsplit_once("failed: ").map_or(message, |(_, columns)| columns).to_owned()
}

/// Failures that neither database gives a kind of its own in Diesel, and that pass: locks, time limits, full disks,
/// a server that starts, stops or fails over.
fn may_pass(message: &str) -> bool {
    const SIGNS: [&str; 17] = [
        "database is locked",
        "database table is locked",
        "disk I/O error",
        "database or disk is full",
        "unable to open database file",
        "due to statement timeout",
        "due to lock timeout",
        "deadlock detected",
        "terminating connection",
        "the database system is",
        "server closed the connection",
        "could not receive data",
        "No space left on device",
        "read-only transaction",
        "read-write mode during recovery",
        "conflict with recovery",
        "no connection to the server",
    ];
    SIGNS.iter().any(|sign| message.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_columns_that_sqlite_names() {
        assert_eq!(sqlite_constraint("UNIQUE constraint failed: a.b, a.c"), "a.b, a.c");
        assert_eq!(sqlite_constraint("something else"), "something else");
    }

    #[test]
    fn tells_what_passes_from_what_does_not() {
        let of = |message: &str| {
            Error::from(Diesel::DatabaseError(DatabaseErrorKind::Unknown, Box::new(message.to_owned())))
                .is_transient()
        };
        assert!(of("database is locked") && of("canceling statement due to statement timeout"));
        assert!(!of("no such column: x"));
    }
}
