//! The guard in front of a service's socket.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use rollcall_serve::{
    Routes, metrics,
    peer::{Peer, SECRET_HEADER, ServerArgs},
    reload::{self, Watched},
    trace,
};
use tonic::{Status, body::Body};
use tower::ServiceExt as _;

use crate::{
    role::{Grant, Role},
    rules,
    secrets::{Secrets, SecretsError},
    station::{self, About},
};

/// The most bytes of a station's request, and how long it may take to arrive: 1,000 keys fit.
const MAX_REQUEST: usize = 256 * 1024;
const ARRIVAL: Duration = Duration::from_secs(10);
/// The flag and the length in front of a message (gRPC over HTTP/2, Length-Prefixed-Message).
const FRAME: usize = 5;

/// Why a service cannot be guarded: a sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// The secrets.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// It would be open to a network.
    #[error(
        "{address} can be reached from other machines, and nothing says who may call: give --peer-tls-cert, --peer-tls-key and --peer-tls-ca, or --accepted-secrets-file, or listen on 127.0.0.1; --allow-unauthenticated-peers lets everybody call everything"
    )]
    Open {
        /// The address that it is to listen on.
        address: SocketAddr,
    },
}

/// How callers are known.
#[derive(Clone)]
enum Known {
    /// Not at all: everybody is the operator. On this machine alone, or where the operator insists.
    Not,
    /// By the URIs in their certificates.
    Certificates,
    /// By a secret in the metadata.
    Secrets(Arc<Watched<Secrets>>),
}

/// Holds callers to what their role may call. Cheap to clone.
#[derive(Clone)]
pub struct Guard(Known);

impl Guard {
    /// A guard for a server on `address`. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// [`GuardError`]: also when the server would be open to other machines, unless that is allowed.
    pub fn new(args: &ServerArgs, address: SocketAddr) -> Result<Self, GuardError> {
        let secrets = |path: &PathBuf| Secrets::follow(path.clone(), reload::INTERVAL);
        if args.tls.peer_tls_cert.is_some() {
            return Ok(Self(Known::Certificates));
        }
        match &args.accepted_secrets_file {
            Some(path) => Ok(Self(Known::Secrets(secrets(path)?))),
            None if address.ip().is_loopback() || args.allow_unauthenticated_peers => Ok(Self(Known::Not)),
            None => Err(GuardError::Open { address }),
        }
    }

    /// The routes behind the guard.
    pub fn protect(&self, routes: Routes) -> Routes {
        // What is refused here is counted apart.
        let routes = trace::grpc(metrics::grpc(routes));
        if matches!(self.0, Known::Not) {
            return routes;
        }
        let guard = self.clone();
        let inner = routes.prepare();
        let service = tower::service_fn(move |request: http::Request<Body>| {
            let (guard, inner) = (guard.clone(), inner.clone());
            async move {
                match guard.admit(request).await {
                    Ok(request) => inner.oneshot(request).await,
                    Err(refusal) => Ok(refusal.into_http()),
                }
            }
        });
        let service = service.map_request(|request: http::Request<_>| request.map(Body::new));
        // A router around one service: the form that a server takes.
        let mut guarded = Routes::default();
        let inner = guarded.axum_router_mut();
        *inner = std::mem::take(inner).fallback_service(service);
        guarded
    }

    /// The request, if its caller may make it.
    async fn admit(&self, request: http::Request<Body>) -> Result<http::Request<Body>, Status> {
        let grants = self.grants(&request);
        if grants.is_empty() && matches!(self.0, Known::Secrets(_)) {
            refused("secret", &request, &grants);
            return Err(Status::unauthenticated("the secret is missing or is none that is accepted here"));
        }
        if grants.is_empty() {
            refused("role", &request, &grants);
            return Err(Status::permission_denied("the certificate gives no role in Rollcall"));
        }
        let path = request.uri().path();
        let allowed = |grant: &&Grant| rules::allows(grant.role(), path);
        if grants.iter().filter(allowed).any(|grant| grant.role() != Role::Station) {
            return Ok(request);
        }
        if grants.iter().any(|grant| allowed(&grant)) {
            return admit_station(request, &grants).await;
        }
        refused("role", &request, &grants);
        Err(Status::permission_denied("the caller's role does not allow this"))
    }

    fn grants(&self, request: &http::Request<Body>) -> Vec<Grant> {
        match &self.0 {
            Known::Not => vec![Grant::Role(Role::Operator)],
            Known::Certificates => {
                let names = request.extensions().get::<Peer>().and_then(|peer| peer.names.as_deref());
                names.unwrap_or_default().iter().filter_map(|uri| Grant::of_uri(uri)).collect()
            }
            Known::Secrets(secrets) => match request.headers().get(SECRET_HEADER) {
                Some(secret) => secrets.get().grants(secret.as_bytes()),
                None => Vec::new(),
            },
        }
    }
}

/// A station may ask about its own account, and speak for itself alone. What it asks is one message, which is read here.
async fn admit_station(
    request: http::Request<Body>,
    grants: &[Grant],
) -> Result<http::Request<Body>, Status> {
    let path = request.uri().path().to_owned();
    // Health and reflection are about no account.
    if !path.starts_with("/rollcall.") {
        return Ok(request);
    }
    let (head, body) = request.into_parts();
    let bytes = tokio::time::timeout(ARRIVAL, collect(body))
        .await
        .map_err(|_| Status::deadline_exceeded("the request does not arrive"))??;
    // One message, not compressed, and nothing behind it: what is looked at here is what the service will see.
    let about = framed(&bytes).and_then(|message| station::about(&path, message));
    let request = http::Request::from_parts(head, Body::new(Full::new(bytes)));
    let Some(About { parent, station }) = about else {
        return Err(Status::invalid_argument("the request cannot be read"));
    };
    let own = |grant: &Grant| match grant {
        Grant::Role(_) => false,
        Grant::Station { account, name } => {
            let itself = station.as_ref().is_none_or(|station| station == name);
            parent.strip_prefix("accounts/") == Some(account) && itself
        }
    };
    if grants.iter().any(own) {
        return Ok(request);
    }
    refused("role", &request, grants);
    Err(Status::permission_denied("the caller is a station of another account, or another station"))
}

/// The message of a request that is one.
fn framed(bytes: &[u8]) -> Option<&[u8]> {
    let (head, message) = bytes.split_at_checked(FRAME)?;
    let (flag, length) = head.split_first()?;
    let length = u32::from_be_bytes(length.try_into().ok()?);
    (*flag == 0 && usize::try_from(length) == Ok(message.len())).then_some(message)
}

async fn collect(mut body: Body) -> Result<Bytes, Status> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Status::cancelled("the request broke off"))?;
        bytes.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
        if bytes.len() > MAX_REQUEST {
            return Err(Status::out_of_range("the request is larger than 256 KiB"));
        }
    }
    Ok(bytes.freeze())
}

/// Tells the operator who was refused what.
fn refused(reason: &'static str, request: &http::Request<Body>, grants: &[Grant]) {
    ::metrics::counter!("rollcall_peer_refusals_total", "reason" => reason).increment(1);
    let peer = request.extensions().get::<Peer>().and_then(|peer| peer.address);
    // Only what there is: a caller's own text would fill the log.
    let path = request.uri().path().strip_prefix('/').unwrap_or_default();
    let rpc = rules::RULES.iter().map(|(rpc, _)| *rpc).find(|rpc| *rpc == path).unwrap_or("unknown");
    tracing::warn!(?peer, rpc, ?grants, "a call was refused to a peer");
}
