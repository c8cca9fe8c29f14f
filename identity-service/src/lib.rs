//! Users, groups, cards, look-ups and changes of the accounts.
//!
//! - [`user_service`], [`group_service`], [`card_service`], [`pin_service`], [`lookup_service`], [`station_service`],
//!   [`change_service`], [`conversion_service`], [`import_service`], [`diagnosis_service`], [`directory_service`],
//!   [`settings_service`]: one file per gRPC service: a request becomes checked values, one transaction of the store is
//!   run, its answer becomes a message.
//! - [`directory`]: what they stand on: the database, the `vault` of keys and conversions, the `watchers` of changes.
//! - `secret` and `guess`: PINs and passcodes, hashed and tried outside of a transaction.
//! - [`desk`]: what look-ups saw at stations, on its way into the database.
//! - `upkeep`: what goes on beside requests.
//! - `name`: resource names taken apart and put together.
//! - [`store`]: all SQL; [`store::error::Error`] is what can go wrong, and `status` the only place where that becomes a
//!   gRPC status.

pub mod card_service;
pub mod change_service;
pub mod config;
pub mod conversion_service;
pub mod desk;
pub mod diagnosis_service;
pub mod directory;
pub mod directory_service;
mod gauges;
pub mod group_service;
mod guess;
pub mod import_service;
pub mod lookup_service;
mod name;
pub mod pin_service;
mod secret;
pub mod settings_service;
pub mod station_service;
mod status;
pub mod store;
mod upkeep;
pub mod user_service;
mod vault;
mod watchers;

use std::time::Duration;

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use rollcall_access::{Guard, GuardError};
use rollcall_card::keyring::Keyring;
use rollcall_db::{Address, Database, Migrations, Options, Reader};
use rollcall_key::Keys;
use rollcall_proto::identity::{
    card_service_server::CardServiceServer, change_service_server::ChangeServiceServer,
    conversion_service_server::ConversionServiceServer, diagnosis_service_server::DiagnosisServiceServer,
    directory_service_server::DirectoryServiceServer, group_service_server::GroupServiceServer,
    import_service_server::ImportServiceServer, lookup_service_server::LookupServiceServer,
    pin_service_server::PinServiceServer, settings_service_server::SettingsServiceServer,
    station_service_server::StationServiceServer, user_service_server::UserServiceServer,
};
use rollcall_serve::{
    CancellationToken, Health, Routes, channel, grpc,
    listener::{self, Listener},
    process::Process,
};
use tokio::task::JoinHandle;

use crate::{
    card_service::CardService, change_service::ChangeService, config::Config,
    conversion_service::ConversionService, desk::Desk, diagnosis_service::DiagnosisService,
    directory::Directory, directory_service::DirectoryService, gauges::Gauges, group_service::GroupService,
    import_service::ImportService, lookup_service::LookupService, pin_service::PinService,
    settings_service::SettingsService, station_service::StationService, store::upkeep as upkeep_steps,
    upkeep::Upkeep, user_service::UserService,
};

