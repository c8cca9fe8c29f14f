//! `rollcall migrate`.

use rollcall_db::{Address, Migrations};

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
}

pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let databases = options.databases.prepare()?;
    migrate("identity", &databases.identity, rollcall_identity_service::migrations())?;
    migrate("token", &databases.token, rollcall_token_service::migrations())
}

fn migrate(name: &str, address: &Address, migrations: Migrations) -> Result<(), Error> {
    let applied = migrations.run(address)?;
    let done = match applied.as_slice() {
        [] => "up to date already".to_owned(),
        [one] => format!("1 migration applied ({one})"),
        many => format!("{} migrations applied ({})", many.len(), many.join(", ")),
    };
    output::print(&format!("{name} database {address}: {done}"))
}
