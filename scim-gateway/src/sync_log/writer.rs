//! Sends the entries to token-service, beside the requests.

use std::{sync::Arc, time::Duration};

use rollcall_proto::token::{RecordSyncEntriesRequest, sync_log_service_client::SyncLogServiceClient};
use rollcall_serve::{CancellationToken, Channel};
use tokio::time::sleep;
use tonic::Code;

use super::queue::Queue;
use crate::{
    clients::{answer, request},
    error::Error,
};

/// How long an entry waits for company.
const INTERVAL: Duration = Duration::from_millis(500);
/// The longest wait between two attempts.
const MAX_WAIT: Duration = Duration::from_secs(5);
/// For how long entries are still sent once the gateway ends.
const FLUSH: Duration = Duration::from_secs(5);

/// The task that writes the sync log.
#[must_use = "without it nothing is written"]
pub struct SyncLog {
    queue: Arc<Queue>,
    client: SyncLogServiceClient<Channel>,
    /// What was sent and not taken yet. token-service knows again what it has, so sending it twice is no harm.
    pending: Option<RecordSyncEntriesRequest>,
}

impl SyncLog {
    pub(crate) fn new(queue: Arc<Queue>, client: SyncLogServiceClient<Channel>) -> Self {
        Self { queue, client, pending: None }
    }

    /// Writes what comes until `stop` is cancelled, and then, for five seconds at the most, what is left. Cancel `stop`
    /// when no more requests are answered.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut wait = INTERVAL;
        while !stop.is_cancelled() {
            tokio::select! {
                () = sleep(wait) => {}
                () = self.queue.batch(), if wait == INTERVAL => {}
                () = stop.cancelled() => break,
            }
            match stop.run_until_cancelled(self.write()).await {
                Some(false) => wait = (wait * 2).min(MAX_WAIT),
                Some(true) | None => wait = INTERVAL,
            }
        }
        if tokio::time::timeout(FLUSH, self.flush()).await.is_err() {
            let entries = self.queue.len() + self.pending.map_or(0, |batch| batch.entries.len());
            tracing::warn!(entries, "token-service does not answer; the sync log lacks the last entries");
        }
    }

    async fn flush(&mut self) {
        while !self.write().await {
            sleep(INTERVAL).await;
        }
    }

    /// Writes all that waits. False: some of it must be tried again.
    async fn write(&mut self) -> bool {
        loop {
            #[expect(clippy::cast_precision_loss, reason = "at most some thousands")]
            metrics::gauge!("rollcall_sync_log_queue_length").set(self.queue.len() as f64);
            self.pending = self.pending.take().or_else(|| self.queue.take());
            let Some(batch) = self.pending.clone() else { return true };
            let call = self.client.record_sync_entries(request(batch));
            let Err(error) = answer(call).await else {
                self.pending = None;
                continue;
            };
            let code = if let Error::Service(status) = &error { status.code() } else { Code::Unknown };
            let never = matches!(code, Code::InvalidArgument | Code::OutOfRange | Code::Unimplemented);
            tracing::warn!(?code, %error, never, "cannot write the sync log");
            if let Some(batch) = self.pending.take_if(|_| never) {
                self.queue.lose(batch);
            }
            return false;
        }
    }
}
