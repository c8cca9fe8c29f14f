//! Why can't they print?

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use rollcall_proto::{
    identity::{Change, ChangeAction, Check, DiagnoseUserRequest, DiagnoseUserResponse, User},
    token::ListSyncEntriesRequest,
};
use serde::Deserialize;

use crate::{
    cards,
    component::{Tone, alert, badge, card, field, heading, moment, table, time},
    csrf::Checked,
    error::Error,
    icon::{Icon, icon},
    log,
    page::{Tab, page},
    place::Place,
    query::Asked,
    text,
    users::shown_name,
};

/// Entries of the sync log that are shown.
const ENTRIES: i32 = 5;

/// Whom to look at, by id: an address holds no card number.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Whom {
    #[serde(default)]
    user: String,
}

/// `GET /accounts/{account}/diagnosis`.
pub(crate) async fn ask(place: Place, Asked(Whom { user }): Asked<Whom>) -> Result<Response, Error> {
    if user.is_empty() {
        return Ok(shown(&place, html! {}));
    }
    diagnosed(&place, &user).await
}

/// What somebody typed.
#[derive(Deserialize)]
pub(crate) struct Typed {
    query: String,
}

/// `POST /accounts/{account}/diagnosis`.
pub(crate) async fn look(place: Place, Checked(Typed { query }): Checked<Typed>) -> Result<Response, Error> {
    diagnosed(&place, &query).await
}

async fn diagnosed(place: &Place, query: &str) -> Result<Response, Error> {
    place.demand("DiagnosisService/DiagnoseUser")?;
    let request = DiagnoseUserRequest { parent: place.name(), query: query.to_owned() };
    let found = place.viewer.clients.diagnosis.clone().diagnose_user(request).await?.into_inner();
    let log = match &found.user {
        Some(user) if place.may("SyncLogService/ListSyncEntries") => {
            let request = ListSyncEntriesRequest {
                parent: place.name(),
                page_size: ENTRIES,
                resource_id: text::id_of(&user.name).to_owned(),
                ..ListSyncEntriesRequest::default()
            };
            place.viewer.clients.sync_log.clone().list_sync_entries(request).await?.into_inner().entries
        }
        _ => Vec::new(),
    };
    let tone = if found.wrong { Tone::Alarm } else { Tone::Good };
    let log = html! {
        @if log.is_empty() { p.quiet { "Nothing lately." } } @else { (log::entries(place, &log)) }
    };
    Ok(shown(
        place,
        html! {
            (alert(tone, &found.finding, html! {
                @if let Some(user) = &found.user { p { (link(place, user)) } }
            }))
            (card("What was checked", html! {}, table("Checks", &["", "Check", "Finding"], found.checks.iter().map(check))))
            @if found.user.is_some() { (details(place, &found, &log)) }
            @if !found.others.is_empty() {
                (card("Others who may be meant", html! {}, html! {
                    ul.plain { @for user in &found.others { li { (link(place, user)) } } }
                }))
            }
        },
    ))
}

fn link(place: &Place, user: &User) -> Markup {
    html! {
        a href=(place.url(&format!("users/{}", text::id_of(&user.name)))) { (shown_name(user)) }
        " " span.quiet { (user.user_name) }
    }
}

fn check(check: &Check) -> Vec<Markup> {
    vec![
        if check.wrong { badge(Tone::Alarm, "wrong") } else { badge(Tone::Good, "fine") },
        html! { (check.name) },
        html! { (check.finding) },
    ]
}

fn details(place: &Place, found: &DiagnoseUserResponse, log: &Markup) -> Markup {
    html! {
        @if let Some(removal) = found.removals.first() { (cards::proof(removal)) }
        @if !found.cards.is_empty() {
            (card("Cards", html! {}, table("Cards", &["Number", "State", "From", "Until", "Last used"], found.cards.iter().map(|card| vec![
                html! { code { (card.number) } },
                cards::state(card.state()),
                cards::source(card),
                cards::until(card),
                time(card.last_use_time.as_ref()),
            ]))))
        }
        @if !found.denied_cards.is_empty() {
            (card("Refused at stations", html! {}, table("Refused cards", &["Number", "Station", "Last"], found.denied_cards.iter().map(|denied| vec![
                html! { code { (denied.number) } },
                html! { (denied.station) },
                moment(denied.time.as_ref()),
            ]))))
        }
        (card("Last changes", html! {}, table("Changes", &["Revision", "When", "What"], found.changes.iter().map(change))))
        @if place.may("SyncLogService/ListSyncEntries") {
            (card("What the identity provider sent", html! {}, log.clone()))
        }
    }
}

fn change(change: &Change) -> Vec<Markup> {
    let what = match change.action() {
        ChangeAction::Created => "created",
        ChangeAction::Updated => "changed",
        ChangeAction::Deleted => "deleted",
        ChangeAction::Unspecified => "unknown",
    };
    vec![html! { (change.revision) }, moment(change.time.as_ref()), html! { (what) }]
}

fn shown(place: &Place, result: Markup) -> Response {
    let title = "Why can't they print?";
    let body = html! {
        (heading(&[], title, html! {}))
        form.card.row method="post" action=(place.url("diagnosis")) role="search" {
            (place.viewer.csrf.field())
            (field("query", "Whom", "A user name, e-mail address, id, card number, or the beginning of a user name.", html! {
                input type="search" id="query" name="query" maxlength="255" required autocomplete="off" aria-describedby="query-hint";
            }))
            div.actions { button.primary type="submit" { (icon(Icon::Search)) "Find out" } }
        }
        (result)
    };
    page(place, Tab::Diagnosis, title, body).into_response()
}
