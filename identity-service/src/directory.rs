//! What the services stand on: the database, the keys by which card numbers and secrets are kept, and who waits for changes.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use rollcall_card::keyring::Keyring;
use rollcall_db::{Connection, Database, Reader};
use rollcall_serve::CancellationToken;

use crate::{
    store::{error::Error, head, places::Places},
    vault::Vault,
    watchers::Watchers,
};

/// The directory of all accounts. Cheap to clone.
#[derive(Clone)]
pub struct Directory {
    db: Database,
    replica: Option<Reader>,
    vault: Arc<Vault>,
    places: Arc<Places>,
    watchers: Watchers,
    connected: Arc<Mutex<HashMap<(String, String), usize>>>,
    closing: CancellationToken,
}

impl Directory {
    pub(crate) fn new(db: Database, ring: Keyring) -> Self {
        Self {
            db,
            replica: None,
            vault: Arc::new(Vault::new(ring)),
            places: Arc::default(),
            watchers: Watchers::default(),
            connected: Arc::default(),
            closing: CancellationToken::new(),
        }
    }

    /// The same with a replica that answers look-ups.
    pub(crate) fn with_replica(self, replica: Option<Reader>) -> Self {
        Self { replica, ..self }
    }

    /// Answers a look-up that must have seen the account's `min_revision`, and says of which revision the answer is: by the replica where
    /// there is one that is fresh enough, otherwise by the primary. Nothing is asked of the primary that the replica can answer, so that
    /// look-ups go on without it.
    pub(crate) async fn look_up<T, F>(
        &self,
        account: &str,
        min_revision: i64,
        work: F,
    ) -> Result<(T, i64), Error>
    where
        F: Fn(&mut Connection) -> Result<T, Error> + Clone + Send + 'static,
        T: Send + 'static,
    {
        if min_revision < 0 {
            return Err(Error::field("min_revision", "must not be negative"));
        }
        let of = account.to_owned();
        let seen = move |c: &mut Connection| -> Result<(Option<T>, i64), Error> {
            let revision = head::read(c, &of)?.0;
            Ok(if revision < min_revision { (None, revision) } else { (Some(work(c)?), revision) })
        };
        if let Some(replica) = &self.replica {
            match replica.read(seen.clone()).await {
                Ok((Some(answer), revision)) => return Ok((answer, revision)),
                // It is behind; the primary is not.
                Ok((None, _)) => {}
                Err(Error::Database(error)) => {
                    tracing::debug!(%error, "the replica does not answer a look-up; the primary is asked");
                }
                Err(error) => return Err(error),
            }
        }
        match self.db.read(seen).await? {
            (Some(answer), revision) => Ok((answer, revision)),
            (None, head) => Err(Error::Ahead { min_revision, head }),
        }
    }

    /// The database itself, for what is of no single request.
    pub(crate) fn database(&self) -> &Database {
        &self.db
    }

    /// Runs `work` in one snapshot, as [`Database::read`].
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, Error>
    where
        F: Fn(&mut Connection) -> Result<T, Error> + Send + 'static,
        T: Send + 'static,
    {
        self.db.read(work).await
    }

    /// Runs `work` in one write transaction, as [`Database::write`], and wakes who waits for changes of the account.
    pub(crate) async fn write<T, F>(&self, account: &str, work: F) -> Result<T, Error>
    where
        F: FnOnce(&mut Connection) -> Result<T, Error> + Send + 'static,
        T: Send + 'static,
    {
        let done = self.db.write(account, work).await;
        if done.is_ok() {
            self.watchers.wake(account);
        }
        done
    }

    /// The same for what nobody waits for.
    pub(crate) async fn write_quietly<T, F>(&self, account: &str, work: F) -> Result<T, Error>
    where
        F: FnOnce(&mut Connection) -> Result<T, Error> + Send + 'static,
        T: Send + 'static,
    {
        self.db.write(account, work).await
    }

    /// Whether the database answers.
    pub(crate) async fn ping(&self) -> bool {
        self.db.ping().await.is_ok()
    }

    /// From here on streams of changes end.
    pub(crate) fn close(&self) {
        self.closing.cancel();
    }

    /// Returns when streams of changes are to end.
    pub(crate) async fn closed(&self) {
        self.closing.cancelled().await;
    }

    /// The keys, and the conversions of card numbers.
    pub(crate) fn vault(&self) -> Arc<Vault> {
        Arc::clone(&self.vault)
    }

    /// Where pages of lists begin.
    pub(crate) fn places(&self) -> Arc<Places> {
        Arc::clone(&self.places)
    }

    /// Who waits for changes.
    pub(crate) fn watchers(&self) -> &Watchers {
        &self.watchers
    }

    /// The stations of an account that follow its changes through this process.
    pub(crate) fn connected(&self, account: &str) -> HashSet<String> {
        let connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
        connected.keys().filter(|(of, _)| of == account).map(|(_, station)| station.clone()).collect()
    }

    /// Counts a station as connected for as long as the value lives.
    pub(crate) fn connect(&self, account: &str, station: &str) -> Connected {
        let key = (account.to_owned(), station.to_owned());
        *self.connected.lock().unwrap_or_else(PoisonError::into_inner).entry(key.clone()).or_default() += 1;
        Connected { directory: self.clone(), key }
    }
}

/// A station that follows the changes.
pub(crate) struct Connected {
    directory: Directory,
    key: (String, String),
}

impl Drop for Connected {
    fn drop(&mut self) {
        let mut connected = self.directory.connected.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = connected.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                connected.remove(&self.key);
            }
        }
    }
}
