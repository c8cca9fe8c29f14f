//! `rollcall serve`: the three services in one process.
//!
//! The gateway is the same client of the other two as in a deployment of three processes; its channels lead to their
//! routes instead of a socket. Both are on sockets as well, for print components and for the commands here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use rollcall_access::Guard;
use rollcall_console::{Listen, Services};
use rollcall_db::{Address, Database};
use rollcall_proto::token::{
    CreateAccountRequest, CreateInvitationRequest, Role, account_service_client::AccountServiceClient,
    session_service_client::SessionServiceClient,
};
use rollcall_scim_gateway::Clients;
use rollcall_serve::{
    CancellationToken, Channel, channel, grpc, http,
    listener::{self, Listener},
    metrics, peer,
    process::{self, Process},
};
use rollcall_token_service::Clock;
use tokio::net::TcpListener;
use tonic::Code;
use url::Url;

use crate::{console, databases, error::Error, output};

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

    #[command(flatten)]
    pub(crate) console: rollcall_console::Config,

    /// Address of the identity service, gRPC: what print components ask. Port 0 takes a free one
    #[arg(long, env = "ROLLCALL_IDENTITY_LISTEN", default_value = "127.0.0.1:7401", value_name = "IP:PORT")]
    identity_listen: SocketAddr,

    /// Address of the token service, gRPC: what `rollcall token` asks. Who can reach it can make tokens
    #[arg(long, env = "ROLLCALL_TOKEN_LISTEN", default_value = "127.0.0.1:7402", value_name = "IP:PORT")]
    token_listen: SocketAddr,

    #[command(flatten)]
    tokens: rollcall_token_service::config::Args,

    #[command(flatten)]
    database: rollcall_db::Args,

    #[command(flatten)]
    metrics: metrics::Args,

    /// A streaming replica of the identity database: look-ups are answered by it where it is fresh enough, and go on while the primary is
    /// gone
    #[arg(long, env = "ROLLCALL_IDENTITY_REPLICA_URL", hide_env_values = true, value_name = "URL")]
    identity_replica_url: Option<Address>,

    /// Who may call the identity and the token service.
    #[command(flatten)]
    peers: peer::ServerArgs,

    #[command(flatten)]
    process: process::Args,
}

