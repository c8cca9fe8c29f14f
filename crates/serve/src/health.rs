//! How a process is: alive, and ready.
//!
//! Alive means that a restart would not help. It ends only when a part of the process has died that nothing but a restart brings back.
//! Ready means that requests are welcome: it follows what [`Health::follow`] looks at, and ends with the signal to stop. A gateway follows
//! nothing: without its services it answers 503 with Retry-After itself, which says more than a refused connection.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, task::JoinHandle};
use tokio_stream::{Stream, StreamExt as _, wrappers::WatchStream};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus, health_server,
};

/// How often what it follows is looked at.
const INTERVAL: Duration = Duration::from_secs(2);
/// So many bad looks in a row end being ready.
const BAD: u32 = 3;
/// So many good looks in a row begin it again.
const GOOD: u32 = 2;

/// The health service's name for being alive.
pub const LIVENESS: &str = "liveness";
/// The health service's name for being ready; the empty name is another.
pub const READINESS: &str = "readiness";

/// How a process is. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Health(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    told: watch::Sender<Told>,
}

#[derive(Debug, Default)]
struct State {
    /// Whether each thing that is followed is there.
    followed: BTreeMap<&'static str, bool>,
    starting: bool,
    leaving: bool,
    broken: Option<&'static str>,
}

/// What others are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Told {
    alive: bool,
    ready: bool,
    leaving: bool,
}

impl Default for Health {
    fn default() -> Self {
        let (told, _) = watch::channel(Told { alive: true, ready: true, leaving: false });
        Self(Arc::new(Inner { state: Mutex::default(), told }))
    }
}

impl Health {
    /// Whether only a restart helps.
    pub fn is_alive(&self) -> bool {
        self.0.told.borrow().alive
    }

    /// Whether requests are welcome.
    pub fn is_ready(&self) -> bool {
        self.0.told.borrow().ready
    }

    /// Whether it has been asked to stop.
    pub fn is_leaving(&self) -> bool {
        self.0.told.borrow().leaving
    }

    /// What is missing, for people.
    pub fn reasons(&self) -> Vec<String> {
        let state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let missing =
            state.followed.iter().filter(|(_, there)| !**there).map(|(name, _)| format!("no {name}"));
        let other = [
            state.starting.then(|| "starting".to_owned()),
            state.leaving.then(|| "stopping".to_owned()),
            state.broken.map(|what| format!("{what} has ended by a defect")),
        ];
        other.into_iter().flatten().chain(missing).collect()
    }

    /// Not ready until [`Health::started`].
    pub fn starting(&self) {
        self.change(|state| state.starting = true);
    }

    /// From here on it may be ready.
    pub fn started(&self) {
        self.change(|state| state.starting = false);
    }

    /// Never ready again.
    pub fn leave(&self) {
        self.change(|state| state.leaving = true);
    }

    /// Something has died that only a restart brings back.
    pub fn broken(&self, what: &'static str) {
        tracing::error!(what, "ended by a defect; only a restart brings it back");
        self.change(|state| state.broken = Some(what));
    }

    /// Looks at something every two seconds for as long as the process lives: three bad looks in a row end being ready, two good ones
    /// begin it again. `name` is what it is, such as `identity database`.
    pub fn follow<F>(&self, name: &'static str, mut look: impl FnMut() -> F + Send + 'static)
    where
        F: Future<Output = bool> + Send,
    {
        let health = self.clone();
        tokio::spawn(async move {
            let mut seen = Hysteresis::default();
            loop {
                tokio::time::sleep(INTERVAL).await;
                // A look that hangs is a bad one.
                let good = tokio::time::timeout(INTERVAL, look()).await.unwrap_or(false);
                let before = seen.good;
                let now = seen.see(good);
                if before != now {
                    if now {
                        tracing::info!("the {name} is there again");
                    } else {
                        tracing::warn!("the {name} is gone; not ready until it is back");
                    }
                }
                health.change(|state| {
                    state.followed.insert(name, now);
                });
            }
        });
    }

