//! Times: Unix milliseconds in the database, timestamps in messages.

use chrono::Utc;
use prost_types::Timestamp;

/// Now.
pub(crate) fn now() -> i64 {
    Utc::now().timestamp_millis()
}

/// The time of a timestamp; `None` for one that is none, or outside of the years 1 to 9999.
pub(crate) fn millis(timestamp: &Timestamp) -> Option<i64> {
    let nanos = u32::try_from(timestamp.nanos).ok().filter(|nanos| *nanos < 1_000_000_000)?;
    // 0001-01-01 and 9999-12-31 (the message's own limits).
    if !(-62_135_596_800..=253_402_300_799).contains(&timestamp.seconds) {
        return None;
    }
    Some(timestamp.seconds * 1000 + i64::from(nanos / 1_000_000))
}

/// A span of milliseconds as a message.
pub(crate) fn duration(millis: i64) -> prost_types::Duration {
    let Timestamp { seconds, nanos } = timestamp(millis);
    prost_types::Duration { seconds, nanos }
}

/// A time for people: RFC 3339 in UTC, to the second.
pub(crate) fn text(at: i64) -> String {
    let time = chrono::DateTime::from_timestamp_millis(at).unwrap_or_default();
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// The timestamp of a time in the database.
pub(crate) fn timestamp(at: i64) -> Timestamp {
    let nanos = i32::try_from(at.rem_euclid(1000) * 1_000_000).unwrap_or_default();
    Timestamp { seconds: at.div_euclid(1000), nanos }
}