pub(crate) async fn run(options: Options) -> Result<(), Error> {
    let Options {
        databases,
        mut gateway,
        mut console,
        identity_listen,
        token_listen,
        tokens,
        database,
        metrics,
        identity_replica_url,
        peers,
        process,
    } = options;
    let process = Process::start(&process, "rollcall").await?;
    process.health.starting();
    let (shutdown, drain) = (process.shutdown.clone(), process.drain);
    let network = rollcall_serve::Error::from;
    let peer_tls = peers.tls().map_err(rollcall_serve::Error::from)?;
    let (identity_guard, token_guard) =
        (Guard::new(&peers, identity_listen)?, Guard::new(&peers, token_listen)?);
    // The ports first: a second server stops here, before it touches a database.
    let (scim, scim_address) = bind(gateway.scim_listen).await?;
    let (identity, identity_address) = bind(identity_listen).await?;
    let (token, token_address) = bind(token_listen).await?;
    gateway.scim_listen = scim_address;
    let public_url = gateway.url();
    let (scim_tls, console_tls) = (gateway.tls().map_err(network)?, console.tls().map_err(network)?);
    let pages = match console.console_listen {
        Listen::Off => None,
        Listen::On(address) => {
            let (listener, address) = bind(address).await?;
            console.console_listen = Listen::On(address);
            Some(listener)
        }
    };
    let console_url = console.url();

    let databases = databases.prepare()?;
    let _lock = databases.lock()?;
    let keys = databases.keys(tokens.key_file.as_deref())?;
    let tokens = tokens.options()?;
    // An address it was not given is an address for itself alone, unless it can be opened as it is.
    let tokens = rollcall_token_service::Options {
        console_url: Url::parse(&console_url).ok(),
        key: keys.oldest().cloned(),
        ..tokens
    };
    let (identity_options, token_options) = (database.options("identity"), database.options("token"));
    let opening = async {
        let identity = Database::open_when_there(
            &databases.identity,
            &identity_options,
            rollcall_identity_service::migrations,
        );
        let token =
            Database::open_when_there(&databases.token, &token_options, rollcall_token_service::migrations);
        tokio::try_join!(identity, token)
    };
    let Some((identity_db, token_db)) = shutdown.run_until_cancelled(opening).await.transpose()? else {
        process.end().await;
        return Ok(());
    };
    let replica = identity_replica_url
        .map(|url| rollcall_identity_service::replica(&url, &identity_options))
        .transpose()?;
    let identities = rollcall_identity_service::Service::new(identity_db, &keys)
        .with_replica(replica)
        .with_gauges(metrics.metrics_max_accounts)
        .with_health(process.health.clone());
    identities.check_keys().await?;
    let identity_routes = identities.routes()?;
    let tokens = rollcall_token_service::Service::new(token_db, Clock::system(), tokens)
        .with_gauges(metrics.metrics_max_accounts)
        .with_health(process.health.clone());
    let token_routes = tokens.routes()?;
    let token_channel = channel::in_process(token_routes.clone());
    create_first_account(token_channel.clone()).await?;
    let identity_channel = channel::in_process(identity_routes.clone());
    let clients = Clients::new(identity_channel.clone(), token_channel.clone());
    let (router, sync_log) = rollcall_scim_gateway::router(clients, gateway);
    let first_link = first_link(token_channel.clone(), &console_url).await?;
    let services = Services::new(identity_channel, token_channel);
    let pages = match pages {
        None => None,
        Some(listener) => Some((listener, rollcall_console::router(services, console, public_url.clone())?)),
    };

    let written = CancellationToken::new();
    let tasks = tokens.start(written.clone());
    let identity_tasks = identities.start(written.clone());
    let sync_log = tokio::spawn(sync_log.run(written.clone()));
    identities.end_watches(shutdown.clone());
    let limits = http::Limits::default();
    let listen =
        |tcp, tls| Listener::from(tcp).with_tls(tls).with_drain(drain).with_health(process.health.clone());
    let scheme = |tls: bool| if tls { "https" } else { "http" };
    let at = Addresses {
        scim: (scheme(scim_tls.is_some()), scim_address),
        identity: identity_address,
        token: token_address,
        peers: scheme(peer_tls.is_some()),
    };
    let scim = listen(scim, scim_tls);
    let scim = tokio::spawn(http::serve(scim, router, limits.clone(), shutdown.clone()));
    let pages = pages.map(|(tcp, router)| {
        tokio::spawn(http::serve(listen(tcp, console_tls), router, limits, shutdown.clone()))
    });
    let identity = tokio::spawn(grpc::serve(
        listen(identity, peer_tls.clone()),
        identity_guard.protect(identity_routes),
        shutdown.clone(),
    ));
    let token = tokio::spawn(grpc::serve(
        listen(token, peer_tls),
        token_guard.protect(token_routes),
        shutdown.clone(),
    ));
    process.health.started();
    output::print(&greeting(at, &public_url, &console_url, first_link.as_deref()))?;

    // One listener that ends takes the others with it: half a server would only look like a whole one.
    let end = shutdown.drop_guard();
    let ended = tokio::try_join!(
        async { Ok::<_, Error>(scim.await?) },
        async {
            match pages {
                Some(pages) => Ok(pages.await?),
                None => Ok(()),
            }
        },
        async { Ok(identity.await??) },
        async { Ok(token.await??) },
    );
    drop(end);
    written.cancel();
    sync_log.await?;
    tasks.await?;
    identity_tasks.await?;
    process.end().await;
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
    let request = CreateAccountRequest {
        account_id: FIRST_ACCOUNT.to_owned(),
        account: None,
        actor: "rollcall serve".to_owned(),
    };
    match AccountServiceClient::new(channel).create_account(request).await {
        Ok(_) => Ok(()),
        Err(status) if status.code() == Code::AlreadyExists => Ok(()),
        Err(status) => Err(Error::Account { account: FIRST_ACCOUNT, message: status.message().to_owned() }),
    }
}

