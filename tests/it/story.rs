//! The story of Anna's cards, through real processes: the three services, the command line, and a station's copy.

use std::{
    io::Write as _,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use rollcall_proto::{
    identity::{BatchLookupCardsRequest, lookup_service_client::LookupServiceClient},
    token::{CreateSessionRequest, Role, Session, session_service_client::SessionServiceClient},
};
use serde_json::{Value, json};
use tonic::{Code, transport::Channel};

use crate::{
    browser::Browser,
    client::{Client, USER},
    separate::{binary, free_port, reachable},
    server::{Process, Server, Store, create_account, generate_token},
};

const UNIFLOW: &str = "urn:ietf:params:scim:schemas:extension:uniFLOWOnline:2.0:User";
const CARD: &str = "04A1B2C3D4";
const SECOND: &str = "0099887766";

/// The userName of who holds a card, asked at the centre or at an edge; an empty one for nobody.
async fn holder(lookups: &mut LookupServiceClient<Channel>, number: &str) -> Result<String, Code> {
    let request = BatchLookupCardsRequest {
        parent: "accounts/acme".to_owned(),
        numbers: vec![number.to_owned()],
        ..BatchLookupCardsRequest::default()
    };
    let found = lookups.batch_lookup_cards(request).await.map_err(|status| status.code())?.into_inner();
    Ok(found.results[0].user.as_ref().map(|user| user.user_name.clone()).unwrap_or_default())
}

async fn until(what: &str, is: impl AsyncFn() -> bool) {
    let end = Instant::now() + Duration::from_secs(40);
    while !is().await {
        assert!(Instant::now() < end, "{what}: not within forty seconds");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn anna_gets_two_cards_and_leaves() {
    for store in Store::both() {
        eprintln!("--- on {}", store.kind);
        let directory = tempfile::tempdir().unwrap();
        let [scim, identity, token, console] = [(); 4].map(|()| free_port());
        let [scim_url, identity_url, token_url, console_url] =
            [scim, identity, token, console].map(|port| format!("http://127.0.0.1:{port}"));
        let mut settings = store.settings();
        settings.retain(|(name, _)| !name.ends_with("_LISTEN"));
        settings.extend([
            ("ROLLCALL_SCIM_LISTEN", format!("127.0.0.1:{scim}")),
            ("ROLLCALL_IDENTITY_LISTEN", format!("127.0.0.1:{identity}")),
            ("ROLLCALL_TOKEN_LISTEN", format!("127.0.0.1:{token}")),
            ("ROLLCALL_CONSOLE_LISTEN", format!("127.0.0.1:{console}")),
            ("ROLLCALL_IDENTITY_SERVICE", identity_url.clone()),
            ("ROLLCALL_TOKEN_SERVICE", token_url.clone()),
            ("ROLLCALL_EDGE_IDENTITY_SERVICE", identity_url.clone()),
        ]);
        let start = |name: &str| Process::start(&binary(name), &[], &settings, directory.path(), &[]).0;
        let (gateway, mut identity_service, token_service) =
            (start("scim-gateway"), start("identity-service"), start("token-service"));
        for url in [&scim_url, &identity_url, &token_url, &console_url] {
            reachable(url).await;
        }
        create_account(&token_url, "acme").await;
        let idp = Client::new(format!("{scim_url}/acme/scim/v2"), &generate_token(&token_url, "acme").await);
        let (edge, urls) = Process::start(
            &binary("rollcall-edge"),
            &["--account", "acme", "--station", "lobby", "--listen", "127.0.0.1:0"],
            &settings,
            directory.path(),
            &["edge"],
        );
        let at_edge = LookupServiceClient::connect(urls[0].clone()).await.unwrap();
        let mut at_centre = LookupServiceClient::connect(identity_url.clone()).await.unwrap();

        // Entra creates Anna with a card, by the names of the product that she comes from.
        let anna = json!({
            "schemas": [USER, UNIFLOW],
            "userName": "anna@contoso.example",
            "externalId": "8d6f2c1e",
            "active": true,
            "emails": [{ "type": "work", "primary": true, "value": "anna@contoso.example" }],
            (UNIFLOW): { "cardNumber": CARD, "localUsername": "CONTOSO\\anna" },
        });
        let anna = idp.post("/Users", &anna).await.created().body;
        let path = format!("/Users/{}", anna["id"].as_str().unwrap());
        assert_eq!(holder(&mut at_centre, CARD).await.as_deref(), Ok("anna@contoso.example"));

        // A file adds her second card; people are not to be imported where an identity provider keeps them.
        let file = directory.path().join("cards.csv");
        std::fs::File::create(&file)
            .unwrap()
            .write_all(
                format!("E-Mail;Kartennummer\nANNA@contoso.example;\"=\"\"{SECOND}\"\"\"\n").as_bytes(),
            )
            .unwrap();
        let rollcall = |arguments: &[&str]| {
            let mut command = Command::new(Server::binary());
            command.args(arguments).current_dir(directory.path()).stdin(Stdio::null());
            command.envs(settings.iter().map(|(name, value)| (name, value))).output().unwrap()
        };
        let advised = || {
            let refused = rollcall(&["import", "acme", "cards.csv"]);
            !refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("--cards-only")
        };
        // When the identity provider last acted is written every few seconds.
        until("the advice against it", async || advised()).await;
        let imported = rollcall(&["import", "acme", "cards.csv", "--cards-only", "--json"]);
        let result: Value = serde_json::from_slice(&imported.stdout).unwrap();
        assert_eq!((&result["updated"], &result["cards"]), (&json!(1), &json!(1)), "{imported:?}");

        // The station's copy answers for both, and goes on when the centre is gone.
        let edge_knows = async |number: &str, name: &str| {
            let mut lookups = at_edge.clone();
            holder(&mut lookups, number).await.as_deref() == Ok(name)
        };
        until("both cards at the edge", async || {
            edge_knows(CARD, "anna@contoso.example").await && edge_knows(SECOND, "anna@contoso.example").await
        })
        .await;
        identity_service.stop().await;
        assert!(holder(&mut at_centre, CARD).await.is_err());
        assert!(edge_knows(CARD, "anna@contoso.example").await);
        assert!(edge_knows(SECOND, "anna@contoso.example").await);

        // It returns, and the station follows it again.
        identity_service = start("identity-service");
        reachable(&identity_url).await;
        let mut at_centre = LookupServiceClient::connect(identity_url.clone()).await.unwrap();
        assert_eq!(holder(&mut at_centre, SECOND).await.as_deref(), Ok("anna@contoso.example"));
        let connected = || {
            let listed = rollcall(&["station", "list", "acme", "--json"]);
            let listed: Value = serde_json::from_slice(&listed.stdout).unwrap_or_default();
            listed["stations"][0]["connected"] == true
        };
        until("the station's return", async || connected()).await;

        // Entra deactivates Anna: both cards are dead at the centre with the answer, and at the edge within a second.
        let leave = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
        let answer = idp.patch(&path, leave).await;
        let left = Instant::now();
        assert!(answer.status < 300, "{answer}");
        assert_eq!(holder(&mut at_centre, CARD).await.as_deref(), Ok(""));
        assert_eq!(holder(&mut at_centre, SECOND).await.as_deref(), Ok(""));
        until("the edge's refusal", async || edge_knows(CARD, "").await && edge_knows(SECOND, "").await)
            .await;
        assert!(left.elapsed() < Duration::from_secs(1), "the edge took {:?}", left.elapsed());

        // And her page has the proof.
        until("the proof", async || {
            let removals =
                rollcall(&["station", "removals", "acme", "--user", "anna@contoso.example", "--json"]);
            let removals: Value = serde_json::from_slice(&removals.stdout).unwrap_or_default();
            removals[0]["confirmed"] == 1 && removals[0]["confirmedAfterMs"].as_i64() < Some(1000)
        })
        .await;
        let session = Session {
            subject: "story".to_owned(),
            display_name: "Ann Ott".to_owned(),
            role: Role::CardDesk.into(),
            account: "accounts/acme".to_owned(),
            ..Session::default()
        };
        let request = CreateSessionRequest { session: Some(session), address: String::new() };
        let mut sessions = SessionServiceClient::connect(token_url.clone()).await.unwrap();
        let secret = sessions.create_session(request).await.unwrap().into_inner().secret;
        let desk = Browser::new(&console_url).with_session(&secret);
        let page = desk.get(&format!("/accounts/acme/users/{}", anna["id"].as_str().unwrap())).await;
        assert!(page.text.contains("confirmed by 1 of 1 stations in 0."), "{}", page.text);
        assert!(page.text.contains("•••••••766") && !page.text.contains(SECOND));
        for process in [edge, gateway, identity_service, token_service] {
            process.stop().await;
        }
    }
}
