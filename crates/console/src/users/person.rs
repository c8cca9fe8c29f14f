//! The page of one person.

use axum::{
    extract::Path,
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use rollcall_proto::{
    identity::{GetUserRequest, MultiValue, SetUserSourceRequest, User, UserSource, UserView},
    token::{ListSyncEntriesRequest, SyncEntry},
};

use super::{shown_name, state};
use crate::{
    cards,
    component::{Tone, alert, card, definitions, empty, heading, moment, source_badge, time},
    csrf::Checked,
    error::Error,
    icon::{Icon, icon},
    log,
    page::{Tab, page},
    place::Place,
    query::address,
    source::{self, To},
    text,
};

/// How many entries of the sync log a person's page shows.
const ENTRIES: i32 = 20;

/// Reads a person by the id in an address.
pub(crate) async fn read(place: &Place, id: &str) -> Result<User, Error> {
    let request =
        GetUserRequest { name: format!("{}/users/{id}", place.name()), view: UserView::Full.into() };
    let user = place.viewer.clients.users.clone().get_user(request).await.map_err(Error::in_address)?;
    Ok(user.into_inner())
}

/// `GET /accounts/{account}/users/{id}`.
pub(crate) async fn show(place: Place, Path((_, id)): Path<(String, String)>) -> Result<Response, Error> {
    let user = read(&place, &id).await?;
    let log = entries(&place, &id).await?;
    let cards = cards::section(&place, &user).await?;
    let title = shown_name(&user).to_owned();
    let body = html! {
        (heading(&[("Users", Some(place.url("users")))], &title, actions(&place, &user)))
        (whose(&user))
        (card("Person", html! {}, definitions(&identity(&user))))
        (card("Contact", html! {}, contact(&user)))
        (card("Work", html! {}, definitions(&work(&user))))
        (cards)
        (card("Groups", html! {}, groups(&place, &user)))
        @for extension in &user.extensions {
            (card(&extension.schema, html! {}, html! { pre { code { (text::pretty(&extension.json)) } } }))
        }
        @if let Some(log) = log {
            (card(
                "Sync log of this person",
                html! { a href=(address(&place.url("log"), &[("resource", &id)])) { "All of it" } },
                html! {
                    @if log.is_empty() {
                        (empty("Nothing yet", "The identity provider has sent nothing about this person lately.", html! {}))
                    } @else {
                        (log::entries(&place, &log))
                    }
                },
            ))
        }
    };
    Ok(page(&place, Tab::Users, &title, body).into_response())
}

async fn entries(place: &Place, id: &str) -> Result<Option<Vec<SyncEntry>>, Error> {
    if !place.may("SyncLogService/ListSyncEntries") {
        return Ok(None);
    }
    let request = ListSyncEntriesRequest {
        parent: place.name(),
        page_size: ENTRIES,
        resource_id: id.to_owned(),
        ..ListSyncEntriesRequest::default()
    };
    Ok(Some(place.viewer.clients.sync_log.clone().list_sync_entries(request).await?.into_inner().entries))
}

fn actions(place: &Place, user: &User) -> Markup {
    let url = |rest: &str| place.url(&format!("users/{}/{rest}", text::id_of(&user.name)));
    html! {
        @if place.may("DiagnosisService/DiagnoseUser") {
            a.button href=(address(&place.url("diagnosis"), &[("user", text::id_of(&user.name))])) {
                "Why can't " (shown_name(user)) " print?"
            }
        }
        @if user.source() != UserSource::Scim && place.may("UserService/ReplaceUser") {
            a.button href=(url("edit")) { (icon(Icon::Edit)) "Edit" }
            a.button.quiet href=(url("delete")) { "Delete" }
        }
        @if place.may("UserService/SetUserSource") {
            @if user.source() == UserSource::Manual {
                a.button.quiet href=(url("source")) { "Give to the identity provider" }
            } @else {
                a.button.quiet href=(url("source")) { "Convert to manual" }
            }
        }
    }
}

fn whose(user: &User) -> Markup {
    match user.source() {
        UserSource::Manual => alert(
            Tone::Info,
            "Kept by hand",
            "You change this person here, and the identity provider may not. If it creates the same person anew, the \
             rules say whether it takes them over.",
        ),
        UserSource::Import => alert(
            Tone::Info,
            "Imported",
            "This person came by an import. When the identity provider creates the same person, the rules say whether \
             it takes them over.",
        ),
        UserSource::Scim | UserSource::Unspecified => html! {},
    }
}

fn identity(user: &User) -> Vec<(&'static str, Markup)> {
    let name = user.person_name.clone().unwrap_or_default();
    let mut rows = vec![
        ("User name", html! { (user.user_name) }),
        ("State", state(user)),
        ("From", source_badge(user.source())),
    ];
    let texts = [
        ("Display name", &user.display_name),
        ("Given name", &name.given_name),
        ("Middle name", &name.middle_name),
        ("Family name", &name.family_name),
        ("Formatted name", &name.formatted),
        ("Nickname", &user.nick_name),
        ("External id", &user.external_id),
        ("Language", &user.preferred_language),
        ("Locale", &user.locale),
        ("Time zone", &user.timezone),
        ("Profile", &user.profile_url),
    ];
    rows.extend(texts.into_iter().filter_map(text));
    rows.push(("Id", html! { code { (text::id_of(&user.name)) } }));
    rows.push(("Created", moment(user.create_time.as_ref())));
    rows.push(("Last change", time(user.update_time.as_ref())));
    rows
}

fn text((label, value): (&'static str, &Option<String>)) -> Option<(&'static str, Markup)> {
    value.as_deref().filter(|value| !value.is_empty()).map(|value| (label, html! { (value) }))
}

fn work(user: &User) -> Vec<(&'static str, Markup)> {
    let of = user.enterprise.clone().unwrap_or_default();
    let manager = of.manager.clone().unwrap_or_default();
    let mut rows: Vec<_> = [
        ("Title", &user.title),
        ("Type", &user.user_type),
        ("Department", &of.department),
        ("Division", &of.division),
        ("Organization", &of.organization),
        ("Cost centre", &of.cost_center),
        ("Employee number", &of.employee_number),
        ("Manager", if manager.display_name.is_some() { &manager.display_name } else { &manager.value }),
    ]
    .into_iter()
    .filter_map(text)
    .collect();
    if rows.is_empty() {
        rows.push(("Work", html! { span.none { "nothing is known" } }));
    }
    rows
}

fn contact(user: &User) -> Markup {
    let lists = [
        ("E-mail", &user.emails),
        ("Phone", &user.phone_numbers),
        ("Instant message", &user.ims),
        ("Role", &user.roles),
        ("Entitlement", &user.entitlements),
    ];
    let mut rows: Vec<(&str, Markup)> = Vec::new();
    for (label, values) in lists {
        rows.extend(values.iter().map(|value| (label, multi(value))));
    }
    for address in &user.addresses {
        let parts = [
            &address.street_address,
            &address.postal_code,
            &address.locality,
            &address.region,
            &address.country,
        ];
        let shown: Vec<&str> = parts.into_iter().filter_map(|part| part.as_deref()).collect();
        let shown = address.formatted.clone().unwrap_or_else(|| shown.join(", "));
        rows.push(("Address", html! { (shown) }));
    }
    if rows.is_empty() {
        rows.push(("Contact", html! { span.none { "nothing is known" } }));
    }
    definitions(&rows)
}

fn multi(value: &MultiValue) -> Markup {
    html! {
        (value.value.as_deref().or(value.display.as_deref()).unwrap_or_default())
        @if let Some(kind) = &value.r#type { " " span.quiet { "(" (kind) ")" } }
        @if value.primary == Some(true) { " " span.quiet { "primary" } }
    }
}

fn groups(place: &Place, user: &User) -> Markup {
    html! {
        @if user.groups.is_empty() {
            p.quiet { "In no group." }
        } @else {
            ul.plain {
                @for membership in &user.groups {
                    li {
                        a href=(place.url(&format!("groups/{}", text::id_of(&membership.group)))) { (membership.display_name) }
                    }
                }
            }
        }
    }
}

/// `GET /accounts/{account}/users/{id}/source`: asks.
pub(crate) async fn ask_source(
    place: Place,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Error> {
    place.demand("UserService/SetUserSource")?;
    let user = read(&place, &id).await?;
    let url = place.url(&format!("users/{id}"));
    Ok(source::ask(&place, Tab::Users, shown_name(&user), &url, user.source()).into_response())
}

/// `POST /accounts/{account}/users/{id}/source`.
pub(crate) async fn set_source(
    place: Place,
    Path((_, id)): Path<(String, String)>,
    Checked(to): Checked<To>,
) -> Result<Response, Error> {
    let source = to.source()?;
    let name = format!("{}/users/{id}", place.name());
    place.demand("UserService/SetUserSource")?;
    let user = read(&place, &id).await?;
    let action = if source == UserSource::Manual { "user.to_manual" } else { "user.to_scim" };
    place.record(action, &name, user.user_name).await?;
    let request = SetUserSourceRequest { name, source: source.into() };
    place.viewer.clients.users.clone().set_user_source(request).await?;
    Ok(Redirect::to(&place.url(&format!("users/{id}"))).into_response())
}
