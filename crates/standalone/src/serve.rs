//! `rollcall serve`: the three services in one process.
//!
//! The gateway is the same client of the other two as in a deployment of three processes; its channels lead to their
//! routes instead of a socket. Both are on sockets as well, for print components and for the commands here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use rollcall_db::Database;
use rollcall_proto::token::{CreateAccountRequest, account_service_client::AccountServiceClient};
use rollcall_scim_gateway::Clients;
use rollcall_serve::{CancellationToken, Channel, channel, grpc, http, listener, log, shutdown};
use rollcall_token_service::Clock;
use tokio::net::TcpListener;
use tonic::Code;

use crate::{databases, error::Error, output};

/// The account that a new installation has.
const FIRST_ACCOUNT: &str = "default";

/// Serve everything in one process: what `rollcall` alone does.
///
/// Makes the data directory, the databases and the account `default` where they are absent, prints where it listens,
/// and runs until SIGTERM or Ctrl-C; then it answers what it has accepted, and ends.
#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(after_long_help = "\
Examples:
  rollcall serve
  rollcall serve --data-dir /var/lib/rollcall --scim-listen 0.0.0.0:7400 \\
                 --public-url https://scim.example.com
  rollcall serve --identity-database-url postgres://rollcall@db/rollcall \\
                 --token-database-url postgres://rollcall@db/rollcall")]
pub(crate) struct Options {
    #[command(flatten)]
    databases: databases::Options,

    #[command(flatten)]
    pub(crate) gateway: rollcall_scim_gateway::Config,

    /// Address of the identity service, gRPC: what print components ask. Port 0 takes a free one
    #[arg(long, env = "ROLLCALL_IDENTITY_LISTEN", default_value = "127.0.0.1:7401", value_name = "IP:PORT")]
    identity_listen: SocketAddr,

    /// Address of the token service, gRPC: what `rollcall token` asks. Who can reach it can make tokens
    #[arg(long, env = "ROLLCALL_TOKEN_LISTEN", default_value = "127.0.0.1:7402", value_name = "IP:PORT")]
    token_listen: SocketAddr,

    #[command(flatten)]
    tokens: rollcall_token_service::config::Args,

    /// The shape of log lines, on standard error: `text` or `json`
    #[arg(long, env = "ROLLCALL_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    log_format: log::Format,

    /// What to log, in the syntax of RUST_LOG: `info`, `warn,rollcall_db=debug`
    #[arg(long, env = "ROLLCALL_LOG", default_value = "info", value_name = "FILTER")]
    log_filter: String,
}

pub(crate) async fn run(options: Options) -> Result<(), Error> {
    let Options { databases, mut gateway, identity_listen, token_listen, tokens, log_format, log_filter } = options;
    log::init(log_format, &log_filter)?;
    let shutdown = shutdown::on_signal()?;
    // The ports first: a second server stops here, before it touches a database.
    let (scim, scim_address) = bind(gateway.scim_listen).await?;
    let (identity, identity_address) = bind(identity_listen).await?;
    let (token, token_address) = bind(token_listen).await?;
    gateway.scim_listen = scim_address;
    let public_url =
        gateway.public_url.as_ref().map_or_else(|| format!("http://{scim_address}"), ToString::to_string);

    let databases = databases.prepare()?;
    let _lock = databases.lock()?;
    let tokens = databases.with_key(tokens.options()?)?;
    let settings = rollcall_db::Options::default();
    let identity_db =
        Database::open(&databases.identity, &settings, rollcall_identity_service::migrations())?;
    let token_db = Database::open(&databases.token, &settings, rollcall_token_service::migrations())?;

    let identity_routes = rollcall_identity_service::routes(&identity_db)?;
    let tokens = rollcall_token_service::Service::new(token_db, Clock::system(), tokens);
    let token_routes = tokens.routes()?;
    let token_channel = channel::in_process(token_routes.clone());
    create_first_account(token_channel.clone()).await?;
    let clients = Clients::new(channel::in_process(identity_routes.clone()), token_channel);
    let router = rollcall_scim_gateway::router(clients, gateway);

    let written = CancellationToken::new();
    let tasks = tokens.start(written.clone());
    let limits = http::Limits::default();
    let scim = tokio::spawn(http::serve(scim, router, limits, shutdown.clone()));
    let identity = tokio::spawn(grpc::serve(identity, identity_routes, shutdown.clone()));
    let token = tokio::spawn(grpc::serve(token, token_routes, shutdown.clone()));
    output::print(&greeting(scim_address, identity_address, token_address, &public_url))?;

    // One listener that ends takes the others with it: half a server would only look like a whole one.
    let end = shutdown.drop_guard();
    let ended =
        tokio::try_join!(async { Ok::<_, Error>(scim.await?) }, async { Ok(identity.await??) }, async {
            Ok(token.await??)
        },);
    drop(end);
    written.cancel();
    tasks.await?;
    ended.map(|_| tracing::info!("stopped"))
}

/// A listener, and the address by which this machine reaches it.
async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    let listener = listener::bind(address).await?;
    let bound = listener.local_addr().map_err(Error::Address)?;
    let host = match bound.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        other => other,
    };
    Ok((listener, SocketAddr::new(host, bound.port())))
}

async fn create_first_account(channel: Channel) -> Result<(), Error> {
    let request = CreateAccountRequest { account_id: FIRST_ACCOUNT.to_owned(), account: None };
    match AccountServiceClient::new(channel).create_account(request).await {
        Ok(_) => Ok(()),
        Err(status) if status.code() == Code::AlreadyExists => Ok(()),
        Err(status) => Err(Error::Account { account: FIRST_ACCOUNT, message: status.message().to_owned() }),
    }
}

/// The Tenant URL of an account: what an identity provider is told.
pub(crate) fn tenant_url(public_url: &str, account: &str) -> String {
    format!("{}/{account}/scim/v2", public_url.trim_end_matches('/'))
}

/// What is printed at the start. The first three lines are for programs too.
fn greeting(scim: SocketAddr, identity: SocketAddr, token: SocketAddr, public_url: &str) -> String {
    // As it was called, so that the line can be pasted: `target/release/rollcall` after `cargo run --release`.
    let program = std::env::args().next().unwrap_or_else(|| "rollcall".to_owned());
    let mut command = vec![program, format!("token generate {FIRST_ACCOUNT}")];
    if token.to_string() != "127.0.0.1:7402" {
        command.push(format!("--token-service http://{token}"));
    }
    let public_url = public_url.trim_end_matches('/');
    if public_url != "http://127.0.0.1:7400" {
        command.push(format!("--public-url {public_url}"));
    }
    format!(
        "scim http://{scim}\nidentity http://{identity}\ntoken http://{token}\n\n\
         Tenant URL  {}\nGet a token {}",
        tenant_url(public_url, FIRST_ACCOUNT),
        command.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tenant_url_has_no_doubled_slash() {
        assert_eq!(tenant_url("https://x.example/", "acme"), "https://x.example/acme/scim/v2");
    }

    #[test]
    fn the_greeting_names_what_differs_from_the_defaults() {
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let text = greeting(at(7400), at(7401), at(7402), "http://127.0.0.1:7400");
        assert!(
            text.starts_with("scim http://127.0.0.1:7400\nidentity http://127.0.0.1:7401\ntoken http://")
        );
        assert!(text.ends_with("token generate default"), "{text}");
        let text = greeting(at(1), at(2), at(3), "https://x.example/");
        assert!(
            text.ends_with("--token-service http://127.0.0.1:3 --public-url https://x.example"),
            "{text}"
        );
    }
}
