use std::time::Duration;

use rollcall_card::{conversion::Conversion, keyring::station_tag};
use rollcall_proto::identity::{
    AcknowledgeChangesRequest, CardConversion, ConversionStep, LetterCase, ListRemovalsRequest,
    ListStationsRequest, UpdateConversionRequest, WatchBegin, WatchChangesRequest, WatchChangesResponse,
    WatchKind, conversion_step::Step, watch_changes_response::Event,
};
use tonic::{Code, Status, Streaming};

use crate::{
    cards::{give, patch, with_cards},
    service::{ACCOUNT, Service, both, group, id},
};

async fn watch(
    service: &Service,
    after: i64,
    kinds: &[WatchKind],
    station: &str,
) -> Result<Streaming<WatchChangesResponse>, Status> {
    let request = WatchChangesRequest {
        parent: ACCOUNT.to_owned(),
        after_revision: after,
        kinds: kinds.iter().map(|kind| i32::from(*kind)).collect(),
        station: station.to_owned(),
    };
    service.changes.clone().watch_changes(request).await.map(tonic::Response::into_inner)
}

async fn next(events: &mut Streaming<WatchChangesResponse>) -> WatchChangesResponse {
    loop {
        let event =
            tokio::time::timeout(Duration::from_secs(20), events.message()).await.unwrap().unwrap().unwrap();
        if !matches!(event.event, Some(Event::Heartbeat(_))) {
            return event;
        }
    }
}

/// Reads up to the end of the snapshot: the beginning, the events, and the revision.
async fn snapshot(events: &mut Streaming<WatchChangesResponse>) -> (WatchBegin, Vec<Event>, i64) {
    let Some(Event::Begin(begin)) = next(events).await.event else { panic!("no beginning") };
    let mut found = Vec::new();
    loop {
        let WatchChangesResponse { revision, event, .. } = next(events).await;
        match event.unwrap() {
            Event::SnapshotEnd(_) => return (begin, found, revision),
            other => {
                assert_eq!(revision, 0);
                found.push(other);
            }
        }
    }
}

#[test]
fn a_snapshot_and_then_every_change() {
    both(async |service| {
        let anna = service.create(with_cards("anna", &["04A1"])).await.unwrap();
        let staff = service.create_group(group("Staff", &[&anna])).await.unwrap();
        let mut events = watch(&service, 0, &[], "lobby").await.unwrap();
        let (begin, found, revision) = snapshot(&mut events).await;
        assert!(begin.snapshot);
        let key: [u8; 32] = begin.station_key.clone().try_into().unwrap();
        let [Event::User(user), Event::Group(found_group), Event::Members(members)] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!((user.id.as_str(), user.user_name.as_str(), user.active), (id(&anna.name), "anna", true));
        let conversion = Conversion::compile(&begin.conversion.unwrap()).unwrap();
        let tag = station_tag(&key, &conversion.apply_reader("04A1").unwrap());
        assert_eq!(user.cards[0].tag, tag);
        assert_eq!(
            (found_group.id.as_str(), members.added.as_slice()),
            (id(&staff.name), &[user.id.clone()][..])
        );

        // A change goes out at once.
        let since = std::time::Instant::now();
        patch(&service, &anna, "active", "false").await.unwrap();
        let event = next(&mut events).await;
        assert!(since.elapsed() < Duration::from_millis(500), "{:?}", since.elapsed());
        assert_eq!(event.revision, revision + 1);
        let Some(Event::User(user)) = event.event else { panic!("{event:?}") };
        assert!(!user.active && user.cards.len() == 1);
        give(&service, &anna, "2002").await.unwrap();
        let Some(Event::User(user)) = next(&mut events).await.event else { panic!("no user") };
        assert_eq!(user.cards.len(), 2);
        service.delete(&anna.name).await;
        let mut rest = Vec::new();
        while !matches!(rest.last(), Some(WatchChangesResponse { event: Some(Event::UserDeleted(_)), .. })) {
            rest.push(next(&mut events).await);
        }
        let left = rest.iter().any(|event| matches!(&event.event, Some(Event::Members(members)) if members.removed == [user.id.clone()]));
        assert!(left, "{rest:?}");

        // Another resumes where the first began, and ends up the same; with its own key.
        let mut resumed = watch(&service, revision, &[WatchKind::User], "").await.unwrap();
        let first = next(&mut resumed).await;
        assert!(
            matches!(&first.event, Some(Event::Begin(begin)) if !begin.snapshot && begin.station_key.is_empty())
        );
        let event = next(&mut resumed).await;
        assert!(matches!(&event.event, Some(Event::UserDeleted(gone)) if *gone == user.id), "{event:?}");
        assert_eq!(event.revision, rest.last().unwrap().revision);
        let mut other = watch(&service, 0, &[], "hall").await.unwrap();
        assert_ne!(snapshot(&mut other).await.0.station_key, begin.station_key);
    });
}

