//! The page itself.

use maud::{Markup, html};
use rollcall_proto::token::{Connection, Token, Warning};
use serde::Deserialize;

use super::{GENERATE, TITLE, form, state, tokens};
use crate::{
    component::{Tone, alert, card, copyable, date, heading, time},
    icon::{Icon, icon},
    place::Place,
    text::{self, DAY},
};

/// What was just done.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Done {
    /// A token was retired.
    Retired,
    /// A token was revoked.
    Revoked,
}

/// The page, below its frame.
pub(super) fn body(place: &Place, connection: &Connection, all: &[Token], done: Option<Done>) -> Markup {
    let trail = [("Account Settings", None), ("Settings", None)];
    let may = place.may(GENERATE);
    html! {
        (heading(&trail, TITLE, html! { @if may { (button(place, all)) } }))
        @if let Some(done) = done { (said(done)) }
        @for warning in &connection.warnings { (warning_alert(place, warning, may)) }
        div.grid {
            (card("Connection", html! { (sync_log(place)) }, html! {
                div data-refresh=(place.url("sync/state")) data-every="5" { (state::card(connection)) }
            }))
            (card("Credentials", html! { a href=(place.url("guide")) { "Setup guide" } }, credentials(place, all, may)))
            (card("Token Expiry", html! { a href=(place.url("notices")) { "Notices" } }, expiry(connection.token.as_ref())))
        }
        (tokens::card(place, all))
        @if connection.last_success_time.is_some() { (import_advice()) }
    }
}

/// Whether there is a token already decides what the button says, and whether it asks.
fn button(place: &Place, all: &[Token]) -> Markup {
    html! {
        @if all.is_empty() {
            a.button.primary href="#generate" { (icon(Icon::Key)) "Get started" }
        } @else {
            a.button.primary href=(place.url("sync/regenerate")) { (icon(Icon::Key)) "Regenerate Token" }
        }
    }
}

fn said(done: Done) -> Markup {
    match done {
        Done::Retired => {
            alert(Tone::Good, "Retired", "The old token has ended. The new one is the only one now.")
        }
        Done::Revoked => {
            alert(Tone::Good, "Revoked", "The token has ended: calls with it are refused within a second.")
        }
    }
}

fn warning_alert(place: &Place, warning: &Warning, may: bool) -> Markup {
    use rollcall_proto::token::WarningKind as Kind;
    let tone = if warning.alarm { Tone::Alarm } else { Tone::Advice };
    let (title, link) = match warning.kind() {
        Kind::Silent => ("Nothing came for over 60 days", Some(("guide", "Look at the setup guide"))),
        Kind::TokenExpires => {
            ("The token ends soon", may.then_some(("sync/regenerate", "Regenerate the token")))
        }
        Kind::TokenExpired => {
            ("The token has ended", may.then_some(("sync/regenerate", "Regenerate the token")))
        }
        Kind::Failing => ("Every call fails", Some(("log?result=failed", "See why in the sync log"))),
        Kind::ReadsOnly => ("It only reads", Some(("guide", "Look at the setup guide"))),
        Kind::Late => ("A call is overdue", Some(("log", "See the sync log"))),
        Kind::Refused => ("Calls come with a token that has ended", Some(("guide", "Where the token goes"))),
        Kind::Unspecified => ("Something to know", None),
    };
    alert(
        tone,
        title,
        html! {
            p { (text::sentence(&warning.message)) }
            @if let Some((path, words)) = link { p { a href=(place.url(path)) { (words) } } }
        },
    )
}

fn sync_log(place: &Place) -> Markup {
    html! { a href=(place.url("log")) { "Sync log" } }
}

fn credentials(place: &Place, all: &[Token], may: bool) -> Markup {
    html! {
        p { "Your identity provider asks for these two, under names like these." }
        (copyable("Tenant URL", &place.tenant_url()))
        @if let Some(newest) = all.iter().find(|token| tokens::is_live(token)) {
            div.copyable {
                span.label { "Token" }
                code.value { (newest.prefix) "…" }
                span.note { "shown once, when it was made" }
            }
        } @else {
            div.copyable { span.label { "Token" } span.none { @if all.is_empty() { "none yet" } @else { "none that is live" } } }
        }
        @if may && all.is_empty() {
            div id="generate" { (form::generate(&place.viewer.csrf, &place.url("sync/tokens"), false, None)) }
        }
    }
}

fn expiry(newest: Option<&Token>) -> Markup {
    let Some(token) = newest else { return html! { p.none { "There is no token that could end." } } };
    let left = days_left(token);
    let tone = match left {
        ..0 => "alarm",
        0..14 => "advice",
        _ => "plain",
    };
    html! {
        p class={ "figure " (tone) } {
            @match left {
                ..0 => "Ended",
                0 => "Less than a day",
                _ => (text::count(left, "day left", "days left")),
            }
        }
        p { @if left < 0 { "It ended on " } @else { "It ends on " } (date(token.expire_time.as_ref())) ", " (time(token.expire_time.as_ref())) "." }
        p.note { "The page warns from two weeks before. E-mail and webhook tell 90, 30, 14, 7 and 1 days before, and at the end, where they are set." }
    }
}

/// Whole days until a token ends; negative once it has.
pub(super) fn days_left(token: &Token) -> i64 {
    let end = token.expire_time.as_ref().map_or(0, |time| time.seconds);
    (end - text::now().seconds).div_euclid(DAY)
}

fn import_advice() -> Markup {
    alert(
        Tone::Info,
        "Your identity provider is where people are kept",
        html! {
            p {
                "Once people come over SCIM, importing users by CSV as well is advised against, except for adding cards: the two "
                "would write over each other."
            }
        },
    )
}
