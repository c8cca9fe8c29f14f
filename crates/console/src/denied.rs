//! Cards that were refused at stations: unknown ones are a click away from a person.

use axum::{
    extract::Path,
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use rollcall_proto::identity::{
    AssignDeniedCardRequest, DenialReason, DeniedCard, DismissDeniedCardRequest, ListDeniedCardsRequest,
    ListUsersRequest, User, UserView,
};
use serde::Deserialize;

use crate::{
    component::{Tone, badge, card, empty, field, heading, pager, table, time},
    csrf::{Checked, Nothing},
    directory,
    error::Error,
    page::{Tab, page},
    place::Place,
    query::{Asked, address},
    text,
    users::shown_name,
};

/// Cards on a page.
const PAGE: i32 = 50;
/// People offered for a search.
const OFFERED: i32 = 10;

/// Which cards to list, and for which of them a person is looked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Look {
    #[serde(default)]
    all: String,
    #[serde(default)]
    page: String,
    #[serde(default)]
    card: String,
    #[serde(default)]
    find: String,
}

/// `GET /accounts/{account}/denied`.
pub(crate) async fn list(place: Place, Asked(look): Asked<Look>) -> Result<Response, Error> {
    let all = look.all == "1";
    let request = ListDeniedCardsRequest {
        parent: place.name(),
        unknown: !all,
        page_size: PAGE,
        page_token: look.page.clone(),
        station: String::new(),
    };
    let found = place.viewer.clients.cards.clone().list_denied_cards(request).await?.into_inner();
    let url = place.url("denied");
    let next = (!found.next_page_token.is_empty())
        .then(|| address(&url, &[("all", &look.all), ("page", &found.next_page_token)]));
    let chosen = found.denied_cards.iter().find(|denied| text::id_of(&denied.name) == look.card);
    let offered = match chosen {
        Some(_) => offer(&place, &look.find).await?,
        None => Vec::new(),
    };
    let body = html! {
        (heading(&[], "Refused cards", html! {
            @if all { a.button.quiet href=(url) { "Unknown cards only" } }
            @else { a.button.quiet href=(address(&url, &[("all", "1")])) { "All refused cards" } }
        }))
        @if let Some(chosen) = chosen { (assign_card(&place, chosen, &look, &offered)) }
        @if found.denied_cards.is_empty() {
            (empty("None", "Cards that nobody has, and that were held to a reader in the last 30 days, appear here.", html! {}))
        } @else {
            (table(
                "Refused cards",
                &["Number", "Station", "Last", "Times", "Why", ""],
                found.denied_cards.iter().map(|denied| row(&place, denied, &look)),
            ))
            (pager(next))
        }
    };
    Ok(page(&place, Tab::Denied, "Refused cards", body).into_response())
}

fn row(place: &Place, denied: &DeniedCard, look: &Look) -> Vec<Markup> {
    let id = text::id_of(&denied.name);
    let url = place.url("denied");
    let why = match denied.reason() {
        DenialReason::Unknown => badge(Tone::Info, "nobody's"),
        DenialReason::NotValid => badge(Tone::Advice, "not valid"),
        DenialReason::HolderInactive => badge(Tone::Advice, "holder deactivated"),
        DenialReason::Unspecified => badge(Tone::Plain, "unknown"),
    };
    vec![
        html! { code { (denied.number) } },
        html! { (denied.station) },
        time(denied.time.as_ref()),
        html! { (text::grouped(denied.count.into())) },
        why,
        html! {
            @if !denied.user.is_empty() {
                a href=(place.url(&format!("users/{}", text::id_of(&denied.user)))) { "Holder" }
            } @else if place.may("CardService/AssignDeniedCard") {
                a.button.quiet href=(address(&url, &[("all", &look.all), ("page", &look.page), ("card", id)])) {
                    "Assign" span.hidden { " " (denied.number) }
                }
            }
            @if place.may("CardService/DismissDeniedCard") {
                form method="post" action={ (url) "/" (id) "/dismiss" } {
                    (place.viewer.csrf.field())
                    button.quiet type="submit" { "Dismiss" span.hidden { " " (denied.number) } }
                }
            }
        },
    ]
}

async fn offer(place: &Place, text: &str) -> Result<Vec<User>, Error> {
    let filter = directory::users(text);
    if filter.is_empty() {
        return Ok(Vec::new());
    }
    let request = ListUsersRequest {
        parent: place.name(),
        page_size: OFFERED,
        filter,
        view: UserView::Basic.into(),
        ..ListUsersRequest::default()
    };
    Ok(place.viewer.clients.users.clone().list_users(request).await?.into_inner().users)
}

fn assign_card(place: &Place, denied: &DeniedCard, look: &Look, offered: &[User]) -> Markup {
    let id = text::id_of(&denied.name);
    let url = place.url("denied");
    let title = format!("Whose is {}?", denied.number);
    card(
        &title,
        html! {},
        html! {
            form.row method="get" action=(url) role="search" {
                input type="hidden" name="card" value=(id);
                input type="hidden" name="all" value=(look.all);
                input type="hidden" name="page" value=(look.page);
                (field("find", "Name, user name or e-mail", "", html! {
                    input type="search" id="find" name="find" value=(look.find) maxlength="200" placeholder="begins with…";
                }))
                div.actions { button type="submit" { "Search" } }
            }
            @if !look.find.trim().is_empty() && offered.is_empty() { p.quiet { "Nobody matches." } }
            ul.members {
                @for user in offered {
                    li {
                        span { (shown_name(user)) " " span.quiet { (user.user_name) } }
                        form method="post" action={ (url) "/" (id) "/assign" } {
                            (place.viewer.csrf.field())
                            input type="hidden" name="user" value=(text::id_of(&user.name));
                            button type="submit" { "Assign" span.hidden { " to " (shown_name(user)) } }
                        }
                    }
                }
            }
        },
    )
}

/// Who gets a card.
#[derive(Deserialize)]
pub(crate) struct Whom {
    user: String,
}

/// `POST /accounts/{account}/denied/{denied}/assign`.
pub(crate) async fn assign(
    place: Place,
    Path((_, id)): Path<(String, String)>,
    Checked(Whom { user }): Checked<Whom>,
) -> Result<Redirect, Error> {
    place.demand("CardService/AssignDeniedCard")?;
    let person = super::users::read(&place, &user).await?;
    place.record("card.assign", &person.name, format!("a refused card to {}", person.user_name)).await?;
    let request = AssignDeniedCardRequest {
        name: format!("{}/deniedCards/{id}", place.name()),
        user: person.name,
        label: String::new(),
    };
    place.viewer.clients.cards.clone().assign_denied_card(request).await?;
    Ok(Redirect::to(&place.url(&format!("users/{user}"))))
}

/// `POST /accounts/{account}/denied/{denied}/dismiss`.
pub(crate) async fn dismiss(
    place: Place,
    Path((_, id)): Path<(String, String)>,
    Checked(Nothing {}): Checked<Nothing>,
) -> Result<Redirect, Error> {
    place.demand("CardService/DismissDeniedCard")?;
    let name = format!("{}/deniedCards/{id}", place.name());
    place.record("card.dismiss", &name, String::new()).await?;
    place.viewer.clients.cards.clone().dismiss_denied_card(DismissDeniedCardRequest { name }).await?;
    Ok(Redirect::to(&place.url("denied")))
}
