//! A station's copy as a process of its own: an example for makers of stations, and good enough to run.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use rollcall_access::Guard;
use rollcall_edge::{Edge, Error, Lookups, Options};
use rollcall_proto::identity::lookup_service_server::LookupServiceServer;
use rollcall_serve::{
    grpc,
    listener::{self, Listener},
    peer,
    process::{self, Process},
};
use serde_json::json;

/// Keeps a station's copy of the directory of one account, and answers look-ups from it, with the centre or without.
///
/// Serves `rollcall.identity.v1.LookupService` on its own address, so that a device asks here as it would ask the centre; each answer
/// has the metadata `rollcall-age-seconds`.
#[derive(Debug, clap::Parser)]
#[command(name = "rollcall-edge", version)]
struct Config {
    /// The identity service
    #[arg(
        long,
        env = "ROLLCALL_EDGE_IDENTITY_SERVICE",
        default_value = "http://127.0.0.1:7401",
        value_name = "URL"
    )]
    identity_service: String,

    /// The account id
    #[arg(long, env = "ROLLCALL_EDGE_ACCOUNT", default_value = "default", value_name = "ID")]
    account: String,

    /// What this station calls itself; each copy needs a name of its own
    #[arg(long, env = "ROLLCALL_EDGE_STATION", value_name = "NAME")]
    station: String,

    /// The file of the copy, made for its owner alone
    #[arg(long, env = "ROLLCALL_EDGE_COPY", default_value = "./copy.db", value_name = "FILE")]
    copy: PathBuf,

    /// How old the copy may be and still answer, in seconds
    #[arg(long, env = "ROLLCALL_EDGE_MAX_AGE_SECONDS", default_value_t = 24 * 60 * 60, value_name = "SECONDS")]
    max_age_seconds: u64,

    /// Address to serve on. Port 0 takes a free one
    #[arg(long, env = "ROLLCALL_EDGE_LISTEN", default_value = "127.0.0.1:7410", value_name = "IP:PORT")]
    listen: SocketAddr,

    /// Print how the copy is, as JSON, and end
    #[arg(long)]
    state: bool,

    /// Who may ask it, and the certificate by which the identity service knows it
    #[command(flatten)]
    peers: peer::ServerArgs,

    #[command(flatten)]
    secret: peer::SecretArgs,

    #[command(flatten)]
    process: process::Args,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Edge(#[from] Error),
    #[error(transparent)]
    Serve(#[from] rollcall_serve::Error),
    #[error(transparent)]
    Guard(#[from] rollcall_access::GuardError),
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
    #[error("a part ended by a defect: {0}")]
    Defect(#[from] tokio::task::JoinError),
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(rollcall_serve::config::parse::<Config>()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do when standard error is closed.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(config: Config) -> Result<(), Failure> {
    let process = Process::start(&config.process, "rollcall-edge").await?;
    let guard = Guard::new(&config.peers, config.listen)?;
    let tls = config.peers.tls().map_err(rollcall_serve::Error::from)?;
    let peer = peer::Client::new(&config.peers.tls, &config.secret).map_err(rollcall_serve::Error::from)?;
    let stop = process.shutdown.clone();
    let options = Options {
        peer,
        max_age: Duration::from_secs(config.max_age_seconds),
        ..Options::new(config.copy, config.account, config.station, config.identity_service)
    };
    let edge = Edge::open(options)?;
    if config.state {
        return print_state(&edge).await;
    }
    let listener = listener::bind(config.listen).await?;
    let address = listener.local_addr()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    writeln!(io::stdout(), "edge {scheme}://{address}")?;
    io::stdout().flush()?;
    let following = tokio::spawn(edge.clone().follow(stop.clone()));
    let routes =
        grpc::routes(rollcall_proto::DESCRIPTORS, &["rollcall.identity.v1.LookupService"], &process.health)?
            .add_service(LookupServiceServer::new(Lookups(edge)));
    let listener = Listener::from(listener).with_tls(tls).with_drain(process.drain);
    grpc::serve(listener, guard.protect(routes), stop.clone()).await?;
    stop.cancel();
    following.await?;
    process.end().await;
    Ok(())
}

async fn print_state(edge: &Edge) -> Result<(), Failure> {
    let state = edge.state().await?;
    let json = json!({
        "revision": state.revision,
        "complete": state.complete,
        "ageSeconds": state.age.map(|age| age.as_secs()),
        "users": state.users,
        "cards": state.cards,
        "groups": state.groups,
    });
    Ok(writeln!(io::stdout(), "{json:#}")?)
}
