//! Several gateways over one token-service: what ends a token ends it at each of them, and how long a gateway that is cut
//! off believes what it knew is bounded.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use rollcall_proto::token::{
    GenerateTokenRequest, ListTokensRequest, RetireTokenRequest, RevokeTokenRequest,
    token_service_client::TokenServiceClient,
};
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tonic::transport::Channel;

use crate::{
    client::Client,
    separate::{binary, free_port, reachable},
    server::{Process, Store, create_account, generate_token},
};

/// How long a gateway trusts what it has verified, by default.
const TRUST: Duration = Duration::from_secs(1);
/// How long it does where token-service cannot be asked, in this test.
const GRACE: Duration = Duration::from_secs(3);
/// What a busy machine may add to either.
const TOLERANCE: Duration = Duration::from_millis(500);

/// The way to token-service, which can be cut.
struct Way {
    address: SocketAddr,
    upstream: String,
    open: Option<tokio::task::JoinHandle<()>>,
}

impl Way {
    async fn to(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream = upstream.trim_start_matches("http://").to_owned();
        let mut way = Self { address: listener.local_addr().unwrap(), upstream, open: None };
        way.serve(listener);
        way
    }

    fn serve(&mut self, listener: TcpListener) {
        let upstream = self.upstream.clone();
        self.open = Some(tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let upstream = upstream.clone();
                connections.spawn(async move {
                    let mut far = TcpStream::connect(upstream).await?;
                    tokio::io::copy_bidirectional(&mut near, &mut far).await
                });
            }
        }));
    }

    /// Ends what goes over it, and refuses what comes.
    async fn cut(&mut self) {
        let open = self.open.take().unwrap();
        open.abort();
        // The listener and the connections go with the task.
        let _ = open.await;
    }

    async fn mend(&mut self) {
        self.serve(TcpListener::bind(self.address).await.unwrap());
    }
}

/// A gateway, and its way to token-service.
struct Gateway {
    process: Process,
    url: String,
    way: Way,
    _directory: TempDir,
}

