//! What an operator may set.

use std::net::SocketAddr;

use rollcall_db::Address;
use rollcall_serve::log;

/// The token service of Rollcall: accounts and the tokens of their identity providers, over gRPC.
///
/// It has reflection and health. Offer it to the gateway and to administrators only: who can reach it can make tokens.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "token-service", version)]
pub struct Config {
    /// The token database: `sqlite:PATH` or `postgres://user:password@host:5432/name`.
    #[arg(long, env = "ROLLCALL_TOKEN_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub token_database_url: Address,

    /// The address to serve gRPC on.
    #[arg(long, env = "ROLLCALL_TOKEN_LISTEN", default_value = "127.0.0.1:7402", value_name = "IP:PORT")]
    pub token_listen: SocketAddr,

    /// The shape of log lines: `text` or `json`.
    #[arg(long, env = "ROLLCALL_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub log_format: log::Format,

    /// What to log, in the syntax of RUST_LOG: `info`, `warn,rollcall_db=debug`.
    #[arg(long, env = "ROLLCALL_LOG", default_value = "info", value_name = "FILTER")]
    pub log_filter: String,
}
