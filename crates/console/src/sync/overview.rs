//! The page itself.

use maud::{Markup, html};
use rollcall_proto::token::{Connection, Token, Warning};
use serde::Deserialize;

use super::{GENERATE, TITLE, form, state, tokens};
use crate::{
    component::{Tone, alert, card, copyable, date, heading},
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
        (heading(&trail, TITLE, html! { @if may && !all.is_empty() { (regenerate(place)) } }))
        @if let Some(done) = done { (said(done)) }
        @for warning in &connection.warnings { (warning_alert(place, warning, may)) }
        div.grid {
            (card("Connection", html! { (sync_log(place)) }, html! {
                div data-refresh=(place.url("sync/state")) data-every="5" { (state::card(connection)) }
            }))
            (card("Credentials", html! { a href=(place.url("guide")) { "Setup guide" } }, credentials(place, all, may)))
            (card("Token Expiry", notices(place), expiry(connection.token.as_ref())))
        }
        (tokens::card(place, all))
        @if connection.last_success_time.is_some() { (import_advice(place)) }
    }
}

/// It asks before it acts: something is connected already, or was.
fn regenerate(place: &Place) -> Markup {
    html! {
        a.button.primary href=(place.url("sync/regenerate")) { (icon(Icon::Key)) "Regenerate Token" }
    }
}

fn notices(place: &Place) -> Markup {
    html! {
        @if place.may("rollcall.token.v1.NoticeService/GetNoticeSettings") {
            a href=(place.url("notices")) { "Notices" }
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
        p { "Your identity provider asks for these two." }
        (copyable("Tenant URL", &place.tenant_url()))
        @if let Some(newest) = all.iter().find(|token| tokens::is_live(token)) {
            div.copyable {
                span.label { "Token" }
                code.value { (newest.prefix) "…" }
                span.note { "not shown again" }
            }
        } @else {
            div.copyable { span.label { "Token" } span.none { @if all.is_empty() { "none yet" } @else { "none that is live" } } }
        }
        @if may && all.is_empty() {
            (form::generate(&place.viewer.csrf, &place.url("sync/tokens"), false, None))
        }
    }
}

fn expiry(newest: Option<&Token>) -> Markup {
    let Some(token) = newest else { return html! { p.none { "There is no token that could end." } } };
    let left = seconds_left(token);
    let tone = match left {
        ..0 => "alarm",
        _ if left < 14 * DAY => "advice",
        _ => "plain",
    };
    html! {
        p class={ "figure " (tone) } { (days_left(left)) }
        p { @if left < 0 { "It ended on " } @else { "It ends on " } (date(token.expire_time.as_ref())) "." }
        p.note { "Who is named under Notices is told 90, 30, 14, 7 and 1 days before, and at the end." }
    }
}

/// How long a token still works by itself; negative once it has ended.
pub(super) fn seconds_left(token: &Token) -> i64 {
    token.expire_time.as_ref().map_or(0, |time| time.seconds) - text::now().seconds
}

/// `365 days left`, as the notices say it: a day that has begun counts.
pub(super) fn days_left(seconds: i64) -> String {
    match seconds {
        ..0 => "Ended".to_owned(),
        0..DAY => "Less than a day left".to_owned(),
        _ => text::count((seconds + DAY - 1) / DAY, "day left", "days left"),
    }
}

fn import_advice(place: &Place) -> Markup {
    alert(
        Tone::Info,
        "Your identity provider is where people are kept",
        html! {
            p {
                "Once people come over SCIM, importing users by CSV as well is advised against, except for adding cards: the two "
                "would write over each other."
            }
            @if place.may("ImportService/ImportUsers") { p { a href=(place.url("import")) { "Import cards" } } }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_that_has_begun_counts() {
        for (seconds, said) in [
            (-1, "Ended"),
            (0, "Less than a day left"),
            (DAY - 1, "Less than a day left"),
            (DAY, "1 day left"),
            (DAY + 1, "2 days left"),
            (2 * DAY - 1, "2 days left"),
            (365 * DAY - 30, "365 days left"),
        ] {
            assert_eq!(days_left(seconds), said, "{seconds}");
        }
    }
}