/// How long the replica may take to give a connection.
const REPLICA_PATIENCE: Duration = Duration::from_secs(1);

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The full names of the services here.
pub const SERVICES: [&str; 12] = [
    "rollcall.identity.v1.UserService",
    "rollcall.identity.v1.GroupService",
    "rollcall.identity.v1.CardService",
    "rollcall.identity.v1.PinService",
    "rollcall.identity.v1.LookupService",
    "rollcall.identity.v1.StationService",
    "rollcall.identity.v1.ChangeService",
    "rollcall.identity.v1.ConversionService",
    "rollcall.identity.v1.DiagnosisService",
    "rollcall.identity.v1.DirectoryService",
    "rollcall.identity.v1.ImportService",
    "rollcall.identity.v1.SettingsService",
];

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A listener, a log filter, a signal handler.
    #[error(transparent)]
    Serve(#[from] rollcall_serve::Error),
    /// Nothing says who may call.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// The database cannot be opened or migrated.
    #[error(transparent)]
    Database(#[from] rollcall_db::Error),
    /// The key file cannot be used.
    #[error(transparent)]
    Key(#[from] rollcall_key::KeyError),
    /// The key file is another than the one that the cards of the database are kept by.
    #[error(
        "cards of the account {account} are kept by the key {key}, which is not in the key file: put the file back that was used before, or its line at the end of this one"
    )]
    LostKey {
        /// The account's id.
        account: String,
        /// The id of the key.
        key: String,
    },
    /// The keys of the cards cannot be read.
    #[error(transparent)]
    Store(#[from] store::error::Error),
}

/// The schema of the identity database.
pub fn migrations() -> Migrations {
    Migrations { sqlite: SQLITE, postgres: POSTGRES }
}

/// A replica that answers look-ups; it need not be there. `options` are those of the primary.
///
/// # Errors
/// [`rollcall_db::Error`].
pub fn replica(address: &Address, options: &Options) -> Result<Reader, rollcall_db::Error> {
    // Where it does not answer soon, the primary does.
    let options = Options { name: "replica", queue_timeout: REPLICA_PATIENCE, ..options.clone() };
    Reader::new(address, &options)
}

/// The identity service over one database.
#[derive(Clone)]
pub struct Service {
    directory: Directory,
    desk: Desk,
    health: Health,
    max_accounts: u32,
}

impl Service {
    /// A service over `db`, whose schema is up to date. Card numbers and secrets are kept by `keys`.
    pub fn new(db: Database, keys: &Keys) -> Self {
        let directory = Directory::new(db, Keyring::new(keys));
        Self { desk: Desk::new(directory.clone()), directory, health: Health::default(), max_accounts: 0 }
    }

    /// The same with a replica that answers look-ups.
    #[must_use]
    pub fn with_replica(self, replica: Option<Reader>) -> Self {
        let directory = self.directory.with_replica(replica);
        Self { desk: Desk::new(directory.clone()), directory, ..self }
    }

    /// The same with metrics of the first so many accounts.
    #[must_use]
    pub fn with_gauges(self, max_accounts: u32) -> Self {
        Self { max_accounts, ..self }
    }

    /// The same as a part of a process whose health is told.
    #[must_use]
    pub fn with_health(self, health: Health) -> Self {
        health.follow("identity database", {
            let directory = self.directory.clone();
            move || {
                let directory = directory.clone();
                async move { directory.ping().await }
            }
        });
        Self { health, ..self }
    }

    /// Ends the streams of changes when `shutdown` is cancelled, each with a word where to go on; without this they would be cut.
    pub fn end_watches(&self, shutdown: CancellationToken) {
        let directory = self.directory.clone();
        tokio::spawn(async move {
            shutdown.cancelled().await;
            directory.close();
        });
    }

    /// Refuses to go on without a key that cards are kept by. Reads one row for each key of each account.
    ///
    /// # Errors
    /// [`StartError::LostKey`], [`StartError::Store`].
    pub async fn check_keys(&self) -> Result<(), StartError> {
        let vault = self.directory.vault();
        match self.directory.read(move |c| upkeep_steps::lost_key(c, vault.ring())).await? {
            Some((account, key)) => Err(StartError::LostKey { account, key }),
            None => Ok(()),
        }
    }

    /// Its rpcs, with reflection and health.
    ///
    /// # Errors
    /// [`rollcall_serve::Error::Reflection`] for a broken build.
    pub fn routes(&self) -> Result<Routes, rollcall_serve::Error> {
        let directory = || self.directory.clone();
        let users = UserServiceServer::new(UserService(directory()));
        let groups = GroupServiceServer::new(GroupService(directory()));
        Ok(grpc::routes(rollcall_proto::DESCRIPTORS, &SERVICES, &self.health)?
            .add_service(users.max_decoding_message_size(channel::MAX_MESSAGE))
            .add_service(groups.max_decoding_message_size(channel::MAX_MESSAGE))
            .add_service(CardServiceServer::new(CardService(directory())))
            .add_service(PinServiceServer::new(PinService(directory())))
            .add_service(LookupServiceServer::new(LookupService(directory(), self.desk.clone())))
            .add_service(StationServiceServer::new(StationService(directory())))
            .add_service(ChangeServiceServer::new(ChangeService(directory())))
            .add_service(ConversionServiceServer::new(ConversionService(directory())))
            .add_service(DiagnosisServiceServer::new(DiagnosisService(directory())))
            .add_service(DirectoryServiceServer::new(DirectoryService(directory())))
            .add_service(ImportServiceServer::new(ImportService(directory())))
            .add_service(SettingsServiceServer::new(SettingsService(directory()))))
    }

    /// Starts what it does beside answering: writing what stations saw, sealing cards by a new key, forgetting old changes.
    /// Cancel `stop` when no more calls arrive, then await the handle: until then there is something to finish.
    pub fn start(&self, stop: CancellationToken) -> JoinHandle<()> {
        let gauges = Gauges::new(self.directory.clone(), self.max_accounts);
        let (desk, upkeep) = (self.desk.clone(), Upkeep::new(self.directory.clone()));
        self.health.keep("the upkeep of identities", stop.clone(), async move {
            tokio::join!(desk.run(stop.clone()), upkeep.run(stop.clone()), gauges.run(stop));
        })
    }
}

/// Runs the service by itself until SIGTERM or SIGINT.
///
/// # Errors
/// [`StartError`], each one a sentence for the operator.
pub async fn run(config: Config) -> Result<(), StartError> {
    let process = Process::start(&config.process, "identity-service").await?;
    process.health.starting();
    let guard = Guard::new(&config.peers, config.identity_listen)?;
    let tls = config.peers.tls().map_err(rollcall_serve::Error::from)?;
    let keys = Keys::read(&config.key_file)?;
    let database = config.database.options("identity");
    let opening = Database::open_when_there(&config.identity_database_url, &database, migrations);
    let Some(db) = process.shutdown.run_until_cancelled(opening).await.transpose()? else {
        process.end().await;
        return Ok(());
    };
    let replica = config.identity_replica_url.as_ref().map(|url| replica(url, &database)).transpose()?;
    let service = Service::new(db, &keys)
        .with_replica(replica)
        .with_gauges(config.metrics.metrics_max_accounts)
        .with_health(process.health.clone());
    service.check_keys().await?;
    let listener = listener::bind(config.identity_listen).await?;
    tracing::info!("identity service on {}", listener.local_addr().unwrap_or(config.identity_listen));
    let listener = Listener::from(listener).with_tls(tls).with_drain(process.drain);
    let stop = CancellationToken::new();
    let tasks = service.start(stop.clone());
    service.end_watches(process.shutdown.clone());
    process.health.started();
    let served = grpc::serve(listener, guard.protect(service.routes()?), process.shutdown.clone()).await;
    stop.cancel();
    // The tasks end by themselves; a panic in one was reported where it happened.
    let _ = tasks.await;
    process.end().await;
    Ok(served?)
}
