//! Who may call what between the parts of Rollcall: by certificates, by secrets, and not at all.

use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

use rollcall_proto::{
    identity::{
        AcknowledgeChangesRequest, BatchLookupUsersRequest, ListUsersRequest, UserKey, WatchChangesRequest,
        change_service_client::ChangeServiceClient, lookup_service_client::LookupServiceClient,
        station_service_client::StationServiceClient, user_key, user_service_client::UserServiceClient,
    },
    token::{GenerateTokenRequest, token_service_client::TokenServiceClient},
};
use rollcall_serve::{
    Channel, channel,
    peer::{ClientArgs, SecretArgs, TlsArgs},
};
use serde_json::Value;
use tonic::Code;

use crate::{
    certificates::{Ca, channel_of, settings},
    client::Client,
    separate::Apart,
    server::{Server, Store},
};

impl Apart {
    /// The command line, as whoever has these settings.
    fn rollcall(&self, arguments: &[&str], settings: &[(&'static str, String)]) -> Result<Value, String> {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            let output = Command::new(Server::binary())
                .args(arguments)
                .args(["--json", "--token-service", &self.token])
                .envs(settings.iter().map(|(name, value)| (name, value)))
                .current_dir(self.directory.path())
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            if output.status.success() {
                return Ok(serde_json::from_slice(&output.stdout).unwrap());
            }
            // It may still be starting.
            if Instant::now() > end || !said.contains("no token service answers") {
                return Err(said);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// A user made over SCIM, from outside to inside, with a token that the operator made.
    async fn make_ann(&self, operator: &[(&'static str, String)]) -> String {
        self.rollcall(&["account", "create", "acme"], operator).unwrap();
        let made = self.rollcall(&["token", "generate", "acme"], operator).unwrap();
        let token = made.get("secret").or_else(|| made.get("token")).and_then(Value::as_str).unwrap();
        let idp = Client::new(format!("{}/acme/scim/v2", self.scim), token);
        let end = Instant::now() + Duration::from_secs(20);
        while idp.get("/Users").await.status != 200 {
            assert!(Instant::now() < end, "the gateway does not reach its services by {}", self.scheme);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        idp.new_user("ann").await
    }
}

/// What a caller gets: how many people are found, or the code.
async fn looked_up(channel: Channel, account: &str) -> Result<usize, Code> {
    let request = BatchLookupUsersRequest {
        parent: format!("accounts/{account}"),
        keys: vec![UserKey { key: Some(user_key::Key::UserName("ann".to_owned())) }],
        ..BatchLookupUsersRequest::default()
    };
    let answer = LookupServiceClient::new(channel).batch_lookup_users(request).await;
    answer.map(|answer| answer.into_inner().results[0].users.len()).map_err(|status| status.code())
}

async fn listed(channel: Channel) -> Code {
    let request = ListUsersRequest { parent: "accounts/acme".to_owned(), ..ListUsersRequest::default() };
    UserServiceClient::new(channel).list_users(request).await.err().map_or(Code::Ok, |status| status.code())
}

async fn generated(channel: Channel) -> Code {
    let request =
        GenerateTokenRequest { parent: "accounts/acme".to_owned(), ..GenerateTokenRequest::default() };
    let answer = TokenServiceClient::new(channel).generate_token(request).await;
    answer.err().map_or(Code::Ok, |status| status.code())
}

async fn watched(channel: Channel, account: &str, station: &str) -> Code {
    let request = WatchChangesRequest {
        parent: format!("accounts/{account}"),
        station: station.to_owned(),
        ..WatchChangesRequest::default()
    };
    let answer = ChangeServiceClient::new(channel).watch_changes(request).await;
    answer.err().map_or(Code::Ok, |status| status.code())
}

async fn acknowledged(channel: Channel, station: &str) -> Code {
    let request = AcknowledgeChangesRequest {
        parent: "accounts/acme".to_owned(),
        station: station.to_owned(),
        revision: 1,
    };
    let answer = StationServiceClient::new(channel).acknowledge_changes(request).await;
    answer.err().map_or(Code::Ok, |status| status.code())
}

#[tokio::test]
async fn parts_know_each_other_by_certificates() {
    let store = Store::both().remove(0);
    let (ca, other) = (Ca::new(), Ca::new());
    let gateway = ca.issue("gateway", &["gateway", "console"]);
    let operator = settings(&ca.issue("operator", &["operator"]));
    let apart =
        Apart::start(&store, "https", &settings(&gateway), &settings(&ca.issue("service", &["service"])));
    apart.make_ann(&operator).await;

    let identity = |tls: TlsArgs| channel_of(&apart.identity, tls);
    let token = |tls: TlsArgs| channel_of(&apart.token, tls);
    let print = ca.issue("print", &["print"]);
    let lobby = ca.issue("lobby", &["station/acme/lobby"]);
    // Who may.
    assert_eq!(looked_up(identity(print.clone()), "acme").await, Ok(1));
    assert_eq!(looked_up(identity(lobby.clone()), "acme").await, Ok(1));
    assert_eq!(watched(identity(lobby.clone()), "acme", "lobby").await, Code::Ok);
    assert_eq!(acknowledged(identity(lobby.clone()), "lobby").await, Code::Ok);
    assert_eq!(listed(identity(gateway.clone())).await, Code::Ok);
    // A role is not another.
    let denied = Code::PermissionDenied;
    assert_eq!(listed(identity(print.clone())).await, denied);
    assert_eq!(generated(token(print.clone())).await, denied);
    assert_eq!(watched(identity(print.clone()), "acme", "").await, denied);
    assert_eq!(generated(token(ca.issue("only-gateway", &["gateway"]))).await, denied);
    assert_eq!(looked_up(identity(gateway.clone()), "acme").await, Err(denied));
    assert_eq!(looked_up(identity(ca.issue("service-2", &["service"])), "acme").await, Err(denied));
    assert_eq!(looked_up(identity(ca.issue("nobody", &[])), "acme").await, Err(denied));
    assert_eq!(looked_up(identity(ca.issue("typo", &["prints"])), "acme").await, Err(denied));
    // A station is of one account, and itself.
    assert_eq!(looked_up(identity(lobby.clone()), "other").await, Err(denied));
    assert_eq!(watched(identity(lobby.clone()), "other", "lobby").await, denied);
    assert_eq!(watched(identity(lobby.clone()), "acme", "hall").await, denied);
    // Nor does it pass for nobody, where a request says who asks: what is counted by station would not be.
    assert_eq!(watched(identity(lobby.clone()), "acme", "").await, denied);
    assert_eq!(acknowledged(identity(lobby.clone()), "hall").await, denied);
    assert_eq!(generated(token(lobby)).await, denied);
    // No handshake for an expired one, for another CA's, and for none at all.
    let stopped = |code: Result<usize, Code>| {
        assert!(
            matches!(code, Err(Code::Unavailable | Code::Unknown | Code::Cancelled | Code::Internal)),
            "{code:?}"
        );
    };
    stopped(looked_up(identity(ca.issue_until("old", &["print"], 2021)), "acme").await);
    let foreign = TlsArgs { peer_tls_ca: print.peer_tls_ca, ..other.issue("print", &["print"]) };
    stopped(looked_up(identity(foreign), "acme").await);
    let plain = channel::connect(&apart.identity.replace("https", "http")).unwrap();
    stopped(looked_up(plain, "acme").await);
    // The command line is told why.
    let refused =
        apart.rollcall(&["token", "list", "acme"], &settings(&ca.issue("p", &["print"]))).unwrap_err();
    assert!(refused.contains("the caller's role does not allow this"), "{refused}");
    let refused = apart.rollcall(&["token", "list", "acme"], &[]).unwrap_err();
    assert!(refused.contains("`https` needs a certificate"), "{refused}");
    apart.stop().await;
}

#[tokio::test]
async fn parts_know_each_other_by_secrets_that_can_be_changed() {
    const GATEWAY: &str = "gateway-gateway-gateway";
    const PRINT: &str = "print-print-print-print";
    const NEW: &str = "another-another-another";
    let store = Store::both().remove(0);
    let home = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        fs::write(home.path().join(name), content).unwrap();
        home.path().join(name)
    };
    let accepted = format!("gateway {GATEWAY}\noperator operator-operator-op\nprint {PRINT}\n");
    let accepted_file = file("accepted", &accepted);
    let secret = |path: &std::path::Path| vec![("ROLLCALL_PEER_SECRET_FILE", path.display().to_string())];
    let operator = secret(&file("operator", "operator-operator-op\n"));
    let apart = Apart::start(
        &store,
        "http",
        &secret(&file("gateway", GATEWAY)),
        &[("ROLLCALL_ACCEPTED_SECRETS_FILE", accepted_file.display().to_string())],
    );
    apart.make_ann(&operator).await;
    let with = |name: &str, content: &str| {
        let secret = SecretArgs { peer_secret_file: Some(file(name, content)) };
        let client = ClientArgs { tls: TlsArgs::default(), secret }.client().unwrap();
        channel::connect_as(&apart.identity, &client).unwrap()
    };
    assert_eq!(looked_up(with("print", PRINT), "acme").await, Ok(1));
    assert_eq!(listed(with("print", PRINT)).await, Code::PermissionDenied);
    assert_eq!(looked_up(with("wrong", NEW), "acme").await, Err(Code::Unauthenticated));
    let nobody = channel::connect(&apart.identity).unwrap();
    assert_eq!(looked_up(nobody, "acme").await, Err(Code::Unauthenticated));

    file("accepted", &accepted.replace(PRINT, NEW));
    let end = Instant::now() + Duration::from_secs(30);
    while looked_up(with("print", NEW), "acme").await != Ok(1) {
        assert!(Instant::now() < end, "a changed secret is not taken");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(looked_up(with("print", PRINT), "acme").await, Err(Code::Unauthenticated));
    apart.stop().await;
}

#[test]
fn nothing_is_open_to_a_network_by_accident() {
    let home = tempfile::tempdir().unwrap();
    let start = |more: &[&str]| {
        let arguments = [
            &["serve", "--data-dir", "d", "--console-listen", "off", "--scim-listen", "127.0.0.1:0"][..],
            &["--token-listen", "127.0.0.1:0"],
            more,
        ];
        let output = Command::new(Server::binary())
            .args(arguments.concat())
            .current_dir(home.path())
            .output()
            .unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let open = ["--identity-listen", "0.0.0.0:0"];
    let said = start(&open);
    assert!(
        said.contains("0.0.0.0:0 can be reached from other machines, and nothing says who may call"),
        "{said}"
    );
    assert!(!home.path().join("d").exists(), "it stops before it makes anything");
    let half = [&open[..], &["--peer-tls-cert", "x.pem"]].concat();
    assert!(start(&half).contains("--peer-tls-key"));
    let missing = [&open[..], &["--accepted-secrets-file", "none"]].concat();
    assert!(start(&missing).contains("cannot read none"));
    let both = ["--peer-tls-cert", "a", "--peer-tls-key", "b", "--peer-tls-ca", "c"];
    let both = [&both[..], &["--accepted-secrets-file", "none"]].concat();
    assert!(start(&both).contains("give either --peer-tls-cert or --accepted-secrets-file"));
}
