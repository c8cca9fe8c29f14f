//! What a generated gRPC client speaks through.
//!
//! A tonic client takes any tower service for its channel. [`Channel`] is one boxed service type for both cases, so
//! that a client of a service in the same process and a client over a socket are the same code:
//!
//! ```no_run
//! # async fn example() -> Result<(), rollcall_serve::Error> {
//! use rollcall_serve::{Routes, channel};
//! use tonic_health::pb::health_client::HealthClient;
//!
//! let routes = Routes::default();
//! let near = HealthClient::new(channel::in_process(routes));
//! let far = HealthClient::new(channel::connect("http://127.0.0.1:7402")?)
//!     .max_decoding_message_size(channel::MAX_MESSAGE);
//! # Ok(()) }
//! ```
//!
//! tonic refuses messages above 4 MiB unless client and server each say otherwise, on the generated type. Between
//! Rollcall's own services the limit is [`MAX_MESSAGE`]: pass it to `max_decoding_message_size` of a client whose
//! answers hold member lists, and of a server whose requests do.

use std::{
    convert::Infallible,
    error::Error as _,
    hash::{BuildHasher as _, RandomState},
    io,
    time::Duration,
};

use http::{HeaderValue, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tonic::{Code, Status, body::Body, service::Routes, transport::Endpoint};
use tower::{Service as _, ServiceExt as _, util::BoxCloneSyncService};

use crate::{
    Error, deadline,
    peer::{Client, SECRET_HEADER},
    socket::Socket,
    tls, trace,
};

/// Why a call did not reach the service, or its answer did not come back. Only a socket fails so.
///
/// A type of its own and not a `Box<dyn Error>`: with that, a call in a spawned task does not compile ("implementation
/// of `From` is not general enough").
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct CallError(#[from] tonic::transport::Error);

impl From<Infallible> for CallError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// A gRPC channel: cheap to clone, shared by any number of clients.
pub type Channel = BoxCloneSyncService<http::Request<Body>, http::Response<Body>, CallError>;

/// Whether a call failed because its connection broke under it, so that a later attempt may well succeed. tonic calls that UNKNOWN or
/// INTERNAL, by the reason that HTTP/2 gives, with the broken connection as the source; what a service itself answers has no source.
pub fn broke(status: &Status) -> bool {
    matches!(status.code(), Code::Unknown | Code::Internal) && status.source().is_some()
}

/// The largest message between Rollcall's own services, in bytes: 64 MiB.
pub const MAX_MESSAGE: usize = 64 * 1024 * 1024;

/// The bytes that a connection may have under way, of all calls together: 4 MiB, on both sides.
///
/// HTTP/2 takes a connection for an attack on which many small frames wait to be read: h2 allows half of this window for them, each
/// counted as 256 bytes. With a window that adapts itself it begins so low that a few hundred calls at once ended the connection, and
/// with it the calls of all accounts.
pub(crate) const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;
/// Those of one call or stream: 256 KiB.
pub(crate) const STREAM_WINDOW: u32 = 256 * 1024;

/// How long a connection attempt may take before the call ends with UNAVAILABLE.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// A ping goes out when nothing was heard for this long: a peer that vanished without a word is noticed.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
/// A ping without an answer ends the connection after this long.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(5);

/// A channel to services in this process. Deadlines (`grpc-timeout`) count as they do over a socket.
pub fn in_process(routes: Routes) -> Channel {
    let routes = routes.prepare();
    BoxCloneSyncService::new(tower::service_fn(move |request: http::Request<Body>| {
        // The trace goes on by itself: it is the same task.
        let mut routes = routes.clone();
        async move {
            let limit = deadline::of(request.headers());
            // The routes are always ready: tonic's router has no back-pressure of its own.
            let answer = routes.call(request);
            let response = match limit {
                None => answer.await,
                Some(limit) => match tokio::time::timeout(limit, answer).await {
                    Ok(response) => response,
                    Err(_) => Ok(deadline::exceeded()),
                },
            };
            response.map_err(CallError::from)
        }
    }))
}

/// A channel to a server at `uri`, such as `http://127.0.0.1:7402`, for a client that nobody needs to know; see [`connect_as`].
///
/// # Errors
/// [`Error::Uri`] when `uri` is not an `http` URI with a host.
pub fn connect(uri: &str) -> Result<Channel, Error> {
    connect_as(uri, &Client::default())
}

/// A channel to a server at `uri`: `https` for a client with a certificate, `http` for one with a secret or nothing. It connects at the
/// first call, to one of the addresses that the host's name has, and again after a failure; while the server cannot be reached calls
/// end with UNAVAILABLE. Must be called within a Tokio runtime.
///
/// # Errors
/// [`Error::Uri`] when `uri` is no URI with a host, or its scheme does not fit the client.
pub fn connect_as(uri: &str, client: &Client) -> Result<Channel, Error> {
    let wrong = |problem: String| Error::Uri { uri: uri.to_owned(), problem };
    let endpoint = Endpoint::from_shared(uri.to_owned()).map_err(|_| wrong("it is not a URI".to_owned()))?;
    match (endpoint.uri().scheme_str(), client.tls.is_some()) {
        (Some("http"), false) | (Some("https"), true) => {}
        (Some("http"), true) => {
            return Err(wrong(
                "there is a certificate (--peer-tls-cert), so it must begin with `https://`".to_owned(),
            ));
        }
        (Some("https"), false) => {
            return Err(wrong("`https` needs a certificate: --peer-tls-cert, -key and -ca".to_owned()));
        }
        (Some(other), _) => {
            return Err(wrong(format!("the scheme `{other}` is not supported, only `http` and `https`")));
        }
        (None, _) => return Err(wrong("it lacks `http://`".to_owned())),
    }
    let tls = client.tls.clone();
    let channel = endpoint
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .initial_stream_window_size(STREAM_WINDOW)
        .connect_with_connector_lazy(tower::service_fn(move |uri: Uri| dial(uri, tls.clone())));
    let channel = channel.map_err(CallError::from).map_request(|mut request: http::Request<Body>| {
        trace::outgoing(request.headers_mut());
        request
    });
    Ok(match client.secret.clone() {
        None => BoxCloneSyncService::new(channel),
        Some(secret) => {
            BoxCloneSyncService::new(channel.map_request(move |mut request: http::Request<Body>| {
                request.headers_mut().insert(SECRET_HEADER, HeaderValue::clone(&secret.get()));
                request
            }))
        }
    })
}

/// A connection to one of the addresses of the host, tried from a random one on: so that several clients do not all take the first.
async fn dial(uri: Uri, tls: Option<tls::Client>) -> io::Result<TokioIo<Socket>> {
    let host = uri.host().ok_or_else(|| io::Error::other("the address has no host"))?;
    let port = uri.port_u16().unwrap_or(if tls.is_some() { 443 } else { 80 });
    let mut addresses: Vec<_> = tokio::net::lookup_host((bare(host), port)).await?.collect();
    let first = RandomState::new().hash_one(port) % u64::try_from(addresses.len().max(1)).unwrap_or(1);
    addresses.rotate_left(usize::try_from(first).unwrap_or_default());
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(TokioIo::new(match tls {
                    None => Socket::to_server(stream),
                    Some(tls) => Socket::to_server(tls.connect(host, stream).await?),
                }));
            }
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// A host without the brackets that an IPv6 address has in a URI.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn wrong_addresses_say_what_is_wrong() {
        for (uri, problem) in [
            ("127.0.0.1:7402", "lacks `http://`"),
            ("https://host:1", "`https` needs a certificate"),
            ("ftp://host:1", "`ftp` is not supported"),
            ("http://", "not a URI"),
            ("not a uri", "not a URI"),
            ("", "not a URI"),
        ] {
            let message = connect(uri).unwrap_err().to_string();
            assert!(message.contains(problem), "{uri}: {message}");
        }
        assert!(connect("http://localhost:7402").is_ok());
    }
}
