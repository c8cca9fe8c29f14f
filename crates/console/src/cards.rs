//! Cards: whose they are, and who else says so.

mod person;

use axum::{
    extract::Path,
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use rollcall_proto::identity::{
    Card, CardSource, CardState, DeleteCardRequest, ExplainCardRequest, ExplainCardResponse, GetCardRequest,
    ListCardsRequest, ResolveClaimRequest,
};
use serde::Deserialize;

pub(crate) use self::person::{add, code, proof, section, set_secret};
use crate::{
    component::{
        Question, Tone, alert, badge, card as section_card, confirm, date, empty, field, heading, pager,
        table, time,
    },
    csrf::{Checked, Nothing},
    error::Error,
    icon::{Icon, icon},
    page::{Tab, page},
    place::Place,
    query::{Asked, address},
    text,
};

/// Cards on a page.
const PAGE: i32 = 50;

/// Which cards to list.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Look {
    #[serde(default)]
    conflicts: String,
    #[serde(default)]
    page: String,
}

/// `GET /accounts/{account}/cards`.
pub(crate) async fn list(place: Place, Asked(look): Asked<Look>) -> Result<Response, Error> {
    shown(&place, &look, None).await
}

async fn shown(
    place: &Place,
    look: &Look,
    explained: Option<ExplainCardResponse>,
) -> Result<Response, Error> {
    let conflicts = look.conflicts == "1";
    let request = ListCardsRequest {
        parent: place.name(),
        claims: conflicts,
        page_size: PAGE,
        page_token: look.page.clone(),
        user: String::new(),
    };
    let found = place.viewer.clients.cards.clone().list_cards(request).await?.into_inner();
    let url = place.url("cards");
    let next = (!found.next_page_token.is_empty())
        .then(|| address(&url, &[("conflicts", &look.conflicts), ("page", &found.next_page_token)]));
    let (words, hint) = if conflicts {
        ("No conflicts", "Nobody claims a card that somebody else holds.")
    } else {
        ("No cards yet", "The identity provider, an import, a person at a device, or you give people cards.")
    };
    let body = html! {
        (heading(&[], "Cards", html! {
            @if conflicts { a.button.quiet href=(url) { "All cards" } }
            @else { a.button.quiet href=(address(&url, &[("conflicts", "1")])) { "Conflicts" } }
        }))
        (section_card("Whose card is this?", html! {}, html! {
            form.row method="post" action={ (url) "/find" } {
                (place.viewer.csrf.field())
                (field("number", "Card number", "As the directory has it, or as a reader gives it.", html! {
                    input type="text" id="number" name="number" maxlength="128" required autocomplete="off" aria-describedby="number-hint";
                }))
                div.actions { button type="submit" { (icon(Icon::Search)) "Look" } }
            }
            @if let Some(explained) = &explained {
                (alert(
                    if explained.card.as_ref().is_some_and(|card| card.state() == CardState::Working) { Tone::Good } else { Tone::Advice },
                    &explained.explanation,
                    html! {
                        @for card in explained.card.iter().chain(&explained.claims) {
                            p { a href=(place.url(&format!("users/{}", text::id_of(&card.user)))) { (card.user_name) } " " (state(card.state())) }
                        }
                    },
                ))
            }
        }))
        @if found.cards.is_empty() {
            (empty(words, hint, html! {}))
        } @else {
            (table(
                if conflicts { "Conflicts" } else { "Cards" },
                &["Number", if conflicts { "Claimed by" } else { "Holder" }, "State", "Label", "From", "Until", "Last used", ""],
                found.cards.iter().map(|card| row(place, card)),
            ))
            (pager(next))
        }
    };
    Ok(page(place, Tab::Cards, "Cards", body).into_response())
}

