//! How many requests of one account are under way at once: an identity provider that floods leaves room for the others. What comes above
//! that waits for a moment, so that a burst is served, and is then told to come back.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{error::Error, target::Account};

/// How long a request waits for its turn: short enough to be answered within a second.
const WAIT: Duration = Duration::from_millis(500);

/// The accounts that have requests here.
#[derive(Debug)]
pub(crate) struct Admission {
    limit: usize,
    accounts: Mutex<HashMap<Account, Here>>,
}

/// What an account has here: its turns, and how many requests have one or wait for one.
#[derive(Debug)]
struct Here {
    turns: Arc<Semaphore>,
    requests: usize,
}

/// A request that is here until this value goes.
#[derive(Debug)]
struct Request {
    at: Arc<Admission>,
    account: Account,
}

/// A request whose turn it is until this value goes.
#[derive(Debug)]
pub(crate) struct Turn {
    _permit: OwnedSemaphorePermit,
    _request: Request,
}

impl Admission {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, accounts: Mutex::default() })
    }

    /// Lets a request of an account begin, as soon as it is its turn.
    ///
    /// # Errors
    /// [`Error::Busy`] where as many as the limit are under way, and none of them ends within half a second.
    pub(crate) async fn turn(self: &Arc<Self>, account: &Account) -> Result<Turn, Error> {
        let turns = {
            let mut accounts = self.accounts();
            let here = accounts
                .entry(account.clone())
                .or_insert_with(|| Here { turns: Arc::new(Semaphore::new(self.limit)), requests: 0 });
            here.requests += 1;
            Arc::clone(&here.turns)
        };
        let request = Request { at: Arc::clone(self), account: account.clone() };
        match tokio::time::timeout(WAIT, turns.acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Turn { _permit: permit, _request: request }),
            // The semaphore is never closed.
            Ok(Err(_)) | Err(_) => Err(Error::Busy { limit: self.limit }),
        }
    }

    /// The map is whole after every statement that changes it, so a panic elsewhere does not spoil it.
    fn accounts(&self) -> MutexGuard<'_, HashMap<Account, Here>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        let mut accounts = self.at.accounts();
        if let Some(here) = accounts.get_mut(&self.account) {
            here.requests = here.requests.saturating_sub(1);
            if here.requests == 0 {
                accounts.remove(&self.account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(id: &str) -> Account {
        Account::parse(id).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn an_account_has_so_many_at_once_and_leaves_those_of_others_alone() {
        let (admission, acme) = (Admission::new(2), account("acme"));
        let first = admission.turn(&acme).await.unwrap();
        let _second = admission.turn(&acme).await.unwrap();
        let error = admission.turn(&acme).await.unwrap_err();
        assert!(matches!(error, Error::Busy { limit: 2 }));
        assert_eq!(error.status(), http::StatusCode::TOO_MANY_REQUESTS);
        let _of_another = admission.turn(&account("other")).await.unwrap();
        drop(first);
        admission.turn(&acme).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_is_let_in_when_another_ends() {
        let (admission, acme) = (Admission::new(1), account("acme"));
        let first = admission.turn(&acme).await.unwrap();
        let waiting = tokio::spawn({
            let (admission, acme) = (Arc::clone(&admission), acme.clone());
            async move { admission.turn(&acme).await.is_ok() }
        });
        tokio::time::sleep(WAIT / 2).await;
        drop(first);
        assert!(waiting.await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_remembered_of_who_has_nothing_here() {
        let (admission, acme) = (Admission::new(1), account("acme"));
        let first = admission.turn(&acme).await.unwrap();
        assert!(admission.turn(&acme).await.is_err());
        drop(first);
        assert!(admission.accounts().is_empty());
    }
}
