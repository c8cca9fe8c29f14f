//! Every route.

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    handler::Handler,
    middleware::{Next, from_fn, from_fn_with_state},
    response::Response,
    routing::{MethodRouter, get, post},
};
use http::Method;
use rollcall_serve::metrics;
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    Config, Console, Services, StartError, accounts, assets, audit, cards, conversion, denied, diagnosis,
    error::{self, Error},
    groups, guide, headers, import, log, notices, rules, signin, stations, sync, users,
};

/// The most bytes of a form: 256 KiB.
const FORM_BYTES: usize = 256 * 1024;

type Route = (Method, &'static str, MethodRouter<Arc<Console>>);

#[rustfmt::skip]
fn table() -> Vec<Route> {
    vec![
        show("/assets/{name}", assets::serve),

        show("/", accounts::start),
        show("/accounts", accounts::list),
        send("/accounts", accounts::create),

        show("/accounts/{account}/sync", sync::show),
        show("/accounts/{account}/sync/state", sync::state),
        show("/accounts/{account}/sync/regenerate", sync::regenerate),
        send("/accounts/{account}/sync/tokens", sync::generate),
        show("/accounts/{account}/sync/tokens/{token}/retire", sync::ask_retire),
        send("/accounts/{account}/sync/tokens/{token}/retire", sync::retire),
        show("/accounts/{account}/sync/tokens/{token}/revoke", sync::ask_revoke),
        send("/accounts/{account}/sync/tokens/{token}/revoke", sync::revoke),

        show("/accounts/{account}/guide", guide::choose),
        show("/accounts/{account}/guide/{idp}", guide::read),
        show("/accounts/{account}/notices", notices::show),
        send("/accounts/{account}/notices", notices::update),
        send("/accounts/{account}/notices/test", notices::test),
        send("/accounts/{account}/notices/webhook-secret", notices::rotate),

        show("/accounts/{account}/users", users::list),
        send("/accounts/{account}/users", users::create),
        show("/accounts/{account}/users/new", users::new),
        show("/accounts/{account}/users/{id}", users::show),
        send("/accounts/{account}/users/{id}", users::save),
        show("/accounts/{account}/users/{id}/edit", users::edit),
        show("/accounts/{account}/users/{id}/delete", users::ask_delete),
        send("/accounts/{account}/users/{id}/delete", users::delete),
        show("/accounts/{account}/users/{id}/source", users::ask_source),
        send("/accounts/{account}/users/{id}/source", users::set_source),

        send("/accounts/{account}/users/{id}/cards", cards::add),
        send("/accounts/{account}/users/{id}/secrets", cards::set_secret),
        send("/accounts/{account}/users/{id}/code", cards::code),

        show("/accounts/{account}/cards", cards::list),
        send("/accounts/{account}/cards/find", cards::find),
        show("/accounts/{account}/cards/{card}/remove", cards::ask_remove),
        send("/accounts/{account}/cards/{card}/remove", cards::remove),
        show("/accounts/{account}/cards/{card}/resolve", cards::ask_resolve),
        send("/accounts/{account}/cards/{card}/resolve", cards::resolve),
        show("/accounts/{account}/denied", denied::list),
        send("/accounts/{account}/denied/{denied}/assign", denied::assign),
        send("/accounts/{account}/denied/{denied}/dismiss", denied::dismiss),
        show("/accounts/{account}/stations", stations::list),
        show("/accounts/{account}/stations/{station}/forget", stations::ask_forget),
        send("/accounts/{account}/stations/{station}/forget", stations::forget),
        show("/accounts/{account}/diagnosis", diagnosis::ask),
        send("/accounts/{account}/diagnosis", diagnosis::look),
        show("/accounts/{account}/conversion", conversion::show),
        send("/accounts/{account}/conversion", conversion::update),
        send("/accounts/{account}/conversion/infer", conversion::infer),
        send("/accounts/{account}/conversion/preview", conversion::preview),

        show("/accounts/{account}/import", import::ask),
        (Method::POST, "/accounts/{account}/import", post(import::upload).layer(DefaultBodyLimit::max(import::MAX_BODY))),
        show("/accounts/{account}/import/{ticket}", import::show),
        show("/accounts/{account}/import/{ticket}/result.csv", import::csv),
        send("/accounts/{account}/import/{ticket}/apply", import::apply),
        send("/accounts/{account}/import/{ticket}/stop", import::stop),

        show("/accounts/{account}/groups", groups::list),
        send("/accounts/{account}/groups", groups::create),
        show("/accounts/{account}/groups/new", groups::new),
        show("/accounts/{account}/groups/{id}", groups::show),
        send("/accounts/{account}/groups/{id}", groups::rename),
        send("/accounts/{account}/groups/{id}/add", groups::add),
        send("/accounts/{account}/groups/{id}/remove", groups::remove),
        show("/accounts/{account}/groups/{id}/delete", groups::ask_delete),
        send("/accounts/{account}/groups/{id}/delete", groups::delete),
        show("/accounts/{account}/groups/{id}/source", groups::ask_source),
        send("/accounts/{account}/groups/{id}/source", groups::set_source),

        show("/accounts/{account}/log", log::list),
        show("/accounts/{account}/log.csv", log::csv),
        show("/accounts/{account}/log/{entry}", log::show),
        show("/accounts/{account}/rules", rules::show),
        send("/accounts/{account}/rules", rules::update),
        send("/accounts/{account}/rules/log", rules::keep_log),
        show("/accounts/{account}/audit", audit::list),

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
        .layer(from_fn(count))
        .layer(from_fn(rollcall_serve::trace::http))
        .with_state(console))
}

/// Counts requests. Who looks at pages is a browser.
async fn count(request: Request, next: Next) -> Response {
    metrics::http("console", |_| "browser", request, next).await
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
