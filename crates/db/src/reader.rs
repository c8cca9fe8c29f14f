//! Reading: a pool of connections, and no more reads at once than there are.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

use diesel::RunQueryDsl as _;
use metrics::{counter, gauge, histogram};
use r2d2::{ManageConnection, Pool};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::Semaphore,
};

use crate::{Address, Connection, Error, Options, Pooler, connection::Purpose};

/// How long a look whether it answers may take.
const LOOK: Duration = Duration::from_millis(1500);

/// A read that waits for its turn, counted for as long as it lives: its caller may give up.
struct Waiting(metrics::Gauge);

impl Waiting {
    fn new(database: &'static str) -> Self {
        let gauge = gauge!("rollcall_database_queue_length", "database" => database, "kind" => "read");
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// Reads of one database. Cheap to clone.
#[derive(Clone)]
pub struct Reader {
    pool: Pool<Connections>,
    turns: Arc<Semaphore>,
    name: &'static str,
    system: &'static str,
    patience: Duration,
    /// Whether reads stay on the thread that asks. A file answers in some tens of microseconds, most of which another thread would take to
    /// wake up; a server can keep anybody waiting.
    in_place: bool,
}

/// Whether this thread may block: the runtime goes on with its other tasks on another one.
fn runtime_lends_its_thread() -> bool {
    Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread)
}

impl Reader {
    /// Opens connections when they are needed: the database need not be there yet.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the system refuses threads.
    pub fn new(address: &Address, options: &Options) -> Result<Self, Error> {
        let pool = Pool::builder()
            .max_size(options.readers)
            .min_idle(Some(0))
            .connection_timeout(options.queue_timeout)
            .test_on_check_out(false)
            .error_handler(Box::new(LogErrors))
            .build_unchecked(Connections { address: address.clone(), pooler: options.pooler });
        Ok(Self {
            pool,
            turns: Arc::new(Semaphore::new(options.readers as usize)),
            name: options.name,
            system: address.system(),
            patience: options.queue_timeout,
            in_place: matches!(address, Address::Sqlite(_)),
        })
    }

    /// Runs `work` on a connection for reading, in one snapshot: it sees the same state from its first statement to its last.
    ///
    /// On a connection that the server has closed meanwhile, `work` is run once more on a fresh one.
    ///
    /// # Errors
    /// Those of `work`; [`Error::Overloaded`], [`Error::Unavailable`].
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Connection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.run(self.in_place && runtime_lends_its_thread(), work).await
    }

    /// The same, on this thread or on another.
    async fn run<T, E, F>(&self, in_place: bool, work: F) -> Result<T, E>
    where
        F: Fn(&mut Connection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let name = self.name;
        let asked = Instant::now();
        let waiting = Waiting::new(name);
        let turn = tokio::time::timeout(self.patience, self.turns.clone().acquire_owned()).await;
        drop(waiting);
        let Ok(turn) = turn else { return Err(failed(name, "read", Error::Overloaded).into()) };
        let turn = turn.map_err(|_| Error::Closed)?;
        let pool = self.pool.clone();
        let span = tracing::info_span!("read", db.system = self.system, database = name);
        let run = move || {
            let _in_span = span.enter();
            let _turn = turn;
            for last in [false, true] {
                let mut pooled = pool
                    .get()
                    .map_err(|cause| failed(name, "read", Error::Unavailable(cause.to_string())))?;
                let got = Instant::now();
                if !last {
                    histogram!("rollcall_database_wait_seconds", "database" => name, "kind" => "read")
                        .record(got - asked);
                }
                if let Err(error) = pooled.connection.begin_snapshot() {
                    pooled.broken = true;
                    if last {
                        return Err(failed(name, "read", error).into());
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
                histogram!("rollcall_database_run_seconds", "database" => name, "kind" => "read")
                    .record(got.elapsed());
                return result;
            }
            Err(Error::Closed.into())
        };
        if in_place {
            let done = tokio::task::block_in_place(|| catch_unwind(AssertUnwindSafe(run)));
            return done.unwrap_or_else(|_| Err(Error::Panicked.into()));
        }
        tokio::task::spawn_blocking(run).await.unwrap_or_else(|_| Err(Error::Panicked.into()))
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn ping(&self) -> Result<(), Error> {
        // On another thread: this one is to notice when a disk does not answer.
        let look = self.run(false, |connection| {
            Ok::<_, Error>(diesel::sql_query("SELECT 1").execute(connection).map(drop)?)
        });
        let answer = tokio::time::timeout(LOOK, look)
            .await
            .unwrap_or_else(|_| Err(Error::Unavailable("it does not answer in time".to_owned())));
        gauge!("rollcall_database_up", "database" => self.name).set(if answer.is_ok() { 1.0 } else { 0.0 });
        answer
    }
}

/// Counts a failure that is the database's, and hands it on.
pub(crate) fn failed(database: &'static str, kind: &'static str, error: Error) -> Error {
    let reason = match &error {
        Error::Overloaded => "overloaded",
        error if error.is_transient() => "unavailable",
        _ => "other",
    };
    counter!("rollcall_database_failures_total", "database" => database, "kind" => kind, "reason" => reason)
        .increment(1);
    error
}

/// Opens connections for reading.
struct Connections {
    address: Address,
    pooler: Pooler,
}

/// A pooled connection, and whether it has shown itself to be of no more use.
struct Pooled {
    connection: Connection,
    broken: bool,
}

impl ManageConnection for Connections {
    type Connection = Pooled;
    type Error = Error;

    fn connect(&self) -> Result<Pooled, Error> {
        let connection = Connection::open(&self.address, Purpose::Read, self.pooler)?;
        Ok(Pooled { connection, broken: false })
    }

    fn is_valid(&self, _: &mut Pooled) -> Result<(), Error> {
        // A look at each check-out would double the cost of a read. A connection that fails is marked, and the read
        // tried again on another.
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
