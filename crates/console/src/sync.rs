//! The page User and Group Sync: how the connection is doing, and the tokens it lives by.

mod form;
mod once;
mod overview;
mod questions;
mod reveal;
mod state;
mod tokens;

use axum::{
    extract::Path,
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use maud::{Markup, html};
use rollcall_proto::token::{
    Connection, GenerateTokenRequest, GetConnectionRequest, ListTokensRequest, RetireTokenRequest,
    RevokeTokenRequest, Token,
};
use serde::Deserialize;
use tonic::Code;

use self::{form::Wish, overview::Done};
pub(crate) use self::{
    once::Answers,
    state::{line, state_badge},
};
use crate::{
    component::heading,
    csrf::{Checked, Nothing},
    error::Error,
    page::{Tab, page},
    place::Place,
    query::Asked,
};

/// The name of the page.
const TITLE: &str = "User and Group Sync";
/// What it takes to make a token; whoever may not sees no button for it.
const GENERATE: &str = "rollcall.token.v1.TokenService/GenerateToken";

/// What the page was sent after, to be told.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct After {
    #[serde(default)]
    done: Option<Done>,
}

/// `GET /accounts/{account}/sync`.
pub(crate) async fn show(place: Place, Asked(after): Asked<After>) -> Result<Markup, Error> {
    let (connection, tokens) = read(&place).await?;
    Ok(page(&place, Tab::Sync, TITLE, overview::body(&place, &connection, &tokens, after.done)))
}

/// Which part of the state a page shows.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Part {
    /// Only the line, and not the card.
    #[serde(default)]
    line: bool,
}

/// `GET /accounts/{account}/sync/state`: the part of a page that follows the connection.
pub(crate) async fn state(place: Place, Asked(part): Asked<Part>) -> Result<Markup, Error> {
    let connection = connection(&place).await?;
    Ok(if part.line { state::line(&connection) } else { state::card(&connection) })
}

/// `GET /accounts/{account}/sync/regenerate`.
pub(crate) async fn regenerate(place: Place) -> Result<Markup, Error> {
    place.demand(GENERATE)?;
    let (_, tokens) = read(&place).await?;
    let (title, body) = questions::regenerate(&place, &tokens);
    Ok(below(&place, title, body))
}

/// `POST /accounts/{account}/sync/tokens`.
pub(crate) async fn generate(place: Place, Checked(wish): Checked<Wish>) -> Result<Response, Error> {
    let wish = wish.check()?;
    let request = GenerateTokenRequest {
        parent: place.name(),
        ttl: Some(wish.ttl),
        overlap: Some(wish.overlap),
        created_by: place.viewer.actor(),
        request_id: wish.request_id.clone(),
    };
    let key = (place.viewer.session.name.clone(), place.account.clone(), wish.request_id);
    let mut tokens = place.viewer.clients.tokens.clone();
    let call = async move { tokens.generate_token(request).await.map(tonic::Response::into_inner) };
    match place.viewer.console.answers.once(key, call).await {
        Ok(made) => Ok(below(&place, reveal::TITLE, reveal::body(&place, &made)).into_response()),
        Err(status) if status.code() == Code::AlreadyExists => {
            let body = reveal::made_before(&place, status.message());
            Ok((StatusCode::CONFLICT, below(&place, "Made already", body)).into_response())
        }
        Err(status) if status.code() == Code::FailedPrecondition => {
            let (_, tokens) = read(&place).await?;
            let body = questions::two_live(&place, &tokens);
            Ok((StatusCode::CONFLICT, below(&place, questions::TWO_LIVE, body)).into_response())
        }
        Err(status) => Err(status.into()),
    }
}

/// `GET /accounts/{account}/sync/tokens/{token}/retire`.
pub(crate) async fn ask_retire(place: Place, Path((_, id)): Path<(String, String)>) -> Result<Markup, Error> {
    place.demand("TokenService/RetireToken")?;
    let token = token(&place, &id).await?;
    Ok(below(&place, "Retire a token", questions::retire(&place, &id, &token)?))
}

/// `POST /accounts/{account}/sync/tokens/{token}/retire`.
pub(crate) async fn retire(
    place: Place,
    Path((_, id)): Path<(String, String)>,
    Checked(Nothing {}): Checked<Nothing>,
) -> Result<Redirect, Error> {
    let request = RetireTokenRequest { name: token_name(&place, &id), actor: place.viewer.actor() };
    place.viewer.clients.tokens.clone().retire_token(request).await?;
    Ok(Redirect::to(&place.url("sync?done=retired")))
}

/// `GET /accounts/{account}/sync/tokens/{token}/revoke`.
pub(crate) async fn ask_revoke(place: Place, Path((_, id)): Path<(String, String)>) -> Result<Markup, Error> {
    place.demand("TokenService/RevokeToken")?;
    let token = token(&place, &id).await?;
    Ok(below(&place, "Revoke a token", questions::revoke(&place, &id, &token)?))
}

/// `POST /accounts/{account}/sync/tokens/{token}/revoke`.
pub(crate) async fn revoke(
    place: Place,
    Path((_, id)): Path<(String, String)>,
    Checked(Nothing {}): Checked<Nothing>,
) -> Result<Redirect, Error> {
    let request = RevokeTokenRequest { name: token_name(&place, &id), actor: place.viewer.actor() };
    place.viewer.clients.tokens.clone().revoke_token(request).await?;
    Ok(Redirect::to(&place.url("sync?done=revoked")))
}

/// A page that leads back to the one it came from.
fn below(place: &Place, title: &str, body: Markup) -> Markup {
    let trail = [("Account Settings", None), ("Settings", None), (TITLE, Some(place.url("sync")))];
    page(place, Tab::Sync, title, html! { (heading(&trail, title, html! {})) (body) })
}

/// How the connection is doing.
pub(crate) async fn connection(place: &Place) -> Result<Connection, Error> {
    let request = GetConnectionRequest { name: format!("{}/connection", place.name()) };
    Ok(place.viewer.clients.connections.clone().get_connection(request).await?.into_inner())
}

async fn read(place: &Place) -> Result<(Connection, Vec<Token>), Error> {
    let request = ListTokensRequest { parent: place.name(), ..Default::default() };
    let mut client = place.viewer.clients.tokens.clone();
    let (connection, tokens) = futures::try_join!(connection(place), async {
        Ok(client.list_tokens(request).await?.into_inner().tokens)
    })?;
    Ok((connection, tokens))
}

async fn token(place: &Place, id: &str) -> Result<Token, Error> {
    let name = token_name(place, id);
    let (_, tokens) = read(place).await?;
    tokens.into_iter().find(|token| token.name == name).ok_or(Error::NotFound)
}

fn token_name(place: &Place, id: &str) -> String {
    format!("{}/tokens/{id}", place.name())
}

#[cfg(test)]
mod tests;
