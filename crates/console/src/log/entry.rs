//! The page of one request.

use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use maud::{Markup, html};
use rollcall_proto::token::{GetSyncEntryRequest, SyncEntry, SyncKind};

use super::{result, subject, took, what};
use crate::{
    component::{Tone, alert, card, definitions, heading, moment},
    error::Error,
    page::{Tab, page},
    place::Place,
    text,
};

/// `GET /accounts/{account}/log/{entry}`.
pub(crate) async fn show(place: Place, Path((_, id)): Path<(String, String)>) -> Result<Response, Error> {
    let name = format!("{}/syncEntries/{id}", place.name());
    let request = GetSyncEntryRequest { name };
    let found = place.viewer.clients.sync_log.clone().get_sync_entry(request).await;
    let entry = found.map_err(Error::in_address)?.into_inner();
    let title = what(&entry);
    let body = html! {
        (heading(&[("Sync log", Some(place.url("log")))], &title, html! {}))
        @if entry.status >= 400 {
            (alert(Tone::Advice, "This request failed", html! {
                @if entry.detail.is_empty() { "It was answered without a reason." } @else { (entry.detail) }
            }))
        }
        (card("Request", html! {}, definitions(&facts(&place, &entry))))
        @if entry.status >= 400 {
            (card("Body", html! {}, html! {
                p.quiet { "As it came, without passwords, PINs and card numbers." }
                @if entry.body.is_empty() { p { "It had none that is kept." } } @else { pre { code { (text::pretty(&entry.body)) } } }
            }))
        }
    };
    Ok(page(&place, Tab::Log, &title, body).into_response())
}

fn facts(place: &Place, entry: &SyncEntry) -> Vec<(&'static str, Markup)> {
    let kind = match entry.kind() {
        SyncKind::User => Some("users"),
        SyncKind::Group => Some("groups"),
        SyncKind::Bulk | SyncKind::Other | SyncKind::Unspecified => None,
    };
    let whom = html! {
        @match kind.filter(|_| !entry.resource_id.is_empty()) {
            Some(kind) => a href=(place.url(&format!("{kind}/{}", entry.resource_id))) { (subject(entry)) },
            None => (subject(entry)),
        }
    };
    let mut rows = vec![
        ("When", moment(entry.time.as_ref())),
        ("Method", html! { (entry.method) }),
        ("Result", result(entry)),
        ("Took", html! { (took(entry)) }),
    ];
    if !subject(entry).is_empty() {
        rows.insert(2, ("On whom", whom));
    }
    for (label, value) in [
        ("Filter", entry.filter.as_str()),
        ("Token", text::id_of(&entry.token)),
        ("From", &entry.address),
        ("User-Agent", &entry.agent),
        ("Trace", &entry.trace),
    ] {
        if !value.is_empty() {
            rows.push((label, html! { (value) }));
        }
    }
    rows
}