#[test]
fn stations_confirm_that_somebody_left() {
    both(async |service| {
        let anna = service.create(with_cards("anna", &["04A1"])).await.unwrap();
        let (mut lobby, mut hall) =
            (watch(&service, 0, &[], "lobby").await.unwrap(), watch(&service, 0, &[], "hall").await.unwrap());
        snapshot(&mut lobby).await;
        snapshot(&mut hall).await;
        patch(&service, &anna, "active", "false").await.unwrap();
        let revision = next(&mut lobby).await.revision;
        let removals = async || {
            let request =
                ListRemovalsRequest { parent: ACCOUNT.to_owned(), user: anna.name.clone(), page_size: 0 };
            service.stations.clone().list_removals(request).await.unwrap().into_inner().removals
        };
        let acknowledge = async |station: &str, revision: i64| {
            let request = AcknowledgeChangesRequest {
                parent: ACCOUNT.to_owned(),
                station: station.to_owned(),
                revision,
            };
            service
                .stations
                .clone()
                .acknowledge_changes(request)
                .await
                .map(drop)
                .map_err(|status| status.code())
        };
        let first = &removals().await[0];
        assert_eq!((first.revision, first.stations, first.confirmed, first.deleted), (revision, 2, 0, false));
        acknowledge("lobby", revision).await.unwrap();
        acknowledge("lobby", revision).await.unwrap();
        let one = &removals().await[0];
        assert_eq!((one.confirmed, one.waiting.as_slice()), (1, &["hall".to_owned()][..]));
        acknowledge("hall", revision).await.unwrap();
        let all = &removals().await[0];
        assert_eq!((all.stations, all.confirmed, all.waiting.len()), (2, 2, 0));
        assert!(all.confirmed_after.unwrap().seconds < 20);
        assert_eq!(acknowledge("hall", revision + 100).await, Err(Code::InvalidArgument));
        assert_eq!(acknowledge("", 1).await, Err(Code::InvalidArgument));
        let list = ListStationsRequest { parent: ACCOUNT.to_owned() };
        let stations = service.stations.clone().list_stations(list).await.unwrap().into_inner();
        assert!(stations.stations.iter().all(|station| station.connected && station.revision == revision));
        assert_eq!(stations.head_revision, revision);
    });
}

#[test]
fn another_conversion_begins_with_a_snapshot() {
    both(async |service| {
        let anna = service.create(with_cards("anna", &["04a1"])).await.unwrap();
        let mut events = watch(&service, 0, &[], "lobby").await.unwrap();
        let (.., revision) = snapshot(&mut events).await;
        let upper = ConversionStep { step: Some(Step::LetterCase(LetterCase { lower: false })) };
        let conversion = CardConversion { steps: vec![upper], reader_steps: vec![] };
        let request = UpdateConversionRequest { parent: ACCOUNT.to_owned(), conversion: Some(conversion) };
        service.conversions.clone().update_conversion(request).await.unwrap();
        let ended = loop {
            match tokio::time::timeout(Duration::from_secs(20), events.message()).await.unwrap() {
                Ok(Some(_)) => {}
                Ok(None) => panic!("it ended without a word"),
                Err(status) => break status,
            }
        };
        assert_eq!(ended.code(), Code::OutOfRange, "{ended:?}");
        let resumed = watch(&service, revision, &[], "lobby").await.err().unwrap();
        assert_eq!(resumed.code(), Code::OutOfRange);
        assert_eq!(crate::cards::holder(&service, "04A1").await, "anna");
        assert_eq!(watch(&service, 1_000_000, &[], "").await.err().unwrap().code(), Code::OutOfRange);
        assert_eq!(watch(&service, -1, &[], "").await.err().unwrap().code(), Code::InvalidArgument);
        let mut again = watch(&service, 0, &[], "lobby").await.unwrap();
        let (begin, found, _) = snapshot(&mut again).await;
        let key: [u8; 32] = begin.station_key.try_into().unwrap();
        let Event::User(user) = &found[0] else { panic!("{found:?}") };
        assert_eq!(user.cards[0].tag, station_tag(&key, "04A1"));
        assert_eq!(user.id, id(&anna.name));
    });
}
