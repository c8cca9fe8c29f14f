//! What is known of an account can be taken away as a file, and erased so that nothing is left.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    time::Duration,
};

use diesel::{Connection as _, PgConnection, QueryableByName, RunQueryDsl as _, sql_types::Text};
use rollcall_db::{Address, Connection};
use rollcall_proto::{
    identity::{
        AcknowledgeChangesRequest, BatchLookupCardsRequest, ListChangesRequest, SecretKind,
        VerifySecretRequest, WatchChangesRequest, WatchChangesResponse,
        station_service_client::StationServiceClient, watch_changes_response::Event,
    },
    token::{CreateSessionRequest, Role, Session, session_service_client::SessionServiceClient},
};
use serde_json::{Value, json};
use tonic::{Code, Status, Streaming};

use crate::{
    canary,
    client::{Client, PRINT, USER},
    command_line::{rollcall, succeeds},
    server::{Server, both},
};

/// In every name that is brought in, and in nothing else.
const MARK: &str = "zq7leaver";
const PIN: &str = "739105";
/// The account that goes.
const GONE: &str = "acme";
/// More than go in one transaction.
const PEOPLE: usize = 1200;

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    text: String,
}

/// The tables with a column `account_id`, by this test's own questions.
fn tables(address: &Address) -> BTreeSet<String> {
    let query = match address {
        Address::Sqlite(_) => {
            "SELECT name AS text FROM sqlite_schema WHERE type = 'table' \
             AND EXISTS (SELECT 1 FROM pragma_table_info(sqlite_schema.name) c WHERE c.name = 'account_id')"
        }
        Address::Postgres(_) => {
            "SELECT table_name::text AS text FROM information_schema.columns \
             WHERE table_schema = 'public' AND column_name = 'account_id'"
        }
    };
    let mut connection = Connection::open_writer(address).unwrap();
    let lines: Vec<Line> = diesel::sql_query(query).load(&mut connection).unwrap();
    lines.into_iter().map(|line| line.text).collect()
}

/// In which files or tables the mark is.
fn marked(server: &Server) -> Vec<String> {
    let mut found = Vec::new();
    for address in server.store.addresses() {
        match address {
            Address::Sqlite(path) => {
                for suffix in ["", "-wal"] {
                    let file = format!("{}{suffix}", path.display());
                    let bytes = fs::read(&file).unwrap_or_default();
                    if bytes.windows(MARK.len()).any(|window| window.eq_ignore_ascii_case(MARK.as_bytes())) {
                        found.push(file);
                    }
                }
            }
            Address::Postgres(url) => {
                let mut connection = PgConnection::establish(url.as_str()).unwrap();
                let rows = canary::rows(&mut connection).into_iter();
                let marked = rows.filter(|(_, row)| row.contains(MARK) || row.contains(&canary::hex(MARK)));
                found.extend(marked.map(|(table, _)| table));
            }
        }
    }
    found
}

fn watch(after_revision: i64) -> WatchChangesRequest {
    WatchChangesRequest {
        parent: format!("accounts/{GONE}"),
        after_revision,
        station: format!("{MARK}-station"),
        ..WatchChangesRequest::default()
    }
}

async fn next(events: &mut Streaming<WatchChangesResponse>) -> Result<Event, Status> {
    loop {
        let event = tokio::time::timeout(Duration::from_secs(20), events.message()).await.unwrap()?;
        match event.unwrap().event.unwrap() {
            Event::Heartbeat(_) => {}
            event => return Ok(event),
        }
    }
}

