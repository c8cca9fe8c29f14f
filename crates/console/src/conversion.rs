//! How the numbers of readers and directory become the same.

mod form;
mod words;

use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use rollcall_proto::identity::{
    CardConversion, ConversionCandidate, ConversionPair, GetConversionRequest, InferConversionRequest,
    PreviewConversionRequest, PreviewConversionResponse, UpdateConversionRequest,
};
use serde::Deserialize;

use crate::{
    component::{Tone, alert, card, field, heading, table},
    csrf::Checked,
    error::Error,
    page::{Tab, page},
    place::Place,
};

/// Pairs that the form asks for.
const PAIRS: usize = 3;

/// `GET /accounts/{account}/conversion`.
pub(crate) async fn show(place: Place) -> Result<Response, Error> {
    shown(&place, html! {}).await
}

async fn shown(place: &Place, below: Markup) -> Result<Response, Error> {
    let request = GetConversionRequest { parent: place.name() };
    let current = place.viewer.clients.conversions.clone().get_conversion(request).await?.into_inner();
    let current = current.conversion.unwrap_or_default();
    let edits = place.may("ConversionService/UpdateConversion");
    let title = "Card numbers";
    let body = html! {
        (heading(&[], title, html! {}))
        (card("What is done with a number", html! {}, html! {
            @if current == CardConversion::default() {
                p { "Numbers of readers and directory are compared as they are." }
            } @else {
                (words::list(&current))
                @if edits {
                    form method="post" action=(place.url("conversion/preview")) {
                        (place.viewer.csrf.field())
                        input type="hidden" name="conversion" value=(form::write(&CardConversion::default()));
                        button.quiet type="submit" { "Compare them as they are" }
                    }
                }
            }
        }))
        (below)
        @if edits { (card("Find it out with three cards", html! {}, ask(place))) }
    };
    Ok(page(place, Tab::Conversion, title, body).into_response())
}

fn ask(place: &Place) -> Markup {
    html! {
        p { "Hold three different cards to a reader and look what it gives; beside each write what the identity provider or file has for the same card." }
        form.form method="post" action=(place.url("conversion/infer")) {
            (place.viewer.csrf.field())
            @for number in 1..=PAIRS {
                div.row {
                    (field(&format!("reader{number}"), &format!("Card {number}: the reader gives"), "", html! {
                        input type="text" id={ "reader" (number) } name={ "reader" (number) } maxlength="128" required[number == 1] autocomplete="off";
                    }))
                    (field(&format!("directory{number}"), "the directory has", "", html! {
                        input type="text" id={ "directory" (number) } name={ "directory" (number) } maxlength="128" required[number == 1] autocomplete="off";
                    }))
                }
            }
            div.actions { button.primary type="submit" { "Find out" } }
        }
    }
}

/// What was typed of three cards. Numbers are secrets, and stand in no address.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Typed {
    reader1: String,
    directory1: String,
    reader2: String,
    directory2: String,
    reader3: String,
    directory3: String,
}

/// `POST /accounts/{account}/conversion/infer`.
pub(crate) async fn infer(place: Place, Checked(typed): Checked<Typed>) -> Result<Response, Error> {
    place.demand("ConversionService/InferConversion")?;
    let Typed { reader1, directory1, reader2, directory2, reader3, directory3 } = typed;
    let pairs: Vec<ConversionPair> = [(reader1, directory1), (reader2, directory2), (reader3, directory3)]
        .into_iter()
        .filter(|(reader, directory)| !reader.trim().is_empty() || !directory.trim().is_empty())
        .map(|(reader_value, directory_value)| ConversionPair { reader_value, directory_value })
        .collect();
    let few = pairs.len() < PAIRS;
    let request = InferConversionRequest { parent: place.name(), pairs };
    let found = place.viewer.clients.conversions.clone().infer_conversion(request).await?.into_inner();
    let below = html! {
        @if found.candidates.is_empty() {
            (alert(Tone::Advice, "Nothing that is known of readers makes these numbers the same", html! {
                p { "Look at the numbers again: is each pair of one card? Some readers can be set to give another number." }
            }))
        }
        @if few && !found.candidates.is_empty() {
            (alert(Tone::Advice, "Fewer than three cards prove little", html! { p { "Short numbers agree by chance." } }))
        }
        @for candidate in &found.candidates { (offer(&place, candidate)) }
    };
    shown(&place, below).await
}

fn offer(place: &Place, candidate: &ConversionCandidate) -> Markup {
    let conversion = candidate.conversion.clone().unwrap_or_default();
    card(
        &candidate.explanation,
        html! {},
        html! {
            (words::list(&conversion))
            form method="post" action=(place.url("conversion/preview")) {
                (place.viewer.csrf.field())
                input type="hidden" name="conversion" value=(form::write(&conversion));
                button type="submit" { "See what it does to the cards here" }
            }
        },
    )
}

/// A conversion, as our own pages write it.
#[derive(Deserialize)]
pub(crate) struct Chosen {
    conversion: String,
}

/// `POST /accounts/{account}/conversion/preview`.
pub(crate) async fn preview(place: Place, Checked(chosen): Checked<Chosen>) -> Result<Response, Error> {
    place.demand("ConversionService/PreviewConversion")?;
    let conversion = form::read(&chosen.conversion)?;
    let request = PreviewConversionRequest { parent: place.name(), conversion: Some(conversion.clone()) };
    let seen = place.viewer.clients.conversions.clone().preview_conversion(request).await?.into_inner();
    let fits = seen.collision_count == 0 && seen.failure_count == 0;
    let below = card(
        "Before it is switched on",
        html! {},
        html! {
            (verdict(&seen, fits))
            (words::list(&conversion))
            @if fits {
                form method="post" action=(place.url("conversion")) {
                    (place.viewer.csrf.field())
                    input type="hidden" name="conversion" value=(form::write(&conversion));
                    button.primary type="submit" { "Switch it on" }
                }
            }
        },
    );
    shown(&place, below).await
}

fn verdict(seen: &PreviewConversionResponse, fits: bool) -> Markup {
    let cards = crate::text::count(seen.cards.into(), "card", "cards");
    let changed = format!("Of {cards} here, {} would have another number than now.", seen.changed);
    html! {
        @if fits {
            (alert(Tone::Good, "No two people would have the same number", html! { p { (changed) } }))
        } @else {
            (alert(Tone::Alarm, "It cannot be switched on as things are", html! { p { (changed) } }))
        }
        @if !seen.collisions.is_empty() {
            p { "The same number would belong to:" }
            (table("Collisions", &["People"], seen.collisions.iter().map(|collision| vec![html! { (collision.user_names.join(", ")) }])))
        }
        @if !seen.failures.is_empty() {
            p { "It cannot be applied to the cards of:" }
            (table("Failures", &["Person", "Why"], seen.failures.iter().map(|failure| vec![html! { (failure.user_name) }, html! { (failure.problem) }])))
        }
    }
}

/// `POST /accounts/{account}/conversion`.
pub(crate) async fn update(place: Place, Checked(chosen): Checked<Chosen>) -> Result<Redirect, Error> {
    place.demand("ConversionService/UpdateConversion")?;
    let conversion = form::read(&chosen.conversion)?;
    place.record("conversion.update", &place.name(), words::line(&conversion)).await?;
    let request = UpdateConversionRequest { parent: place.name(), conversion: Some(conversion) };
    place.viewer.clients.conversions.clone().update_conversion(request).await?;
    Ok(Redirect::to(&place.url("conversion")))
}
