//! A copy against the real identity service over TCP, and against a centre that sends what no centre should.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod centre;
mod hostile;

use std::{os::unix::fs::PermissionsExt as _, time::Duration};

use rollcall_edge::{Edge, Error, Options, Refusal};
use rollcall_proto::identity::{ListStationsRequest, station_service_client::StationServiceClient};
use rollcall_serve::CancellationToken;

use crate::centre::Centre;

/// Waits until something is so.
async fn until(what: &str, is: impl AsyncFn() -> bool) {
    for _ in 0..1600 {
        if is().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{what}: not within forty seconds");
}

async fn finds(edge: &Edge, number: &str) -> String {
    match edge.lookup_card(number).await {
        Ok(answer) => answer.user.user_name,
        Err(Refusal::NotFound | Refusal::Empty) => String::new(),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_answers_with_the_centre_gone_and_catches_up_when_it_is_back() {
    let mut centre = Centre::start().await;
    let anna = centre.create("anna", &["04A1"]).await;
    let ben = centre.create("ben", &["04B2"]).await;
    let inner = centre.group("Inner", &[&anna]).await;
    centre.group("Outer", &[&inner]).await;
    let home = tempfile::tempdir().unwrap();
    let options = Options::new(home.path().join("copy/edge.db"), "acme", "lobby", &centre.url);
    let edge = Edge::open(options.clone()).unwrap();
    assert!(matches!(edge.lookup_card("04A1").await, Err(Refusal::Empty)));
    let stop = CancellationToken::new();
    let following = tokio::spawn(edge.clone().follow(stop.clone()));
    until("the snapshot", async || finds(&edge, "04A1").await == "anna").await;
    assert_eq!(finds(&edge, "04B2").await, "ben");
    assert_eq!(finds(&edge, "nobody's").await, "");
    let id = anna.rsplit('/').next().unwrap();
    let direct = edge.groups_of(id, false).await.unwrap().user;
    let effective = edge.groups_of(id, true).await.unwrap().user;
    assert_eq!((direct.len(), effective.len(), direct[0].display_name.as_str()), (1, 2, "Inner"));
    assert_eq!(edge.lookup_user("CORP\\ANNA").await.unwrap().user[0].user_name, "anna");

    // A change is there at once, and acknowledged.
    centre.set_active(&anna, false).await;
    let began = std::time::Instant::now();
    until("the leaver", async || finds(&edge, "04A1").await.is_empty()).await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    let url = centre.url.clone();
    until("the acknowledgement", async || {
        let request = ListStationsRequest { parent: "accounts/acme".to_owned() };
        let mut stations = StationServiceClient::connect(url.clone()).await.unwrap();
        let found = stations.list_stations(request).await.unwrap().into_inner();
        found.stations.len() == 1
            && found.stations[0].revision == found.head_revision
            && found.stations[0].connected
    })
    .await;

    // Without the centre, it goes on answering; and after it, it goes on from where it was.
    centre.stop().await;
    until("the end", async || !edge.state().await.unwrap().connected).await;
    assert_eq!(finds(&edge, "04B2").await, "ben");
    let revision = edge.state().await.unwrap().revision;
    centre.start_again().await;
    centre.delete(&ben).await;
    centre.set_active(&anna, true).await;
    until("the return", async || {
        finds(&edge, "04A1").await == "anna" && finds(&edge, "04B2").await.is_empty()
    })
    .await;
    let state = edge.state().await.unwrap();
    assert!(state.revision > revision && state.complete && state.connected);
    assert_eq!((state.users, state.cards, state.groups), (1, 1, 2));
    stop.cancel();
    following.await.unwrap();
    drop(edge);

    // A process that starts again has it all, and a file is the copy of one account and station.
    let edge = Edge::open(options.clone()).unwrap();
    assert_eq!(finds(&edge, "04A1").await, "anna");
    let too_old = Edge::open(Options { max_age: Duration::ZERO, ..options.clone() }).unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(matches!(too_old.lookup_card("04A1").await, Err(Refusal::Stale { age: Some(_) })));
    let other = Edge::open(Options { station: "hall".to_owned(), ..options.clone() });
    assert!(matches!(other.err(), Some(Error::Other { .. })));
    assert_eq!(std::fs::metadata(&options.path).unwrap().permissions().mode() & 0o777, 0o600);
    for entry in std::fs::read_dir(options.path.parent().unwrap()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(4).any(|window| window == b"04A1"), "a card number is in the copy");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_snapshot_comes_whole_and_another_one_replaces_it() {
    let mut centre = Centre::start().await;
    for number in 0..1200 {
        centre.create(&format!("u{number}"), &[&format!("card-{number}")]).await;
    }
    let home = tempfile::tempdir().unwrap();
    let edge = Edge::open(Options::new(home.path().join("edge.db"), "acme", "lobby", &centre.url)).unwrap();
    let stop = CancellationToken::new();
    let following = tokio::spawn(edge.clone().follow(stop.clone()));
    until("the snapshot", async || edge.state().await.unwrap().complete).await;
    assert_eq!(edge.state().await.unwrap().users, 1200);
    assert_eq!(finds(&edge, "CARD-1199").await, "");
    // Another conversion: all tags are other ones, and the old copy answers until the new one is there.
    centre.upper_case().await;
    until("the new tags", async || {
        finds(&edge, "card-1199").await == "u1199" && finds(&edge, "CARD-0").await == "u0"
    })
    .await;
    until("the end of it", async || edge.state().await.unwrap().cards == 1200).await;
    stop.cancel();
    following.await.unwrap();
    centre.stop().await;
}
