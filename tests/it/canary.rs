//! No card number, PIN or token in clear, wherever something is kept: databases with their logs, and what the processes said.

use std::{fs, path::Path, time::Duration};

use diesel::{Connection as _, PgConnection, QueryableByName, RunQueryDsl as _, sql_types::Text};
use rollcall_db::Address;
use rollcall_proto::identity::{
    BatchLookupCardsRequest, RegisterCardRequest, SecretKind, VerifySecretRequest,
    station_service_client::StationServiceClient,
};
use serde_json::json;

use crate::{
    client::{PRINT, USER},
    command_line::{rollcall, succeeds},
    server::{Server, Store},
};

/// Numbers and secrets that nothing else is likely to say, each written in its own way.
const CARDS: [&str; 7] =
    ["CANARY4711A", "CANARY4711B", "CANARY4711C", "CANARY4711D", "CANARY4711E", "CANARY4711F", "CANARY4711G"];
const PINS: [&str; 4] = ["83920174615", "83920174626", "CANARYpasscode9", "CANARYcode77"];

#[tokio::test]
async fn nothing_that_is_kept_has_a_secret_in_clear() {
    for store in Store::both() {
        eprintln!("--- on {}", store.kind);
        let server = Server::start_with(store, &[("ROLLCALL_LOG", "debug")]).await;
        let token = server.new_token("default").await;
        exercise(&server, &token).await;
        // What look-ups saw and what was logged of the requests is written within seconds.
        tokio::time::sleep(Duration::from_secs(3)).await;
        let mut secrets: Vec<&str> = CARDS.iter().chain(&PINS).copied().collect();
        secrets.push(&token);
        let mut looked_at = 0;
        for database in server.store.addresses() {
            match database {
                Address::Sqlite(path) => {
                    for suffix in ["", "-wal", "-shm"] {
                        let file = format!("{}{suffix}", path.display());
                        looked_at += search(Path::new(&file), &secrets);
                    }
                }
                Address::Postgres(url) => looked_at += dump(url.as_str(), &secrets),
            }
        }
        looked_at += search_all(server.directory.path(), &secrets);
        assert!(looked_at > 50_000, "only {looked_at} bytes were looked at");
        eprintln!("{looked_at} bytes hold none of {} secrets", secrets.len());
        server.stop_now().await;
    }
}