/// Fills every table with something of the account.
async fn fill(server: &Server, idp: &Client) {
    let parent = format!("accounts/{GONE}");
    let anna = json!({
        "schemas": [USER, PRINT], "userName": format!("{MARK}-anna"), "externalId": format!("{MARK}-1"),
        "displayName": format!("{MARK} Anna"), "emails": [{ "value": format!("{MARK}@example.com"), "type": "work" }],
        "urn:example:unknown": { "desk": format!("{MARK}-desk") },
        (PRINT): { "cards": [{ "value": "4711", "display": format!("{MARK} blue") }], "pin": PIN },
    });
    let anna = idp.post("/Users", &anna).await.created().id();
    let bert = idp.new_user(&format!("{MARK}-bert")).await;
    idp.new_group(&format!("{MARK} staff"), &[&anna, &bert]).await;
    idp.post("/Users", &json!({ "schemas": [USER], "userName": format!("{MARK}-anna") }))
        .await
        .error(409, Some("uniqueness"));
    let rows: Vec<String> = (0..PEOPLE).map(|at| format!("{MARK}-{at},{at}00{at}\n")).collect();
    let file = format!("userName,card\n{}", rows.concat());
    fs::write(server.directory.path().join("people.csv"), file).unwrap();
    succeeds(&rollcall(server, &["import", GONE, "people.csv"]));
    let conversion = r#"{"readerSteps": [], "steps": [{"strip": ":"}]}"#;
    fs::write(server.directory.path().join("conversion.json"), conversion).unwrap();
    succeeds(&rollcall(server, &["conversion", "set", GONE, "--file", "conversion.json"]));
    succeeds(&rollcall(server, &["account", "settings", "set", GONE, "--unknown-members", "refuse"]));
    let email = format!("{MARK}-desk@example.com");
    succeeds(&rollcall(server, &["notice", "set", GONE, "--email", &email]));
    succeeds(&rollcall(server, &["log", "settings", GONE, "--keep-days", "300"]));
    let person = format!("{MARK} Ann Ott");
    let link = ["console", "link", "--role", "card-desk", "--account", GONE, "--name", &person];
    succeeds(&rollcall(server, &link));
    let session = Session {
        subject: format!("{MARK}-subject"),
        display_name: person,
        role: Role::CardDesk.into(),
        account: parent.clone(),
        ..Session::default()
    };
    let request = CreateSessionRequest { session: Some(session), address: "192.0.2.7".to_owned() };
    SessionServiceClient::connect(server.token.clone()).await.unwrap().create_session(request).await.unwrap();
    // A notice, as one is when a token comes near its end.
    let notice = format!(
        "INSERT INTO notices (account_id, token_id, days, channel, state, attempts, next_at, error) \
         VALUES ('{GONE}', 't', 7, 1, 2, 1, 0, '{MARK} was not there')"
    );
    let mut connection = Connection::open_writer(server.store.addresses()[1]).unwrap();
    diesel::sql_query(notice).execute(&mut connection).unwrap();

    // A station follows; somebody leaves, and it says that it knows.
    let station = format!("{MARK}-station");
    let mut events = server.changes().await.watch_changes(watch(0)).await.unwrap().into_inner();
    next(&mut events).await.unwrap();
    idp.patch(&format!("/Users/{bert}"), json!([{ "op": "replace", "path": "active", "value": false }]))
        .await
        .ok();
    let list = ListChangesRequest { parent: parent.clone(), after_revision: 0, page_size: 1 };
    let revision = server.changes().await.list_changes(list).await.unwrap().into_inner().head_revision;
    let mut stations = StationServiceClient::connect(server.identity.clone()).await.unwrap();
    let heard = AcknowledgeChangesRequest { parent: parent.clone(), station: station.clone(), revision };
    stations.acknowledge_changes(heard).await.unwrap();
    // A card that nobody has, and a wrong PIN.
    let lookup = BatchLookupCardsRequest {
        parent: parent.clone(),
        numbers: vec!["999".to_owned()],
        station: station.clone(),
        ..BatchLookupCardsRequest::default()
    };
    server.lookups().await.batch_lookup_cards(lookup).await.unwrap();
    let verify = VerifySecretRequest {
        parent,
        alias: format!("{MARK}-anna"),
        kind: SecretKind::Pin.into(),
        secret: "111111".to_owned(),
        station,
        view: 0,
    };
    stations.verify_secret(verify).await.unwrap_err();
    // What is recorded behind requests is recorded within seconds.
    tokio::time::sleep(Duration::from_secs(3)).await;
}

