//! Group commit: writes that wait for the same writer share one transaction, a savepoint each, and are answered
//! after its one commit.
//!
//! A commit costs a disk flush (0.2 to 4 ms), a write some tens of microseconds. One thread takes all that wait, so that
//! under load a flush is shared by many, while a single write never waits for company. SQLite has one writer because
//! the file has one write lock. PostgreSQL has several; an account always has the same one, and a batch runs in the
//! order of accounts, so that two replicas lock account rows in the same order and never deadlock.

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash as _, Hasher as _},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use metrics::{gauge, histogram};
use tokio::sync::oneshot;

use crate::{Address, Connection, Error, Options, Pooler, connection::Purpose, reader::failed};

/// The most writes that wait for one writer; one more is refused.
const QUEUE: usize = 4096;
/// The most writes in one commit: bounds how long the first of them waits for the last.
const BATCH: usize = 256;

/// A write that waits.
pub(crate) trait Job: Send {
    /// Whether somebody still waits for the answer.
    fn is_wanted(&self) -> bool;
    /// Does the work; false when it failed and must be undone.
    fn run(&mut self, connection: &mut Connection) -> bool;
    /// Answers with what the work returned, or with the failure of the commit around it.
    fn answer(self: Box<Self>, commit: Result<(), Error>);
}

/// A closure, its result, and where the result goes.
pub(crate) struct Task<F, T, E> {
    work: Option<F>,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Task<F, T, E> {
    pub(crate) fn new(work: F, reply: oneshot::Sender<Result<T, E>>) -> Self {
        Self { work: Some(work), result: None, reply }
    }
}

impl<F, T, E> Job for Task<F, T, E>
where
    F: FnOnce(&mut Connection) -> Result<T, E> + Send,
    T: Send,
    E: From<Error> + Send,
{
    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn run(&mut self, connection: &mut Connection) -> bool {
        let Some(work) = self.work.take() else { return false };
        let result = catch_unwind(AssertUnwindSafe(|| work(connection)))
            .unwrap_or_else(|_| Err(Error::Panicked.into()));
        let keep = result.is_ok();
        self.result = Some(result);
        keep
    }

    fn answer(self: Box<Self>, commit: Result<(), Error>) {
        let answer = match (commit, self.result) {
            // A result that was an error stands: it was undone whether or not the rest was committed.
            (_, Some(Err(error))) => Err(error),
            (Ok(()), Some(ok)) => ok,
            (Ok(()), None) => Err(Error::Closed.into()),
            (Err(error), _) => Err(error.into()),
        };
        // Nobody waits any more: nothing to tell.
        let _ = self.reply.send(answer);
    }
}

struct Queued {
    account: String,
    since: Instant,
    /// What the work is a part of.
    span: tracing::Span,
    job: Box<dyn Job>,
}

/// The threads that write.
pub(crate) struct Writers {
    lanes: Vec<Lane>,
    name: &'static str,
    system: &'static str,
}

struct Lane {
    /// Taken on drop, so that the thread sees the end of the queue.
    queue: Option<SyncSender<Queued>>,
    thread: Option<JoinHandle<()>>,
}

impl Writers {
    pub(crate) fn start(address: &Address, options: &Options) -> Result<Self, Error> {
        let lanes = match address {
            Address::Sqlite(_) => 1,
            Address::Postgres(_) => options.writers.max(1),
        };
        let lanes =
            (0..lanes).map(|number| Lane::start(number, address, options)).collect::<Result<_, _>>()?;
        Ok(Self { lanes, name: options.name, system: address.system() })
    }

