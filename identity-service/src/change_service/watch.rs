//! A stream of changes: read from the database page by page, as fast as it is read, so that nothing waits in memory for a watcher
//! who is slow.

use std::{collections::BTreeMap, pin::Pin, time::Duration};

use prost_types::Timestamp;
use rollcall_proto::identity::{
    CardConversion, Heartbeat, SnapshotEnd, WatchBegin, WatchChangesRequest, WatchChangesResponse, WatchKind,
    WatchedMembers, watch_changes_response::Event,
};
use tokio::sync::{mpsc, watch::Receiver};
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::Status;

use crate::{
    directory::{Connected, Directory},
    name,
    store::{
        clock, conversions,
        error::Error,
        head, stations,
        watch::{self, Interest},
    },
    watchers::POLL,
};

/// Events that may be on their way to a watcher.
const IN_FLIGHT: usize = 64;
/// How long a watcher may read nothing.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the last word of a stream may take.
const LAST_WORD: Duration = Duration::from_secs(1);
/// A watcher hears something this often.
const HEARTBEAT: Duration = Duration::from_secs(5);

pub(super) type Events = Pin<Box<dyn Stream<Item = Result<WatchChangesResponse, Status>> + Send>>;

/// One watcher.
struct Watcher {
    directory: Directory,
    interest: Interest,
    events: mpsc::Sender<Result<WatchChangesResponse, Status>>,
    /// For as long as it lives, the station counts as connected.
    _connected: Option<Connected>,
}

/// Why a stream ends.
enum End {
    /// The watcher is gone.
    Gone,
    Failed(Error),
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Begins a stream.
pub(super) async fn begin(directory: &Directory, request: WatchChangesRequest) -> Result<Events, Error> {
    let WatchChangesRequest { parent, after_revision, kinds, station } = request;
    let account = name::account("parent", &parent)?;
    name::optional_station(&station)?;
    if after_revision < 0 {
        return Err(Error::field("after_revision", "must not be negative"));
    }
    let wants = |kind: WatchKind| kinds.is_empty() || kinds.contains(&i32::from(kind));
    if kinds.iter().any(|kind| !matches!(WatchKind::try_from(*kind), Ok(WatchKind::User | WatchKind::Group)))
    {
        return Err(Error::field("kinds", "has what is no kind"));
    }
    let station_key = (!station.is_empty()).then(|| directory.vault().ring().station_key(&account, &station));
    let interest = Interest {
        account: account.clone(),
        users: wants(WatchKind::User),
        groups: wants(WatchKind::Group),
        station_key,
    };
    // From here on nothing that is written is missed.
    let woken = directory.watchers().of(&account);
    let of = account.clone();
    let (head, oldest, conversion) = directory
        .read(move |c| Ok((head::read(c, &of)?.0, head::oldest(c, &of)?, conversions::read(c, &of)?)))
        .await?;
    // A copy that is ahead is one of another database: of a backup that was restored, for one.
    if after_revision != 0 && !(oldest..=head).contains(&after_revision) {
        return Err(Error::Compacted { after: after_revision });
    }
    let mut connected = None;
    if !station.is_empty() {
        let (of, named) = (account.clone(), station.clone());
        directory.write_quietly(&account, move |c| stations::note(c, &of, &named)).await?;
        connected = Some(directory.connect(&account, &station));
    }
    let (events, receiver) = mpsc::channel(IN_FLIGHT);
    let watcher = Watcher { directory: directory.clone(), interest, events, _connected: connected };
    tokio::spawn(watcher.run((after_revision, head), conversion, woken));
    Ok(Box::pin(ReceiverStream::new(receiver)))
}

impl Watcher {
    async fn run(self, (after, head): (i64, i64), conversion: CardConversion, woken: Receiver<u64>) {
        if let Err(End::Failed(error)) = self.follow((after, head), conversion, woken).await {
            // Where there is no room for it in a while, that the stream ends says enough.
            let last = self.events.send(Err(error.into()));
            let _ = tokio::time::timeout(LAST_WORD, last).await;
        }
    }