/// A link that lets the first administrator in; none once somebody has signed in, or where there is no console.
async fn first_link(channel: Channel, console_url: &str) -> Result<Option<String>, Error> {
    if console_url.is_empty() {
        return Ok(None);
    }
    let request = CreateInvitationRequest {
        role: Role::Operator.into(),
        display_name: "First administrator".to_owned(),
        first: true,
        actor: "rollcall serve".to_owned(),
        ..CreateInvitationRequest::default()
    };
    match SessionServiceClient::new(channel).create_invitation(request).await {
        Ok(made) => Ok(Some(console::link(console_url, &made.into_inner().secret))),
        Err(status) if status.code() == Code::FailedPrecondition => Ok(None),
        Err(status) => Err(Error::Refused(status.message().to_owned())),
    }
}

/// The Tenant URL of an account: what an identity provider is told.
pub(crate) fn tenant_url(public_url: &str, account: &str) -> String {
    format!("{}/{account}/scim/v2", public_url.trim_end_matches('/'))
}

/// Where it listens.
#[derive(Clone, Copy)]
struct Addresses {
    scim: (&'static str, SocketAddr),
    identity: SocketAddr,
    token: SocketAddr,
    /// How the two are spoken to.
    peers: &'static str,
}

/// What is printed at the start. The first lines, up to the empty one, are for programs too.
fn greeting(at: Addresses, public_url: &str, console_url: &str, first_link: Option<&str>) -> String {
    let Addresses { scim: (scheme, scim), identity, token, peers } = at;
    // As it was called, so that the line can be pasted: `target/release/rollcall` after `cargo run --release`.
    let program = std::env::args().next().unwrap_or_else(|| "rollcall".to_owned());
    let mut command = vec![program, format!("token generate {FIRST_ACCOUNT}")];
    if (peers, token.to_string().as_str()) != ("http", "127.0.0.1:7402") {
        command.push(format!("--token-service {peers}://{token}"));
    }
    let public_url = public_url.trim_end_matches('/');
    if public_url != "http://127.0.0.1:7400" {
        command.push(format!("--public-url {public_url}"));
    }
    let mut lines = vec![
        format!("scim {scheme}://{scim}"),
        format!("identity {peers}://{identity}"),
        format!("token {peers}://{token}"),
    ];
    if !console_url.is_empty() {
        lines.push(format!("console {console_url}"));
    }
    lines.push(String::new());
    if let Some(link) = first_link {
        lines.push(format!("First sign-in {link}"));
    }
    lines.push(format!("Tenant URL    {}", tenant_url(public_url, FIRST_ACCOUNT)));
    lines.push(format!("Get a token   {}", command.join(" ")));
    lines.join("\n")
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
        let at = |scim, identity, token| {
            let [scim, identity, token] =
                [scim, identity, token].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
            Addresses { scim: ("http", scim), identity, token, peers: "http" }
        };
        let text = greeting(at(7400, 7401, 7402), "http://127.0.0.1:7400", "http://127.0.0.1:7403", None);
        assert!(text.starts_with(
            "scim http://127.0.0.1:7400\nidentity http://127.0.0.1:7401\ntoken http://127.0.0.1:7402\n\
             console http://127.0.0.1:7403\n\n"
        ));
        assert!(text.ends_with("token generate default"), "{text}");
        let text = greeting(at(1, 2, 3), "https://x.example", "", None);
        assert!(!text.contains("console"), "{text}");
        assert!(
            text.ends_with("--token-service http://127.0.0.1:3 --public-url https://x.example"),
            "{text}"
        );
        let link = "https://c.example/first-run/abc";
        let text = greeting(at(1, 2, 3), "https://x.example", "https://c.example", Some(link));
        assert!(text.contains(&format!("\nFirst sign-in {link}\n")), "{text}");
    }
}