    pub(crate) fn submit(&self, account: &str, job: Box<dyn Job>) -> Result<(), Error> {
        let mut hasher = DefaultHasher::new();
        account.hash(&mut hasher);
        let lane = usize::try_from(hasher.finish() % self.lanes.len() as u64).unwrap_or_default();
        let queue = self.lanes.get(lane).and_then(|lane| lane.queue.as_ref()).ok_or(Error::Closed)?;
        waiting(self.name).increment(1.0);
        let span = tracing::info_span!("write", db.system = self.system, database = self.name);
        queue.try_send(Queued { account: account.to_owned(), since: Instant::now(), span, job }).map_err(
            |refused| {
                waiting(self.name).decrement(1.0);
                failed(
                    self.name,
                    "write",
                    match refused {
                        TrySendError::Full(_) => Error::Overloaded,
                        TrySendError::Disconnected(_) => Error::Closed,
                    },
                )
            },
        )
    }
}

impl Lane {
    fn start(number: usize, address: &Address, options: &Options) -> Result<Self, Error> {
        let (queue, jobs) = sync_channel(QUEUE);
        let writer = Writer {
            address: address.clone(),
            connection: None,
            patience: options.queue_timeout,
            pooler: options.pooler,
            name: options.name,
        };
        let thread = thread::Builder::new()
            .name(format!("db-write-{number}"))
            .spawn(move || writer.run(&jobs))
            .map_err(|cause| Error::Unavailable(format!("cannot start a thread: {cause}")))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.queue.take();
        if let Some(thread) = self.thread.take() {
            // The last handle may be dropped by a task that the writer itself just answered.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

struct Writer {
    address: Address,
    connection: Option<Connection>,
    patience: Duration,
    pooler: Pooler,
    name: &'static str,
}

/// The writes that wait.
fn waiting(database: &'static str) -> metrics::Gauge {
    gauge!("rollcall_database_queue_length", "database" => database, "kind" => "write")
}

impl Writer {
    fn run(mut self, jobs: &Receiver<Queued>) {
        while let Ok(first) = jobs.recv() {
            let mut batch = vec![first];
            batch.extend(jobs.try_iter().take(BATCH - 1));
            #[expect(clippy::cast_precision_loss, reason = "at most 256")]
            waiting(self.name).decrement(batch.len() as f64);
            let wait =
                histogram!("rollcall_database_wait_seconds", "database" => self.name, "kind" => "write");
            for queued in &batch {
                wait.record(queued.since.elapsed());
            }
            batch.retain(|queued| queued.job.is_wanted());
            let (mut fresh, stale): (Vec<_>, Vec<_>) =
                batch.into_iter().partition(|queued| queued.since.elapsed() <= self.patience);
            for queued in stale {
                queued.job.answer(Err(failed(self.name, "write", Error::Overloaded)));
            }
            if fresh.is_empty() {
                continue;
            }
            fresh.sort_by(|a, b| a.account.cmp(&b.account));
            self.commit(fresh);
        }
    }

    /// Runs the batch in one transaction and answers it.
    fn commit(&mut self, mut batch: Vec<Queued>) {
        let start = Instant::now();
        let outcome = self.begin().and_then(|mut connection| {
            let ended = transact(&mut connection, &mut batch);
            ended?;
            if connection.is_broken() {
                // A write left a transaction of its own open: what was committed was not the whole.
                return Err(Error::Panicked);
            }
            self.connection = Some(connection);
            Ok(())
        });
        histogram!("rollcall_database_run_seconds", "database" => self.name, "kind" => "write")
            .record(start.elapsed());
        #[expect(clippy::cast_precision_loss, reason = "at most 256")]
        histogram!("rollcall_database_commit_batch_size", "database" => self.name).record(batch.len() as f64);
        if let Err(error) = &outcome {
            tracing::warn!(%error, writes = batch.len(), "a commit failed");
        }
        for queued in batch {
            queued.job.answer(match &outcome {
                Ok(()) => Ok(()),
                Err(_) if rollcall_defect::is("acknowledge-failed-commit") => Ok(()),
                Err(error) => Err(failed(self.name, "write", Error::Unavailable(error.to_string()))),
            });
        }
    }

    /// A connection with a transaction begun: the one at hand, or a new one where that has gone stale.
    fn begin(&mut self) -> Result<Connection, Error> {
        if let Some(mut connection) = self.connection.take()
            && connection.begin_write().is_ok()
        {
            return Ok(connection);
        }
        let mut connection = Connection::open(&self.address, Purpose::Write, self.pooler)?;
        connection.begin_write()?;
        Ok(connection)
    }
}

fn transact(connection: &mut Connection, batch: &mut [Queued]) -> Result<(), Error> {
    if let [only] = batch {
        // A savepoint for one would be work for nothing.
        return if only.span.in_scope(|| only.job.run(connection)) {
            connection.commit_write()
        } else {
            connection.rollback()
        };
    }
    for queued in batch {
        connection.begin_savepoint()?;
        if queued.span.in_scope(|| queued.job.run(connection)) {
            connection.commit()?;
        } else {
            connection.rollback()?;
        }
    }
    connection.commit_write()
}
