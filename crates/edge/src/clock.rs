//! How old a copy is, by a clock that may be set.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How far the clock may be behind the last contact: more than that, and it was set back.
const SKEW: Duration = Duration::from_mins(5);

/// Now, in Unix milliseconds.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The last contact with the centre: by the clock, and by this process's own count, which nobody can set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contact {
    pub(crate) at: i64,
    pub(crate) seen: Option<Instant>,
}

impl Contact {
    pub(crate) fn now() -> Self {
        Self { at: now(), seen: Some(Instant::now()) }
    }

    /// How long ago it was: the longer of what both say. None when the clock says that it has not been yet.
    pub(crate) fn age(self) -> Option<Duration> {
        let by_clock = now() - self.at;
        let skew = i64::try_from(SKEW.as_millis()).unwrap_or(i64::MAX);
        if by_clock < -skew {
            return None;
        }
        let by_clock = Duration::from_millis(u64::try_from(by_clock).unwrap_or_default());
        Some(by_clock.max(self.seen.map(|seen| seen.elapsed()).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_back_makes_no_copy_young() {
        let contact = |ago: i64, seen: Option<Instant>| Contact { at: now() - ago, seen }.age();
        assert!(contact(60_000, None).unwrap() >= Duration::from_mins(1));
        assert_eq!(contact(-1000, None).unwrap(), Duration::ZERO);
        assert_eq!(contact(-600_000, None), None);
        let long_ago = Instant::now().checked_sub(Duration::from_secs(90));
        assert!(contact(0, long_ago).unwrap() >= Duration::from_secs(90));
    }
}
