//! The sync log: what the identity provider asked for, and what it was answered.

mod entry;
mod export;
mod search;

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use rollcall_proto::token::{Connection, GetConnectionRequest, SyncAction, SyncEntry, SyncKind};

use self::search::Search;
pub(crate) use self::{entry::show, export::csv};
use crate::{
    component::{Tone, alert, badge, empty, field, filters, heading, moment, pager, table},
    error::Error,
    page::{Tab, page},
    place::Place,
    query::Asked,
    text,
};

/// How many on a page.
const PAGE: i32 = 50;

/// `GET /accounts/{account}/log`.
pub(crate) async fn list(place: Place, Asked(search): Asked<Search>) -> Result<Response, Error> {
    let request = search.request(&place.name(), PAGE)?;
    let found = place.viewer.clients.sync_log.clone().list_sync_entries(request).await?.into_inner();
    let connection = connection(&place).await?;
    let next = (!found.next_page_token.is_empty())
        .then(|| search.address(&place.url("log"), &found.next_page_token));
    let export = search.address(&place.url("log.csv"), "");
    let body = html! {
        (heading(&[], "Sync log", html! { a.button.quiet href=(export) download { "Export as CSV" } }))
        @if connection.lost_sync_entries > 0 {
            (alert(
                Tone::Info,
                "Some requests are missing",
                format!(
                    "{} could not be written down as fast as they came. They were answered all the same.",
                    text::count(connection.lost_sync_entries, "request", "requests"),
                ),
            ))
        }
        (filters(&place.url("log"), fields(&search)))
        @if found.entries.is_empty() {
            @if found.next_page_token.is_empty() { (nothing(&search)) } @else {
                (empty("Nothing here, so far", "Few requests match. Go on to look at older ones.", html! {}))
            }
        } @else {
            (entries(&place, &found.entries))
        }
        (pager(next))
    };
    Ok(page(&place, Tab::Log, "Sync log", body).into_response())
}

async fn connection(place: &Place) -> Result<Connection, Error> {
    let request = GetConnectionRequest { name: format!("{}/connection", place.name()) };
    Ok(place.viewer.clients.connections.clone().get_connection(request).await?.into_inner())
}

fn nothing(search: &Search) -> Markup {
    if search.is_empty() {
        empty(
            "Nothing yet",
            "Each request of the identity provider appears here a moment after it was answered.",
            html! {},
        )
    } else {
        empty("Nothing matches", "Search for less, or for a longer time.", html! {})
    }
}

fn fields(search: &Search) -> Markup {
    let choice = |id: &str, label: &str, chosen: &str, options: &[(&str, &str)]| {
        field(
            id,
            label,
            "",
            html! {
                select id=(id) name=(id) {
                    @for (value, words) in options { option value=(value) selected[*value == chosen] { (words) } }
                }
            },
        )
    };
    let day = |id: &str, label: &str, value: &str| {
        field(id, label, "", html! { input type="date" id=(id) name=(id) value=(value); })
    };
    html! {
        (field("q", "User or group", "", html! {
            input type="search" id="q" name="q" value=(search.q) maxlength="200" placeholder="begins with…";
        }))
        @if !search.resource.is_empty() {
            (field("resource", "Id", "", html! {
                input type="text" id="resource" name="resource" value=(search.resource) maxlength="64";
            }))
        }
        (choice("kind", "About", &search.kind, &search::KINDS))
        (choice("result", "Result", &search.result, &search::RESULTS))
        (choice("writes", "Requests", &search.writes, &search::WRITES))
        (day("from", "From", &search.from))
        (day("to", "To", &search.to))
    }
}

/// Entries as a table.
pub(crate) fn entries(place: &Place, entries: &[SyncEntry]) -> Markup {
    table(
        "Sync log",
        &["When", "What", "On whom", "Result", "Took"],
        entries.iter().map(|entry| {
            let url = place.url(&format!("log/{}", text::id_of(&entry.name)));
            vec![
                html! { a href=(url) { (moment(entry.time.as_ref())) } },
                html! { span.whole { (what(entry)) } },
                html! { (subject(entry)) },
                result(entry),
                html! { span.whole { (took(entry)) } },
            ]
        }),
    )
}

/// What a request did, in words.
pub(crate) fn what(entry: &SyncEntry) -> String {
    let thing = match entry.kind() {
        SyncKind::User => "user",
        SyncKind::Group => "group",
        SyncKind::Bulk => return "Many operations at once".to_owned(),
        SyncKind::Other | SyncKind::Unspecified => {
            return match entry.action() {
                SyncAction::List | SyncAction::Read => "Asked what is offered".to_owned(),
                _ => format!("{} elsewhere", entry.method),
            };
        }
    };
    match entry.action() {
        SyncAction::Create => format!("Created a {thing}"),
        SyncAction::Read => format!("Read a {thing}"),
        SyncAction::List => format!("Looked for {thing}s"),
        SyncAction::Replace | SyncAction::Patch => format!("Changed a {thing}"),
        SyncAction::Delete => format!("Deleted a {thing}"),
        SyncAction::Unspecified => format!("{} on a {thing}", entry.method),
    }
}

/// On whom: a name, or what there is instead of one.
pub(crate) fn subject(entry: &SyncEntry) -> &str {
    [&entry.subject, &entry.resource_id, &entry.filter]
        .into_iter()
        .find(|text| !text.is_empty())
        .map_or("", |text| text)
}

/// The result, as a badge.
pub(crate) fn result(entry: &SyncEntry) -> Markup {
    let tone = match entry.status {
        ..400 => Tone::Good,
        400..500 => Tone::Advice,
        _ => Tone::Alarm,
    };
    let words = if entry.scim_type.is_empty() {
        entry.status.to_string()
    } else {
        format!("{} {}", entry.status, entry.scim_type)
    };
    badge(tone, &words)
}

/// How long the answer took.
pub(crate) fn took(entry: &SyncEntry) -> String {
    let duration = entry.duration.unwrap_or_default();
    let micros = duration.seconds.saturating_mul(1_000_000).saturating_add(i64::from(duration.nanos) / 1000);
    match micros {
        ..1000 => "under 1 ms".to_owned(),
        1000..10_000_000 => format!("{} ms", micros / 1000),
        _ => format!("{} s", micros / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use prost_types::Duration;

    use super::*;

    fn entry(kind: SyncKind, action: SyncAction) -> SyncEntry {
        SyncEntry {
            kind: kind.into(),
            action: action.into(),
            method: "GET".to_owned(),
            ..SyncEntry::default()
        }
    }

    #[test]
    fn requests_in_words() {
        for (kind, action, words) in [
            (SyncKind::User, SyncAction::Create, "Created a user"),
            (SyncKind::Group, SyncAction::Patch, "Changed a group"),
            (SyncKind::User, SyncAction::List, "Looked for users"),
            (SyncKind::Bulk, SyncAction::Create, "Many operations at once"),
            (SyncKind::Other, SyncAction::Read, "Asked what is offered"),
            (SyncKind::Unspecified, SyncAction::Unspecified, "GET elsewhere"),
        ] {
            assert_eq!(what(&entry(kind, action)), words);
        }
    }

    #[test]
    fn durations() {
        let took = |seconds, nanos| {
            took(&SyncEntry { duration: Some(Duration { seconds, nanos }), ..SyncEntry::default() })
        };
        assert_eq!([took(0, 0), took(0, 2_500_000), took(12, 0)], ["under 1 ms", "2 ms", "12 s"]);
        assert_eq!(took(i64::MAX, i32::MAX), format!("{} s", i64::MAX / 1_000_000));
    }
}
