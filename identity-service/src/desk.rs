//! What stations saw, on its way into the database: when a card was used, and which cards were refused.
//!
//! A look-up does not wait for a write. What it saw is gathered here and written once a second; what a crash takes of it is a
//! time of last use, or a refusal that happens again.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rollcall_serve::CancellationToken;

use crate::{
    directory::Directory,
    store::{card_lookups::Denial, clock, denied_cards, error::Error},
};

/// How often it is written.
const INTERVAL: Duration = Duration::from_secs(1);
/// The most refusals of an account that wait; a station that sends more than that sends noise.
const MAX_DENIALS: usize = 1000;

/// Where look-ups leave what they saw. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    directory: Directory,
    seen: Arc<Mutex<HashMap<String, Seen>>>,
}

/// What was seen of an account since the last write.
#[derive(Default)]
pub(crate) struct Seen {
    /// When a card last found its holder, by its id.
    pub(crate) used: HashMap<String, i64>,
    /// Refusals, by station and number.
    pub(crate) denied: HashMap<(String, String), Denied>,
}

/// A card that was refused at a station.
pub(crate) struct Denied {
    pub(crate) denial: Denial,
    pub(crate) at: i64,
    pub(crate) times: i64,
}

impl Desk {
    pub(crate) fn new(directory: Directory) -> Self {
        Self { directory, seen: Arc::default() }
    }

    /// A card found its holder.
    pub(crate) fn used(&self, account: &str, card: String) {
        self.with(account, |seen| {
            seen.used.insert(card, clock::now());
        });
    }

    /// A card was refused. `number` is as the directory would have it.
    pub(crate) fn denied(&self, account: &str, station: &str, number: String, denial: Denial) {
        self.with(account, |seen| {
            let key = (station.to_owned(), number);
            if seen.denied.len() >= MAX_DENIALS && !seen.denied.contains_key(&key) {
                return;
            }
            let denied = seen.denied.entry(key).or_insert(Denied { denial: denial.clone(), at: 0, times: 0 });
            *denied = Denied { denial, at: clock::now(), times: denied.times + 1 };
        });
    }

    fn with(&self, account: &str, change: impl FnOnce(&mut Seen)) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match seen.get_mut(account) {
            Some(of_account) => change(of_account),
            None => change(seen.entry(account.to_owned()).or_default()),
        }
    }

    /// Writes what is gathered until `stop` is cancelled, and what is left then.
    pub(crate) async fn run(self, stop: CancellationToken) {
        loop {
            let stopped = tokio::time::timeout(INTERVAL, stop.cancelled()).await.is_ok();
            self.write().await;
            if stopped {
                return;
            }
        }
    }

    async fn write(&self) {
        let seen = mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner));
        for (account, seen) in seen {
            let (vault, in_account) = (self.directory.vault(), account.clone());
            let work = move |c: &mut rollcall_db::Connection| -> Result<(), Error> {
                denied_cards::write(c, &vault, &in_account, seen)
            };
            if let Err(error) = self.directory.write_quietly(&account, work).await {
                tracing::warn!(%error, account, "what stations saw could not be written");
            }
        }
    }
}
