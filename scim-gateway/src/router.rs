//! Every route.

use std::sync::Arc;

use axum::{
    Router,
    extract::Request,
    middleware::{from_fn, from_fn_with_state},
    routing::{any, get, post},
};
use http::{Uri, uri::PathAndQuery};
use tower::util::MapRequest;
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    auth, bulk,
    clients::{Clients, Gateway},
    config::Config,
    discovery,
    error::{self, Error},
    groups, log, me, search,
    sync_log::{self, SyncLog},
    users,
};

/// The SCIM interface as an axum router, ready to be served, and the task that writes the sync log. Every answer that is
/// not a success is a SCIM error.
pub fn router(clients: Clients, config: Config) -> (Router, SyncLog) {
    let gateway = Gateway::new(clients, config);
    let sync_log = gateway.sync_log_writer();
    (build(gateway), sync_log)
}

pub(crate) fn build(gateway: Arc<Gateway>) -> Router {
    let routes = Router::new()
        .route("/{account}/scim/v2/Users", get(users::list).post(users::create))
        .route(
            "/{account}/scim/v2/Users/{id}",
            get(users::read).put(users::replace).patch(users::patch).delete(users::delete),
        )
        .route("/{account}/scim/v2/Groups", get(groups::list).post(groups::create))
        .route(
            "/{account}/scim/v2/Groups/{id}",
            get(groups::read).put(groups::replace).patch(groups::patch).delete(groups::delete),
        )
        .route("/{account}/scim/v2/ServiceProviderConfig", get(discovery::service_provider_config))
        // Said by some clients, after the name that it had in SCIM 1.1.
        .route("/{account}/scim/v2/ServiceProviderConfigs", get(discovery::service_provider_config))
        .route("/{account}/scim/v2/Schemas", get(discovery::schemas))
        .route("/{account}/scim/v2/Schemas/{key}", get(discovery::schema))
        .route("/{account}/scim/v2/ResourceTypes", get(discovery::resource_types))
        .route("/{account}/scim/v2/ResourceTypes/{key}", get(discovery::resource_type))
        .route("/{account}/scim/v2", get(search::list))
        .route("/{account}/scim/v2/.search", post(search::root))
        .route("/{account}/scim/v2/Users/.search", post(users::search))
        .route("/{account}/scim/v2/Groups/.search", post(groups::search))
        .route("/{account}/scim/v2/Bulk", post(bulk::bulk))
        .route("/{account}/scim/v2/Me", any(me::me))
        .fallback(async || Error::NotFound)
        .method_not_allowed_fallback(async || Error::MethodNotAllowed)
        // The last is the outermost. A handler that panics is in the sync log, too.
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(from_fn_with_state(Arc::clone(&gateway), sync_log::requests))
        .layer(from_fn_with_state(Arc::clone(&gateway), auth::require_token))
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(from_fn(log::requests))
        .layer(from_fn(log::count))
        .layer(from_fn(rollcall_serve::trace::http))
        .with_state(gateway);
    // Around the routes, not within: within, the route has been chosen already.
    Router::new().fallback_service(MapRequest::new(routes, tidy))
}

/// Takes slashes out of the path that are doubled or at its end: a Tenant URL typed with a slash behind makes them.
fn tidy(mut request: Request) -> Request {
    let path = request.uri().path();
    if path.contains("//") || (path.len() > 1 && path.ends_with('/')) {
        let segments = path.split('/').filter(|segment| !segment.is_empty());
        let mut tidied: String = segments.flat_map(|segment| ["/", segment]).collect();
        if tidied.is_empty() {
            tidied.push('/');
        }
        if let Some(query) = request.uri().query() {
            tidied.push('?');
            tidied.push_str(query);
        }
        let mut parts = request.uri().clone().into_parts();
        if let Ok(path) = PathAndQuery::try_from(tidied) {
            parts.path_and_query = Some(path);
            if let Ok(uri) = Uri::from_parts(parts) {
                *request.uri_mut() = uri;
            }
        }
    }
    request
}

#[cfg(test)]
mod document;
#[cfg(test)]
mod tests;
