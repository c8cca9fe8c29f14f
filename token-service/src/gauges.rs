//! What Prometheus is told of the accounts: gathered now and then, never on a request's time.

use std::time::Duration;

use metrics::gauge;
use rollcall_db::Database;
use rollcall_serve::CancellationToken;

use crate::{
    clock::{Clock, DAY},
    error::Error,
    store::gauges,
};

/// How often.
const INTERVAL: Duration = Duration::from_mins(1);

/// The gauges of the accounts.
#[derive(Clone)]
pub(crate) struct Gauges {
    db: Database,
    clock: Clock,
    max_accounts: i64,
}

impl Gauges {
    /// For at most so many accounts.
    pub(crate) fn new(db: Database, clock: Clock, max_accounts: u32) -> Self {
        Self { db, clock, max_accounts: max_accounts.into() }
    }

    pub(crate) fn for_accounts(self, max_accounts: u32) -> Self {
        Self { max_accounts: max_accounts.into(), ..self }
    }

    /// Tells until `stop` is cancelled; at once, and then every minute.
    pub(crate) async fn run(self, stop: CancellationToken) {
        loop {
            if let Some(Err(error)) = stop.run_until_cancelled(self.tell()).await {
                tracing::debug!(%error, "metrics of accounts are put off");
            }
            if stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_none() {
                return;
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "times far below 2^52")]
    async fn tell(&self) -> Result<(), Error> {
        let (now, max) = (self.clock.now(), self.max_accounts);
        for (account, expires_at) in self.db.read(move |c| gauges::newest_ends(c, max)).await? {
            let left = (expires_at - now) as f64 / DAY as f64;
            gauge!("rollcall_token_days_left", "account" => account).set(left);
        }
        for (account, at) in self.db.read(move |c| gauges::last_accesses(c, max)).await? {
            let since = (now - at).max(0) as f64 / 1000.0;
            gauge!("rollcall_last_access_seconds", "account" => account).set(since);
        }
        Ok(())
    }
}
