//! The gRPC side of a service: what every one of them offers besides its own rpcs, and its listener.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    sync::{Semaphore, mpsc},
};
use tokio_stream::{StreamExt as _, wrappers::ReceiverStream};
use tokio_util::sync::CancellationToken;
use tonic::{
    service::Routes,
    transport::{Server, server::TcpIncoming},
};
use tonic_health::pb::health_server::HealthServer;
use tonic_reflection::server::Builder as Reflection;

use crate::{
    Error,
    channel::{CONNECTION_WINDOW, STREAM_WINDOW},
    health::{self, Health},
    listener::Listener,
    socket::Socket,
    tls,
};

/// A ping goes out on a connection from which nothing was heard for this long.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
/// A ping without an answer ends the connection after this long.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection is asked to end after this long, so that clients look again which servers there are.
const MAX_AGE: Duration = Duration::from_mins(5);
/// Finished connections that wait to be taken.
const ACCEPTED: usize = 64;
/// Then what runs on it may take so long: a stream of changes is begun again by its revision, and meets who may call as it is by then.
const AGE_GRACE: Duration = Duration::from_mins(5);
/// The most connections at once, those that have not yet said who they are among them.
const CONNECTIONS: usize = 4096;
/// A connection must shake hands and begin to speak within this time.
const FIRST_BYTES: Duration = Duration::from_secs(10);
/// The most header bytes of one call.
const MAX_HEADER_LIST: u32 = 64 * 1024;
/// The most calls at once on one connection.
const MAX_STREAMS: u32 = 1024;

/// Routes with server reflection (v1, and v1alpha for older tools) and health already in them; add the services with
/// [`Routes::add_service`]. `descriptors` is an encoded `FileDescriptorSet`; `services` are the full names that this
/// process serves, such as `rollcall.token.v1.TokenService`, and only these are reflected. Their health is that of the process.
///
/// # Errors
/// [`Error::Reflection`] when the descriptors cannot be decoded.
pub fn routes(descriptors: &'static [u8], services: &[&str], health: &Health) -> Result<Routes, Error> {
    let reflection = || {
        let builder = Reflection::configure()
            .register_encoded_file_descriptor_set(descriptors)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .with_service_name("grpc.health.v1.Health");
        services.iter().fold(builder, |builder, name| builder.with_service_name(*name))
    };
    let names = services.iter().map(|name| (*name).to_owned()).collect();
    let health = health::Services { health: health.clone(), names };
    Ok(Routes::new(HealthServer::new(health))
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?))
}

/// Serves `routes` on `listener` until `shutdown` is cancelled; then accepts nothing new, lets running calls finish
/// for the listener's time to drain, and returns. Streams that would not end are cut then. Each request carries its [`Peer`].
///
/// # Errors
/// [`Error::Grpc`] when the listener fails.
pub async fn serve(
    listener: impl Into<Listener>,
    routes: Routes,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let Listener { tcp, tls, drain, health: _ } = listener.into();
    let (accepted, incoming) = mpsc::channel(ACCEPTED);
    let accepting = tokio::spawn(accept(tcp, tls, accepted, shutdown.clone()));
    let serving = Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .http2_max_header_list_size(MAX_HEADER_LIST)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .initial_stream_window_size(STREAM_WINDOW)
        .max_concurrent_streams(MAX_STREAMS)
        .max_connection_age(MAX_AGE)
        .max_connection_age_grace(AGE_GRACE)
        .add_routes(routes.prepare())
        .serve_with_incoming_shutdown(ReceiverStream::new(incoming), shutdown.clone().cancelled_owned());
    let drained = async {
        shutdown.cancelled().await;
        tokio::time::sleep(drain).await;
    };
    let served = tokio::select! {
        result = serving => result.map_err(Error::Grpc),
        () = drained => {
            tracing::warn!("calls were still running {} s after shutdown began, and were cut", drain.as_secs());
            Ok(())
        }
    };
    accepting.abort();
    served
}

/// Accepts connections; those with TLS once they have shaken hands, each by itself.
async fn accept(
    tcp: TcpListener,
    tls: Option<tls::Server>,
    accepted: mpsc::Sender<io::Result<Socket>>,
    shutdown: CancellationToken,
) {
    let tcp = TcpIncoming::from(tcp).with_nodelay(Some(true)).with_keepalive(Some(KEEPALIVE_INTERVAL));
    let mut tcp = std::pin::pin!(tcp);
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let next = async {
            let permit = Arc::clone(&permits).acquire_owned().await;
            (tcp.next().await, permit.ok())
        };
        let (next, permit) = tokio::select! {
            () = shutdown.cancelled() => return,
            next = next => next,
        };
        let stream = match next {
            None => return,
            Some(Ok(stream)) => stream,
            Some(Err(error)) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let (tls, accepted) = (tls.clone(), accepted.clone());
        match tls {
            None => {
                if accepted.send(Ok(Socket::plain(stream, FIRST_BYTES, permit))).await.is_err() {
                    return;
                }
            }
            Some(tls) => {
                tokio::spawn(async move {
                    let address = stream.peer_addr().ok();
                    match tls.accept(stream).await {
                        // Nobody takes it any more: the server is ending.
                        Ok(stream) => {
                            let socket = Socket::encrypted(stream, FIRST_BYTES, permit);
                            drop(accepted.send(Ok(socket)).await);
                        }
                        Err(error) => {
                            metrics::counter!("rollcall_peer_refusals_total", "reason" => "handshake")
                                .increment(1);
                            tracing::warn!(peer = ?address, %error, "a peer was refused in the TLS handshake");
                        }
                    }
                });
            }
        }
    }
}
