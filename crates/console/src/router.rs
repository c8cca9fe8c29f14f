//! Every route.

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    handler::Handler,
    middleware::from_fn_with_state,
    routing::{MethodRouter, get, post},
};
use http::Method;
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    Config, Console, Services, StartError, assets,
    error::{self, Error},
    headers, signin, sync,
};

/// The most bytes of a form: 256 KiB.
const FORM_BYTES: usize = 256 * 1024;

type Route = (Method, &'static str, MethodRouter<Arc<Console>>);

#[rustfmt::skip]
fn table() -> Vec<Route> {
    vec![
        show("/assets/{name}", assets::serve),

        show("/accounts/{account}/sync", sync::show),
        show("/accounts/{account}/sync/state", sync::state),
        show("/accounts/{account}/sync/regenerate", sync::regenerate),
        send("/accounts/{account}/sync/tokens", sync::generate),
        show("/accounts/{account}/sync/tokens/{token}/retire", sync::ask_retire),
        send("/accounts/{account}/sync/tokens/{token}/retire", sync::retire),
        show("/accounts/{account}/sync/tokens/{token}/revoke", sync::ask_revoke),
        send("/accounts/{account}/sync/tokens/{token}/revoke", sync::revoke),

        show("/sign-in", signin::ask),
        send("/sign-in/oidc", signin::oidc),
        show("/sign-in/oidc/callback", signin::callback),
        show("/first-run/{secret}", signin::link),
        send("/first-run/{secret}", signin::redeem),
        send("/sign-out", signin::out),
    ]
}

/// The console as an axum router, ready to be served. `scim_url` is the address that Tenant URLs begin with.
///
/// # Errors
/// [`StartError`], when the OpenID provider of the configuration cannot be used.
pub fn router(services: Services, config: Config, scim_url: String) -> Result<Router, StartError> {
    let console = Console::new(services, config, scim_url)?;
    let provider = console.provider.as_ref().and_then(signin::Provider::origin);
    let policy = headers::content_security_policy(provider.as_deref());
    let mut router = Router::new();
    for (_, path, handler) in table() {
        router = router.route(path, handler);
    }
    Ok(router
        .fallback(async || Error::NotFound)
        .method_not_allowed_fallback(async || Error::MethodNotAllowed)
        // The last is the outermost.
        .layer(DefaultBodyLimit::max(FORM_BYTES))
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(from_fn_with_state(policy, headers::add))
        .with_state(console))
}

/// Every route by method and path, so that a test can try each of them as each role.
pub fn routes() -> Vec<(Method, &'static str)> {
    table().into_iter().map(|(method, path, _)| (method, path)).collect()
}

fn show<T: 'static>(path: &'static str, handler: impl Handler<T, Arc<Console>>) -> Route {
    (Method::GET, path, get(handler))
}

fn send<T: 'static>(path: &'static str, handler: impl Handler<T, Arc<Console>>) -> Route {
    (Method::POST, path, post(handler))
}
