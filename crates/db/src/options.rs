//! How a database is used.

use std::{str::FromStr, time::Duration};

/// How a database is used.
#[derive(Clone, Debug)]
pub struct Options {
    /// What it is called in metrics, such as `identity`. Default `database`.
    pub name: &'static str,
    /// Connections for reading, and so the reads that run at once. Default 8.
    pub readers: u32,
    /// Connections for writing on PostgreSQL; the writes of one account share one. SQLite has one writer. Default 4.
    pub writers: usize,
    /// How long a request may wait for its turn before it is refused. Default 5 s.
    pub queue_timeout: Duration,
    /// What stands in front of PostgreSQL. Default nothing.
    pub pooler: Pooler,
    /// Whether opening applies the migrations that are missing; otherwise it is an error that they are. Default true.
    pub migrate: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: "database",
            readers: 8,
            writers: 4,
            queue_timeout: Duration::from_secs(5),
            pooler: Pooler::None,
            migrate: true,
        }
    }
}

/// What stands in front of PostgreSQL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pooler {
    /// Nothing, or a pooler by session.
    #[default]
    None,
    /// A pooler by transaction, such as PgBouncer with `pool_mode = transaction`: two transactions may meet two servers, so nothing is
    /// kept between them, neither settings nor prepared statements.
    Transaction,
}

impl FromStr for Pooler {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self::None),
            "transaction" => Ok(Self::Transaction),
            other => Err(format!("{other:?} is neither `none` nor `transaction`")),
        }
    }
}

/// The options of a service with a database.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Connections for reading, for each database
    #[arg(
        long,
        env = "ROLLCALL_DATABASE_READERS",
        default_value_t = 8,
        value_name = "NUMBER",
        value_parser = clap::value_parser!(u32).range(1..=1000)
    )]
    pub database_readers: u32,

    /// Connections for writing, for each PostgreSQL database; the writes of one account share one. SQLite has one
    #[arg(
        long,
        env = "ROLLCALL_DATABASE_WRITERS",
        default_value_t = 4,
        value_name = "NUMBER",
        value_parser = clap::value_parser!(u16).range(1..=1000)
    )]
    pub database_writers: u16,

    /// What stands in front of PostgreSQL: `none`, or `transaction` for PgBouncer with pool_mode=transaction
    #[arg(long, env = "ROLLCALL_DATABASE_POOLER", default_value = "none", value_name = "POOLER")]
    pub database_pooler: Pooler,

    /// Whether to bring the schema up to date at the start: `on`, or `off` to wait until `rollcall migrate` has
    #[arg(long, env = "ROLLCALL_MIGRATE", default_value = "on", value_name = "on|off")]
    pub migrate: Migrate,
}

/// Whether to migrate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migrate {
    /// At the start.
    On,
    /// Never; somebody else does.
    Off,
}

impl FromStr for Migrate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "on" => Ok(Self::On),
            "off" => Ok(Self::Off),
            other => Err(format!("{other:?} is neither `on` nor `off`")),
        }
    }
}

impl Args {
    /// The options of the database called `name`.
    pub fn options(&self, name: &'static str) -> Options {
        Options {
            name,
            readers: self.database_readers,
            writers: self.database_writers.into(),
            pooler: self.database_pooler,
            migrate: self.migrate == Migrate::On,
            ..Options::default()
        }
    }
}
