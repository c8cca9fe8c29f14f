use prost_types::{Duration, Timestamp};
use rollcall_proto::token::{
    ConnectionState, GetSyncEntryRequest, GetSyncLogSettingsRequest, ListAuditEntriesRequest,
    ListSyncEntriesRequest, LostSyncEntries, RecordSyncEntriesRequest, SyncAction as A, SyncEntry,
    SyncKind as K, SyncLogSettings, SyncResult, Token, UpdateSyncLogSettingsRequest,
};
use rollcall_token_service::{Options, clock::DAY, migrations};
use tonic::{Code, Status};

use crate::server::{Server, on_both};

fn time(millis: i64) -> Timestamp {
    let nanos = i32::try_from(millis.rem_euclid(1000)).unwrap() * 1_000_000;
    Timestamp { seconds: millis.div_euclid(1000), nanos }
}

/// A request that succeeded.
fn entry(token: &Token, millis: i64, subject: &str) -> SyncEntry {
    SyncEntry {
        name: format!("{}/syncEntries/-", token.name.split_once("/tokens/").unwrap().0),
        time: Some(time(millis)),
        token: token.name.clone(),
        method: "POST".to_owned(),
        kind: K::User.into(),
        action: A::Create.into(),
        resource_id: format!("id-{subject}"),
        subject: subject.to_owned(),
        status: 201,
        duration: Some(Duration { seconds: 0, nanos: 5_000_000 }),
        agent: "Agent/1".to_owned(),
        address: "192.0.2.1".to_owned(),
        ..SyncEntry::default()
    }
}

async fn record(server: &Server, entries: Vec<SyncEntry>) -> Result<(), Status> {
    let request = RecordSyncEntriesRequest { entries, lost: Vec::new() };
    server.sync_log.clone().record_sync_entries(request).await.map(|_| ())
}

/// The subjects of a list, and the token of the next page.
async fn list(server: &Server, request: ListSyncEntriesRequest) -> (Vec<String>, String) {
    let request = ListSyncEntriesRequest { parent: "accounts/acme".to_owned(), ..request };
    let page = server.sync_log.clone().list_sync_entries(request).await.unwrap().into_inner();
    (page.entries.into_iter().map(|entry| entry.subject).collect(), page.next_page_token)
}

/// An account with a token.
async fn acme(server: &Server) -> Token {
    server.account("acme").await.unwrap();
    server.generate("acme").await.unwrap().0
}