fn row(place: &Place, card: &Card) -> Vec<Markup> {
    vec![
        html! { code { (card.number) } },
        html! { a href=(place.url(&format!("users/{}", text::id_of(&card.user)))) { (card.user_name) } },
        state(card.state()),
        html! { (card.label) @if !card.kind.is_empty() { " " span.quiet { (card.kind) } } },
        source(card),
        until(card),
        time(card.last_use_time.as_ref()),
        actions(place, card),
    ]
}

pub(crate) fn until(card: &Card) -> Markup {
    html! {
        @if card.valid_until.is_some() { (date(card.valid_until.as_ref())) } @else { span.none { "always" } }
        @if card.state() == CardState::NotYetValid { " " span.quiet { "from " (date(card.valid_from.as_ref())) } }
    }
}

/// What can be done with a card.
pub(crate) fn actions(place: &Place, card: &Card) -> Markup {
    let url = |rest: &str| place.url(&format!("cards/{}/{rest}", text::id_of(&card.name)));
    let is_claim = card.state() == CardState::Claimed;
    let is_provisioned = card.source() == CardSource::Scim && card.provisioned;
    html! {
        @if place.may("CardService/DeleteCard") {
            @if is_claim {
                a.button.quiet href=(url("resolve")) { "Settle" span.hidden { " the conflict about " (card.number) } }
            } @else if !is_provisioned {
                a.button.quiet href=(url("remove")) { "Remove" span.hidden { " card " (card.number) } }
            }
        }
    }
}

pub(crate) fn state(state: CardState) -> Markup {
    match state {
        CardState::Working => badge(Tone::Good, "works"),
        CardState::NotYetValid => badge(Tone::Info, "not yet valid"),
        CardState::Expired => badge(Tone::Advice, "expired"),
        CardState::HolderInactive => badge(Tone::Advice, "holder deactivated"),
        CardState::Claimed => badge(Tone::Alarm, "in conflict"),
        CardState::Unspecified => badge(Tone::Plain, "unknown"),
    }
}

pub(crate) fn source(card: &Card) -> Markup {
    let words = match card.source() {
        CardSource::Scim => "SCIM",
        CardSource::Import => "import",
        CardSource::Device => "device",
        CardSource::Console => "console",
        CardSource::Unspecified => "unknown",
    };
    html! {
        (badge(if card.source() == CardSource::Scim { Tone::Info } else { Tone::Plain }, words))
        @if card.provisioned && card.source() != CardSource::Scim { " " (badge(Tone::Info, "SCIM")) }
    }
}

/// A number to look for.
#[derive(Deserialize)]
pub(crate) struct Number {
    number: String,
}

/// `POST /accounts/{account}/cards/find`: a number is a secret, and stands in no address.
pub(crate) async fn find(
    place: Place,
    Checked(Number { number }): Checked<Number>,
) -> Result<Response, Error> {
    place.demand("CardService/ExplainCard")?;
    let explain = async |from_reader: bool| {
        let request = ExplainCardRequest { parent: place.name(), number: number.clone(), from_reader };
        place.viewer.clients.cards.clone().explain_card(request).await
    };
    let mut explained = explain(false).await?.into_inner();
    if explained.card.is_none() && explained.claims.is_empty() {
        // A number that is none of a reader's was none of the directory's either.
        if let Ok(of_reader) = explain(true).await {
            explained = of_reader.into_inner();
        }
    }
    shown(&place, &Look::default(), Some(explained)).await
}

async fn read(place: &Place, id: &str) -> Result<Card, Error> {
    let request = GetCardRequest { name: format!("{}/cards/{id}", place.name()) };
    Ok(place.viewer.clients.cards.clone().get_card(request).await.map_err(Error::in_address)?.into_inner())
}

fn person_url(place: &Place, card: &Card) -> String {
    place.url(&format!("users/{}", text::id_of(&card.user)))
}

