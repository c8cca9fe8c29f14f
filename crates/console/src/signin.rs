//! Signing in and out.
//!
//! Two ways lead in: a link that the operator made (`rollcall console link`; the first one is printed at the start),
//! and an OpenID provider, where rules say what a claim allows.

mod link;
mod oidc;
mod roles;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, State},
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, header};
use maud::{Markup, html};
use rollcall_proto::token::EndSessionRequest;
use serde::Deserialize;

pub use self::roles::Rule;
pub(crate) use self::{
    link::{ask as link, redeem},
    oidc::{Provider, begin as oidc, callback},
};
use crate::{
    Console, cookie_jar,
    csrf::{Checked, Nothing},
    error::Error,
    page,
    query::Asked,
    session::Viewer,
};

/// Where to go after signing in.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Next {
    #[serde(default)]
    next: Option<String>,
}

impl Next {
    /// A path of this console, whatever was asked for.
    fn path(&self) -> String {
        let local = |path: &&String| {
            path.len() <= 1024
                && path.starts_with('/')
                && !path.starts_with("//")
                && path.chars().all(|c| c.is_ascii_graphic() && c != '\\')
        };
        self.next.as_ref().filter(local).map_or_else(|| "/".to_owned(), String::clone)
    }
}

/// `GET /sign-in`.
pub(crate) async fn ask(
    State(console): State<Arc<Console>>,
    viewer: Option<Viewer>,
    Asked(next): Asked<Next>,
) -> Response {
    if viewer.is_some() {
        return Redirect::to(&next.path()).into_response();
    }
    ask_page(console.provider.as_ref().map(Provider::name), &next.path()).into_response()
}

fn ask_page(provider: Option<&str>, next: &str) -> Markup {
    let body = html! {
        @if let Some(provider) = provider {
            form method="post" action="/sign-in/oidc" {
                input type="hidden" name="next" value=(next);
                button.primary type="submit" { "Sign in with " (provider) }
            }
            p.quiet { "Or by a link that the operator of this service has made for you: open it in this browser." }
        } @else {
            p { "Open the link that the operator of this service has made for you. Each one works once." }
            p.quiet { "The operator makes one by " code { "rollcall console link" } ", and can connect an OpenID provider, so that nobody needs a link." }
        }
    };
    page::bare("Sign in", body)
}

/// `POST /sign-out`.
pub(crate) async fn out(
    State(console): State<Arc<Console>>,
    headers: HeaderMap,
    Checked(Nothing {}): Checked<Nothing>,
) -> Result<Response, Error> {
    if let Some(secret) = cookie_jar::get(&headers, cookie_jar::SESSION) {
        console.services.sessions().end_session(EndSessionRequest { secret }).await?;
    }
    let mut response = Redirect::to("/sign-in").into_response();
    response
        .headers_mut()
        .extend(cookie_jar::remove(cookie_jar::SESSION).map(|line| (header::SET_COOKIE, line)));
    Ok(response)
}

/// The answer to somebody who has just signed in.
fn welcome(secret: &str, next: &str) -> Response {
    let mut response = Redirect::to(next).into_response();
    let session = cookie_jar::set(cookie_jar::SESSION, secret, None);
    let lines = [session, cookie_jar::remove(cookie_jar::SIGN_IN)].into_iter().flatten();
    for line in lines {
        response.headers_mut().append(header::SET_COOKIE, line);
    }
    response
}

/// Counts an attempt.
fn count(console: &Console, ConnectInfo(peer): ConnectInfo<SocketAddr>) -> Result<String, Error> {
    if console.attempts.allow(peer.ip()) { Ok(peer.ip().to_string()) } else { Err(Error::TooMany) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_is_a_path_of_this_console() {
        for (asked, path) in [
            (None, "/"),
            (Some("/accounts/a/users?q=x"), "/accounts/a/users?q=x"),
            (Some("https://evil.example"), "/"),
            (Some("//evil.example"), "/"),
            (Some("/\\evil.example"), "/"),
            (Some("/\tevil.example"), "/"),
            (Some("javascript:alert(1)"), "/"),
            (Some(""), "/"),
        ] {
            assert_eq!(Next { next: asked.map(str::to_owned) }.path(), path, "{asked:?}");
        }
    }
}
