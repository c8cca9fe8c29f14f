//! What an identity provider asks is in the sync log of its account, soon, and without its secrets.

use std::time::{Duration, Instant};

use futures::{StreamExt as _, stream};
use rollcall_proto::token::{
    GetConnectionRequest, GetSyncEntryRequest, ListSyncEntriesRequest, ListTokensRequest,
    SyncAction as Action, SyncEntry, SyncKind as Kind, SyncResult,
    connection_service_client::ConnectionServiceClient, sync_log_service_client::SyncLogServiceClient,
    token_service_client::TokenServiceClient,
};
use serde_json::json;

use crate::{
    client::{Client, PATCH, USER},
    command_line::{rollcall, succeeds},
    separate::{binary, free_port, reachable},
    server::{Process, Server, Store, both, create_account, generate_token},
};

/// How soon a request must be in the log.
const SOON: Duration = Duration::from_secs(2);

/// All entries of an account, oldest first.
async fn entries(token_service: &str, account: &str, request: ListSyncEntriesRequest) -> Vec<SyncEntry> {
    let mut log = SyncLogServiceClient::connect(token_service.to_owned()).await.unwrap();
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListSyncEntriesRequest {
            parent: format!("accounts/{account}"),
            page_size: 1000,
            page_token,
            ..request.clone()
        };
        let page = log.list_sync_entries(request).await.unwrap().into_inner();
        all.extend(page.entries);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            all.reverse();
            return all;
        }
    }
}

/// The entries once there are `count`.
async fn soon(token_service: &str, account: &str, count: usize, patience: Duration) -> Vec<SyncEntry> {
    let end = Instant::now() + patience;
    loop {
        let found = entries(token_service, account, ListSyncEntriesRequest::default()).await;
        if found.len() >= count {
            assert_eq!(found.len(), count, "{found:#?}");
            return found;
        }
        assert!(Instant::now() < end, "{} of {count} entries after {patience:?}", found.len());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn requests_of_every_kind_are_in_the_log_within_two_seconds() {
    both(async |server| {
        let idp = server.new_account("acme").await.header("user-agent", "Agent/1");
        let ann = idp.new_user("ann").await;
        let group = idp.new_group("Printers", &[&ann]).await;
        idp.get(&format!("/Users/{ann}")).await.ok();
        let filter = "externalId eq \"x\" or badge eq \"4711\"";
        idp.query("/Users", &[("filter", "userName eq \"ann\"")]).await.ok();
        idp.query("/Users", &[("filter", filter)]).await.error(400, Some("invalidFilter"));
        let operation = json!([{ "op": "add", "path": "members", "value": [{ "value": ann }] }]);
        assert_eq!(idp.patch(&format!("/Groups/{group}"), operation).await.status, 204);
        let taken = json!({ "schemas": [USER], "userName": "ann", "externalId": "other", "password": "s3cr3t" });
        idp.post("/Users", &taken).await.error(409, Some("uniqueness"));
        let pin = json!([
            { "op": "add", "path": "urn:example:2.0:User:authPin", "value": "s3cr3t" },
            { "op": "replace", "path": "active", "value": "s3cr3t-not" },
        ]);
        assert_eq!(idp.patch(&format!("/Users/{ann}"), pin).await.status, 400);
        let bulk = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "Operations": [{ "method": "DELETE", "path": format!("/Groups/{group}") }, { "method": "POST", "path": "/No" }],
        });
        idp.post("/Bulk", &bulk).await.ok();
        assert_eq!(idp.delete(&format!("/Users/{ann}")).await.status, 204);
        idp.get("/Nothing").await.error(404, None);
        // Nobody's requests are nobody's.
        idp.signed_out().get("/Users").await.error(401, None);
        idp.with_token("wrong").get("/Users").await.error(401, None);

        let found = soon(&server.token, "acme", 11, SOON).await;
        let seen: Vec<_> = found
            .iter()
            .map(|e| (e.method.as_str(), e.kind(), e.action(), e.status, e.resource_id.as_str(), e.subject.as_str()))
            .collect();
        assert_eq!(
            seen,
            [
                ("POST", Kind::User, Action::Create, 201, ann.as_str(), "ann"),
                ("POST", Kind::Group, Action::Create, 201, group.as_str(), "Printers"),
                ("GET", Kind::User, Action::Read, 200, ann.as_str(), "ann"),
                ("GET", Kind::User, Action::List, 200, "", ""),
                ("GET", Kind::User, Action::List, 400, "", ""),
                ("PATCH", Kind::Group, Action::Patch, 204, group.as_str(), "Printers"),
                ("POST", Kind::User, Action::Create, 409, "", "ann"),
                ("PATCH", Kind::User, Action::Patch, 400, ann.as_str(), ""),
                ("POST", Kind::Bulk, Action::Unspecified, 200, "", ""),
                ("DELETE", Kind::User, Action::Delete, 204, ann.as_str(), ""),
                ("GET", Kind::Other, Action::List, 404, "", ""),
            ]
        );
        assert!(found.iter().all(|entry| entry.agent == "Agent/1" && entry.address == "127.0.0.1"));
        assert!(found.iter().all(|entry| entry.duration.is_some() && entry.body.is_empty()));
        assert_eq!((found[3].filter.as_str(), found[4].filter.contains("4711")), ("userName eq \"ann\"", false));
        assert_eq!((found[4].scim_type.as_str(), found[6].scim_type.as_str()), ("invalidFilter", "uniqueness"));
        assert_eq!(found[8].detail, "1 of 2 operations failed");

        let mut log = SyncLogServiceClient::connect(server.token.clone()).await.unwrap();
        for (entry, kept) in [(&found[6], "externalId"), (&found[7], PATCH)] {
            let request = GetSyncEntryRequest { name: entry.name.clone() };
            let body = log.get_sync_entry(request).await.unwrap().into_inner().body;
            assert!(body.contains(kept) && body.contains("[redacted]"), "{body}");
            assert!(!body.contains("\"s3cr3t\""), "{body}");
        }
        let about = ListSyncEntriesRequest { resource_id: ann.clone(), ..Default::default() };
        assert_eq!(entries(&server.token, "acme", about).await.len(), 4);
        let failed = ListSyncEntriesRequest { result: SyncResult::Failed.into(), ..Default::default() };
        assert_eq!(entries(&server.token, "acme", failed).await.len(), 4);
        let writes = ListSyncEntriesRequest { writes_only: true, ..Default::default() };
        assert_eq!(entries(&server.token, "acme", writes).await.len(), 7);

        let request = ListTokensRequest { parent: "accounts/acme".to_owned(), ..Default::default() };
        let used = server.tokens().await.list_tokens(request).await.unwrap().into_inner().tokens.remove(0);
        assert!(found.iter().all(|entry| entry.token == used.name));
        assert_eq!((used.last_use_address.as_str(), used.last_use_agent.as_str()), ("127.0.0.1", "Agent/1"));
        assert_eq!(used.uses_today, 11);
        assert!(entries(&server.token, "default", ListSyncEntriesRequest::default()).await.is_empty());
    })
    .await;
}

