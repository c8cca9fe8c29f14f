//! What goes on beside requests: cards are sealed by a new key, old changes are forgotten.
//!
//! Each step is a short transaction in its account's turn, so that no request waits for more than one of them. Replicas may do it
//! at the same time: whoever comes second finds less to do.

use std::time::Duration;

use rollcall_serve::CancellationToken;

use crate::{
    directory::Directory,
    store::{error::Error, upkeep},
};

/// How often it is looked whether there is something to do.
const INTERVAL: Duration = Duration::from_mins(10);

/// The upkeep of the directory.
pub(crate) struct Upkeep(Directory);

impl Upkeep {
    pub(crate) fn new(directory: Directory) -> Self {
        Self(directory)
    }

    /// Works until `stop` is cancelled; at once, and then every ten minutes.
    pub(crate) async fn run(self, stop: CancellationToken) {
        loop {
            let worked = tokio::select! {
                worked = self.work() => worked,
                () = stop.cancelled() => return,
            };
            if let Err(error) = worked {
                tracing::warn!(%error, "the upkeep of the directory is put off");
            }
            if tokio::time::timeout(INTERVAL, stop.cancelled()).await.is_ok() {
                return;
            }
        }
    }

    async fn work(&self) -> Result<(), Error> {
        for account in self.0.read(upkeep::accounts).await? {
            let mut sealed = 0;
            loop {
                let (vault, of) = (self.0.vault(), account.clone());
                let count = self.0.write_quietly(&account, move |c| upkeep::seal(c, &vault, &of)).await?;
                sealed += count;
                if count == 0 {
                    break;
                }
            }
            if sealed > 0 {
                tracing::info!(account, cards = sealed, "cards are kept by the current key now");
            }
            loop {
                let of = account.clone();
                if self.0.write_quietly(&account, move |c| upkeep::forget(c, &of)).await? == 0 {
                    break;
                }
            }
        }
        Ok(())
    }
}
