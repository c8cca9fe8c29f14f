//! A centre that sends what no centre should: a copy takes none of it over, and goes on.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rollcall_edge::{Edge, Options};
use rollcall_proto::identity::{
    ListChangesRequest, ListChangesResponse, SnapshotEnd, WatchBegin, WatchChangesRequest,
    WatchChangesResponse, WatchedCard, WatchedMembers, WatchedUser,
    change_service_server::{ChangeService, ChangeServiceServer},
    watch_changes_response::Event,
};
use rollcall_serve::{CancellationToken, Routes, grpc, listener};
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use crate::{finds, until};

/// Plays one script after another, the last again and again.
struct Script {
    scripts: Vec<Vec<WatchChangesResponse>>,
    asked: Arc<AtomicUsize>,
    end: Status,
}

#[tonic::async_trait]
impl ChangeService for Script {
    async fn list_changes(
        &self,
        _: Request<ListChangesRequest>,
    ) -> Result<Response<ListChangesResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    type WatchChangesStream = Pin<Box<dyn Stream<Item = Result<WatchChangesResponse, Status>> + Send>>;

    async fn watch_changes(
        &self,
        _: Request<WatchChangesRequest>,
    ) -> Result<Response<Self::WatchChangesStream>, Status> {
        let at = self.asked.fetch_add(1, Ordering::SeqCst).min(self.scripts.len() - 1);
        let events: Vec<Result<WatchChangesResponse, Status>> =
            self.scripts[at].iter().cloned().map(Ok).chain([Err(self.end.clone())]).collect();
        Ok(Response::new(Box::pin(tokio_stream::iter(events))))
    }
}

fn event(revision: i64, event: Event) -> WatchChangesResponse {
    WatchChangesResponse { revision, time: None, event: Some(event) }
}

fn begin(key: &[u8]) -> WatchChangesResponse {
    event(0, Event::Begin(WatchBegin { snapshot: true, station_key: key.to_vec(), conversion: None }))
}

fn user(id: &str, number: &str) -> WatchChangesResponse {
    let tag = rollcall_card::keyring::station_tag(&[7; 32], number).to_vec();
    let card = WatchedCard { tag, ..WatchedCard::default() };
    let user = WatchedUser {
        id: id.to_owned(),
        user_name: id.to_owned(),
        active: true,
        cards: vec![card.clone(), card],
        ..WatchedUser::default()
    };
    event(0, Event::User(user))
}

#[tokio::test]
async fn a_copy_outlives_a_broken_snapshot_and_events_that_are_none() {
    let end = |revision| event(revision, Event::SnapshotEnd(SnapshotEnd {}));
    let key = [7; 32];
    let scripts = vec![
        // A stream that breaks off in its snapshot, one without a key, ids that are none, nothing at all.
        vec![begin(&key), user("broken", "1")],
        vec![begin(&[]), user("keyless", "1"), end(3)],
        vec![begin(&key), user("", "1"), end(3)],
        vec![WatchChangesResponse::default(), begin(&key), user(&"x".repeat(300), "1"), end(3)],
        // A whole one, and after it what changes nothing.
        vec![
            begin(&key),
            user("anna", "1"),
            end(4),
            event(
                5,
                Event::Members(WatchedMembers {
                    group_id: "g".to_owned(),
                    added: vec!["anna".to_owned(), "anna".to_owned()],
                    removed: vec!["anna".to_owned()],
                }),
            ),
            event(6, Event::UserDeleted("nobody".to_owned())),
            event(-7, Event::GroupDeleted("\0".to_owned())),
        ],
    ];
    let count = scripts.len();
    let asked = Arc::new(AtomicUsize::new(0));
    let script = Script { scripts, asked: Arc::clone(&asked), end: Status::out_of_range("again") };
    let listener = listener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let routes = Routes::new(ChangeServiceServer::new(script));
    let serving = tokio::spawn(grpc::serve(listener, routes, stop.clone()));
    let home = tempfile::tempdir().unwrap();
    let edge = Edge::open(Options::new(home.path().join("edge.db"), "acme", "lobby", &url)).unwrap();
    let following = tokio::spawn(edge.clone().follow(stop.clone()));
    until("the whole one", async || finds(&edge, "1").await == "anna").await;
    assert!(asked.load(Ordering::SeqCst) >= count);
    until("its end", async || edge.state().await.unwrap().revision == 6).await;
    let state = edge.state().await.unwrap();
    assert_eq!((state.users, state.cards), (1, 1), "nothing of the others is left");
    stop.cancel();
    following.await.unwrap();
    tokio::time::timeout(Duration::from_secs(15), serving).await.unwrap().unwrap().unwrap();
}
