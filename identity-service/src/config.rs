//! What an operator may set.

use std::{net::SocketAddr, path::PathBuf};

use rollcall_db::Address;
use rollcall_serve::{metrics, peer, process};

/// The identity service of Rollcall: users, groups, look-ups and changes, over gRPC.
///
/// It has reflection and health. Print components need its LookupService; offer the rest to the gateway only.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "identity-service", version)]
pub struct Config {
    /// The identity database: `sqlite:PATH` or `postgres://user:password@host:5432/name`.
    #[arg(long, env = "ROLLCALL_IDENTITY_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub identity_database_url: Address,

    /// The address to serve gRPC on.
    #[arg(long, env = "ROLLCALL_IDENTITY_LISTEN", default_value = "127.0.0.1:7401", value_name = "IP:PORT")]
    pub identity_listen: SocketAddr,

    /// File with the keys of the installation, 32 random bytes in Base64 a line, the current one first: the same for all
    /// services and replicas. Card numbers and PINs are kept by them. `openssl rand -base64 32` makes one.
    #[arg(long, env = "ROLLCALL_KEY_FILE", value_name = "FILE")]
    pub key_file: PathBuf,

    /// How the database is used.
    #[command(flatten)]
    pub database: rollcall_db::Args,

    /// A streaming replica of the identity database: look-ups are answered by it where it is fresh enough, and go on while the primary is
    /// gone. `postgres://user:password@host:5432/name`
    #[arg(long, env = "ROLLCALL_IDENTITY_REPLICA_URL", hide_env_values = true, value_name = "URL")]
    pub identity_replica_url: Option<Address>,

    /// How much metrics may say.
    #[command(flatten)]
    pub metrics: metrics::Args,

    /// Who may call.
    #[command(flatten)]
    pub peers: peer::ServerArgs,

    /// What every server has.
    #[command(flatten)]
    pub process: process::Args,
}
