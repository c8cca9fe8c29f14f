//! How the connection is doing, in words.

use maud::{Markup, html};
use rollcall_proto::token::{Connection, ConnectionState};

use crate::{
    component::{Tone, badge, definitions, time},
    text,
};

/// One state: its colour, its name, and what it means or what to do.
fn words(state: ConnectionState) -> (Tone, &'static str, &'static str) {
    match state {
        ConnectionState::Unspecified => (Tone::Plain, "Unknown", "The state cannot be told right now."),
        ConnectionState::NoToken => (
            Tone::Plain,
            "Not connected",
            "There is no token. Generate one, and give it to your identity provider with the Tenant URL.",
        ),
        ConnectionState::Waiting => (
            Tone::Info,
            "Waiting for the first call",
            "Give the Tenant URL and the token to your identity provider, and test the connection there.",
        ),
        ConnectionState::Refused => (
            Tone::Alarm,
            "Refused",
            "Your identity provider calls with a token that has ended. Give it the newest one.",
        ),
        ConnectionState::Expired => {
            (Tone::Alarm, "Ended", "No live token is left, so nothing gets in. Regenerate the token.")
        }
        ConnectionState::Silent => (
            Tone::Alarm,
            "Silent",
            "Nothing came for over 60 days. Look in your identity provider whether provisioning is still on.",
        ),
        ConnectionState::Failing => {
            (Tone::Alarm, "Failing", "Calls come, and every one fails. The sync log says why.")
        }
        ConnectionState::Late => (
            Tone::Advice,
            "Late",
            "A call is overdue. It may come by itself; otherwise look at provisioning in your identity provider.",
        ),
        ConnectionState::ReadsOnly => (
            Tone::Advice,
            "Reads only",
            "Your identity provider looks, and has never sent anybody. Look whether people are assigned there.",
        ),
        ConnectionState::Connected => {
            (Tone::Good, "Connected", "Your identity provider keeps people and groups here.")
        }
    }
}

/// The state alone.
pub(crate) fn state_badge(connection: &Connection) -> Markup {
    let (tone, name, _) = words(connection.state());
    badge(tone, name)
}

/// The line that follows the connection: *waiting for the first call*, then *connected*.
pub(crate) fn line(connection: &Connection) -> Markup {
    let (tone, name, _) = words(connection.state());
    html! {
        p.live {
            (badge(tone, name))
            @if let Some(last) = &connection.last_access_time {
                span { (provider(connection)) ", last access " (time(Some(last))) }
            } @else if connection.state() == ConnectionState::Waiting {
                span.waiting { "This line changes by itself." }
            }
        }
    }
}

fn provider(connection: &Connection) -> &str {
    if connection.provider.is_empty() { "An unknown identity provider" } else { &connection.provider }
}

/// The state with all that is known of it.
pub(super) fn card(connection: &Connection) -> Markup {
    let (tone, name, meaning) = words(connection.state());
    let agent = &connection.last_agent;
    let mut rows = vec![
        (
            "Identity provider",
            html! {
                @if connection.last_access_time.is_none() { span.none { "not yet known" } }
                @else { span title=[(!agent.is_empty()).then_some(agent)] { (provider(connection)) } }
            },
        ),
        ("Last Access", time(connection.last_access_time.as_ref())),
        ("Last change", time(connection.last_write_time.as_ref())),
    ];
    if !connection.last_address.is_empty() {
        rows.push(("From address", html! { code { (connection.last_address) } }));
    }
    if let Some(rhythm) = &connection.rhythm {
        rows.push(("Calls about every", html! { (text::span(rhythm.seconds)) }));
    }
    if connection.failures_since_success > 0 {
        rows.push((
            "Failed since the last success",
            html! {
                (text::count(connection.failures_since_success, "call", "calls"))
                @if !connection.last_failure.is_empty() { ", the last: " (connection.last_failure) }
            },
        ));
    }
    if connection.lost_sync_entries > 0 {
        rows.push(("Missing in the sync log", html! {
            (text::count(connection.lost_sync_entries, "call", "calls")) ", which came faster than they could be written"
        }));
    }
    html! {
        p.state { (badge(tone, name)) span { (meaning) } }
        (definitions(&rows))
    }
}

#[cfg(test)]
mod tests {
    use prost_types::Timestamp;

    use super::*;

    #[test]
    fn every_state_has_its_words() {
        let mut names = std::collections::BTreeSet::new();
        for state in (0..=9).map(|number| ConnectionState::try_from(number).unwrap()) {
            let (_, name, meaning) = words(state);
            assert!(names.insert(name) && meaning.ends_with('.'), "{state:?}");
        }
        assert!(ConnectionState::try_from(10).is_err(), "a new state needs words");
    }

    #[test]
    fn what_a_client_says_of_itself_stays_a_text() {
        let hostile = "<img src=x onerror=alert(1)>\"'";
        let connection = Connection {
            state: ConnectionState::Connected.into(),
            provider: hostile.to_owned(),
            last_agent: hostile.to_owned(),
            last_address: hostile.to_owned(),
            last_failure: hostile.to_owned(),
            failures_since_success: 1,
            last_access_time: Some(Timestamp { seconds: 1, nanos: 0 }),
            ..Default::default()
        };
        for markup in [card(&connection).0, line(&connection).0] {
            assert!(!markup.contains("<img"), "{markup}");
        }
    }

    #[test]
    fn who_has_never_called_is_not_named() {
        let markup = card(&Connection { state: ConnectionState::Waiting.into(), ..Default::default() }).0;
        assert!(markup.contains("not yet known") && markup.contains("never"), "{markup}");
    }
}
