//! One line per request: never the token, never a body, never a query, which may hold a name.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};

use crate::target::Account;

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