/// Brings each secret in by another way, and lets some of them fail.
async fn exercise(server: &Server, token: &str) {
    let idp = server.idp();
    let uniflow = "urn:ietf:params:scim:schemas:extension:uniFLOWOnline:2.0:User";
    let cloud = "urn:ietf:params:scim:schemas:extension:printercloud:2.0:User";
    let anna = json!({
        "schemas": [USER, PRINT], "userName": "anna",
        (PRINT): { "cardNumber": CARDS[0], "cards": [{ "value": CARDS[1], "display": "Blue" }], "pin": PINS[0] },
    });
    let anna = format!("/Users/{}", idp.post("/Users", &anna).await.created()["id"].as_str().unwrap());
    let code = json!([{ "op": "add", "value": { format!("{uniflow}:cardRegistrationCode"): PINS[3] } }]);
    assert!(idp.patch(&anna, code).await.status < 300);
    // Refused requests are kept in the sync log with their bodies.
    let wrong = [
        json!({ "schemas": [USER, cloud], (cloud): { "badgeId": CARDS[2], "authPin": PINS[1] } }),
        json!({ "schemas": [USER, uniflow], "userName": 7, (uniflow): { "cardNumber": CARDS[2], "pin": PINS[1] } }),
        json!({ "schemas": [USER], "userName": "anna", (PRINT): { "cardNumber": CARDS[2], "cards": [{ "value": CARDS[2], "validUntil": "x" }] } }),
    ];
    for body in &wrong {
        assert_eq!(idp.post("/Users", body).await.status / 100, 4);
    }
    for operation in [
        json!({ "op": "replace", "path": format!("{PRINT}:cards[value eq \"{}\"].nothing", CARDS[2]), "value": "x" }),
        json!({ "op": "replace", "path": format!("{PRINT}:cards[value eq \"{}\"].display", CARDS[2]), "value": 7 }),
        json!({ "op": "replace", "path": format!("{cloud}:authPin"), "value": [PINS[1]] }),
        json!({ "op": "replace", "path": format!("{PRINT}:pin"), "value": format!("x{}", PINS[1]) }),
        json!({ "op": "nope", "path": format!("{uniflow}:cardNumber"), "value": CARDS[2] }),
    ] {
        assert_eq!(idp.patch(&anna, json!([operation])).await.status / 100, 4, "{operation}");
    }
    idp.with_token(&format!("{token}x")).get("/Users").await;
    // At a station: cards that nobody has, secrets that are right and wrong, a card that is registered.
    let lookup = BatchLookupCardsRequest {
        min_revision: 0,
        parent: "accounts/default".to_owned(),
        numbers: vec![CARDS[3].to_owned(), CARDS[0].to_owned()],
        station: "lobby".to_owned(),
        view: 0,
    };
    server.lookups().await.batch_lookup_cards(lookup).await.unwrap();
    let mut stations = StationServiceClient::connect(server.identity.clone()).await.unwrap();
    for secret in [PINS[0], PINS[1]] {
        let verify = VerifySecretRequest {
            parent: "accounts/default".to_owned(),
            alias: "anna".to_owned(),
            kind: SecretKind::Pin.into(),
            secret: secret.to_owned(),
            station: "lobby".to_owned(),
            view: 0,
        };
        assert_eq!(stations.verify_secret(verify).await.is_ok(), secret == PINS[0]);
    }
    let register = RegisterCardRequest {
        parent: "accounts/default".to_owned(),
        alias: "anna".to_owned(),
        code: PINS[3].to_owned(),
        number: CARDS[4].to_owned(),
        station: "lobby".to_owned(),
    };
    stations.register_card(register).await.unwrap();
    // By hand and from a file.
    succeeds(&rollcall(server, &["card", "add", "default", "anna", CARDS[5]]));
    succeeds(&rollcall(server, &["card", "explain", "default", CARDS[6]]));
    let file = format!("userName,card,passcode\nanna,{},{}\nnobody,{},\n", CARDS[6], PINS[2], CARDS[2]);
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("cards.csv");
    fs::write(&path, file).unwrap();
    rollcall(server, &["import", "default", path.to_str().unwrap(), "--cards-only"]);
    let listed = succeeds(&rollcall(server, &["card", "list", "default"]));
    assert_eq!(listed.lines().count(), 6, "{listed}");
}

/// The size of a file, which must have none of the secrets in it; 0 where there is none.
pub(crate) fn search(file: &Path, secrets: &[&str]) -> usize {
    let Ok(bytes) = fs::read(file) else { return 0 };
    for secret in secrets {
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{secret} is in {}", file.display());
    }
    bytes.len()
}

fn search_all(directory: &Path, secrets: &[&str]) -> usize {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { search_all(&path, secrets) } else { search(&path, secrets) }).sum()
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    text: String,
}

/// Every row of every table of a PostgreSQL database with its table, as text: bytes are shown in hexadecimal.
pub(crate) fn rows(connection: &mut PgConnection) -> Vec<(String, String)> {
    let mut lines = |query: String| -> Vec<String> {
        let rows: Vec<Line> = diesel::sql_query(query).load(connection).unwrap();
        rows.into_iter().map(|line| line.text).collect()
    };
    let tables =
        lines("SELECT tablename::text AS text FROM pg_tables WHERE schemaname = 'public'".to_owned());
    let rows = tables.into_iter().map(|table| {
        let rows = lines(format!("SELECT t::text AS text FROM \"{table}\" t"));
        rows.into_iter().map(move |row| (table.clone(), row))
    });
    rows.flatten().collect()
}

/// A text as PostgreSQL shows its bytes.
pub(crate) fn hex(text: &str) -> String {
    let digits: Vec<String> = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}

/// The size of all rows, which must have none of the secrets in them, and of the files of the write-ahead log where they can be read.
fn dump(url: &str, secrets: &[&str]) -> usize {
    let mut connection = PgConnection::establish(url).unwrap();
    let mut size = 0;
    for (table, row) in rows(&mut connection) {
        for secret in secrets {
            let found = row.contains(secret) || row.contains(&hex(secret));
            assert!(!found, "{secret} is in {table}: {row}");
        }
        size += row.len();
    }
    let data: Line = diesel::sql_query("SELECT current_setting('data_directory') AS text")
        .get_result(&mut connection)
        .unwrap();
    let log = Path::new(&data.text).join("pg_wal");
    if fs::read_dir(&log).is_ok() {
        size += search_all(&log, secrets);
    }
    size
}