/// What is kept, by table.
fn kept(server: &Server) -> BTreeMap<String, i64> {
    let output = rollcall(server, &["account", "erase", GONE, "--check", "--json"]);
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = |service: &str| {
        let rows = said["kept"][service].as_object().unwrap().clone().into_iter();
        rows.map(|(table, rows)| (table, rows.as_i64().unwrap())).collect::<Vec<_>>()
    };
    let kept: BTreeMap<String, i64> = rows("token").into_iter().chain(rows("identity")).collect();
    assert_eq!(output.status.success(), kept.is_empty(), "it fails where anything is kept");
    kept
}

/// The lines of an export, by kind.
fn export(server: &Server, file: &str) -> BTreeMap<String, Vec<Value>> {
    succeeds(&rollcall(server, &["account", "export", GONE, "--to", file]));
    let path = server.directory.path().join(file);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(path).unwrap();
    let mut kinds: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in text.lines() {
        let mut line: Value = serde_json::from_str(line).unwrap();
        kinds.entry(line["kind"].as_str().unwrap().to_owned()).or_default().push(line["data"].take());
    }
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    for (kind, count) in last["data"].as_object().unwrap() {
        assert_eq!(kinds[kind].len() as u64, count.as_u64().unwrap(), "{kind}");
    }
    kinds
}

fn check_export(kinds: &BTreeMap<String, Vec<Value>>, secret: &str) {
    let counts = |kind: &str| kinds.get(kind).map_or(0, Vec::len);
    for (kind, count) in [
        ("export", 1),
        ("account", 1),
        ("connection", 1),
        ("token", 1),
        ("noticeSettings", 1),
        ("notice", 1),
        ("syncLogSettings", 1),
        ("settings", 1),
        ("conversion", 1),
        ("user", PEOPLE + 2),
        ("card", PEOPLE + 1),
        ("deniedCard", 1),
        ("group", 1),
        ("member", 2),
        ("station", 1),
        ("end", 1),
    ] {
        assert_eq!(counts(kind), count, "{kind}");
    }
    assert!(counts("auditEntry") >= 4 && counts("syncEntry") >= 4, "{:?}", kinds["end"]);
    let anna = kinds["user"].iter().find(|user| user["scim"]["userName"] == format!("{MARK}-anna")).unwrap();
    assert_eq!(anna["scim"]["emails"][0]["value"], format!("{MARK}@example.com"));
    assert_eq!(anna["scim"]["urn:example:unknown"]["desk"], format!("{MARK}-desk"));
    assert_eq!((&anna["source"], &anna["secrets"][0]["kind"]), (&json!("scim"), &json!("pin")));
    assert_eq!(kinds["conversion"][0]["steps"][0], json!({ "strip": ":" }));
    assert!(kinds["syncEntry"].iter().any(|entry| entry["status"] == 409 && entry["body"] != ""));
    let all = json!(kinds).to_string();
    assert!(
        !all.contains(PIN) && !all.contains(secret) && !all.contains("whsec_"),
        "a secret is in the export"
    );
}

fn refused(server: &Server, arguments: &[&str], because: &str) {
    let output = rollcall(server, arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains(because), "{arguments:?}: {said}");
}

