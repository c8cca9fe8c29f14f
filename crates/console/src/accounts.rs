//! The accounts, for operators; everybody else goes on to their own.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use futures::{StreamExt as _, stream};
use maud::{Markup, html};
use rollcall_proto::token::{
    Account, Connection, CreateAccountRequest, GetConnectionRequest, ListAccountsRequest, Role,
};
use serde::Deserialize;

use crate::{
    Console,
    component::{card, field, pager, table, time},
    csrf::Checked,
    error::Error,
    page,
    query::{Asked, address},
    session::Viewer,
    sync,
};

/// How many on a page.
const PAGE: i32 = 50;
/// How many connections are asked for at once.
const AT_ONCE: usize = 8;

/// `GET /`.
pub(crate) async fn start(State(_): State<Arc<Console>>, viewer: Viewer) -> Redirect {
    let target = match (viewer.session.role(), viewer.account()) {
        (Role::CardDesk, Some(account)) => format!("/accounts/{account}/users"),
        (_, Some(account)) => format!("/accounts/{account}/sync"),
        (_, None) => "/accounts".to_owned(),
    };
    Redirect::to(&target)
}

/// Where in the list.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Page {
    #[serde(default)]
    page: String,
}

/// `GET /accounts`.
pub(crate) async fn list(viewer: Viewer, Asked(asked): Asked<Page>) -> Result<Response, Error> {
    let request = ListAccountsRequest { page_size: PAGE, page_token: asked.page };
    let found = viewer.clients.accounts.clone().list_accounts(request).await?.into_inner();
    let next = (!found.next_page_token.is_empty())
        .then(|| address("/accounts", &[("page", &found.next_page_token)]));
    let rows: Vec<(Account, Option<Connection>)> = stream::iter(found.accounts)
        .map(|account| {
            let mut connections = viewer.clients.connections.clone();
            async move {
                let request = GetConnectionRequest { name: format!("{}/connection", account.name) };
                // The list is worth more than one line of it.
                let connection = connections.get_connection(request).await.ok();
                (account, connection.map(tonic::Response::into_inner))
            }
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    let body = html! {
        (table("Accounts", &["Account", "Connection", "Last access", "Id"], rows.iter().map(row)))
        (pager(next))
        (card("New account", html! {}, new(&viewer)))
    };
    Ok(page::plain(&viewer, "Accounts", body).into_response())
}

fn row((account, connection): &(Account, Option<Connection>)) -> Vec<Markup> {
    let id = account.name.strip_prefix("accounts/").unwrap_or_default();
    vec![
        html! { a href={ "/accounts/" (id) "/sync" } { (account.display_name) } },
        connection.as_ref().map_or_else(|| html! { span.none { "not known" } }, sync::state_badge),
        time(account.last_access_time.as_ref()),
        html! { code { (id) } },
    ]
}

fn new(viewer: &Viewer) -> Markup {
    html! {
        form.row method="post" action="/accounts" {
            (viewer.csrf.field())
            (field("id", "Id", "Part of the Tenant URL, and never changed: a-z, 0-9 and hyphens.", html! {
                input type="text" id="id" name="id" required maxlength="63" pattern="[a-z]([a-z0-9\\-]*[a-z0-9])?" autocomplete="off" aria-describedby="id-hint";
            }))
            (field("display_name", "Name", "", html! {
                input type="text" id="display_name" name="display_name" maxlength="255" autocomplete="off";
            }))
            div.actions { button type="submit" { "Create" } }
        }
    }
}

/// What a new account is to be.
#[derive(Debug, Deserialize)]
pub(crate) struct New {
    id: String,
    #[serde(default)]
    display_name: String,
}

/// `POST /accounts`.
pub(crate) async fn create(
    viewer: Viewer,
    Checked(New { id, display_name }): Checked<New>,
) -> Result<Redirect, Error> {
    let id = id.trim().to_owned();
    let account = Account { display_name: display_name.trim().to_owned(), ..Account::default() };
    let request =
        CreateAccountRequest { account_id: id.clone(), account: Some(account), actor: viewer.actor() };
    viewer.clients.accounts.clone().create_account(request).await?;
    Ok(Redirect::to(&format!("/accounts/{id}/sync")))
}
