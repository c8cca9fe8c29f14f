//! The cards and secrets of one person, on the person's page.

use axum::{
    extract::Path,
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use prost_types::Timestamp;
use rollcall_proto::identity::{
    Card, ClearSecretRequest, CreateCardRequest, CreateRegistrationCodeRequest, ListCardsRequest,
    ListRemovalsRequest, ListSecretsRequest, Removal, Secret, SecretKind, SecretSource, SetSecretRequest,
    User,
};
use serde::Deserialize;

use super::{actions, source, state, until};
use crate::{
    component::{Tone, alert, card as section_card, field, heading, moment, table, time},
    csrf::{Checked, Nothing},
    error::Error,
    page::{Tab, page},
    place::Place,
    text,
};

/// Cards of a person: they have no more.
const ALL: i32 = 100;

/// What a person's page shows of cards, secrets, and the last removal.
pub(crate) async fn section(place: &Place, user: &User) -> Result<Markup, Error> {
    let request = ListCardsRequest {
        parent: place.name(),
        user: user.name.clone(),
        page_size: ALL,
        ..ListCardsRequest::default()
    };
    let cards = place.viewer.clients.cards.clone().list_cards(request).await?.into_inner().cards;
    let request = ListSecretsRequest { user: user.name.clone() };
    let secrets = place.viewer.clients.pins.clone().list_secrets(request).await?.into_inner().secrets;
    let request = ListRemovalsRequest { parent: place.name(), user: user.name.clone(), page_size: 1 };
    let removals = place.viewer.clients.stations.clone().list_removals(request).await?.into_inner().removals;
    let url = place.url(&format!("users/{}", text::id_of(&user.name)));
    Ok(html! {
        @if let Some(removal) = removals.first().filter(|_| !user.active()) { (proof(removal)) }
        (section_card("Cards", html! {}, html! {
            @if cards.is_empty() {
                p.quiet { "No card." }
            } @else {
                (table(
                    "Cards of this person",
                    &["Number", "State", "Label", "From", "Until", "Last used", ""],
                    cards.iter().map(|card| row(place, card)),
                ))
            }
            @if place.may("CardService/CreateCard") { (new_card(place, &url)) }
        }))
        (section_card("PIN and passcode", html! {}, html! {
            (table("Secrets of this person", &["What", "Set", "Last used", "State"], KINDS.iter().map(|(kind, words, _)| {
                let secret = secrets.iter().find(|secret| secret.kind() == *kind);
                vec![html! { (words) }, set(secret), html! { @if let Some(secret) = secret { (time(secret.last_use_time.as_ref())) } }, lock(secret)]
            })))
            @if place.may("PinService/SetSecret") { (new_secret(place, &url)) }
        }))
    })
}

const KINDS: [(SecretKind, &str, &str); 3] = [
    (SecretKind::Pin, "PIN", "pin"),
    (SecretKind::Passcode, "Passcode", "passcode"),
    (SecretKind::RegistrationCode, "Code to register a card", "registration-code"),
];

fn row(place: &Place, card: &Card) -> Vec<Markup> {
    vec![
        html! { code { (card.number) } },
        state(card.state()),
        html! { (card.label) @if !card.kind.is_empty() { " " span.quiet { (card.kind) } } },
        source(card),
        until(card),
        time(card.last_use_time.as_ref()),
        actions(place, card),
    ]
}

fn set(secret: Option<&Secret>) -> Markup {
    html! {
        @match secret {
            None => span.none { "none" },
            Some(secret) => {
                (time(secret.update_time.as_ref())) " "
                span.quiet {
                    @match secret.source() {
                        SecretSource::Scim => "by the identity provider",
                        SecretSource::Import => "by an import",
                        SecretSource::Person => "by the person",
                        SecretSource::Console | SecretSource::Unspecified => "by an administrator",
                    }
                }
            }
        }
    }
}

fn lock(secret: Option<&Secret>) -> Markup {
    html! {
        @if let Some(secret) = secret {
            @if secret.locked_until.is_some() {
                "locked until " (moment(secret.locked_until.as_ref())) " after " (secret.failures) " wrong tries"
            } @else if secret.expire_time.is_some() {
                "good until " (moment(secret.expire_time.as_ref()))
            } @else if secret.failures > 0 {
                (text::count(secret.failures.into(), "wrong try", "wrong tries"))
            }
        }
    }
}

/// `Removed at 12:00:01.2, confirmed by 12 of 12 stations in 0.8 s`.
pub(crate) fn proof(removal: &Removal) -> Markup {
    let Removal { time: at, stations, confirmed, confirmed_after, waiting, .. } = removal;
    let done = stations == confirmed;
    let after =
        confirmed_after.as_ref().map(|after| after.seconds * 1000 + i64::from(after.nanos) / 1_000_000);
    let in_seconds =
        after.filter(|_| done).map(|millis| format!(" in {}.{} s", millis / 1000, millis % 1000 / 100));
    let title = if *stations == 0 {
        format!("Cards and PIN stopped working at {}", to_tenth(at.as_ref()))
    } else {
        let in_seconds = in_seconds.unwrap_or_default();
        format!(
            "Removed at {}, confirmed by {confirmed} of {stations} stations{in_seconds}",
            to_tenth(at.as_ref())
        )
    };
    let words = html! {
        @if *stations == 0 { "No station keeps a copy: all of them ask here, and were refused from that moment." }
        @else if done { "No card, PIN or passcode of this person works anywhere." }
        @else { "Not yet confirmed by " (waiting.join(", ")) ". A station that is off learns it when it is back, and refuses everybody once its copy is too old." }
    };
    alert(if done { Tone::Good } else { Tone::Advice }, &title, words)
}

fn to_tenth(time: Option<&Timestamp>) -> String {
    let Some(time) = time else { return String::new() };
    let time = chrono::DateTime::from_timestamp(time.seconds, u32::try_from(time.nanos).unwrap_or_default());
    let Some(time) = time else { return String::new() };
    format!("{}.{} UTC", time.format("%-d %b %Y, %H:%M:%S"), time.timestamp_subsec_millis() / 100)
}

fn new_card(place: &Place, url: &str) -> Markup {
    html! {
        form.row method="post" action={ (url) "/cards" } {
            (place.viewer.csrf.field())
            (field("card-number", "New card: number", "", html! {
                input type="text" id="card-number" name="number" maxlength="128" required autocomplete="off";
            }))
            (field("card-label", "Label", "", html! { input type="text" id="card-label" name="label" maxlength="128" placeholder="Loaner 7"; }))
            (field("card-life", "Works for", "", html! {
                select id="card-life" name="life" {
                    @for (value, words, _) in LIVES { option value=(value) { (words) } }
                }
            }))
            div.actions { button type="submit" { "Add card" } }
        }
    }
}

/// For how many days a card works: a loaner ends by itself.
const LIVES: [(&str, &str, i64); 5] = [
    ("always", "always", 0),
    ("day", "one day", 1),
    ("week", "a week", 7),
    ("month", "30 days", 30),
    ("quarter", "90 days", 90),
];

/// A card to give.
#[derive(Deserialize)]
pub(crate) struct NewCard {
    number: String,
    #[serde(default)]
    label: String,
    #[serde(default)]
    life: String,
}

/// `POST /accounts/{account}/users/{id}/cards`.
pub(crate) async fn add(
    place: Place,
    Path((_, id)): Path<(String, String)>,
    Checked(new): Checked<NewCard>,
) -> Result<Redirect, Error> {
    place.demand("CardService/CreateCard")?;
    let NewCard { number, label, life } = new;
    let user = super::super::users::read(&place, &id).await?;
    let days = LIVES.iter().find(|(value, ..)| *value == life).map_or(0, |(.., days)| *days);
    let valid_until =
        (days > 0).then(|| Timestamp { seconds: text::now().seconds + days * text::DAY, nanos: 0 });
    place.record("card.add", &user.name, format!("to {}", user.user_name)).await?;
    let card = Card { user: user.name, number, label, valid_until, ..Card::default() };
    let request = CreateCardRequest { parent: place.name(), card: Some(card) };
    place.viewer.clients.cards.clone().create_card(request).await?;
    Ok(Redirect::to(&place.url(&format!("users/{id}"))))
}

fn new_secret(place: &Place, url: &str) -> Markup {
    html! {
        form.row method="post" action={ (url) "/secrets" } {
            (place.viewer.csrf.field())
            (field("secret-kind", "What", "", html! {
                select id="secret-kind" name="kind" { option value="pin" { "PIN" } option value="passcode" { "Passcode" } }
            }))
            (field("secret", "New one", "Empty removes it. It cannot be read afterwards.", html! {
                input type="password" id="secret" name="secret" maxlength="128" autocomplete="new-password" aria-describedby="secret-hint";
            }))
            div.actions { button type="submit" { "Set" } }
        }
        form.row method="post" action={ (url) "/code" } {
            (place.viewer.csrf.field())
            div.actions { button.quiet type="submit" { "Make a code to register a card" } }
        }
    }
}

/// A secret to set.
#[derive(Deserialize)]
pub(crate) struct NewSecret {
    kind: String,
    #[serde(default)]
    secret: String,
}

/// `POST /accounts/{account}/users/{id}/secrets`.
pub(crate) async fn set_secret(
    place: Place,
    Path((_, id)): Path<(String, String)>,
    Checked(new): Checked<NewSecret>,
) -> Result<Redirect, Error> {
    place.demand("PinService/SetSecret")?;
    let NewSecret { kind, secret } = new;
    let (kind, words) = match kind.as_str() {
        "pin" => (SecretKind::Pin, "PIN"),
        "passcode" => (SecretKind::Passcode, "passcode"),
        _ => return Err(Error::BadInput("It must be a PIN or a passcode.".to_owned())),
    };
    let user = super::super::users::read(&place, &id).await?;
    let verb = if secret.is_empty() { "removed" } else { "set" };
    place.record("secret.set", &user.name, format!("{words} of {} {verb}", user.user_name)).await?;
    let mut pins = place.viewer.clients.pins.clone();
    if secret.is_empty() {
        pins.clear_secret(ClearSecretRequest { user: user.name, kind: kind.into() }).await?;
    } else {
        let source = SecretSource::Console.into();
        pins.set_secret(SetSecretRequest { user: user.name, kind: kind.into(), secret, source }).await?;
    }
    Ok(Redirect::to(&place.url(&format!("users/{id}"))))
}

/// `POST /accounts/{account}/users/{id}/code`: shows a code once. A reload asks the browser's question, and makes another, which
/// ends the one before.
pub(crate) async fn code(
    place: Place,
    Path((_, id)): Path<(String, String)>,
    Checked(Nothing {}): Checked<Nothing>,
) -> Result<Response, Error> {
    place.demand("PinService/CreateRegistrationCode")?;
    let user = super::super::users::read(&place, &id).await?;
    place.record("secret.code", &user.name, format!("for {}", user.user_name)).await?;
    let request = CreateRegistrationCodeRequest { user: user.name.clone() };
    let made = place.viewer.clients.pins.clone().create_registration_code(request).await?.into_inner();
    let name = super::super::users::shown_name(&user).to_owned();
    let url = place.url(&format!("users/{id}"));
    let title = "A code to register a card";
    let body = html! {
        (heading(&[("Users", Some(place.url("users"))), (&name, Some(url.clone()))], title, html! {}))
        div.card {
            p { (name) " types this at a device, with the user name " strong { (user.user_name) } ", and then holds a card to the reader:" }
            p.secret { code { (made.code) } }
            p { "It is good once, until " (moment(made.expire_time.as_ref())) ", and is not shown again." }
            div.actions { a.button.primary href=(url) { "Done" } }
        }
    };
    Ok(page(&place, Tab::Users, title, body).into_response())
}
