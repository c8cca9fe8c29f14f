//! What Prometheus is told of the accounts: gathered now and then, never on a request's time.

use std::time::Duration;

use metrics::gauge;
use rollcall_serve::CancellationToken;

use crate::{
    directory::Directory,
    store::{error::Error, gauges},
};

/// How often streams and stations are looked at.
const INTERVAL: Duration = Duration::from_mins(1);
/// Every so many rounds accounts are counted: their memberships are counted by an index, which takes about 0.1 s a million.
const COUNTING: u32 = 5;

/// The gauges of the directory.
pub(crate) struct Gauges {
    directory: Directory,
    max_accounts: i64,
}

impl Gauges {
    /// For at most so many accounts.
    pub(crate) fn new(directory: Directory, max_accounts: u32) -> Self {
        Self { directory, max_accounts: max_accounts.into() }
    }

    /// Tells until `stop` is cancelled; at once, and then every minute.
    pub(crate) async fn run(self, stop: CancellationToken) {
        for round in 0_u32.. {
            let told = stop.run_until_cancelled(self.tell(round.is_multiple_of(COUNTING))).await;
            if let Some(Err(error)) = told {
                tracing::debug!(%error, "metrics of accounts are put off");
            }
            if stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_none() {
                return;
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    async fn tell(&self, counting: bool) -> Result<(), Error> {
        let max = self.max_accounts;
        if counting {
            for row in self.directory.read(move |c| gauges::sizes(c, max)).await? {
                gauge!("rollcall_users", "account" => row.account_id.clone()).set(row.users as f64);
                gauge!("rollcall_groups", "account" => row.account_id.clone()).set(row.groups as f64);
                gauge!("rollcall_members", "account" => row.account_id).set(row.members as f64);
            }
        }
        for (account, streams) in self.directory.watchers().streams() {
            gauge!("rollcall_watch_streams", "account" => account).set(streams as f64);
        }
        for row in self.directory.read(move |c| gauges::lags(c, max)).await? {
            let labels = [("account", row.account_id), ("station", row.station)];
            gauge!("rollcall_change_feed_lag_revisions", &labels).set(row.revisions as f64);
            gauge!("rollcall_change_feed_lag_seconds", &labels).set(row.milliseconds as f64 / 1000.0);
        }
        Ok(())
    }
}
