//! A double click makes one token, and shows it: the browser drops the answer to the first click and waits for that to
//! the second, which therefore must be the same.
//!
//! The service makes one token per request id, however often it is asked, and shows its secret once. So the console
//! keeps the answer for half a minute, for the session that asked, in memory.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rollcall_proto::token::GenerateTokenResponse;
use tokio::sync::watch;
use tonic::Status;

/// How long an answer is kept.
const KEPT: Duration = Duration::from_secs(30);
/// The most answers kept at once.
const MOST: usize = 1000;

/// Session, account and request id.
type Key = (String, String, String);
type Answer = Result<GenerateTokenResponse, Status>;

/// The answers of the last half minute, and those still awaited.
#[derive(Clone, Default)]
pub(crate) struct Answers(Arc<Mutex<HashMap<Key, watch::Receiver<Option<Answer>>>>>);

impl Answers {
    /// The answer to this call, or to the one with the same key that was made before. The call goes on when nobody waits
    /// for it any more.
    pub(super) async fn once(&self, key: Key, call: impl Future<Output = Answer> + Send + 'static) -> Answer {
        let mut answer = {
            let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match answers.get(&key) {
                Some(answer) => answer.clone(),
                None if answers.len() >= MOST => {
                    return Err(Status::resource_exhausted("too many tokens are made at once"));
                }
                None => {
                    let (sender, answer) = watch::channel(None);
                    answers.insert(key.clone(), answer.clone());
                    tokio::spawn(self.clone().work(key, call, sender));
                    answer
                }
            }
        };
        let answered = answer.wait_for(Option::is_some).await;
        answered
            .ok()
            .and_then(|answer| answer.clone())
            .unwrap_or_else(|| Err(Status::internal("a call broke off")))
    }

    async fn work(self, key: Key, call: impl Future<Output = Answer>, sender: watch::Sender<Option<Answer>>) {
        let answer = call.await;
        let made = answer.is_ok();
        sender.send_replace(Some(answer));
        // A failure may be tried again at once.
        if made {
            tokio::time::sleep(KEPT).await;
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
    }
}

/// Secrets are in there.
impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answers").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn key(session: &str) -> Key {
        (session.to_owned(), "a".to_owned(), "id".to_owned())
    }

    /// A service that takes a while, and counts.
    fn service(calls: &Arc<AtomicUsize>) -> impl Future<Output = Answer> + Send + 'static {
        let calls = Arc::clone(calls);
        async move {
            let call = calls.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(GenerateTokenResponse { token: None, secret: format!("secret {call}") })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_double_click_is_one_call_and_both_get_its_answer() {
        let (answers, calls) = (Answers::default(), Arc::new(AtomicUsize::new(0)));
        let first = answers.once(key("s"), service(&calls));
        let second = answers.once(key("s"), service(&calls));
        let (first, second) = tokio::join!(first, second);
        assert_eq!(first.unwrap().secret, "secret 0");
        assert_eq!(second.unwrap().secret, "secret 0");
        assert_eq!(calls.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn the_answer_outlives_whoever_asked_first() {
        let (answers, calls) = (Answers::default(), Arc::new(AtomicUsize::new(0)));
        let gone =
            tokio::time::timeout(Duration::from_millis(10), answers.once(key("s"), service(&calls))).await;
        assert!(gone.is_err());
        assert_eq!(answers.once(key("s"), service(&calls)).await.unwrap().secret, "secret 0");
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_forgotten_after_a_while_and_is_nobody_elses() {
        let (answers, calls) = (Answers::default(), Arc::new(AtomicUsize::new(0)));
        assert_eq!(answers.once(key("s"), service(&calls)).await.unwrap().secret, "secret 0");
        assert_eq!(answers.once(key("t"), service(&calls)).await.unwrap().secret, "secret 1");
        tokio::time::sleep(KEPT + Duration::from_secs(1)).await;
        assert!(answers.0.lock().unwrap().is_empty());
        assert_eq!(answers.once(key("s"), service(&calls)).await.unwrap().secret, "secret 2");
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_not_kept() {
        let answers = Answers::default();
        let failing = answers.once(key("s"), async { Err(Status::unavailable("down")) });
        assert!(failing.await.is_err());
        tokio::task::yield_now().await;
        let calls = Arc::new(AtomicUsize::new(0));
        assert!(answers.once(key("s"), service(&calls)).await.is_ok());
        assert!(!format!("{answers:?}").contains("secret"));
    }

    #[tokio::test(start_paused = true)]
    async fn their_number_is_bounded() {
        let (answers, calls) = (Answers::default(), Arc::new(AtomicUsize::new(0)));
        let asked = (0..=MOST).map(|n| answers.once(key(&n.to_string()), service(&calls)));
        let refused = futures::future::join_all(asked).await.into_iter().filter(Result::is_err).count();
        assert_eq!(refused, 1);
    }
}
