//! The handle that services hold.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use crate::{
    Address, Connection, Error, Migrations, Options, Reader,
    writer::{Task, Writers},
};

/// The shortest and the longest wait between two attempts to open a database that is not there yet.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How often the log says that it is waited for.
const REMINDER: Duration = Duration::from_secs(15);

/// A database with its schema up to date. Cheap to clone; the last clone closes it.
#[derive(Clone)]
pub struct Database(Arc<Inner>);

struct Inner {
    address: Address,
    reader: Reader,
    writers: Writers,
}

impl Database {
    /// Opens the database and applies the migrations that it lacks, or, without [`Options::migrate`], looks that none is missing. Blocks.
    ///
    /// # Errors
    /// [`Error::Open`], [`Error::Migrate`], [`Error::Pending`].
    pub fn open(address: &Address, options: &Options, migrations: Migrations) -> Result<Self, Error> {
        if options.migrate {
            migrations.run(address, options.pooler)?;
        } else {
            migrations.check(address, options.pooler)?;
        }
        Ok(Self(Arc::new(Inner {
            address: address.clone(),
            reader: Reader::new(address, options)?,
            writers: Writers::start(address, options)?,
        })))
    }

    /// The same, waiting for a PostgreSQL server that cannot be reached yet, and for migrations that somebody else is to apply: services
    /// and databases may start in any order. A wrong password may pass as well, when it is just being changed; the log says what is
    /// waited for.
    ///
    /// # Errors
    /// Those of [`Database::open`] that do not pass.
    pub async fn open_when_there(
        address: &Address,
        options: &Options,
        migrations: fn() -> Migrations,
    ) -> Result<Self, Error> {
        let (mut wait, mut told) = (FIRST_WAIT, None::<Instant>);
        loop {
            let (at, with) = (address.clone(), options.clone());
            let opened = tokio::task::spawn_blocking(move || Self::open(&at, &with, migrations())).await;
            let error = match opened.unwrap_or(Err(Error::Panicked)) {
                Ok(database) => return Ok(database),
                Err(error) => error,
            };
            let passes = matches!(error, Error::Pending { .. })
                || (matches!(address, Address::Postgres(_)) && error.is_transient());
            if !passes {
                return Err(error);
            }
            if told.is_none_or(|told| told.elapsed() >= REMINDER) {
                tracing::warn!(%error, "waiting for the {} database", options.name);
                told = Some(Instant::now());
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// Which database this is.
    pub fn address(&self) -> &Address {
        &self.0.address
    }

    /// Runs `work` in one snapshot, as [`Reader::read`]; it sees every write acknowledged before.
    ///
    /// # Errors
    /// Those of `work`, and of [`Reader::read`].
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Connection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.0.reader.read(work).await
    }

    /// Whether the database answers, by a connection for reading.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn ping(&self) -> Result<(), Error> {
        self.0.reader.ping().await
    }

    /// Runs `work` in one write transaction and answers when it is on the disk; an `Err` of `work` undoes what it did.
    ///
    /// Writes of one account are carried out one after another by one thread, and those that wait together share a
    /// commit. Keep them short, and let the first statement lock the account's row: then two replicas take turns too.
    ///
    /// # Errors
    /// Those of `work`; [`Error::Overloaded`], [`Error::Unavailable`], after which the write may or may not have happened.
    pub async fn write<T, E, F>(&self, account: &str, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Connection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.0.writers.submit(account, Box::new(Task::new(work, reply)))?;
        answer.await.unwrap_or_else(|_| Err(Error::Closed.into()))
    }
}
