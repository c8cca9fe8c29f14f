//! `rollcall migrate`.

use std::time::{Duration, Instant};

use rollcall_db::{Address, Migrations, Pooler};

use crate::{databases, error::Error, output};

/// Bring the schema of both databases up to date, and exit.
///
/// `serve` does the same when it starts; this is for deployments that migrate in a step of its own. It is safe to run
/// while servers of the version before are running, and safe to run twice.
#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(after_long_help = "\
Examples:
  rollcall migrate
  rollcall migrate --identity-database-url postgres://rollcall@db/rollcall \\
                   --token-database-url postgres://rollcall@db/rollcall")]
pub(crate) struct Options {
    #[command(flatten)]
    databases: databases::Options,

    /// What stands in front of PostgreSQL: `none`, or `transaction` for PgBouncer with pool_mode=transaction
    #[arg(long, env = "ROLLCALL_DATABASE_POOLER", default_value = "none", value_name = "POOLER")]
    database_pooler: Pooler,

    /// How long to wait for databases that cannot be reached, in seconds
    #[arg(
        long,
        env = "ROLLCALL_MIGRATE_WAIT_SECONDS",
        default_value_t = 0,
        value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(0..=86_400)
    )]
    wait_seconds: u64,
}

pub(crate) async fn run(options: &Options) -> Result<(), Error> {
    let databases = options.databases.prepare()?;
    let end = Instant::now() + Duration::from_secs(options.wait_seconds);
    let pooler = options.database_pooler;
    migrate("identity", &databases.identity, rollcall_identity_service::migrations, pooler, end).await?;
    migrate("token", &databases.token, rollcall_token_service::migrations, pooler, end).await
}

async fn migrate(
    name: &str,
    address: &Address,
    migrations: fn() -> Migrations,
    pooler: Pooler,
    end: Instant,
) -> Result<(), Error> {
    let applied = loop {
        match migrations().run(address, pooler) {
            Err(error) if error.is_transient() && Instant::now() < end => {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            result => break result?,
        }
    };
    let done = match applied.as_slice() {
        [] => "up to date already".to_owned(),
        [one] => format!("1 migration applied ({one})"),
        many => format!("{} migrations applied ({})", many.len(), many.join(", ")),
    };
    output::print(&format!("{name} database {address}: {done}"))
}