impl Gateway {
    async fn start(settings: &[(&'static str, String)], token_service: &str) -> Self {
        let (way, directory) = (Way::to(token_service).await, tempfile::tempdir().unwrap());
        let url = format!("http://127.0.0.1:{}", free_port());
        let mut settings = settings.to_vec();
        settings.extend([
            ("ROLLCALL_SCIM_LISTEN", url.trim_start_matches("http://").to_owned()),
            ("ROLLCALL_TOKEN_SERVICE", format!("http://{}", way.address)),
            ("ROLLCALL_CONSOLE_LISTEN", "off".to_owned()),
            ("ROLLCALL_SCIM_TOKEN_GRACE_SECONDS", GRACE.as_secs().to_string()),
        ]);
        let process = Process::start(&binary("scim-gateway"), &[], &settings, directory.path(), &[]).0;
        reachable(&url).await;
        Self { process, url, way, _directory: directory }
    }

    /// What it answers to a token of `acme`.
    async fn status(&self, token: &str) -> u16 {
        let client = Client::new(format!("{}/acme/scim/v2", self.url), token);
        client.get("/Users?count=1").await.status
    }

    /// Waits until it answers with `status`.
    async fn comes_to(&self, token: &str, status: u16, within: Duration) {
        let end = Instant::now() + within;
        loop {
            // An answer that was asked for in time counts.
            let asked = Instant::now();
            let answered = self.status(token).await;
            if answered == status {
                return;
            }
            assert!(asked < end, "{} answers {answered} and not {status} after {within:?}", self.url);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// The two gateways, and what is behind them.
struct Fleet {
    gateways: [Gateway; 2],
    services: [Process; 2],
    token_service: String,
    tokens: TokenServiceClient<Channel>,
    _directory: TempDir,
}

impl Fleet {
    async fn start(store: &Store) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let [identity, token_service] = [(); 2].map(|()| format!("http://127.0.0.1:{}", free_port()));
        let mut settings = store.settings();
        settings.retain(|(name, _)| !name.ends_with("_LISTEN"));
        settings.extend([
            ("ROLLCALL_IDENTITY_LISTEN", identity.trim_start_matches("http://").to_owned()),
            ("ROLLCALL_TOKEN_LISTEN", token_service.trim_start_matches("http://").to_owned()),
            ("ROLLCALL_IDENTITY_SERVICE", identity.clone()),
        ]);
        let services = ["identity-service", "token-service"]
            .map(|name| Process::start(&binary(name), &[], &settings, directory.path(), &[]).0);
        for url in [&identity, &token_service] {
            reachable(url).await;
        }
        create_account(&token_service, "acme").await;
        let gateways = [
            Gateway::start(&settings, &token_service).await,
            Gateway::start(&settings, &token_service).await,
        ];
        let tokens = TokenServiceClient::connect(token_service.clone()).await.unwrap();
        Self { gateways, services, token_service, tokens, _directory: directory }
    }

    /// A new token that both gateways know, and its name.
    async fn token(&mut self) -> (String, String) {
        let secret = generate_token(&self.token_service, "acme").await;
        for gateway in &self.gateways {
            gateway.comes_to(&secret, 200, Duration::from_secs(15)).await;
        }
        let list = ListTokensRequest { parent: "accounts/acme".to_owned(), ..ListTokensRequest::default() };
        let tokens = self.tokens.list_tokens(list).await.unwrap().into_inner().tokens;
        (secret, tokens[0].name.clone())
    }

    async fn revoke(&mut self, name: String) {
        self.tokens.revoke_token(RevokeTokenRequest { name, actor: "tests".to_owned() }).await.unwrap();
    }

    async fn stop(self) {
        let Self { gateways, services, .. } = self;
        for Gateway { process, .. } in gateways {
            process.stop().await;
        }
        for process in services {
            process.stop().await;
        }
    }
}

#[tokio::test]
async fn a_token_ends_at_every_gateway_within_a_second() {
    for store in Store::both() {
        eprintln!("--- on {}", store.kind);
        let mut fleet = Fleet::start(&store).await;

        let (revoked, name) = fleet.token().await;
        fleet.revoke(name).await;
        let [one, other] = &fleet.gateways;
        let within = TRUST + TOLERANCE;
        tokio::join!(one.comes_to(&revoked, 401, within), other.comes_to(&revoked, 401, within));

        let (old, name) = fleet.token().await;
        let next =
            GenerateTokenRequest { parent: "accounts/acme".to_owned(), ..GenerateTokenRequest::default() };
        fleet.tokens.generate_token(next).await.unwrap();
        let [one, other] = &fleet.gateways;
        assert_eq!(
            (one.status(&old).await, other.status(&old).await),
            (200, 200),
            "it works beside the new one"
        );
        fleet.tokens.retire_token(RetireTokenRequest { name, actor: "tests".to_owned() }).await.unwrap();
        let [one, other] = &fleet.gateways;
        tokio::join!(one.comes_to(&old, 401, within), other.comes_to(&old, 401, within));
        fleet.stop().await;
    }
}

#[tokio::test]
async fn a_gateway_that_is_cut_off_believes_what_it_knew_for_its_grace_and_no_longer() {
    for store in Store::both() {
        eprintln!("--- on {}", store.kind);
        let mut fleet = Fleet::start(&store).await;
        let (revoked, name) = fleet.token().await;
        let (live, _) = fleet.token().await;

        fleet.gateways[0].way.cut().await;
        // From here on the first gateway hears nothing: not even of this.
        fleet.revoke(name).await;
        let [cut, other] = &fleet.gateways;
        assert_eq!(cut.status(&revoked).await, 200, "a token of a moment ago still counts");
        tokio::join!(
            // Not 401, which an identity provider would take for the end of the token.
            cut.comes_to(&revoked, 503, GRACE + TOLERANCE),
            other.comes_to(&revoked, 401, TRUST + TOLERANCE),
        );
        cut.comes_to(&live, 503, GRACE + TOLERANCE).await;
        assert_eq!(other.status(&live).await, 200, "the other gateway can ask");

        fleet.gateways[0].way.mend().await;
        let cut = &fleet.gateways[0];
        cut.comes_to(&live, 200, Duration::from_secs(30)).await;
        assert_eq!(cut.status(&revoked).await, 401);
        fleet.stop().await;
    }
}
