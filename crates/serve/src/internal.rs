//! The internal listener: probes and metrics, for the node and for Prometheus, and for nobody else.

use std::time::Duration;

use axum::{Router, extract::State, routing::get};
use http::{StatusCode, header};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic_health::pb::health_server::HealthServer;

use crate::{
    health::{self, Health},
    http::{Limits, serve as serve_http},
    listener::Listener,
    metrics::Metrics,
};

/// Serves until `ended` is cancelled.
pub(crate) async fn serve(listener: TcpListener, health: Health, metrics: Metrics, ended: CancellationToken) {
    // Nobody needs its last answers.
    let listener = Listener::from(listener).with_drain(Duration::from_secs(1));
    serve_http(listener, router(health, metrics), Limits::default(), ended).await;
}

fn router(health: Health, metrics: Metrics) -> Router {
    let services = health::Services { health: health.clone(), names: Vec::new() };
    let http = Router::new()
        .route("/livez", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(async move |State(health): State<Health>| text(&metrics, &health)))
        .with_state(health);
    // The path of an rpc begins with its package: the two never meet.
    Routes::new(HealthServer::new(services)).into_axum_router().merge(http)
}

type Answer = (StatusCode, [(header::HeaderName, &'static str); 1], String);

fn said(good: bool, health: &Health) -> Answer {
    let plain = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    if good {
        return (StatusCode::OK, plain, "ok\n".to_owned());
    }
    (StatusCode::SERVICE_UNAVAILABLE, plain, format!("{}\n", health.reasons().join("\n")))
}

fn text(metrics: &Metrics, health: &Health) -> Answer {
    let prometheus = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (StatusCode::OK, prometheus, metrics.render(health.is_ready()))
}

async fn alive(State(health): State<Health>) -> Answer {
    said(health.is_alive(), &health)
}

async fn ready(State(health): State<Health>) -> Answer {
    said(health.is_ready(), &health)
}
