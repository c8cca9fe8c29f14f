//! Accounts and the tokens with which identity providers sign in.
//!
//! - [`account_service`] and [`token_service`]: one file per gRPC service: a request becomes checked values, the store
//!   is asked, the answer becomes a message.
//! - [`secret`]: what a token looks like, and what is kept of it.
//! - [`life`]: when a token works, as pure rules over a [`Clock`].
//! - [`last_use`]: when a token was last used, gathered in memory and written in batches.
//! - [`notice`]: when somebody is told that a token is about to end, as pure rules; `notice_text` what they are told.
//! - [`notice_sender`]: tells them, by [`mail`] and `webhook`, each once however many replicas run.
//! - [`sync_log_service`]: what identity providers asked; `sync_log` makes rows of it, `sync_log_retention` ends them.
//! - `store`: all SQL.

pub mod account_service;
pub mod audit_service;
pub mod clock;
pub mod config;
pub mod connection;
pub mod connection_service;
mod error;
mod gauges;
pub mod last_use;
pub mod life;
pub mod mail;
mod name;
pub mod notice;
pub mod notice_sender;
pub mod notice_service;
mod notice_text;
mod page;
pub mod secret;
pub mod session_service;
mod store;
mod sync_log;
mod sync_log_retention;
pub mod sync_log_service;
mod ticket;
mod timestamp;
pub mod token_service;
mod webhook;

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use rollcall_access::Guard;
use rollcall_db::{Database, Migrations};
use rollcall_proto::token::{
    account_service_server::AccountServiceServer, audit_service_server::AuditServiceServer,
    connection_service_server::ConnectionServiceServer, notice_service_server::NoticeServiceServer,
    session_service_server::SessionServiceServer, sync_log_service_server::SyncLogServiceServer,
    token_service_server::TokenServiceServer,
};
use rollcall_serve::{
    CancellationToken, Health, Routes, channel, grpc,
    listener::{self, Listener},
    process::Process,
};
use tokio::task::JoinHandle;

pub use crate::clock::Clock;
pub use crate::config::Options;
pub use crate::error::StartError;
use crate::{
    account_service::Accounts, audit_service::Audit, config::Config, connection_service::Connections,
    gauges::Gauges, last_use::LastUse, notice_sender::Sender, notice_service::Notices,
    session_service::Sessions, sync_log_retention::Retention, sync_log_service::SyncLog,
    token_service::Tokens,
};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The full names of the services here.
pub const SERVICES: [&str; 7] = [
    "rollcall.token.v1.AccountService",
    "rollcall.token.v1.AuditService",
    "rollcall.token.v1.ConnectionService",
    "rollcall.token.v1.NoticeService",
    "rollcall.token.v1.SessionService",
    "rollcall.token.v1.SyncLogService",
    "rollcall.token.v1.TokenService",
];

/// The schema of the token database.
pub fn migrations() -> Migrations {
    Migrations { sqlite: SQLITE, postgres: POSTGRES }
}

/// The token service over one database.
#[derive(Clone)]
pub struct Service {
    accounts: Accounts,
    audit: Audit,
    connections: Connections,
    tokens: Tokens,
    last_use: LastUse,
    notices: Notices,
    sender: Sender,
    sessions: Sessions,
    sync_log: SyncLog,
    retention: Retention,
    gauges: Gauges,
    db: Database,
    health: Health,
}

impl Service {
    /// A service over `db`, whose schema is up to date.
    pub fn new(db: Database, clock: Clock, options: Options) -> Self {
        let last_use = LastUse::new(db.clone());
        let max_entries = options.sync_log_max_entries;
        let sender = Sender::new(db.clone(), clock.clone(), options);
        Self {
            accounts: Accounts::new(db.clone(), clock.clone()),
            audit: Audit::new(db.clone(), clock.clone()),
            connections: Connections::new(db.clone(), clock.clone()),
            notices: Notices::new(db.clone(), clock.clone(), &sender),
            sessions: Sessions::new(db.clone(), clock.clone()),
            sync_log: SyncLog::new(db.clone(), clock.clone(), max_entries),
            retention: Retention::new(db.clone(), clock.clone(), max_entries),
            gauges: Gauges::new(db.clone(), clock.clone(), 0),
            tokens: Tokens::new(db.clone(), clock, last_use.clone()),
            last_use,
            sender,
            db,
            health: Health::default(),
        }
    }

