//! How times, numbers and roles are said. Pure functions.

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};
use prost_types::Timestamp;
use rollcall_proto::token::Role;

pub(crate) const MINUTE: i64 = 60;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// The time on this machine, to the second.
pub(crate) fn now() -> Timestamp {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Timestamp { seconds: i64::try_from(seconds).unwrap_or(i64::MAX), nanos: 0 }
}

/// `2026-11-25T03:11:35Z`, for machines: the `datetime` of a `<time>`.
pub(crate) fn iso(time: &Timestamp) -> String {
    utc(time).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `25 Nov 2026, 03:11:35 UTC`.
pub(crate) fn exact(time: &Timestamp) -> String {
    utc(time).format("%-d %b %Y, %H:%M:%S UTC").to_string()
}

/// `25 Nov 2026, 03:11 UTC`.
pub(crate) fn moment(time: &Timestamp) -> String {
    utc(time).format("%-d %b %Y, %H:%M UTC").to_string()
}

/// `25 Nov 2026`.
pub(crate) fn date(time: &Timestamp) -> String {
    utc(time).format("%-d %b %Y").to_string()
}

fn utc(time: &Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp(time.seconds, u32::try_from(time.nanos).unwrap_or(0)).unwrap_or_default()
}

/// `3 minutes ago`, `in 2 days`, `just now`: from the other time, in the largest whole unit.
pub(crate) fn relative(time: &Timestamp, now: &Timestamp) -> String {
    let away = time.seconds.saturating_sub(now.seconds);
    let span = span(away.saturating_abs());
    match away {
        ..=-45 => format!("{span} ago"),
        -44..=44 => "just now".to_owned(),
        45.. => format!("in {span}"),
    }
}

/// `3 minutes`, `2 hours`, `12 days`: a length of time in its largest whole unit.
pub(crate) fn span(seconds: i64) -> String {
    match seconds {
        ..MINUTE => count(seconds, "second", "seconds"),
        MINUTE..HOUR => count(seconds / MINUTE, "minute", "minutes"),
        HOUR..DAY => count(seconds / HOUR, "hour", "hours"),
        _ => count(seconds / DAY, "day", "days"),
    }
}

/// `1 day`, `1,204 days`.
pub(crate) fn count(number: i64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// `1,204`.
pub(crate) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What a service says, as a sentence: a capital first, a full stop last.
pub(crate) fn sentence(message: &str) -> String {
    let message = message.trim();
    let mut characters = message.chars();
    let Some(first) = characters.next() else { return String::new() };
    let mut text: String = first.to_uppercase().chain(characters).collect();
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}

/// A role by its name.
pub(crate) fn role(role: Role) -> &'static str {
    match role {
        Role::Unspecified => "Nobody",
        Role::Operator => "Operator",
        Role::AccountAdministrator => "Administrator",
        Role::CardDesk => "Card desk",
        Role::ReadOnly => "Read only",
    }
}

/// The id: the last part of the resource name.
pub(crate) fn id_of(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(_, id)| id)
}

/// JSON to read; as it is where it cannot be read.
pub(crate) fn pretty(json: &str) -> String {
    serde_json::from_str::<serde_json::Value>(json)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| json.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp { seconds, nanos: 0 }
    }

    #[test]
    fn times_are_said_in_their_largest_unit() {
        for (away, said) in [
            (0, "just now"),
            (-44, "just now"),
            (-59, "59 seconds ago"),
            (-60, "1 minute ago"),
            (-119, "1 minute ago"),
            (-2 * HOUR, "2 hours ago"),
            (-61 * DAY, "61 days ago"),
            (3 * DAY, "in 3 days"),
            (DAY - 1, "in 23 hours"),
        ] {
            assert_eq!(relative(&at(1_000_000_000 + away), &at(1_000_000_000)), said);
        }
        assert_eq!(iso(&at(1_795_576_295)), "2026-11-25T03:11:35Z");
        assert_eq!(exact(&at(1_795_576_295)), "25 Nov 2026, 03:11:35 UTC");
        // Nothing of the services can be out of range, but nothing may break if it is.
        for seconds in [i64::MIN, i64::MAX] {
            assert!(!exact(&at(seconds)).is_empty() && !relative(&at(seconds), &at(0)).is_empty());
        }
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, said) in [(0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567")] {
            assert_eq!(grouped(number), said);
        }
        assert_eq!(count(1, "day", "days"), "1 day");
    }

    #[test]
    fn what_a_service_says_becomes_a_sentence() {
        for (said, sentence_of_it) in
            [("two are live", "Two are live."), ("", ""), ("Why?", "Why?"), (" ö", "Ö.")]
        {
            assert_eq!(sentence(said), sentence_of_it);
        }
    }
}