#[tokio::test]
async fn an_account_is_exported_and_erased_and_nothing_is_left() {
    both(async |server| {
        let neighbour = server.new_account("neighbour").await;
        let ann = neighbour.new_user("ann").await;
        rollcall(server, &["account", "create", GONE, "--display-name", &format!("{MARK} Ltd.")]);
        let secret = server.new_token(GONE).await;
        let idp = Client::new(format!("{}/{GONE}/scim/v2", server.scim), &secret);
        fill(server, &idp).await;

        let before = kept(server);
        let all: BTreeSet<String> = server.store.addresses().into_iter().flat_map(tables).collect();
        let held: BTreeSet<String> = before.keys().cloned().collect();
        let expected = all.iter().filter(|table| *table != "heads").cloned();
        assert_eq!(
            held,
            expected.chain(["accounts".to_owned()]).collect(),
            "a table has nothing of the account"
        );
        assert!(!marked(server).is_empty());

        check_export(&export(server, "acme.jsonl"), &secret);
        refused(server, &["account", "export", GONE, "--to", "acme.jsonl"], "is there already");
        refused(server, &["account", "export", "nobody"], "nobody");
        refused(server, &["account", "erase", GONE], "--confirm");
        refused(server, &["account", "erase", GONE, "--confirm", "acne"], "nothing was erased");
        refused(server, &["account", "erase", "No Id", "--confirm", "No Id"], "name");
        assert_eq!(kept(server)["users"], before["users"], "nothing is erased by mistake");

        let mut following = server.changes().await.watch_changes(watch(0)).await.unwrap().into_inner();
        next(&mut following).await.unwrap();
        let said =
            succeeds(&rollcall(server, &["account", "erase", GONE, "--confirm", GONE, "--actor", "Olga"]));
        assert!(said.contains(&format!("Nothing is kept of the account `{GONE}`")), "{said}");
        let line = said.lines().find(|line| line.contains(" users ")).unwrap();
        assert!(line.ends_with(&before["users"].to_string()), "{said}");

        assert_eq!(kept(server), BTreeMap::new());
        assert_eq!(marked(server), Vec::<String>::new(), "a name is still there");
        idp.get("/Users").await.error(401, None);
        assert_eq!(neighbour.find("/Users", "userName eq \"ann\"").await, [ann]);
        let audit = succeeds(&rollcall(server, &["account", "audit", "-"]));
        assert!(audit.contains("account.erase") && audit.contains("Olga") && audit.contains(GONE), "{audit}");

        // Who follows is told to begin anew, and finds nothing.
        let ended = loop {
            match next(&mut following).await {
                Ok(_) => {}
                Err(status) => break status,
            }
        };
        assert_eq!(ended.code(), Code::OutOfRange, "{ended}");
        let mut anew = server.changes().await.watch_changes(watch(0)).await.unwrap().into_inner();
        assert!(matches!(next(&mut anew).await.unwrap(), Event::Begin(begin) if begin.snapshot));
        assert!(matches!(next(&mut anew).await.unwrap(), Event::SnapshotEnd(_)));
        drop(anew);
        // A station that follows an account leaves its name there, and the check says so.
        assert_eq!(kept(server), BTreeMap::from([("stations".to_owned(), 1)]));

        // Twice, and for what was never there, is no mistake.
        for _ in 0..2 {
            succeeds(&rollcall(server, &["account", "erase", GONE, "--confirm", GONE]));
        }
        succeeds(&rollcall(server, &["account", "erase", "never", "--confirm", "never"]));
        assert_eq!(marked(server), Vec::<String>::new());

        // The id may be taken again, and finds nothing of what was.
        let again = server.new_account(GONE).await;
        again.get("/Users").await.is_empty_list();
        let settings = succeeds(&rollcall(server, &["account", "settings", "show", GONE]));
        assert!(!settings.contains("refuse"), "{settings}");
        again.new_user("carl").await;
        succeeds(&rollcall(server, &["card", "add", GONE, "carl", "4:711"]));
        let card = succeeds(&rollcall(server, &["card", "explain", GONE, "4711"]));
        assert!(!card.contains("carl"), "the conversion that was is not applied: {card}");
    })
    .await;
}

#[test]
fn an_export_begins_and_ends_with_what_says_that_it_is_whole() {
    // A file that cannot be made leaves nothing behind.
    let home = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(Server::binary())
        .args(["account", "export", "acme", "--to", "missing/acme.jsonl"])
        .current_dir(home.path())
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("missing"));
    let output = std::process::Command::new(Server::binary())
        .args(["account", "export", "acme", "--to", "acme.jsonl", "--token-service", "http://127.0.0.1:1"])
        .current_dir(home.path())
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert_eq!(fs::read_dir(Path::new(home.path())).unwrap().count(), 0, "half an export is no export");
}
