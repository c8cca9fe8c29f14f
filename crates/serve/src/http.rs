//! The HTTP listener. hyper's auto builder with a timer, because a server without one has no header timeout at all:
//! a few hundred clients that never finish a request would hold every connection.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::extract::ConnectInfo;
use http::{HeaderValue, Version, header::CONNECTION};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto,
        graceful::{GracefulShutdown, Watcher},
    },
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::{
    Health,
    listener::Listener,
    slow::{FirstBytes, TimedBody},
};

/// What a client may use of the listener.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The time from the first byte, or from the answer before, to the end of a request's headers. It also ends idle
    /// HTTP/1 connections. 10 seconds.
    pub header_read_timeout: Duration,
    /// How long a request body may keep its reader waiting; each KiB that arrives earns a second of it again. 30 seconds.
    pub body_read_timeout: Duration,
    /// The most bytes of a request's headers: 64 KiB; at least 8 KiB. More is answered 431.
    pub header_bytes: u32,
    /// The most connections at once: 4,096. Further ones wait in the system's queue.
    pub connections: usize,
    /// The most requests at once on one HTTP/2 connection: 256.
    pub requests_per_connection: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_read_timeout: Duration::from_secs(10),
            body_read_timeout: Duration::from_secs(30),
            header_bytes: 64 * 1024,
            connections: 4096,
            requests_per_connection: 256,
        }
    }
}

/// Serves HTTP/1.1 and HTTP/2 (over TLS where `listener` has it, otherwise by prior knowledge) until `shutdown` is cancelled; then
/// accepts nothing new, closes idle connections, lets running requests finish for the listener's time to drain, and returns.
/// Each request carries the address of its peer as [`ConnectInfo<SocketAddr>`].
pub async fn serve(
    listener: impl Into<Listener>,
    router: axum::Router,
    limits: Limits,
    shutdown: CancellationToken,
) {
    let Listener { tcp, tls, drain, health } = listener.into();
    let builder = Arc::new(builder(&limits));
    let permits = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    loop {
        let (stream, peer, permit) = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = accept(&tcp, &permits) => accepted,
        };
        let (builder, watcher) = (Arc::clone(&builder), graceful.watcher());
        let at = Connection { peer, permit, builder, watcher, health: health.clone() };
        let (router, limits) = (router.clone(), limits.clone());
        match tls.clone() {
            None => at.serve(stream, router, &limits),
            Some(tls) => {
                tokio::spawn(async move {
                    match tls.accept(stream).await {
                        Ok(stream) => at.serve(stream, router, &limits),
                        Err(error) => tracing::debug!(%peer, %error, "no TLS handshake"),
                    }
                });
            }
        }
    }
    drop(tcp);
    if tokio::time::timeout(drain, graceful.shutdown()).await.is_err() {
        tracing::warn!(
            "requests were still running {} s after shutdown began, and were cut",
            drain.as_secs()
        );
    }
}

/// An accepted connection, before its first byte.
struct Connection {
    peer: SocketAddr,
    permit: OwnedSemaphorePermit,
    builder: Arc<auto::Builder<TokioExecutor>>,
    watcher: Watcher,
    health: Health,
}

impl Connection {
    fn serve<IO>(self, stream: IO, router: axum::Router, limits: &Limits)
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { peer, permit, builder, watcher, health } = self;
        let body_limit = limits.body_read_timeout;
        let service = tower::service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            // HTTP/2 has no such header: there, the connection itself says so.
            let closes = request.version() < Version::HTTP_2;
            let request = request.map(|body| axum::body::Body::new(TimedBody::new(body, body_limit)));
            let (router, health) = (router.clone(), health.clone());
            async move {
                let mut response = router.oneshot(request).await?;
                if closes && health.is_leaving() {
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(response)
            }
        });
        let io = TokioIo::new(FirstBytes::new(stream, limits.header_read_timeout));
        let connection = builder.serve_connection(io, TowerToHyperService::new(service)).into_owned();
        let connection = watcher.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%peer, error, "connection ended early");
            }
            drop(permit);
        });
    }
}

fn builder(limits: &Limits) -> auto::Builder<TokioExecutor> {
    // hyper panics below 8 KiB.
    let header_bytes = limits.header_bytes.max(8 * 1024);
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_read_timeout)
        .keep_alive(true)
        .max_buf_size(usize::try_from(header_bytes).unwrap_or(usize::MAX));
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(limits.header_read_timeout)
        .max_header_list_size(header_bytes)
        .max_concurrent_streams(limits.requests_per_connection);
    builder
}

/// The next connection, once there is room for it.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    loop {
        let Ok(permit) = Arc::clone(permits).acquire_owned().await else {
            // The semaphore is never closed.
            return std::future::pending().await;
        };
        match listener.accept().await {
            Ok((stream, peer)) => {
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%peer, %error, "TCP_NODELAY refused");
                }
                return (stream, peer, permit);
            }
            Err(error) => {
                // Out of file descriptors, or the client was gone already: wait for the former, do not spin on it.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}
