//! Stations that keep a copy, and what they have confirmed.

use axum::{
    extract::Path,
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use rollcall_proto::identity::{
    DeleteStationRequest, ListRemovalsRequest, ListStationsRequest, Removal, Station,
};

use crate::{
    component::{Question, Tone, badge, card, confirm, empty, heading, moment, table, time},
    csrf::{Checked, Nothing},
    error::Error,
    page::{Tab, page},
    place::Place,
    query::segment,
    text,
};

/// Removals on the page.
const REMOVALS: i32 = 20;

/// `GET /accounts/{account}/stations`.
pub(crate) async fn list(place: Place) -> Result<Response, Error> {
    let request = ListStationsRequest { parent: place.name() };
    let mut stations = place.viewer.clients.stations.clone();
    let found = stations.list_stations(request).await?.into_inner();
    let request = ListRemovalsRequest { parent: place.name(), user: String::new(), page_size: REMOVALS };
    let removals = stations.list_removals(request).await?.into_inner().removals;
    let body = html! {
        (heading(&[], "Stations", html! {}))
        @if found.stations.is_empty() {
            (empty("No station keeps a copy", "A station that follows the changes, so that it can answer when the centre is gone, appears here.", html! {}))
        } @else {
            (table(
                "Stations",
                &["Station", "State", "Changes", "Last heard", "Since", ""],
                found.stations.iter().map(|station| row(&place, station, found.head_revision)),
            ))
        }
        (card("Who left", html! {}, html! {
            @if removals.is_empty() {
                p.quiet { "Nobody in the last 90 days." }
            } @else {
                (table("Who left", &["Person", "When", "What", "Confirmed"], removals.iter().map(|removal| gone(&place, removal))))
            }
        }))
    };
    Ok(page(&place, Tab::Stations, "Stations", body).into_response())
}

fn row(place: &Place, station: &Station, head: i64) -> Vec<Markup> {
    vec![
        html! { (station.station) },
        if station.connected { badge(Tone::Good, "connected") } else { badge(Tone::Advice, "away") },
        html! {
            @if station.revision >= head { "up to date" }
            @else { (text::count(head - station.revision, "change behind", "changes behind")) }
        },
        time(station.acknowledge_time.as_ref()),
        time(station.create_time.as_ref()),
        html! {
            @if place.may("StationService/DeleteStation") {
                a.button.quiet href=(place.url(&format!("stations/{}/forget", segment(&station.station)))) {
                    "Forget" span.hidden { " " (station.station) }
                }
            }
        },
    ]
}

fn gone(place: &Place, removal: &Removal) -> Vec<Markup> {
    let id = text::id_of(&removal.user);
    vec![
        html! {
            @if removal.deleted { code { (id) } } @else { a href=(place.url(&format!("users/{id}"))) { code { (id) } } }
        },
        moment(removal.time.as_ref()),
        html! { (if removal.deleted { "deleted" } else { "deactivated" }) },
        html! { (removal.confirmed) " of " (removal.stations) },
    ]
}

/// `GET /accounts/{account}/stations/{station}/forget`: asks.
pub(crate) async fn ask_forget(
    place: Place,
    Path((_, station)): Path<(String, String)>,
) -> Result<Response, Error> {
    place.demand("StationService/DeleteStation")?;
    let question = Question {
        words: html! {
            p { "The station " strong { (station) } " no longer counts among those that confirm when somebody leaves. Its copy is not deleted by that." }
            p { "If it comes back, it is here again." }
        },
        action: &place.url(&format!("stations/{}/forget", segment(&station))),
        fields: html! {},
        button: "Forget the station",
        danger: true,
        back: &place.url("stations"),
    };
    let title = "Forget the station?";
    let body = html! {
        (heading(&[("Stations", Some(place.url("stations")))], title, html! {}))
        (confirm(&place.viewer.csrf, question))
    };
    Ok(page(&place, Tab::Stations, title, body).into_response())
}

/// `POST /accounts/{account}/stations/{station}/forget`.
pub(crate) async fn forget(
    place: Place,
    Path((_, station)): Path<(String, String)>,
    Checked(Nothing {}): Checked<Nothing>,
) -> Result<Redirect, Error> {
    place.demand("StationService/DeleteStation")?;
    let name = format!("{}/stations/{station}", place.name());
    place.record("station.forget", &name, String::new()).await?;
    place.viewer.clients.stations.clone().delete_station(DeleteStationRequest { name }).await?;
    Ok(Redirect::to(&place.url("stations")))
}
