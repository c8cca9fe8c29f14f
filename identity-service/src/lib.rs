//! Users, groups, look-ups and changes of the accounts.
//!
//! - [`user_service`], [`group_service`], [`lookup_service`], [`change_service`], [`settings_service`]: one file per
//!   gRPC service: a request becomes checked values, one transaction of the store is run, its answer becomes a message.
//! - `name`: resource names taken apart and put together.
//! - [`store`]: all SQL; [`store::error::Error`] is what can go wrong, and `status` the only place where that becomes a
//!   gRPC status.

pub mod change_service;
pub mod config;
pub mod group_service;
pub mod lookup_service;
mod name;
pub mod settings_service;
mod status;
pub mod store;
pub mod user_service;

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use rollcall_db::{Database, Migrations, Options};
use rollcall_proto::identity::{
    change_service_server::ChangeServiceServer, group_service_server::GroupServiceServer,
    lookup_service_server::LookupServiceServer, settings_service_server::SettingsServiceServer,
    user_service_server::UserServiceServer,
};
use rollcall_serve::{Routes, channel, grpc, listener};

use crate::{
    change_service::ChangeService, config::Config, group_service::GroupService,
    lookup_service::LookupService, settings_service::SettingsService, user_service::UserService,
};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The full names of the services here.
pub const SERVICES: [&str; 5] = [
    "rollcall.identity.v1.UserService",
    "rollcall.identity.v1.GroupService",
    "rollcall.identity.v1.LookupService",
    "rollcall.identity.v1.ChangeService",
    "rollcall.identity.v1.SettingsService",
];

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A listener, a log filter, a signal handler.
    #[error(transparent)]
    Serve(#[from] rollcall_serve::Error),
    /// The database cannot be opened or migrated.
    #[error(transparent)]
    Database(#[from] rollcall_db::Error),
}

/// The schema of the identity database.
pub fn migrations() -> Migrations {
    Migrations { sqlite: SQLITE, postgres: POSTGRES }
}

/// The rpcs over a database whose schema is up to date, with reflection and health.
///
/// # Errors
/// [`rollcall_serve::Error::Reflection`] for a broken build.
pub fn routes(db: &Database) -> Result<Routes, rollcall_serve::Error> {
    let users =
        UserServiceServer::new(UserService(db.clone())).max_decoding_message_size(channel::MAX_MESSAGE);
    let groups =
        GroupServiceServer::new(GroupService(db.clone())).max_decoding_message_size(channel::MAX_MESSAGE);
    Ok(grpc::routes(rollcall_proto::DESCRIPTORS, &SERVICES)?
        .add_service(users)
        .add_service(groups)
        .add_service(LookupServiceServer::new(LookupService(db.clone())))
        .add_service(ChangeServiceServer::new(ChangeService(db.clone())))
        .add_service(SettingsServiceServer::new(SettingsService(db.clone()))))
}

/// Runs the service by itself until SIGTERM or SIGINT.
///
/// # Errors
/// [`StartError`], each one a sentence for the operator.
pub async fn run(config: Config) -> Result<(), StartError> {
    rollcall_serve::log::init(config.log_format, &config.log_filter)?;
    let shutdown = rollcall_serve::shutdown::on_signal()?;
    let db = Database::open(&config.identity_database_url, &Options::default(), migrations())?;
    let listener = listener::bind(config.identity_listen).await?;
    tracing::info!("identity service on {}", config.identity_listen);
    Ok(grpc::serve(listener, routes(&db)?, shutdown).await?)
}
