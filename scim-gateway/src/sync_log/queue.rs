//! The entries that wait to be written. Bounded: what finds no room is counted, for its account.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use rollcall_proto::token::{LostSyncEntries, RecordSyncEntriesRequest, SyncEntry};
use tokio::sync::Notify;

/// The most entries that wait: a few seconds of a busy gateway.
pub(super) const CAPACITY: usize = 8192;
/// The most bytes of their bodies, which are the one large part of an entry. Beyond it entries go without.
const BODIES: usize = 16 * 1024 * 1024;
/// The most entries in one call.
pub(super) const BATCH: usize = 500;
/// What stands for a body for which there was no room.
const NO_ROOM: &str = "[not kept: too many requests failed at once]";

/// The queue.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    /// Told when there is a batch.
    full: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    entries: VecDeque<SyncEntry>,
    bodies: usize,
    /// By account. No longer than the list of accounts: only they have tokens.
    lost: HashMap<String, i64>,
}

impl Queue {
    /// Adds an entry of `account` (a resource name), or counts it as lost. Never waits.
    pub(super) fn push(&self, account: &str, mut entry: SyncEntry) {
        let mut waiting = self.waiting();
        if waiting.entries.len() >= CAPACITY {
            waiting.lose(account, 1);
            return;
        }
        if waiting.bodies + entry.body.len() > BODIES {
            NO_ROOM.clone_into(&mut entry.body);
        }
        waiting.bodies += entry.body.len();
        waiting.entries.push_back(entry);
        if waiting.entries.len() == BATCH {
            self.full.notify_one();
        }
    }

    /// Waits until there is a batch.
    pub(super) async fn batch(&self) {
        self.full.notified().await;
    }

    /// Takes the oldest entries, and what was lost; `None` where there is nothing.
    pub(super) fn take(&self) -> Option<RecordSyncEntriesRequest> {
        let mut waiting = self.waiting();
        let count = waiting.entries.len().min(BATCH);
        let entries: Vec<_> = waiting.entries.drain(..count).collect();
        waiting.bodies -= entries.iter().map(|entry| entry.body.len()).sum::<usize>();
        let lost = waiting.lost.drain().map(|(account, count)| LostSyncEntries { account, count }).collect();
        let request = RecordSyncEntriesRequest { entries, lost };
        (!request.entries.is_empty() || !request.lost.is_empty()).then_some(request)
    }

    /// Counts what could not be written for good.
    pub(super) fn lose(&self, request: RecordSyncEntriesRequest) {
        let mut waiting = self.waiting();
        for entry in request.entries {
            let account = entry.name.strip_suffix("/syncEntries/-").unwrap_or(&entry.name);
            waiting.lose(account, 1);
        }
        for lost in request.lost {
            waiting.lose(&lost.account, lost.count);
        }
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.waiting().entries.len()
    }

    /// Every statement above leaves it whole, so a panic elsewhere does not spoil it.
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn lose(&mut self, account: &str, count: i64) {
        metrics::counter!("rollcall_sync_log_lost_total").increment(count.unsigned_abs());
        let lost = self.lost.entry(account.to_owned()).or_default();
        *lost = lost.saturating_add(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(account: &str, body: usize) -> SyncEntry {
        let name = format!("accounts/{account}/syncEntries/-");
        SyncEntry { name, body: "x".repeat(body), ..SyncEntry::default() }
    }

    #[test]
    fn what_finds_no_room_is_counted_for_its_account() {
        let queue = Queue::default();
        assert!(queue.take().is_none());
        for _ in 0..CAPACITY + 3 {
            queue.push("accounts/a", entry("a", 0));
        }
        queue.push("accounts/b", entry("b", 0));
        let mut first = queue.take().unwrap();
        first.lost.sort_by(|a, b| a.account.cmp(&b.account));
        let lost: Vec<_> = first.lost.iter().map(|lost| (lost.account.as_str(), lost.count)).collect();
        assert_eq!((first.entries.len(), lost), (BATCH, vec![("accounts/a", 3), ("accounts/b", 1)]));
        // What token-service refuses is lost as well, and told with the next batch.
        queue.lose(first);
        let second = queue.take().unwrap();
        let lost: i64 = second.lost.iter().map(|lost| lost.count).sum();
        assert_eq!(lost, i64::try_from(BATCH).unwrap() + 4);
        assert_eq!(queue.len(), CAPACITY - 2 * BATCH);
    }

    #[test]
    fn bodies_take_bounded_memory() {
        let queue = Queue::default();
        for _ in 0..CAPACITY {
            queue.push("accounts/a", entry("a", 8 * 1024));
        }
        let mut bytes = 0;
        while let Some(batch) = queue.take() {
            bytes += batch.entries.iter().map(|entry| entry.body.len()).sum::<usize>();
        }
        assert!(bytes <= BODIES + CAPACITY * NO_ROOM.len(), "{bytes}");
    }
}
