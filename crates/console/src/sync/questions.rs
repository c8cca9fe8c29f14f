//! What is asked before something ends.

use maud::{Markup, html};
use rollcall_proto::token::{Token, TokenState};

use super::{form, tokens};
use crate::{
    component::{Question, Tone, alert, confirm, time},
    error::Error,
    place::Place,
};

/// The title where no third token can be made.
pub(super) const TWO_LIVE: &str = "Two tokens are live already";

/// Before a token is made beside another: title and page.
pub(super) fn regenerate(place: &Place, all: &[Token]) -> (&'static str, Markup) {
    let live: Vec<&Token> = all.iter().filter(|token| tokens::is_live(token)).collect();
    if live.len() > 1 {
        return (TWO_LIVE, two_live(place, all));
    }
    let body = html! {
        div.card.question {
            h2 { "What will happen" }
            ol.steps {
                li { "A new token is made, and shown once." }
                @if let Some(old) = live.first() {
                    li {
                        "The token that is live now, " code { (old.prefix) "…" } ", goes on working for the time that you "
                        "choose below, so nothing breaks meanwhile."
                    }
                    li { strong { "Your identity provider must get the new token in that time. " } "It does not get it by itself." }
                    li { "Once the new token has been at work alone for an hour, the old one ends by itself, or when you retire it." }
                } @else {
                    li { "No token is live now, so nothing gets in until your identity provider has the new one." }
                    li { strong { "Put the new token into your identity provider. " } "The Tenant URL stays as it is." }
                }
            }
            (form::generate(&place.viewer.csrf, &place.url("sync/tokens"), true, Some(&place.url("sync"))))
        }
    };
    ("Regenerate Token", body)
}

/// Why there is no third, and the way out.
pub(super) fn two_live(place: &Place, all: &[Token]) -> Markup {
    html! {
        (alert(Tone::Advice, "End one of them first", html! {
            p { "An account has at most two live tokens: one in use, and one that replaces it. No third was made." }
        }))
        (tokens::card(place, all))
        p.actions { a.button href=(place.url("sync")) { "Back" } }
    }
}

/// Before a token that is replaced ends ahead of its time.
pub(super) fn retire(place: &Place, id: &str, token: &Token) -> Result<Markup, Error> {
    if token.state() != TokenState::Retiring {
        return Err(Error::Conflict(
            "Only a token that a newer one replaces can be retired. It can be revoked.".to_owned(),
        ));
    }
    Ok(confirm(
        &place.viewer.csrf,
        Question {
            words: html! {
                h2 { "Retire " code { (token.prefix) "…" } " now?" }
                p {
                    "It would go on until " (time(token.retire_time.as_ref())) " otherwise. If your identity provider still "
                    "uses it, its calls are refused from now on."
                }
                p { (tokens::use_of(token)) }
            },
            action: &place.url(&format!("sync/tokens/{id}/retire")),
            fields: html! {},
            button: "Retire now",
            danger: false,
            back: &place.url("sync"),
        },
    ))
}

/// Before a token ends at once.
pub(super) fn revoke(place: &Place, id: &str, token: &Token) -> Result<Markup, Error> {
    if !tokens::is_live(token) {
        return Err(Error::Conflict("This token has ended already. Nothing is left to revoke.".to_owned()));
    }
    Ok(confirm(
        &place.viewer.csrf,
        Question {
            words: html! {
                h2 { "Revoke " code { (token.prefix) "…" } "?" }
                p {
                    "Calls with it are refused within a second, and it can never be used again. If your identity provider uses it, "
                    "nobody is kept in step until it has another."
                }
                p { (tokens::use_of(token)) }
                p.note { "Right when somebody has seen it who should not. To replace a token without a gap, regenerate instead." }
            },
            action: &place.url(&format!("sync/tokens/{id}/revoke")),
            fields: html! {},
            button: "Revoke",
            danger: true,
            back: &place.url("sync"),
        },
    ))
}
