//! The handle that services hold.

use std::{sync::Arc, time::Duration};

use diesel::RunQueryDsl as _;
use r2d2::{ManageConnection, Pool};
use tokio::sync::{Semaphore, oneshot};

use crate::{
    Address, Connection, Error, Migrations,
    connection::Purpose,
    writer::{Task, Writers},
};

/// How a database is used.
#[derive(Clone, Debug)]
pub struct Options {
    /// Connections for reading, and so the reads that run at once. Default 8.
    pub readers: u32,
    /// Connections for writing on PostgreSQL; the writes of one account share one. SQLite has one writer. Default 4.
    pub writers: usize,
    /// How long a request may wait for its turn before it is refused. Default 5 s.
    pub queue_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { readers: 8, writers: 4, queue_timeout: Duration::from_secs(5) }
    }
}

/// A database with its schema up to date. Cheap to clone; the last clone closes it.
#[derive(Clone)]
pub struct Database(Arc<Inner>);

struct Inner {
    address: Address,
    readers: Pool<Readers>,
    reading: Arc<Semaphore>,
    writers: Writers,
    options: Options,
}

impl Database {
    /// Opens the database and applies the migrations that it lacks. Blocks.
    pub fn open(address: &Address, options: &Options, migrations: Migrations) -> Result<Self, Error> {
        migrations.run(address)?;
        let readers = Pool::builder()
            .max_size(options.readers)
            .min_idle(Some(1))
            .connection_timeout(options.queue_timeout)
            .test_on_check_out(false)
            .error_handler(Box::new(LogErrors))
            .build(Readers { address: address.clone() })
            .map_err(|cause| Error::Unavailable(cause.to_string()))?;
        Ok(Self(Arc::new(Inner {
            address: address.clone(),
            readers,
            reading: Arc::new(Semaphore::new(options.readers as usize)),
            writers: Writers::start(address, options)?,
            options: options.clone(),
        })))
    }

    /// Which database this is.
    pub fn address(&self) -> &Address {
        &self.0.address
    }

    /// Runs `work` on a connection for reading, in one snapshot: it sees every write acknowledged before, and the
    /// same state from its first statement to its last.
    ///
    /// On a connection that the server has closed meanwhile, `work` is run once more on a fresh one.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Connection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let waiting = self.0.reading.clone().acquire_owned();
        let Ok(turn) = tokio::time::timeout(self.0.options.queue_timeout, waiting).await else {
            return Err(Error::Overloaded.into());
        };
        let turn = turn.map_err(|_| Error::Closed)?;
        let pool = self.0.readers.clone();
        let run = move || {
            let _turn = turn;
            for last in [false, true] {
                let mut pooled = pool.get().map_err(|cause| Error::Unavailable(cause.to_string()))?;
                if let Err(error) = pooled.connection.begin_snapshot() {
                    pooled.broken = true;
                    if last {
                        return Err(error.into());
                    }
                    continue;
                }
                let result = work(&mut pooled.connection);
                // Nothing to keep: a roll-back ends the snapshot, whatever happened in it.
                if pooled.connection.rollback().is_err() {
                    pooled.broken = true;
                    if result.is_err() && !last {
                        continue;
                    }
                }
                return result;
            }
            Err(Error::Closed.into())
        };
        tokio::task::spawn_blocking(run).await.unwrap_or_else(|_| Err(Error::Panicked.into()))
    }

    /// Whether the database answers, by a connection for reading.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn ping(&self) -> Result<(), Error> {
        self.read(|connection| Ok(diesel::sql_query("SELECT 1").execute(connection).map(drop)?)).await
    }

    /// Runs `work` in one write transaction and answers when it is on the disk; an `Err` of `work` undoes what it did.
    ///
    /// Writes of one account are carried out one after another by one thread, and those that wait together share a
    /// commit. Keep them short, and let the first statement lock the account's row: then two replicas take turns too.
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

/// Opens connections for reading.
struct Readers {
    address: Address,
}

/// A pooled connection, and whether it has shown itself to be of no more use.
struct Pooled {
    connection: Connection,
    broken: bool,
}

impl ManageConnection for Readers {
    type Connection = Pooled;
    type Error = Error;

    fn connect(&self) -> Result<Pooled, Error> {
        Ok(Pooled { connection: Connection::open(&self.address, Purpose::Read)?, broken: false })
    }

    fn is_valid(&self, _: &mut Pooled) -> Result<(), Error> {
        // Never asked: a connection that fails is marked, and the read tried again on another.
        Ok(())
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        pooled.broken || pooled.connection.is_broken()
    }
}

#[derive(Debug)]
struct LogErrors;

impl r2d2::HandleError<Error> for LogErrors {
    fn handle_error(&self, error: Error) {
        tracing::warn!(%error, "cannot open a connection for reading");
    }
}