#[tokio::test]
async fn what_was_recorded_is_listed_newest_first_and_read_whole() {
    on_both(async |server| {
        let token = acme(&server).await;
        let now = server.now();
        let failed = SyncEntry {
            status: 400,
            scim_type: "invalidValue".to_owned(),
            detail: "no".to_owned(),
            body: "{\"userName\":\"bob\"}".to_owned(),
            filter: "userName eq \"x\"".to_owned(),
            ..entry(&token, now + 3, "bob")
        };
        record(&server, vec![entry(&token, now + 2, "ann"), failed.clone(), entry(&token, now + 1, "cid")])
            .await
            .unwrap();
        let request = ListSyncEntriesRequest { page_size: 2, ..Default::default() };
        let (first, next) = list(&server, request.clone()).await;
        assert_eq!(first, ["bob", "ann"]);
        let (rest, end) = list(&server, ListSyncEntriesRequest { page_token: next, ..request }).await;
        assert_eq!((rest, end.as_str()), (vec!["cid".to_owned()], ""));

        let all = ListSyncEntriesRequest { parent: "accounts/acme".to_owned(), ..Default::default() };
        let listed = server.sync_log.clone().list_sync_entries(all).await.unwrap().into_inner().entries;
        assert!(listed.iter().all(|entry| entry.body.is_empty()));
        let name = listed[0].name.clone();
        let read = server.sync_log.clone().get_sync_entry(GetSyncEntryRequest { name: name.clone() }).await;
        assert_eq!(read.unwrap().into_inner(), SyncEntry { name: name.clone(), ..failed });
        for (name, code) in [
            (name.replace("acme", "other"), Code::NotFound),
            ("accounts/acme/syncEntries/x".to_owned(), Code::InvalidArgument),
            (String::new(), Code::InvalidArgument),
        ] {
            let request = GetSyncEntryRequest { name: name.clone() };
            let status = server.sync_log.clone().get_sync_entry(request).await;
            assert_eq!(status.unwrap_err().code(), code, "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn lists_are_narrowed() {
    on_both(async |server| {
        let token = acme(&server).await;
        let now = server.now();
        let read = |at, subject, kind: K, action: A, status| SyncEntry {
            kind: kind.into(),
            action: action.into(),
            status,
            ..entry(&token, at, subject)
        };
        record(
            &server,
            vec![
                read(now + 1, "Ärger", K::User, A::Create, 201),
                read(now + 2, "ann", K::User, A::Read, 404),
                read(now + 3, "ANNA", K::User, A::Patch, 400),
                read(now + 4, "Print", K::Group, A::Delete, 204),
                read(now + 5, "", K::Bulk, A::Unspecified, 200),
                read(now + 6, "", K::User, A::List, 503),
            ],
        )
        .await
        .unwrap();
        let request = ListSyncEntriesRequest::default;
        for (request, expected) in [
            (request(), &["", "", "Print", "ANNA", "ann", "Ärger"][..]),
            (ListSyncEntriesRequest { subject: "AN".to_owned(), ..request() }, &["ANNA", "ann"]),
            (ListSyncEntriesRequest { subject: "ärg".to_owned(), ..request() }, &["Ärger"]),
            (ListSyncEntriesRequest { subject: "%".to_owned(), ..request() }, &[]),
            (ListSyncEntriesRequest { resource_id: "id-ann".to_owned(), ..request() }, &["ann"]),
            (ListSyncEntriesRequest { resource_id: "id-an".to_owned(), ..request() }, &[]),
            (ListSyncEntriesRequest { kind: K::Group.into(), ..request() }, &["Print"]),
            (ListSyncEntriesRequest { result: SyncResult::Failed.into(), ..request() }, &["", "ANNA", "ann"]),
            (
                ListSyncEntriesRequest { result: SyncResult::Succeeded.into(), ..request() },
                &["", "Print", "Ärger"],
            ),
            (
                ListSyncEntriesRequest {
                    result: SyncResult::Failed.into(),
                    subject: "a".to_owned(),
                    ..request()
                },
                &["ANNA", "ann"],
            ),
            (ListSyncEntriesRequest { writes_only: true, ..request() }, &["", "Print", "ANNA", "Ärger"]),
            (
                ListSyncEntriesRequest {
                    start_time: Some(time(now + 2)),
                    end_time: Some(time(now + 4)),
                    ..request()
                },
                &["ANNA", "ann"],
            ),
            (
                ListSyncEntriesRequest {
                    start_time: Some(Timestamp { seconds: i64::MAX, nanos: 0 }),
                    ..request()
                },
                &[],
            ),
            (
                ListSyncEntriesRequest {
                    end_time: Some(Timestamp { seconds: i64::MIN, nanos: 0 }),
                    ..request()
                },
                &[],
            ),
        ] {
            let (found, next) = list(&server, request.clone()).await;
            assert_eq!(
                (found.as_slice(), next.as_str()),
                (&expected.iter().map(ToString::to_string).collect::<Vec<_>>()[..], ""),
                "{request:?}"
            );
            // Page by page it is the same.
            let (mut paged, mut page_token) = (Vec::new(), String::new());
            loop {
                let (page, next) =
                    list(&server, ListSyncEntriesRequest { page_size: 1, page_token, ..request.clone() })
                        .await;
                paged.extend(page);
                page_token = next;
                if page_token.is_empty() {
                    break;
                }
            }
            assert_eq!(paged, found, "{request:?}");
        }
        for request in [
            ListSyncEntriesRequest { parent: "acme".to_owned(), ..request() },
            ListSyncEntriesRequest { page_size: -1, ..request() },
            ListSyncEntriesRequest { page_token: "x".to_owned(), ..request() },
            ListSyncEntriesRequest { kind: 99, ..request() },
            ListSyncEntriesRequest { result: -1, ..request() },
            ListSyncEntriesRequest { subject: "a\0".to_owned(), ..request() },
            ListSyncEntriesRequest { resource_id: "x".repeat(256), ..request() },
        ] {
            let parent = if request.parent.is_empty() { "accounts/acme" } else { &request.parent };
            let request = ListSyncEntriesRequest { parent: parent.to_owned(), ..request };
            let status = server.sync_log.clone().list_sync_entries(request.clone()).await.unwrap_err();
            assert_eq!(status.code(), Code::InvalidArgument, "{request:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_call_looks_at_ten_thousand_entries_and_goes_on_from_there() {
    on_both(async |server| {
        let token = acme(&server).await;
        let now = server.now();
        let group = SyncEntry { kind: K::Group.into(), ..entry(&token, now, "oldest") };
        record(&server, vec![group]).await.unwrap();
        for batch in 0..11 {
            let entries = (0..1000).map(|one| entry(&token, now + 1 + batch * 1000 + one, "ann"));
            record(&server, entries.collect()).await.unwrap();
        }
        let groups = ListSyncEntriesRequest { kind: K::Group.into(), ..Default::default() };
        let (none, next) = list(&server, groups.clone()).await;
        assert!(none.is_empty() && !next.is_empty());
        let (found, next) = list(&server, ListSyncEntriesRequest { page_token: next, ..groups }).await;
        assert_eq!((found, next.as_str()), (vec!["oldest".to_owned()], ""));
        // Where an index knows, one call finds it; where many have the subject, too.
        let by_subject = |subject: &str| ListSyncEntriesRequest {
            subject: subject.to_owned(),
            page_size: 1000,
            ..Default::default()
        };
        assert_eq!(list(&server, by_subject("old")).await, (vec!["oldest".to_owned()], String::new()));
        let (many, next) = list(&server, by_subject("ann")).await;
        assert!(many.len() == 1000 && !next.is_empty());
        let whole = ListSyncEntriesRequest { page_size: i32::MAX, ..Default::default() };
        assert_eq!(list(&server, whole).await.0.len(), 1000);
    })
    .await;
}

#[tokio::test]
async fn what_belongs_to_nobody_is_left_out_and_the_rest_is_kept_once() {
    on_both(async |server| {
        let token = acme(&server).await;
        server.account("other").await.unwrap();
        let (others, _) = server.generate("other").await.unwrap();
        let now = server.now();
        let ann = entry(&token, now, "ann");
        let batch = vec![
            SyncEntry { name: "accounts/nobody/syncEntries/-".to_owned(), ..ann.clone() },
            SyncEntry { name: String::new(), ..ann.clone() },
            SyncEntry { token: token.name.replace("acme", "nobody"), ..ann.clone() },
            SyncEntry { token: others.name.replace("other", "acme"), ..ann.clone() },
            SyncEntry { token: others.name.clone(), ..ann.clone() },
            SyncEntry {
                name: "accounts/nobody/syncEntries/-".to_owned(),
                token: token.name.replace("acme", "nobody"),
                ..ann.clone()
            },
            ann.clone(),
        ];
        // The second time is a gateway that did not hear the answer to the first.
        record(&server, batch.clone()).await.unwrap();
        record(&server, batch).await.unwrap();
        assert_eq!(list(&server, ListSyncEntriesRequest::default()).await.0, ["ann"]);
        let listed = &server.list("acme").await.unwrap()[0];
        assert_eq!(listed.uses_today, 1);
        let many = vec![ann; 1001];
        assert_eq!(record(&server, many).await.unwrap_err().code(), Code::InvalidArgument);
    })
    .await;
}

#[tokio::test]
async fn requests_move_what_is_known_of_token_and_connection() {
    on_both(async |server| {
        let token = acme(&server).await;
        let now = server.now();
        let failed = |at| SyncEntry { status: 500, detail: "broken".to_owned(), ..entry(&token, at, "") };
        record(&server, vec![entry(&token, now, "ann"), failed(now + 2), failed(now + 1)]).await.unwrap();
        let request = RecordSyncEntriesRequest {
            entries: vec![SyncEntry { address: "192.0.2.2".to_owned(), ..failed(now + 3) }],
            lost: [("accounts/acme", 7), ("accounts/acme", -5), ("accounts/nobody", 1), ("", 1)]
                .map(|(account, count)| LostSyncEntries { account: account.to_owned(), count })
                .to_vec(),
        };
        server.sync_log.clone().record_sync_entries(request).await.unwrap();
        let listed = &server.list("acme").await.unwrap()[0];
        assert_eq!((listed.uses_today, listed.last_use_address.as_str()), (4, "192.0.2.2"));
        assert_eq!((listed.last_use_agent.as_str(), listed.last_use_time), ("Agent/1", Some(time(now + 3))));
        let connection = server.connection("acme").await.unwrap();
        assert_eq!(connection.state(), ConnectionState::Connected);
        server.pass(DAY / 24 + 1);
        assert_eq!(server.connection("acme").await.unwrap().state(), ConnectionState::Failing);
        server.pass(DAY);
        assert_eq!(server.list("acme").await.unwrap()[0].uses_today, 0);
    })
    .await;
}

#[tokio::test]
async fn settings_are_kept_and_noted() {
    on_both(async |server| {
        server.account("acme").await.unwrap();
        let name = "accounts/acme/syncLogSettings".to_owned();
        let get = |name: &str| GetSyncLogSettingsRequest { name: name.to_owned() };
        let update = |name: &str, keep_days| UpdateSyncLogSettingsRequest {
            settings: Some(SyncLogSettings { name: name.to_owned(), keep_days, max_entries: 5 }),
            actor: "ann".to_owned(),
        };
        let mut log = server.sync_log.clone();
        let settings = log.get_sync_log_settings(get(&name)).await.unwrap().into_inner();
        assert_eq!((settings.keep_days, settings.max_entries), (30, 1_000_000));
        for _ in 0..2 {
            let settings = log.update_sync_log_settings(update(&name, 90)).await.unwrap().into_inner();
            assert_eq!((settings.keep_days, settings.max_entries), (90, 1_000_000));
        }
        assert_eq!(log.get_sync_log_settings(get(&name)).await.unwrap().into_inner().keep_days, 90);
        let request = ListAuditEntriesRequest { parent: "accounts/acme".to_owned(), ..Default::default() };
        let audit = server.audit.clone().list_audit_entries(request).await.unwrap().into_inner().entries;
        let seen: Vec<_> = audit.iter().map(|entry| (entry.action.as_str(), entry.detail.as_str())).collect();
        assert_eq!(seen, [("sync_log.update", "keep_days: 30 -> 90"), ("account.create", "")]);
        for (name, days, code) in [
            (name.as_str(), 0, Code::InvalidArgument),
            (name.as_str(), 366, Code::InvalidArgument),
            ("accounts/acme", 30, Code::InvalidArgument),
            ("accounts/nobody/syncLogSettings", 30, Code::NotFound),
        ] {
            let status = log.update_sync_log_settings(update(name, days)).await.unwrap_err();
            assert_eq!(status.code(), code, "{name} {days}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_old_or_too_much_goes() {
    rollcall_db::test::both(migrations, |db| async move {
        let options = Options { sync_log_max_entries: 2500, ..Options::default() };
        let server = Server::with(db, options);
        let token = acme(&server).await;
        let begin = server.now();
        record(&server, (0..1000).map(|at| entry(&token, begin + at, "old")).collect()).await.unwrap();
        server.pass(30 * DAY + 500);
        let count = async |subject: &str| {
            let subject = subject.to_owned();
            let (mut count, mut page_token) = (0, String::new());
            loop {
                let request = ListSyncEntriesRequest {
                    subject: subject.clone(),
                    page_size: 1000,
                    page_token,
                    ..Default::default()
                };
                let (page, next) = list(&server, request).await;
                count += page.len();
                page_token = next;
                if page_token.is_empty() {
                    return count;
                }
            }
        };
        server.run_until(async || count("old").await == 500).await;
        for batch in 0..3 {
            let at = server.now() + batch * 1000;
            record(&server, (0..1000).map(|one| entry(&token, at + one, "new")).collect()).await.unwrap();
        }
        server.run_until(async || count("").await == 2500).await;
        assert_eq!((count("old").await, count("new").await), (0, 2500));
    })
    .await;
}
