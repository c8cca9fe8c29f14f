//! Times: Unix milliseconds in the database, timestamps in messages.

use chrono::Utc;
use prost_types::Timestamp;

/// Now.
pub(crate) fn now() -> i64 {
    Utc::now().timestamp_millis()
}

/// The timestamp of a time in the database.
pub(crate) fn timestamp(at: i64) -> Timestamp {
    let nanos = i32::try_from(at.rem_euclid(1000) * 1_000_000).unwrap_or_default();
    Timestamp { seconds: at.div_euclid(1000), nanos }
}
