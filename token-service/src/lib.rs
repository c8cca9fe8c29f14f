//! Accounts and the tokens with which identity providers sign in.
//!
//! - [`account_service`] and [`token_service`]: one file per gRPC service: a request becomes checked values, the store
//!   is asked, the answer becomes a message.
//! - [`secret`]: what a token looks like, and what is kept of it.
//! - [`life`]: when a token works, as pure rules over a [`Clock`].
//! - [`last_use`]: when a token was last used, gathered in memory and written in batches.
//! - `store`: all SQL.

pub mod account_service;
pub mod clock;
pub mod config;
mod error;
pub mod last_use;
pub mod life;
mod name;
mod page;
pub mod secret;
mod store;
mod timestamp;
pub mod token_service;

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use rollcall_db::{Database, Migrations};
use rollcall_proto::token::{
    account_service_server::AccountServiceServer, token_service_server::TokenServiceServer,
};
use rollcall_serve::{CancellationToken, Routes, grpc, listener};
use tokio::task::JoinHandle;

pub use crate::clock::Clock;
pub use crate::error::StartError;
use crate::{account_service::Accounts, config::Config, last_use::LastUse, token_service::Tokens};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The full names of the services here.
pub const SERVICES: [&str; 2] = ["rollcall.token.v1.AccountService", "rollcall.token.v1.TokenService"];

/// The schema of the token database.
pub fn migrations() -> Migrations {
    Migrations { sqlite: SQLITE, postgres: POSTGRES }
}

/// The token service over one database.
#[derive(Clone)]
pub struct Service {
    accounts: Accounts,
    tokens: Tokens,
    last_use: LastUse,
}

impl Service {
    /// A service over `db`, whose schema is up to date.
    pub fn new(db: Database, clock: Clock) -> Self {
        let last_use = LastUse::new(db.clone());
        Self {
            accounts: Accounts::new(db.clone(), clock.clone()),
            tokens: Tokens::new(db, clock, last_use.clone()),
            last_use,
        }
    }

    /// Its rpcs, with reflection and health.
    ///
    /// # Errors
    /// [`rollcall_serve::Error::Reflection`] for a broken build.
    pub fn routes(&self) -> Result<Routes, rollcall_serve::Error> {
        Ok(grpc::routes(rollcall_proto::DESCRIPTORS, &SERVICES)?
            .add_service(AccountServiceServer::new(self.accounts.clone()))
            .add_service(TokenServiceServer::new(self.tokens.clone())))
    }

    /// Starts the task that writes the times of last use every few seconds, and once more when `stop` is cancelled:
    /// cancel it when no more calls arrive, then await the handle.
    pub fn start_last_use(&self, stop: CancellationToken) -> JoinHandle<()> {
        tokio::spawn(self.last_use.clone().run(stop))
    }
}

/// Runs the service by itself until SIGTERM or SIGINT.
///
/// # Errors
/// [`StartError`], each one a sentence for the operator.
pub async fn run(config: Config) -> Result<(), StartError> {
    rollcall_serve::log::init(config.log_format, &config.log_filter)?;
    let shutdown = rollcall_serve::shutdown::on_signal()?;
    let db = rollcall_db::Database::open(
        &config.token_database_url,
        &rollcall_db::Options::default(),
        migrations(),
    )?;
    let service = Service::new(db, Clock::system());
    let listener = listener::bind(config.token_listen).await?;
    tracing::info!("token service on {}", config.token_listen);
    let stop = CancellationToken::new();
    let last_use = service.start_last_use(stop.clone());
    let served = grpc::serve(listener, service.routes()?, shutdown).await;
    stop.cancel();
    // The task ends by itself; a panic in it was reported where it happened.
    let _ = last_use.await;
    Ok(served?)
}