/// Three processes, of which token-service is stopped and started.
struct Deployment {
    processes: Vec<Process>,
    token_service: Option<Process>,
    settings: Vec<(&'static str, String)>,
    token_url: String,
    idp: Client,
    directory: tempfile::TempDir,
}

impl Deployment {
    async fn start(store: &Store) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let [scim, identity, token] = [(); 3].map(|()| format!("127.0.0.1:{}", free_port()));
        let [scim_url, identity_url, token_url] = [&scim, &identity, &token].map(|at| format!("http://{at}"));
        let mut settings = store.settings();
        settings.retain(|(name, _)| {
            !["ROLLCALL_SCIM_LISTEN", "ROLLCALL_IDENTITY_LISTEN", "ROLLCALL_TOKEN_LISTEN"].contains(name)
        });
        settings.extend([
            ("ROLLCALL_SCIM_LISTEN", scim),
            ("ROLLCALL_IDENTITY_LISTEN", identity),
            ("ROLLCALL_TOKEN_LISTEN", token),
            ("ROLLCALL_IDENTITY_SERVICE", identity_url.clone()),
            ("ROLLCALL_TOKEN_SERVICE", token_url.clone()),
        ]);
        let start = |name: &str| Process::start(&binary(name), &[], &settings, directory.path(), &[]).0;
        let processes = vec![start("scim-gateway"), start("identity-service")];
        let token_service = Some(start("token-service"));
        for url in [&scim_url, &identity_url, &token_url] {
            reachable(url).await;
        }
        create_account(&token_url, "acme").await;
        let secret = generate_token(&token_url, "acme").await;
        let idp = Client::new(format!("{scim_url}/acme/scim/v2"), &secret);
        Self { processes, token_service, settings, token_url, idp, directory }
    }

    async fn stop_tokens(&mut self) {
        self.token_service.take().unwrap().stop().await;
    }

