//! Times and durations between messages and milliseconds.

use prost_types::{Duration, Timestamp};

use crate::{
    clock::{DAY, Millis},
    error::Error,
};

/// The message for a time.
pub(crate) fn of(time: Millis) -> Timestamp {
    let nanos = i32::try_from(time.rem_euclid(1000) * 1_000_000).unwrap_or_default();
    Timestamp { seconds: time.div_euclid(1000), nanos }
}

/// The milliseconds of a duration between `min` and `max`, both given in whole days to the person who asks.
pub(crate) fn duration(
    asked: Option<Duration>,
    default: Millis,
    (min, max): (Millis, Millis),
    field: &'static str,
) -> Result<Millis, Error> {
    let Some(Duration { seconds, nanos }) = asked else { return Ok(default) };
    seconds
        .checked_mul(1000)
        .and_then(|millis| millis.checked_add(i64::from(nanos) / 1_000_000))
        .filter(|millis| (0..1_000_000_000).contains(&nanos) && (min..=max).contains(millis))
        .ok_or_else(|| Error::invalid(field, format!("it must be {} to {} days", min / DAY, max / DAY)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(of(1_500), Timestamp { seconds: 1, nanos: 500_000_000 });
        assert_eq!(of(-1), Timestamp { seconds: -1, nanos: 999_000_000 });
    }

    #[test]
    fn durations() {
        let read = |seconds, nanos| duration(Some(Duration { seconds, nanos }), 5, (DAY, 2 * DAY), "ttl");
        assert_eq!(duration(None, 5, (DAY, 2 * DAY), "ttl").unwrap(), 5);
        assert_eq!(read(86_400, 0).unwrap(), DAY);
        assert_eq!(read(172_799, 999_000_000).unwrap(), 2 * DAY - 1);
        for (seconds, nanos) in [
            (86_399, 0),
            (172_801, 0),
            (-86_400, 0),
            (100_000, -1),
            (i64::MAX, 0),
            (i64::MIN, 0),
            (90_000, i32::MAX),
        ] {
            assert!(read(seconds, nanos).is_err(), "{seconds} {nanos}");
        }
        assert_eq!(read(1, 0).unwrap_err().to_string(), "ttl: it must be 1 to 2 days");
    }
}
