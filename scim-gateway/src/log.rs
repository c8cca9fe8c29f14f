//! One line per request: never the token, never a body, never a query, which may hold a name.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};

use http::{HeaderMap, header};
use rollcall_scim::provider;
use rollcall_serve::metrics;

use crate::target::Account;

/// Counts requests, by the identity provider that its User-Agent names.
pub(crate) async fn count(request: Request, next: Next) -> Response {
    metrics::http("scim", provider, request, next).await
}

fn provider(headers: &HeaderMap) -> &'static str {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    provider::of_agent(agent).map_or("unknown", |known| known.label)
}

pub(crate) async fn requests(request: Request, next: Next) -> Response {
    let start = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let account = Account::of_path(request.uri().path());
    let response = next.run(request).await;
    tracing::info!(
        %method,
        route = route.as_ref().map_or("none", MatchedPath::as_str),
        account = account.map(tracing::field::display),
        status = response.status().as_u16(),
        ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
        "request"
    );
    response
}
