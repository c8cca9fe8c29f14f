//! Stations that follow an account: how late they hear of a write, and how fast the first copy comes.

use std::time::{Duration, Instant};

use http::Method;
use rollcall_proto::identity::{
    WatchChangesRequest, change_service_client::ChangeServiceClient, watch_changes_response::Event,
};
use rollcall_serve::channel;
use tokio::sync::mpsc;

use crate::{
    Error,
    scenarios::{Population, ensure, patch},
    statistics::middle,
    target::Target,
    wire::Wire,
};

/// How long all stations may take to hear of a write.
const PATIENCE: Duration = Duration::from_secs(30);

/// How late an event came, in milliseconds after the write was acknowledged.
#[derive(Debug)]
pub(crate) struct Delays {
    /// Of half the stations' events.
    pub(crate) median: f64,
    /// Of the last station, in the median write and in the worst one.
    pub(crate) last: f64,
    pub(crate) worst: f64,
}

/// Opens so many streams, a connection each, and makes writes one after another.
pub(crate) async fn fan_out(
    target: &Target,
    people: &Population,
    stations: usize,
    writes: usize,
) -> Result<Delays, Error> {
    let (heard, mut events) = mpsc::unbounded_channel::<(String, Instant)>();
    let (ready, mut begun) = mpsc::unbounded_channel();
    let head = head(target).await?;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..stations {
        let mut changes = ChangeServiceClient::new(channel::connect(target.grpc()?)?);
        let (heard, ready) = (heard.clone(), ready.clone());
        tasks.spawn(async move {
            let request = WatchChangesRequest {
                parent: "accounts/default".to_owned(),
                after_revision: head,
                ..Default::default()
            };
            let mut stream = changes.watch_changes(request).await?.into_inner();
            while let Some(event) = stream.message().await? {
                let now = Instant::now();
                match event.event {
                    Some(Event::Begin(_)) => drop(ready.send(())),
                    Some(Event::User(user)) => drop(heard.send((user.id, now))),
                    _ => {}
                }
            }
            Ok::<_, Error>(())
        });
        // One after another: a thousand at once would wait in the listener's queue.
        tokio::time::timeout(PATIENCE, begun.recv()).await?;
    }
    let mut wire = Wire::open(&target.endpoint).await?;
    let (mut all, mut last) = (vec![], vec![]);
    for write in 0..writes {
        let person = people.people().get(write).ok_or("too few people")?;
        let body = patch("replace", "displayName", &format!("\"Renamed {write}\""));
        let answer = wire.send(Method::PATCH, &format!("/Users/{}", person.id), Some(body)).await?;
        let acknowledged = Instant::now();
        ensure(answer.status == 200, || answer.wrong("not renamed"))?;
        let mut delays = Vec::with_capacity(stations);
        while delays.len() < stations {
            let (id, when) = tokio::time::timeout(PATIENCE, events.recv())
                .await
                .map_err(|_| format!("{} of {stations} stations heard of a write", delays.len()))?
                .ok_or("all streams ended")?;
            ensure(id == person.id, || "an event of somebody else".to_owned())?;
            delays.push(when.saturating_duration_since(acknowledged).as_secs_f64() * 1e3);
        }
        last.push(delays.iter().copied().fold(0.0, f64::max));
        all.append(&mut delays);
    }
    let worst = last.iter().copied().fold(0.0, f64::max);
    Ok(Delays { median: middle(all), last: middle(last), worst })
}

/// The newest revision.
async fn head(target: &Target) -> Result<i64, Error> {
    let request = rollcall_proto::identity::ListChangesRequest {
        parent: "accounts/default".to_owned(),
        page_size: 1,
        ..Default::default()
    };
    let mut changes = ChangeServiceClient::new(channel::connect(target.grpc()?)?);
    Ok(changes.list_changes(request).await?.into_inner().head_revision)
}

/// Takes a first copy, as a new station does; users and groups a second, and how many there were.
pub(crate) async fn first_copy(target: &Target) -> Result<(f64, usize), Error> {
    let mut changes = ChangeServiceClient::new(channel::connect(target.grpc()?)?);
    let start = Instant::now();
    let request = WatchChangesRequest { parent: "accounts/default".to_owned(), ..Default::default() };
    let mut stream = changes.watch_changes(request).await?.into_inner();
    let mut objects = 0;
    while let Some(event) = stream.message().await? {
        match event.event {
            Some(Event::User(_) | Event::Group(_)) => objects += 1,
            Some(Event::SnapshotEnd(_)) => {
                return Ok((objects as f64 / start.elapsed().as_secs_f64(), objects));
            }
            _ => {}
        }
    }
    Err("the stream ended before the copy was complete".into())
}
