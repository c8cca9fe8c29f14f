//! What an operator may set.

use std::{net::SocketAddr, path::PathBuf};

use rollcall_db::Address;
use rollcall_serve::{peer, process};

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

    /// Who may call.
    #[command(flatten)]
    pub peers: peer::ServerArgs,

    /// What every server has.
    #[command(flatten)]
    pub process: process::Args,
}
