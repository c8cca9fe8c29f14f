//! The three services as three processes that speak over TCP.

use std::{
    net::TcpListener,
    path::PathBuf,
    sync::atomic::{AtomicU16, Ordering},
    time::{Duration, Instant},
};

use rollcall_proto::identity::{
    BatchLookupUsersRequest, UserKey, lookup_service_client::LookupServiceClient, user_key,
};
use tonic::transport::Channel;

use crate::{
    client::Client,
    server::{Process, Server, Store, create_account, generate_token},
};

/// A port that nothing listens on, for processes that do not say which one they took. It is below those that a system gives to
/// whoever asks for any, so that no other test comes by it before the process does.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 10_000).unwrap();
    loop {
        let port = 15_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 15_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

pub(crate) fn binary(name: &str) -> PathBuf {
    Server::binary().with_file_name(name)
}

pub(crate) async fn reachable(url: &str) {
    let end = Instant::now() + Duration::from_secs(30);
    while Channel::from_shared(url.to_owned()).unwrap().connect().await.is_err() {
        assert!(Instant::now() < end, "nothing listens on {url}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The three services, each a process.
pub(crate) struct Apart {
    pub(crate) scim: String,
    pub(crate) identity: String,
    pub(crate) token: String,
    pub(crate) scheme: &'static str,
    /// identity-service, token-service and scim-gateway.
    pub(crate) processes: Vec<Process>,
    pub(crate) directory: tempfile::TempDir,
}

impl Apart {
    /// Each with its own settings: of the gateway, and of the two services.
    pub(crate) fn start(
        store: &Store,
        scheme: &'static str,
        gateway: &[(&'static str, String)],
        services: &[(&'static str, String)],
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let [scim, identity, token] = [(); 3].map(|()| free_port());
        let mut common = store.settings();
        common.retain(|(name, _)| !name.ends_with("_LISTEN"));
        common.extend([
            ("ROLLCALL_SCIM_LISTEN", format!("127.0.0.1:{scim}")),
            ("ROLLCALL_CONSOLE_LISTEN", "off".to_owned()),
            ("ROLLCALL_IDENTITY_LISTEN", format!("127.0.0.1:{identity}")),
            ("ROLLCALL_TOKEN_LISTEN", format!("127.0.0.1:{token}")),
            ("ROLLCALL_IDENTITY_SERVICE", format!("{scheme}://127.0.0.1:{identity}")),
            ("ROLLCALL_TOKEN_SERVICE", format!("{scheme}://127.0.0.1:{token}")),
        ]);
        let start = |name: &str, own: &[(&'static str, String)]| {
            let settings = [&common[..], own].concat();
            Process::start(&binary(name), &[], &settings, directory.path(), &[]).0
        };
        let processes = vec![
            start("identity-service", services),
            start("token-service", services),
            start("scim-gateway", gateway),
        ];
        let url = |port| format!("{scheme}://127.0.0.1:{port}");
        let [scim, identity, token] = [format!("http://127.0.0.1:{scim}"), url(identity), url(token)];
        Self { scim, identity, token, scheme, processes, directory }
    }

    pub(crate) async fn stop(self) {
        for process in self.processes {
            process.stop().await;
        }
    }
}

#[tokio::test]
async fn a_gateway_serves_two_services_over_tcp() {
    for store in Store::both() {
        eprintln!("--- on {}", store.kind);
        let directory = tempfile::tempdir().unwrap();
        let [scim, identity, token] = [(); 3].map(|()| free_port());
        let [scim_url, identity_url, token_url] =
            [scim, identity, token].map(|port| format!("http://127.0.0.1:{port}"));
        let mut settings = store.settings();
        settings.retain(|(name, _)| !name.ends_with("_LISTEN"));
        settings.extend([
            ("ROLLCALL_SCIM_LISTEN", format!("127.0.0.1:{scim}")),
            ("ROLLCALL_IDENTITY_LISTEN", format!("127.0.0.1:{identity}")),
            ("ROLLCALL_TOKEN_LISTEN", format!("127.0.0.1:{token}")),
            ("ROLLCALL_IDENTITY_SERVICE", identity_url.clone()),
            ("ROLLCALL_TOKEN_SERVICE", token_url.clone()),
        ]);
        let start = |name: &str| Process::start(&binary(name), &[], &settings, directory.path(), &[]).0;
        let gateway = start("scim-gateway");
        let (mut identity_service, token_service) = (start("identity-service"), start("token-service"));
        for url in [&scim_url, &identity_url, &token_url] {
            reachable(url).await;
        }

        create_account(&token_url, "acme").await;
        let idp = Client::new(format!("{scim_url}/acme/scim/v2"), &generate_token(&token_url, "acme").await);
        let ann = idp.new_user("ann").await;
        let group = idp.new_group("g", &[&ann]).await;
        assert_eq!(idp.members(&group).await, [ann.clone()]);
        assert_eq!(looked_up(&identity_url).await, Some(format!("accounts/acme/users/{ann}")));

        identity_service.stop().await;
        let answer = idp.get("/Users").await;
        answer.error(503, None);
        assert!(answer.header("retry-after").parse::<u32>().is_ok(), "whole seconds: {answer}");
        identity_service = start("identity-service");
        reachable(&identity_url).await;
        let end = Instant::now() + Duration::from_secs(15);
        while idp.get("/Users").await.status != 200 {
            assert!(Instant::now() < end, "the gateway does not find the service again");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(idp.members(&group).await, [ann]);
        for process in [gateway, identity_service, token_service] {
            process.stop().await;
        }
    }
}

async fn looked_up(identity: &str) -> Option<String> {
    let request = BatchLookupUsersRequest {
        min_revision: 0,
        parent: "accounts/acme".to_owned(),
        keys: vec![UserKey { key: Some(user_key::Key::UserName("ANN".to_owned())) }],
        view: 0,
    };
    let mut lookups = LookupServiceClient::connect(identity.to_owned()).await.unwrap();
    let answer = lookups.batch_lookup_users(request).await.unwrap().into_inner();
    answer.results[0].users.first().map(|user| user.name.clone())
}