    /// The same with metrics of the first so many accounts.
    #[must_use]
    pub fn with_gauges(self, max_accounts: u32) -> Self {
        Self { gauges: self.gauges.for_accounts(max_accounts), ..self }
    }

    /// The same as a part of a process whose health is told.
    #[must_use]
    pub fn with_health(self, health: Health) -> Self {
        let db = self.db.clone();
        health.follow("token database", move || {
            let db = db.clone();
            async move { db.ping().await.is_ok() }
        });
        Self { health, ..self }
    }

    /// Its rpcs, with reflection and health.
    ///
    /// # Errors
    /// [`rollcall_serve::Error::Reflection`] for a broken build.
    pub fn routes(&self) -> Result<Routes, rollcall_serve::Error> {
        Ok(grpc::routes(rollcall_proto::DESCRIPTORS, &SERVICES, &self.health)?
            .add_service(AccountServiceServer::new(self.accounts.clone()))
            .add_service(AuditServiceServer::new(self.audit.clone()))
            .add_service(ConnectionServiceServer::new(self.connections.clone()))
            .add_service(NoticeServiceServer::new(self.notices.clone()))
            .add_service(SessionServiceServer::new(self.sessions.clone()))
            .add_service(
                SyncLogServiceServer::new(self.sync_log.clone())
                    .max_decoding_message_size(channel::MAX_MESSAGE),
            )
            .add_service(TokenServiceServer::new(self.tokens.clone())))
    }

    /// Starts what it does beside answering: writing the times of last use, sending notices, and
    /// deleting what is old in the sync logs. Cancel `stop` when no
    /// more calls arrive, then await the handle: until then there is something to finish.
    pub fn start(&self, stop: CancellationToken) -> JoinHandle<()> {
        let (last_use, sender, retention, gauges) =
            (self.last_use.clone(), self.sender.clone(), self.retention.clone(), self.gauges.clone());
        self.health.keep("the upkeep of tokens", stop.clone(), async move {
            tokio::join!(
                last_use.run(stop.clone()),
                sender.run(stop.clone()),
                retention.run(stop.clone()),
                gauges.run(stop)
            );
        })
    }
}

/// Runs the service by itself until SIGTERM or SIGINT.
///
/// # Errors
/// [`StartError`], each one a sentence for the operator.
pub async fn run(config: Config) -> Result<(), StartError> {
    let process = Process::start(&config.process, "token-service").await?;
    process.health.starting();
    let guard = Guard::new(&config.peers, config.token_listen)?;
    let tls = config.peers.tls().map_err(rollcall_serve::Error::from)?;
    let options = Options { console_url: config.console_url, ..config.args.options()? };
    let database = config.database.options("token");
    let opening = Database::open_when_there(&config.token_database_url, &database, migrations);
    let Some(db) = process.shutdown.run_until_cancelled(opening).await.transpose()? else {
        process.end().await;
        return Ok(());
    };
    let service = Service::new(db, Clock::system(), options)
        .with_gauges(config.metrics.metrics_max_accounts)
        .with_health(process.health.clone());
    let listener = listener::bind(config.token_listen).await?;
    tracing::info!("token service on {}", listener.local_addr().unwrap_or(config.token_listen));
    let listener = Listener::from(listener).with_tls(tls).with_drain(process.drain);
    let stop = CancellationToken::new();
    let tasks = service.start(stop.clone());
    process.health.started();
    let served = grpc::serve(listener, guard.protect(service.routes()?), process.shutdown.clone()).await;
    stop.cancel();
    // The tasks end by themselves; a panic in one was reported where it happened.
    let _ = tasks.await;
    process.end().await;
    Ok(served?)
}