/// `GET /accounts/{account}/cards/{card}/remove`: asks.
pub(crate) async fn ask_remove(
    place: Place,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Error> {
    place.demand("CardService/DeleteCard")?;
    let card = read(&place, &id).await?;
    let question = Question {
        words: html! {
            p { "The card " code { (card.number) } " of " strong { (card.user_name) } " stops working at once." }
            p { "If somebody else claims its number, that becomes their card." }
        },
        action: &place.url(&format!("cards/{id}/remove")),
        fields: html! {},
        button: "Remove the card",
        danger: true,
        back: &person_url(&place, &card),
    };
    let title = "Remove the card?";
    let body = html! {
        (heading(&[("Cards", Some(place.url("cards")))], title, html! {}))
        (confirm(&place.viewer.csrf, question))
    };
    Ok(page(&place, Tab::Cards, title, body).into_response())
}

/// `POST /accounts/{account}/cards/{card}/remove`.
pub(crate) async fn remove(
    place: Place,
    Path((_, id)): Path<(String, String)>,
    Checked(Nothing {}): Checked<Nothing>,
) -> Result<Redirect, Error> {
    place.demand("CardService/DeleteCard")?;
    let card = read(&place, &id).await?;
    place.record("card.remove", &card.name, format!("{} of {}", card.number, card.user_name)).await?;
    place.viewer.clients.cards.clone().delete_card(DeleteCardRequest { name: card.name.clone() }).await?;
    Ok(Redirect::to(&person_url(&place, &card)))
}

/// `GET /accounts/{account}/cards/{card}/resolve`: asks who is to have a number.
pub(crate) async fn ask_resolve(
    place: Place,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Error> {
    place.demand("CardService/ResolveClaim")?;
    let claim = read(&place, &id).await?;
    if claim.state() != CardState::Claimed {
        return Ok(Redirect::to(&person_url(&place, &claim)).into_response());
    }
    let holder = if claim.holder.is_empty() {
        "nobody".to_owned()
    } else {
        super::users::user_name(&place, text::id_of(&claim.holder)).await?
    };
    let title = "Whose card is it?";
    let body = html! {
        (heading(&[("Cards", Some(place.url("cards")))], title, html! {}))
        div.card.question {
            p {
                strong { (holder) } " holds the card " code { (claim.number) } ", and " strong { (claim.user_name) }
                " claims it too. Only one of them can have it."
            }
            p { "Whoever loses it here should lose it in the identity provider or file as well, or the claim comes back." }
            form method="post" action=(place.url(&format!("cards/{id}/resolve"))) {
                (place.viewer.csrf.field())
                div.actions {
                    button.primary type="submit" name="winner" value="claim" { "Give it to " (claim.user_name) }
                    button type="submit" name="winner" value="holder" { "Leave it with " (holder) }
                    a.button.quiet href=(address(&place.url("cards"), &[("conflicts", "1")])) { "Cancel" }
                }
            }
        }
    };
    Ok(page(&place, Tab::Cards, title, body).into_response())
}

/// Who gets the number.
#[derive(Deserialize)]
pub(crate) struct Verdict {
    winner: String,
}

/// `POST /accounts/{account}/cards/{card}/resolve`.
pub(crate) async fn resolve(
    place: Place,
    Path((_, id)): Path<(String, String)>,
    Checked(Verdict { winner }): Checked<Verdict>,
) -> Result<Redirect, Error> {
    place.demand("CardService/ResolveClaim")?;
    let claim = read(&place, &id).await?;
    let to_claim = match winner.as_str() {
        "claim" => true,
        "holder" => false,
        _ => return Err(Error::BadInput("Say who is to have the card.".to_owned())),
    };
    let said = format!("{} {} {}", claim.number, if to_claim { "to" } else { "not to" }, claim.user_name);
    place.record("card.resolve", &claim.name, said).await?;
    let mut cards = place.viewer.clients.cards.clone();
    if to_claim {
        cards.resolve_claim(ResolveClaimRequest { name: claim.name.clone() }).await?;
    } else {
        cards.delete_card(DeleteCardRequest { name: claim.name.clone() }).await?;
    }
    Ok(Redirect::to(&address(&place.url("cards"), &[("conflicts", "1")])))
}
