//! The table of tokens.

use maud::{Markup, html};
use rollcall_proto::token::{Token, TokenState};

use super::overview::{days_left, seconds_left};
use crate::{
    component::{self, Tone, badge, date, empty, table, time},
    place::Place,
    text,
};

const RETIRE: &str = "rollcall.token.v1.TokenService/RetireToken";
const REVOKE: &str = "rollcall.token.v1.TokenService/RevokeToken";

const COLUMNS: [&str; 7] = ["Token", "State", "Created", "Expires", "Last used", "Today", "Actions"];

/// Whether the token lets anybody in.
pub(super) fn is_live(token: &Token) -> bool {
    matches!(token.state(), TokenState::Active | TokenState::Retiring)
}

/// The id: the last part of the resource name.
pub(super) fn id(token: &Token) -> &str {
    token.name.rsplit_once('/').map_or("", |(_, id)| id)
}

/// The card with those that are live, and below, those that were.
pub(super) fn card(place: &Place, all: &[Token]) -> Markup {
    let (live, ended): (Vec<&Token>, Vec<&Token>) = all.iter().partition(|token| is_live(token));
    component::card(
        "Tokens",
        html! {},
        html! {
            @if live.is_empty() {
                (empty("No live token", "A token lets your identity provider in. Its secret is shown once, when it is made.", html! {}))
            } @else {
                @if live.len() > 1 {
                    p.note { "Two tokens are live, so that nothing breaks while your identity provider gets the new one. The old one ends earlier than it says once the new one has been at work alone for an hour." }
                }
                @let columns = if place.may(REVOKE) { &COLUMNS[..] } else { &COLUMNS[..6] };
                (table("Live tokens", columns, live.into_iter().map(|token| row(place, token))))
            }
            @if !ended.is_empty() {
                details.more {
                    summary { (text::count(i64::try_from(ended.len()).unwrap_or(i64::MAX), "token that has ended", "tokens that have ended")) }
                    (table("Tokens that have ended", &COLUMNS[..6], ended.into_iter().map(|token| row(place, token))))
                }
            }
        },
    )
}

fn row(place: &Place, token: &Token) -> Vec<Markup> {
    let mut cells = vec![
        html! { code { (token.prefix) "…" } },
        state(token),
        html! { (time(token.create_time.as_ref())) @if !token.created_by.is_empty() { span.second { "by " (token.created_by) } } },
        html! { (date(token.expire_time.as_ref())) @if is_live(token) { span.second { (days_left(seconds_left(token))) } } },
        last_use(token),
        html! { (text::grouped(token.uses_today)) },
    ];
    if is_live(token) {
        cells.push(actions(place, token));
    }
    cells
}

fn state(token: &Token) -> Markup {
    html! {
        @match token.state() {
            TokenState::Active => (badge(Tone::Good, "active")),
            TokenState::Retiring => {
                (badge(Tone::Advice, "retiring"))
                span.second { "ends " (time(token.retire_time.as_ref())) }
            },
            TokenState::Retired => (badge(Tone::Plain, "retired")),
            TokenState::Expired => (badge(Tone::Alarm, "expired")),
            TokenState::Revoked => (badge(Tone::Plain, "revoked")),
            TokenState::Unspecified => (badge(Tone::Plain, "unknown")),
        }
    }
}

/// When it was used, or that it never was, as a sentence.
pub(super) fn use_of(token: &Token) -> Markup {
    html! {
        @if token.last_use_time.is_some() { "It was last used " (time(token.last_use_time.as_ref())) "." }
        @else { "It was never used." }
    }
}

fn last_use(token: &Token) -> Markup {
    let who =
        if token.last_use_provider.is_empty() { &token.last_use_agent } else { &token.last_use_provider };
    html! {
        (time(token.last_use_time.as_ref()))
        @if token.last_use_time.is_some() {
            span.second {
                @if !who.is_empty() {
                    "by " span title=[(!token.last_use_agent.is_empty()).then_some(&token.last_use_agent)] { (shortened(who)) }
                }
                @if !token.last_use_address.is_empty() { " from " (token.last_use_address) }
            }
        }
    }
}

/// A User-Agent may be long; the whole is where the pointer rests.
fn shortened(agent: &str) -> String {
    match agent.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &agent[..end]),
        None => agent.to_owned(),
    }
}

fn actions(place: &Place, token: &Token) -> Markup {
    let url = |verb: &str| place.url(&format!("sync/tokens/{}/{verb}", id(token)));
    html! {
        div.actions {
            @if token.state() == TokenState::Retiring && place.may(RETIRE) {
                a.button.small href=(url("retire")) { "Retire now" span.hidden { " " (token.prefix) } }
            }
            @if place.may(REVOKE) {
                a.button.small.danger href=(url("revoke")) { "Revoke" span.hidden { " " (token.prefix) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_agent_is_cut_between_characters() {
        assert_eq!(shortened("curl/8"), "curl/8");
        assert_eq!(shortened(&"ä".repeat(41)), format!("{}…", "ä".repeat(40)));
    }

    #[test]
    fn what_a_client_says_of_itself_stays_a_text() {
        let hostile = "\"><script>".to_owned();
        let token = Token {
            last_use_agent: hostile.clone(),
            last_use_address: hostile,
            last_use_time: Some(text::now()),
            ..Default::default()
        };
        let markup = last_use(&token).0;
        assert!(!markup.contains("<script") && !markup.contains("\"\">"), "{markup}");
    }

    #[test]
    fn the_id_is_the_end_of_the_name() {
        assert_eq!(id(&Token { name: "accounts/a/tokens/t".to_owned(), ..Default::default() }), "t");
        assert_eq!(id(&Token::default()), "");
    }
}
