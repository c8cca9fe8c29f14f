//! The SCIM 2.0 REST interface (RFC 7644), a client of the identity and token services. It keeps no state but a
//! short-lived cache of verified tokens, so any number of gateways may run side by side.
//!
//! | module | holds |
//! |---|---|
//! | [`router`](router()) | every route, and the layers around them |
//! | `auth` | who may come in: the bearer token and the cache of those verified |
//! | `target` | account and id in the address |
//! | `tenant`, `forwarded` | for whom a request is done, and by which address it came |
//! | `query`, `body`, `conditional` | a request turned into types before anything is done |
//! | `users`, `groups`, `discovery`, `me` | a file per resource; `operations` below it is what `bulk` does too |
//! | `search`, `bulk` | users and groups together, many operations together |
//! | `response`, `error` | the answers; `error` is the only place that chooses a status for a failure |
//! | `sync_log` | the record of what was asked and answered, for token-service |
//! | `pieces`, `members` | answers too long for memory, read while they are sent |
//! | `clients`, `list` | the gRPC services behind, with their deadlines |

mod admission;
mod auth;
mod body;
mod bulk;
mod clients;
mod conditional;
mod config;
mod discovery;
mod error;
mod forwarded;
mod groups;
mod list;
mod log;
mod me;
mod members;
mod pieces;
mod query;
mod response;
mod router;
mod search;
mod sync_log;
mod target;
mod tenant;
mod users;

use rollcall_console::{Listen, Services};
use rollcall_serve::{
    CancellationToken, channel, http,
    listener::{self, Listener},
    process::Process,
};

pub use clients::Clients;
pub use config::{Config, Options, Upstreams};
pub use forwarded::Network;
pub use router::router;
pub use sync_log::SyncLog;

/// Why the gateway cannot start, or had to end: each one a sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A listener, a log filter, an address of a service.
    #[error(transparent)]
    Serve(#[from] rollcall_serve::Error),
    /// The console.
    #[error(transparent)]
    Console(#[from] rollcall_console::StartError),
}

/// Runs the gateway by itself, with the console, until SIGTERM or SIGINT.
///
/// # Errors
/// [`RunError`].
pub async fn run(options: Options) -> Result<(), RunError> {
    let Options { mut config, mut console, upstreams, peers, process } = options;
    let process = Process::start(&process, "scim-gateway").await?;
    process.health.starting();
    let peers = peers.client().map_err(rollcall_serve::Error::from)?;
    let identity = channel::connect_as(&upstreams.identity_service, &peers)?;
    let token = channel::connect_as(&upstreams.token_service, &peers)?;
    let listener = listener::bind(config.scim_listen).await?;
    // Port 0 lets the system choose.
    config.scim_listen = listener.local_addr().unwrap_or(config.scim_listen);
    tracing::info!("SCIM on {}", config.scim_listen);
    let (shutdown, drain) = (process.shutdown.clone(), process.drain);
    let scim = Listener::from(listener)
        .with_tls(config.tls().map_err(rollcall_serve::Error::from)?)
        .with_drain(drain)
        .with_health(process.health.clone());
    let pages = match console.console_listen {
        Listen::Off => None,
        Listen::On(address) => {
            let listener = listener::bind(address).await?;
            console.console_listen = Listen::On(listener.local_addr().unwrap_or(address));
            tracing::info!("console on {}", console.url());
            let listener = Listener::from(listener)
                .with_tls(console.tls().map_err(rollcall_serve::Error::from)?)
                .with_drain(drain)
                .with_health(process.health.clone());
            let services = Services::new(identity.clone(), token.clone());
            Some((listener, rollcall_console::router(services, console, config.url())?))
        }
    };
    let (router, sync_log) = router(Clients::new(identity, token), config);
    let answered = CancellationToken::new();
    let sync_log = process.health.keep("the sync log", answered.clone(), sync_log.run(answered.clone()));
    process.health.started();
    let scim = http::serve(scim, router, http::Limits::default(), shutdown.clone());
    match pages {
        None => scim.await,
        Some((listener, pages)) => {
            let pages = http::serve(listener, pages, http::Limits::default(), shutdown);
            tokio::join!(scim, pages);
        }
    }
    answered.cancel();
    // It ends by itself; a panic in it was reported where it happened.
    let _ = sync_log.await;
    process.end().await;
    Ok(())
}
