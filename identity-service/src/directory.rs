//! What the services stand on: the database, the keys by which card numbers and secrets are kept, and who waits for changes.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use rollcall_card::keyring::Keyring;
use rollcall_db::{Connection, Database};
use rollcall_serve::CancellationToken;

use crate::{store::error::Error, vault::Vault, watchers::Watchers};

/// The directory of all accounts. Cheap to clone.
#[derive(Clone)]
pub struct Directory {
    db: Database,
    vault: Arc<Vault>,
    watchers: Watchers,
    connected: Arc<Mutex<HashMap<(String, String), usize>>>,
    closing: CancellationToken,
}

impl Directory {
    pub(crate) fn new(db: Database, ring: Keyring) -> Self {
        Self {
            db,
            vault: Arc::new(Vault::new(ring)),
            watchers: Watchers::default(),
            connected: Arc::default(),
            closing: CancellationToken::new(),
        }
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