    async fn start_tokens(&mut self) {
        let binary = binary("token-service");
        self.token_service = Some(Process::start(&binary, &[], &self.settings, self.directory.path(), &[]).0);
        reachable(&self.token_url).await;
    }

    async fn stop(self) {
        for process in self.processes.into_iter().chain(self.token_service) {
            process.stop().await;
        }
    }
}

#[tokio::test]
async fn a_stopped_token_service_delays_no_request_and_loses_none() {
    for store in Store::both() {
        eprintln!("--- on {}", store.kind);
        let mut deployment = Deployment::start(&store).await;
        deployment.idp.get("/ServiceProviderConfig").await.ok();
        deployment.stop_tokens().await;
        for _ in 0..20 {
            let start = Instant::now();
            deployment.idp.get("/ServiceProviderConfig").await.ok();
            assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
        }
        deployment.start_tokens().await;
        soon(&deployment.token_url, "acme", 21, Duration::from_secs(15)).await;
        // What waits when the gateway is told to end is written still.
        deployment.idp.get("/ServiceProviderConfig").await.ok();
        deployment.processes.remove(0).stop().await;
        soon(&deployment.token_url, "acme", 22, Duration::ZERO).await;
        let request = ListTokensRequest { parent: "accounts/acme".to_owned(), ..Default::default() };
        let mut tokens = TokenServiceClient::connect(deployment.token_url.clone()).await.unwrap();
        assert_eq!(tokens.list_tokens(request).await.unwrap().into_inner().tokens[0].uses_today, 22);
        deployment.stop().await;
    }
}

#[tokio::test]
async fn what_finds_no_room_is_counted() {
    const REQUESTS: usize = 9_000;
    let store = Store::both().remove(0);
    let mut deployment = Deployment::start(&store).await;
    deployment.idp.get("/ServiceProviderConfig").await.ok();
    deployment.stop_tokens().await;
    let idp = &deployment.idp;
    let requests = stream::iter(0..REQUESTS).map(async |_| idp.get("/ServiceProviderConfig").await.ok());
    requests.buffer_unordered(32).for_each(async |_| {}).await;
    deployment.start_tokens().await;
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let found = entries(&deployment.token_url, "acme", ListSyncEntriesRequest::default()).await.len();
        let request = GetConnectionRequest { name: "accounts/acme/connection".to_owned() };
        let mut connections = ConnectionServiceClient::connect(deployment.token_url.clone()).await.unwrap();
        let lost = connections.get_connection(request).await.unwrap().into_inner().lost_sync_entries;
        if found + usize::try_from(lost).unwrap() == REQUESTS + 1 {
            assert!(lost > 0 && found > 8_000, "{lost} lost, {found} kept");
            break;
        }
        assert!(Instant::now() < end, "{lost} lost, {found} kept");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    deployment.stop().await;
}

/// What `rollcall log` prints.
fn log(server: &Server, arguments: &[&str]) -> String {
    succeeds(&rollcall(server, &[&["log"], arguments].concat()))
}

#[tokio::test]
async fn the_command_line_lists_shows_and_exports() {
    both(async |server| {
        let idp = server.idp();
        idp.new_user("=ann").await;
        let taken = json!({ "schemas": [USER], "userName": "=ann", "externalId": "x", "pin": "s3cr3t" });
        idp.post("/Users", &taken).await.error(409, Some("uniqueness"));
        let found = soon(&server.token, "default", 2, SOON).await;
        let listed = log(server, &["list", "default", "--failed"]);
        assert_eq!(listed.lines().count(), 2, "{listed}");
        assert!(listed.contains("409") && listed.contains("=ann"), "{listed}");
        let id = found[1].name.rsplit('/').next().unwrap();
        let shown = log(server, &["show", "default", id]);
        assert!(
            shown.contains("uniqueness") && shown.contains("[redacted]") && !shown.contains("s3cr3t"),
            "{shown}"
        );
        let exported = log(server, &["export", "default", "--writes-only"]);
        let lines: Vec<_> = exported.split("\r\n").collect();
        assert!(
            lines.len() == 4 && lines[0].starts_with("time,") && lines[2].contains(",'=ann,"),
            "{exported}"
        );
        assert!(log(server, &["export", "default", "--since", "2100-01-01"]).lines().count() == 1);
        let json = log(server, &["settings", "default", "--keep-days", "90", "--json"]);
        let settings: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&settings["keepDays"], &settings["maxEntries"]), (&json!(90), &json!(1_000_000)));
        assert!(log(server, &["settings", "default"]).contains("90"));
    })
    .await;
}
