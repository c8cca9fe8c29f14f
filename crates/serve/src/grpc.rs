//! The gRPC side of a service: what every one of them offers besides its own rpcs, and its listener.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::{
    service::Routes,
    transport::{Server, server::TcpIncoming},
};
use tonic_health::pb::health_server::HealthServer;
use tonic_reflection::server::Builder as Reflection;

use crate::{Error, health};

/// How long calls that run may take to finish once shutdown was asked for.
const DRAIN: Duration = Duration::from_secs(10);
/// A ping goes out on a connection from which nothing was heard for this long.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
/// A ping without an answer ends the connection after this long.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// The most header bytes of one call.
const MAX_HEADER_LIST: u32 = 64 * 1024;
/// The most calls at once on one connection.
const MAX_STREAMS: u32 = 1024;

/// Routes with server reflection (v1, and v1alpha for older tools) and health already in them; add the services with
/// [`Routes::add_service`]. `descriptors` is an encoded `FileDescriptorSet`; `services` are the full names that this
/// process serves, such as `rollcall.token.v1.TokenService`, and only these are reflected.
///
/// # Errors
/// [`Error::Reflection`] when the descriptors cannot be decoded.
pub fn routes(descriptors: &'static [u8], services: &[&str]) -> Result<Routes, Error> {
    let reflection = || {
        let builder = Reflection::configure()
            .register_encoded_file_descriptor_set(descriptors)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .with_service_name("grpc.health.v1.Health");
        services.iter().fold(builder, |builder, name| builder.with_service_name(*name))
    };
    let health = health::Services(services.iter().map(|name| (*name).to_owned()).collect());
    Ok(Routes::new(HealthServer::new(health))
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?))
}

/// Serves `routes` on `listener` until `shutdown` is cancelled; then accepts nothing new, lets running calls finish
/// for up to 10 seconds, and returns. Streams that would never end are cut then.
///
/// # Errors
/// [`Error::Grpc`] when the listener fails.
pub async fn serve(listener: TcpListener, routes: Routes, shutdown: CancellationToken) -> Result<(), Error> {
    let incoming =
        TcpIncoming::from(listener).with_nodelay(Some(true)).with_keepalive(Some(KEEPALIVE_INTERVAL));
    let serving = Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .http2_max_header_list_size(MAX_HEADER_LIST)
        .http2_adaptive_window(Some(true))
        .max_concurrent_streams(MAX_STREAMS)
        .add_routes(routes.prepare())
        .serve_with_incoming_shutdown(incoming, shutdown.clone().cancelled_owned());
    let drained = async {
        shutdown.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        result = serving => result.map_err(Error::Grpc),
        () = drained => {
            tracing::warn!("calls were still running {} s after shutdown began, and were cut", DRAIN.as_secs());
            Ok(())
        }
    }
}
