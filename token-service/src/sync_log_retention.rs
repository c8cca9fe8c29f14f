//! Deletes of the sync logs what is too old or too much, in slices, so that no writer waits long for one of them.

use std::time::Duration;

use rollcall_db::Database;
use rollcall_serve::CancellationToken;

use crate::{
    clock::{Clock, DAY, Millis},
    error::Error,
    store::{accounts, sync_log as store},
    sync_log::{self, KEEP_DAYS},
};

/// How often it looks.
const INTERVAL: Duration = Duration::from_mins(10);
/// How many entries one transaction deletes.
const SLICE: i64 = 1000;
/// How many accounts are read at once.
const ACCOUNTS: i64 = 1000;

/// Keeps the sync logs within their limits.
#[derive(Clone)]
pub(crate) struct Retention {
    db: Database,
    clock: Clock,
    max_entries: i64,
}

impl Retention {
    pub(crate) fn new(db: Database, clock: Clock, max_entries: i64) -> Self {
        Self { db, clock, max_entries }
    }

    /// Looks at once and every ten minutes, until `stop` is cancelled.
    pub(crate) async fn run(self, stop: CancellationToken) {
        loop {
            if let Some(Err(error)) = stop.run_until_cancelled(self.sweep()).await {
                tracing::warn!(%error, "cannot delete old entries of the sync log; it will be tried again");
            }
            if stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_none() {
                return;
            }
        }
    }

    /// Deletes what is there to delete.
    async fn sweep(&self) -> Result<(), Error> {
        let now = self.clock.now();
        let mut after = String::new();
        loop {
            let from = after.clone();
            let page = self.db.read(move |c| accounts::list(c, &from, ACCOUNTS)).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after.clone_from(&last.id);
            for account in page {
                self.sweep_account(account.id, now).await?;
            }
        }
    }

    async fn sweep_account(&self, account: String, now: Millis) -> Result<(), Error> {
        let (id, max) = (account.clone(), self.max_entries);
        let end = self
            .db
            .read(move |c| {
                let days = store::keep_days(c, &id)?.unwrap_or(KEEP_DAYS);
                let old = sync_log::first_id(now.saturating_sub(i64::from(days) * DAY));
                let oldest_kept = store::oldest_kept(c, &id, max)?;
                Ok::<_, Error>(oldest_kept.map_or(old.clone(), |id| old.max(id)))
            })
            .await?;
        loop {
            let (id, end) = (account.clone(), end.clone());
            let more = self.db.write(&account, move |c| store::delete_oldest(c, &id, &end, SLICE)).await?;
            if !more {
                return Ok(());
            }
        }
    }
}