    /// Spawns a task that must not end before `stop` is cancelled: then only a restart brings back what it did.
    pub fn keep(
        &self,
        what: &'static str,
        stop: CancellationToken,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> JoinHandle<()> {
        let health = self.clone();
        let task = tokio::spawn(task);
        tokio::spawn(async move {
            // A panic in it was reported where it happened.
            let _ = task.await;
            if !stop.is_cancelled() {
                health.broken(what);
            }
        })
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        let alive = state.broken.is_none();
        let there = state.followed.values().all(|there| *there);
        let ready = alive && there && !state.starting && !state.leaving;
        let told = Told { alive, ready, leaving: state.leaving };
        self.0.told.send_if_modified(|before| std::mem::replace(before, told) != told);
    }

    fn status(told: Told, service: &str) -> ServingStatus {
        let good = if service == LIVENESS { told.alive } else { told.ready };
        if good { ServingStatus::Serving } else { ServingStatus::NotServing }
    }
}

/// Turns looks into a judgement that one bad look does not change.
#[derive(Debug)]
struct Hysteresis {
    good: bool,
    against: u32,
}

impl Default for Hysteresis {
    fn default() -> Self {
        Self { good: true, against: 0 }
    }
}

impl Hysteresis {
    fn see(&mut self, good: bool) -> bool {
        self.against = if good == self.good { 0 } else { self.against + 1 };
        if self.against >= if self.good { BAD } else { GOOD } {
            (self.good, self.against) = (good, 0);
        }
        self.good
    }
}

/// `grpc.health.v1`, for the process and for services by name.
pub(crate) struct Services {
    pub(crate) health: Health,
    pub(crate) names: Vec<String>,
}

impl Services {
    fn knows(&self, service: &str) -> bool {
        matches!(service, "" | LIVENESS | READINESS) || self.names.iter().any(|known| known == service)
    }
}

fn answer(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}

#[tonic::async_trait]
impl health_server::Health for Services {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let service = request.into_inner().service;
        if self.knows(&service) {
            let told = *self.health.0.told.borrow();
            Ok(Response::new(answer(Health::status(told, &service))))
        } else {
            Err(Status::not_found(format!("there is no service `{service}` here")))
        }
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let service = request.into_inner().service;
        if !self.knows(&service) {
            // The protocol keeps the stream open after the first answer.
            let stream = tokio_stream::once(Ok(answer(ServingStatus::ServiceUnknown)));
            return Ok(Response::new(Box::pin(stream.chain(tokio_stream::pending()))));
        }
        let told = WatchStream::new(self.health.0.told.subscribe());
        let stream = told.map(move |told| Ok(answer(Health::status(told, &service))));
        Ok(Response::new(Box::pin(stream)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_look_is_not_believed() {
        let mut seen = Hysteresis::default();
        let looks = [true, false, false, true, false, false, false, true, false, true, true];
        let judged = looks.map(|look| seen.see(look));
        assert_eq!(judged, [true, true, true, true, true, true, false, false, false, false, true]);
    }

    #[tokio::test(start_paused = true)]
    async fn it_follows_what_it_looks_at() {
        let health = Health::default();
        let there = Arc::new(std::sync::atomic::AtomicBool::new(true));
        let look = Arc::clone(&there);
        health.follow("database", move || {
            let good = look.load(std::sync::atomic::Ordering::Relaxed);
            async move { good }
        });
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert!(health.is_ready() && health.is_alive());
        there.store(false, std::sync::atomic::Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(4)).await;
        assert!(health.is_ready());
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert!(!health.is_ready() && health.is_alive());
        assert_eq!(health.reasons(), ["no database"]);
        there.store(true, std::sync::atomic::Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert!(health.is_ready());
        health.leave();
        assert!(!health.is_ready() && health.is_alive());
        health.broken("a part");
        assert!(!health.is_alive());
    }
}
