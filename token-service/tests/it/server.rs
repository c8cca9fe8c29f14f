//! A token service on a throw-away database, with a clock that the test turns.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use prost_types::Duration;
use rollcall_db::Database;
use rollcall_proto::token::{
    Connection, CreateAccountRequest, GenerateTokenRequest, GetConnectionRequest, ListTokensRequest,
    RevokeTokenRequest, Token, VerifyTokenRequest, account_service_client::AccountServiceClient,
    audit_service_client::AuditServiceClient, connection_service_client::ConnectionServiceClient,
    session_service_client::SessionServiceClient, sync_log_service_client::SyncLogServiceClient,
    token_service_client::TokenServiceClient,
};
use rollcall_serve::{Channel, channel};
use rollcall_token_service::{Clock, Options, Service, clock::DAY, migrations};
use tonic::Status;
use tonic_types::StatusExt as _;

/// 2026-01-01.
const BEGIN: i64 = 1_767_225_600_000;

#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) accounts: AccountServiceClient<Channel>,
    pub(crate) sessions: SessionServiceClient<Channel>,
    pub(crate) sync_log: SyncLogServiceClient<Channel>,
    pub(crate) tokens: TokenServiceClient<Channel>,
    pub(crate) audit: AuditServiceClient<Channel>,
    pub(crate) connections: ConnectionServiceClient<Channel>,
    service: Service,
    time: Arc<AtomicI64>,
}

/// Runs `test` with a server on each database.
pub(crate) async fn on_both<R: Future<Output = ()>>(test: impl Fn(Server) -> R) {
    rollcall_db::test::both(migrations, |db| test(Server::new(db))).await;
}

impl Server {
    fn new(db: Database) -> Self {
        Self::with(db, Options::default())
    }

    pub(crate) fn with(db: Database, options: Options) -> Self {
        let time = Arc::new(AtomicI64::new(BEGIN));
        let shown = Arc::clone(&time);
        let service = Service::new(db, Clock::new(move || shown.load(Ordering::SeqCst)), options);
        let channel = channel::in_process(service.routes().unwrap());
        Self {
            accounts: AccountServiceClient::new(channel.clone()),
            audit: AuditServiceClient::new(channel.clone()),
            connections: ConnectionServiceClient::new(channel.clone()),
            sessions: SessionServiceClient::new(channel.clone()),
            sync_log: SyncLogServiceClient::new(channel.clone()),
            tokens: TokenServiceClient::new(channel),
            service,
            time,
        }
    }

    pub(crate) async fn connection(&self, account: &str) -> Result<Connection, Status> {
        let name = format!("accounts/{account}/connection");
        Ok(self.connections.clone().get_connection(GetConnectionRequest { name }).await?.into_inner())
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, millis: i64) {
        self.time.fetch_add(millis, Ordering::SeqCst);
    }

    /// Starts the task that writes last uses and stops it again, as a process does that is told to end.
    pub(crate) async fn flush(&self) {
        let stop = rollcall_serve::CancellationToken::new();
        stop.cancel();
        self.service.start(stop).await.unwrap();
    }

    /// The time.
    pub(crate) fn now(&self) -> i64 {
        self.time.load(Ordering::SeqCst)
    }

    /// Starts the tasks and lets them run until `done`.
    pub(crate) async fn run_until(&self, done: impl AsyncFn() -> bool) {
        let stop = rollcall_serve::CancellationToken::new();
        let tasks = self.service.start(stop.clone());
        let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while !done().await {
            assert!(std::time::Instant::now() < end, "it is never done");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        stop.cancel();
        tasks.await.unwrap();
    }

    pub(crate) async fn account(&self, id: &str) -> Result<(), Status> {
        let request = CreateAccountRequest { account_id: id.to_owned(), account: None, actor: String::new() };
        self.accounts.clone().create_account(request).await.map(|_| ())
    }

    pub(crate) async fn generate(&self, account: &str) -> Result<(Token, String), Status> {
        self.generate_with(account, None, None).await
    }

    pub(crate) async fn generate_with(
        &self,
        account: &str,
        ttl: Option<Duration>,
        overlap: Option<Duration>,
    ) -> Result<(Token, String), Status> {
        let request = GenerateTokenRequest {
            parent: format!("accounts/{account}"),
            ttl,
            overlap,
            created_by: "test".to_owned(),
            request_id: String::new(),
        };
        let answer = self.tokens.clone().generate_token(request).await?.into_inner();
        Ok((answer.token.unwrap(), answer.secret))
    }

    pub(crate) async fn verify(&self, account: &str, secret: &str) -> Result<Token, Status> {
        let request = VerifyTokenRequest { parent: format!("accounts/{account}"), secret: secret.to_owned() };
        Ok(self.tokens.clone().verify_token(request).await?.into_inner().token.unwrap())
    }

    pub(crate) async fn revoke(&self, name: &str) -> Result<Token, Status> {
        Ok(self
            .tokens
            .clone()
            .revoke_token(RevokeTokenRequest { name: name.to_owned(), actor: String::new() })
            .await?
            .into_inner())
    }

    pub(crate) async fn list(&self, account: &str) -> Result<Vec<Token>, Status> {
        let request = ListTokensRequest { parent: format!("accounts/{account}"), ..Default::default() };
        Ok(self.tokens.clone().list_tokens(request).await?.into_inner().tokens)
    }
}

/// A duration of `days`.
#[allow(clippy::unnecessary_wraps)]
pub(crate) fn days(days: i64) -> Option<Duration> {
    Some(Duration { seconds: days * (DAY / 1000), nanos: 0 })
}

/// The `ErrorInfo.reason` of a status.
pub(crate) fn reason(status: &Status) -> String {
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}
