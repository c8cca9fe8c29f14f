//! Keeping the copy in step.

use std::time::{Duration, Instant};

use rollcall_proto::identity::{
    AcknowledgeChangesRequest, WatchChangesRequest, WatchChangesResponse,
    change_service_client::ChangeServiceClient, station_service_client::StationServiceClient,
    watch_changes_response::Event,
};
use rollcall_serve::{CancellationToken, Channel, channel};
use tokio::sync::watch;
use tonic::{Code, Status};

use crate::{
    edge::{Edge, Error},
    store::{self, Batch},
};

/// Events of a snapshot that are written together.
const BATCH: usize = 500;
/// The first and the longest pause before the centre is tried again.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// Without a word for this long, the connection is given up: the centre sends something every five seconds.
const SILENCE: Duration = Duration::from_secs(20);
/// How often the time of the last contact is written while nothing else is.
const NOTE_CONTACT: Duration = Duration::from_secs(5);

/// Why a stream ended.
enum End {
    /// The centre, or the way to it.
    Status(Status),
    /// The copy itself.
    Copy(Error),
}

impl From<Status> for End {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        Self::Copy(error)
    }
}

impl Edge {
    /// Follows the centre until `stop` is cancelled, whatever happens in between: the centre may be away for days.
    pub async fn follow(self, stop: CancellationToken) {
        let (acknowledge, revisions) = watch::channel(0);
        let acknowledging = tokio::spawn(self.clone().acknowledge(revisions, stop.clone()));
        let mut pause = FIRST_PAUSE;
        let mut anew = false;
        while !stop.is_cancelled() {
            let began = Instant::now();
            let ended = tokio::select! {
                ended = self.stream(anew, &acknowledge) => ended,
                () = stop.cancelled() => break,
            };
            self.disconnected();
            let Err(end) = ended;
            let again = anew;
            anew = matches!(&end, End::Status(status) if status.code() == Code::OutOfRange);
            match end {
                End::Status(status) => {
                    tracing::info!(code = ?status.code(), message = status.message(), "the stream ended");
                }
                End::Copy(error) => tracing::error!(%error, "the copy cannot be kept"),
            }
            // A stream that lasted was a good one.
            pause =
                if began.elapsed() > LONGEST_PAUSE { FIRST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
            // The first time there is no need to wait for a snapshot.
            let wait = if anew && !again { Duration::ZERO } else { jittered(pause) };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = stop.cancelled() => break,
            }
        }
        self.disconnected();
        drop(acknowledge);
        // It ends with its channel; a panic was reported where it happened.
        let _ = acknowledging.await;
    }

    /// One stream, to its end.
    async fn stream(
        &self,
        anew: bool,
        acknowledge: &watch::Sender<i64>,
    ) -> Result<std::convert::Infallible, End> {
        let head = self.db().read(store::head).await?;
        let resume = head.complete && !anew;
        let request = WatchChangesRequest {
            parent: self.parent(),
            after_revision: if resume { head.revision } else { 0 },
            kinds: vec![],
            station: self.options().station.clone(),
        };
        let mut changes =
            ChangeServiceClient::new(self.channel()).max_decoding_message_size(channel::MAX_MESSAGE);
        let mut events = changes.watch_changes(request).await?.into_inner();
        let mut batch = Batch::new();
        let mut noted = Instant::now();
        loop {
            let Ok(event) = tokio::time::timeout(SILENCE, events.message()).await else {
                return Err(Status::deadline_exceeded("the centre is silent").into());
            };
            let event = event?.ok_or_else(|| Status::unavailable("the centre ended the stream"))?;
            self.heard();
            let in_snapshot = is_of_snapshot(&event);
            let is_heartbeat = matches!(event.event, Some(Event::Heartbeat(_)));
            if is_heartbeat && batch.is_empty() && event.revision <= *acknowledge.borrow() {
                if noted.elapsed() >= NOTE_CONTACT {
                    self.db().write("copy", store::contact).await?;
                    noted = Instant::now();
                }
                continue;
            }
            batch.push(event);
            if in_snapshot && batch.len() < BATCH {
                continue;
            }
            let full = std::mem::take(&mut batch);
            let revision = self.db().write("copy", move |c| store::apply(c, full)).await?;
            noted = Instant::now();
            acknowledge.send_if_modified(|known| {
                let news = revision != *known;
                *known = revision;
                news
            });
        }
    }

    /// Tells the centre which revision is on the disk: the newest, one call at a time.
    async fn acknowledge(self, mut revisions: watch::Receiver<i64>, stop: CancellationToken) {
        let mut stations: StationServiceClient<Channel> = StationServiceClient::new(self.channel());
        loop {
            tokio::select! {
                changed = revisions.changed() => if changed.is_err() { return },
                () = stop.cancelled() => return,
            }
            let revision = *revisions.borrow_and_update();
            let request = AcknowledgeChangesRequest {
                parent: self.parent(),
                station: self.options().station.clone(),
                revision,
            };
            if let Err(status) = stations.acknowledge_changes(request).await {
                tracing::info!(code = ?status.code(), message = status.message(), "not acknowledged");
                // The next change is told again; so is this one, unless the centre is gone.
                tokio::time::sleep(FIRST_PAUSE).await;
                revisions.mark_changed();
            }
        }
    }

    fn parent(&self) -> String {
        format!("accounts/{}", self.options().account)
    }
}

/// Whether more of a snapshot follows an event, so that it need not be written at once.
fn is_of_snapshot(event: &WatchChangesResponse) -> bool {
    event.revision == 0 && !matches!(event.event, Some(Event::SnapshotEnd(_) | Event::Heartbeat(_)))
}

/// A pause that is not the same for all stations: they must not come back together.
fn jittered(pause: Duration) -> Duration {
    let mut byte = [0];
    // Without random numbers it is no shorter.
    let _ = getrandom::fill(&mut byte);
    pause / 2 + pause.mul_f64(f64::from(byte[0]) / 512.0)
}
