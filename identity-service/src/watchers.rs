//! Who waits for changes of an account in this process.
//!
//! A write here wakes them at once. What another replica writes they find by looking: see [`POLL`].

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::watch;

/// How often a watcher looks for what another process wrote.
pub(crate) const POLL: Duration = Duration::from_millis(250);

/// The watchers of all accounts. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Watchers(Arc<Mutex<HashMap<String, watch::Sender<u64>>>>);

impl Watchers {
    /// Wakes the watchers of an account.
    pub(crate) fn wake(&self, account: &str) {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = accounts.get(account) else { return };
        if sender.receiver_count() == 0 {
            accounts.remove(account);
        } else {
            sender.send_modify(|count| *count = count.wrapping_add(1));
        }
    }

    /// How many wait, by account.
    pub(crate) fn streams(&self) -> Vec<(String, usize)> {
        let accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.iter().map(|(account, sender)| (account.clone(), sender.receiver_count())).collect()
    }

    /// A place to wait at: it is marked changed by each write after this.
    pub(crate) fn of(&self, account: &str) -> watch::Receiver<u64> {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.entry(account.to_owned()).or_default().subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_wakes_the_watchers_of_its_account_and_no_others() {
        let watchers = Watchers::default();
        watchers.wake("a");
        let (mut a, b) = (watchers.of("a"), watchers.of("b"));
        watchers.wake("a");
        assert!(a.has_changed().unwrap() && !b.has_changed().unwrap());
        a.mark_unchanged();
        assert!(!a.has_changed().unwrap());
        drop(b);
        watchers.wake("b");
        assert_eq!(watchers.0.lock().unwrap().len(), 1, "an account without watchers is forgotten");
    }
}