    async fn follow(
        &self,
        (after, head): (i64, i64),
        conversion: CardConversion,
        mut woken: Receiver<u64>,
    ) -> Result<(), End> {
        // An account that never had a change has no revision to resume from.
        let snapshot = after == 0;
        let station_key = self.interest.station_key.map(|key| key.to_vec()).unwrap_or_default();
        let begin = WatchBegin { snapshot, station_key, conversion: Some(conversion) };
        self.send(if snapshot { 0 } else { after }, Event::Begin(begin)).await?;
        let mut at = after;
        if snapshot {
            self.snapshot().await?;
            self.send(head, Event::SnapshotEnd(SnapshotEnd {})).await?;
            at = head;
        }
        let mut quiet_since = tokio::time::Instant::now();
        loop {
            woken.mark_unchanged();
            let (vault, interest) = (self.directory.vault(), self.interest.clone());
            let (events, reached) =
                self.directory.read(move |c| watch::deltas(c, &vault, &interest, at)).await?;
            let said = events.last().map_or(at, |event| event.revision);
            let news = reached != at;
            for event in events {
                self.put(event).await?;
            }
            at = reached;
            if news {
                quiet_since = tokio::time::Instant::now();
            }
            // What it is not interested in moves its revision on too.
            if (news && said < reached) || quiet_since.elapsed() >= HEARTBEAT {
                self.send(at, Event::Heartbeat(Heartbeat {})).await?;
                quiet_since = tokio::time::Instant::now();
            }
            if news {
                continue;
            }
            tokio::select! {
                changed = woken.changed() => if changed.is_err() {
                    woken = self.directory.watchers().of(&self.interest.account);
                },
                () = tokio::time::sleep(POLL) => {}
                () = self.events.closed() => return Err(End::Gone),
                () = self.directory.closed() => return Err(Error::Stopping { after: Some(at) }.into()),
            }
        }
    }

    async fn snapshot(&self) -> Result<(), End> {
        if self.interest.users {
            let mut after = String::new();
            loop {
                let (vault, interest, from) = (self.directory.vault(), self.interest.clone(), after.clone());
                let page = self.directory.read(move |c| watch::users(c, &vault, &interest, &from)).await?;
                let Some(last) = page.last() else { break };
                after.clone_from(&last.id);
                for user in page {
                    self.send(0, Event::User(user)).await?;
                }
            }
        }
        if !self.interest.groups {
            return Ok(());
        }
        let mut after = String::new();
        loop {
            let (interest, from) = (self.interest.clone(), after.clone());
            let page = self.directory.read(move |c| watch::groups(c, &interest, &from)).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.id);
            for group in page {
                self.send(0, Event::Group(group)).await?;
            }
        }
        let mut after = (String::new(), String::new());
        loop {
            let (interest, from) = (self.interest.clone(), after.clone());
            let page = self.directory.read(move |c| watch::members(c, &interest, (&from.0, &from.1))).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after.clone_from(last);
            let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for (group, member) in page {
                groups.entry(group).or_default().push(member);
            }
            for (group_id, added) in groups {
                self.send(0, Event::Members(WatchedMembers { group_id, added, removed: vec![] })).await?;
            }
        }
    }

    async fn send(&self, revision: i64, event: Event) -> Result<(), End> {
        let time: Option<Timestamp> = Some(clock::timestamp(clock::now()));
        self.put(WatchChangesResponse { revision, time, event: Some(event) }).await
    }

    async fn put(&self, event: WatchChangesResponse) -> Result<(), End> {
        let sent = tokio::select! {
            biased;
            () = self.directory.closed() => return Err(Error::Stopping { after: None }.into()),
            sent = tokio::time::timeout(PATIENCE, self.events.send(Ok(event))) => sent,
        };
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(Error::Slow { seconds: PATIENCE.as_secs() }.into()),
        }
    }
}
