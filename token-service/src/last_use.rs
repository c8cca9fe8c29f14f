//! When tokens were last used, and when one that had ended was last refused. Every request of an identity provider uses
//! one, so a use costs an entry in a map; a task writes the map every few seconds. A crash loses those seconds, and
//! nothing depends on them.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rollcall_db::Database;
use rollcall_serve::CancellationToken;
use tokio::task::JoinSet;

use crate::{clock::Millis, error::Error, store};

/// How often the map is written.
const INTERVAL: Duration = Duration::from_secs(3);
/// How many accounts are written at once: well below the queue of the database.
const AT_ONCE: usize = 256;

/// By token, the last time.
type Times = HashMap<String, Millis>;

/// What happened to the tokens of an account.
#[derive(Clone, Default)]
struct Uses {
    used: Times,
    refused: Times,
}

/// The uses that are not written yet: by account, by token.
#[derive(Clone)]
pub struct LastUse {
    db: Database,
    pending: Arc<Mutex<HashMap<String, Uses>>>,
}

impl LastUse {
    /// An empty map over `db`.
    pub fn new(db: Database) -> Self {
        Self { db, pending: Arc::default() }
    }

    /// Notes a use. Never waits for the database.
    pub fn note(&self, account: &str, token: &str, at: Millis) {
        self.merge(account, |uses| &mut uses.used, token, at);
    }

    /// Notes that a token that has ended was refused. Never waits for the database.
    pub fn note_refusal(&self, account: &str, token: &str, at: Millis) {
        self.merge(account, |uses| &mut uses.refused, token, at);
    }

    fn merge(&self, account: &str, times: impl Fn(&mut Uses) -> &mut Times, token: &str, at: Millis) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let times = times(pending.entry(account.to_owned()).or_default());
        let latest = times.entry(token.to_owned()).or_insert(at);
        *latest = at.max(*latest);
    }

    /// Writes what was noted; what cannot be written is kept for the next time.
    pub async fn flush(&self) {
        let taken = mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner));
        let mut running = JoinSet::new();
        for (account, uses) in taken {
            if running.len() >= AT_ONCE {
                running.join_next().await;
            }
            let this = self.clone();
            running.spawn(async move { this.write(account, uses).await });
        }
        while running.join_next().await.is_some() {}
    }

    async fn write(&self, account: String, uses: Uses) {
        let (id, to_write) = (account.clone(), uses.clone());
        let written = self
            .db
            .write(&account, move |c| {
                store::accounts::lock(c, &id)?;
                for (token, at) in &to_write.used {
                    store::tokens::note_use(c, &id, token, *at)?;
                }
                for (token, at) in &to_write.used {
                    store::tokens::settle(c, &id, token, *at)?;
                }
                if let Some(latest) = to_write.used.values().max() {
                    store::accounts::note_access(c, &id, *latest)?;
                }
                for (token, at) in &to_write.refused {
                    store::connections::note_refusal(c, &id, token, *at)?;
                }
                Ok::<_, Error>(())
            })
            .await;
        if let Err(error) = written {
            tracing::warn!(%error, account, "cannot write when tokens were last used; it will be tried again");
            for (token, at) in uses.used {
                self.note(&account, &token, at);
            }
            for (token, at) in uses.refused {
                self.note_refusal(&account, &token, at);
            }
        }
    }

    /// Writes every few seconds until `stop` is cancelled, and then once more.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => self.flush().await,
                () = stop.cancelled() => return self.flush().await,
            }
        }
    }
}
