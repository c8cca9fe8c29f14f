//! When somebody is told that a token is about to end. Pure rules, all times in Unix milliseconds.
//!
//! A notice is due from its threshold to the next one, so that of several thresholds that passed while nobody ran only
//! the most urgent is told.

use crate::{
    clock::{DAY, Millis},
    life::Life,
};

/// How many days before the end somebody is told: 0 is the end itself.
pub const THRESHOLDS: [i32; 6] = [90, 30, 14, 7, 1, 0];
/// For how long an end is news: who could not be told within it has long noticed.
pub const NEWS: Millis = 30 * DAY;
/// For how long the one who takes a notice has it alone: longer than any sending takes.
pub const LEASE: Millis = 5 * MINUTE;

const MINUTE: Millis = 60 * 1000;
/// The longest pause between two attempts.
const LONGEST_PAUSE: Millis = 6 * 60 * MINUTE;
/// For how long a notice is tried.
const PATIENCE: Millis = 3 * DAY;

/// What of a token decides whether a notice is due.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// When it was made.
    pub created_at: Millis,
    /// The times that end it.
    pub life: Life,
    /// Whether none of its account was made later.
    pub newest: bool,
}

impl Facts {
    /// The notice that is due at `now`, by its threshold in days.
    pub fn due(&self, now: Millis) -> Option<i32> {
        let Life { expires_at, retires_at, revoked_at } = self.life;
        if !self.newest || retires_at.is_some() || revoked_at.is_some() {
            return None;
        }
        let days = THRESHOLDS.into_iter().find(|days| Window::of(*days, now).holds(expires_at))?;
        // A token that begins with no more than that left surprises nobody.
        (expires_at - i64::from(days) * DAY > self.created_at).then_some(days)
    }
}

/// The ends of tokens for which a notice is due: `after < end <= until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The notice, by its threshold in days.
    pub days: i32,
    /// Ends up to here are too near, and have a more urgent notice.
    pub after: Millis,
    /// Ends later than this are too far.
    pub until: Millis,
}

impl Window {
    /// The window of a threshold at `now`.
    pub fn of(days: i32, now: Millis) -> Self {
        let next = THRESHOLDS.into_iter().find(|next| *next < days);
        let until = now.saturating_add(i64::from(days) * DAY);
        let after = next.map_or(now.saturating_sub(NEWS), |next| now.saturating_add(i64::from(next) * DAY));
        Self { days, after, until }
    }

    fn holds(&self, end: Millis) -> bool {
        self.after < end && end <= self.until
    }
}

/// How long to wait after so many attempts: from a minute, twice as long each time, to six hours; nothing once three
/// days of waiting are over.
pub fn pause(attempts: i32) -> Option<Millis> {
    let pause = |attempt: i32| {
        let doubled = u32::try_from(attempt - 1).ok().and_then(|exponent| 2_i64.checked_pow(exponent));
        doubled.map_or(LONGEST_PAUSE, |factor| factor.saturating_mul(MINUTE).min(LONGEST_PAUSE))
    };
    let waited: Millis = (1..attempts.clamp(1, 1000)).map(pause).sum();
    (waited < PATIENCE).then(|| pause(attempts.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: Millis = 1000 * DAY;

    fn facts(ttl_days: i64) -> Facts {
        let life = Life { expires_at: END, retires_at: None, revoked_at: None };
        Facts { created_at: END - ttl_days * DAY, life, newest: true }
    }

    #[test]
    fn each_threshold_is_due_until_the_next() {
        for (before_end, expected) in [
            (365 * DAY, None),
            (90 * DAY + 1, None),
            (90 * DAY, Some(90)),
            (31 * DAY, Some(90)),
            (30 * DAY + 1, Some(90)),
            (30 * DAY, Some(30)),
            (14 * DAY + 1, Some(30)),
            (14 * DAY, Some(14)),
            (7 * DAY, Some(7)),
            (DAY + 1, Some(7)),
            (DAY, Some(1)),
            (1, Some(1)),
            (0, Some(0)),
            (-DAY, Some(0)),
            (-NEWS + 1, Some(0)),
            (-NEWS, None),
        ] {
            assert_eq!(facts(365).due(END - before_end), expected, "{before_end} ms before the end");
        }
    }

    #[test]
    fn thresholds_before_the_making_of_a_token_are_skipped() {
        for (ttl, before_end, expected) in [
            (90, 90, None),
            (91, 90, Some(90)),
            (60, 60, None),
            (60, 31, None),
            (60, 30, Some(30)),
            (30, 30, None),
            (30, 15, None),
            (30, 14, Some(14)),
            (30, 0, Some(0)),
        ] {
            assert_eq!(
                facts(ttl).due(END - before_end * DAY),
                expected,
                "{ttl} days, {before_end} before the end"
            );
        }
    }

    #[test]
    fn a_token_that_is_replaced_or_revoked_is_not_told_about() {
        let now = END - 14 * DAY;
        let retiring = Life { retires_at: Some(now + DAY), ..facts(365).life };
        let revoked = Life { revoked_at: Some(now - DAY), ..facts(365).life };
        for life in [retiring, revoked] {
            assert_eq!(Facts { life, ..facts(365) }.due(now), None);
            assert_eq!(Facts { life, ..facts(365) }.due(END), None);
        }
        assert_eq!(Facts { newest: false, ..facts(365) }.due(END), None);
    }

    #[test]
    fn windows_meet_without_gap_or_overlap() {
        let windows = THRESHOLDS.map(|days| Window::of(days, 0));
        for pair in windows.windows(2) {
            assert_eq!(pair[0].after, pair[1].until);
        }
        assert_eq!((windows[0].until, windows[5].after), (90 * DAY, -NEWS));
    }

    #[test]
    fn pauses_grow_from_a_minute_to_six_hours_for_three_days() {
        let pauses: Vec<_> = (1..).map_while(pause).collect();
        let minutes: Vec<_> = pauses.iter().map(|pause| pause / MINUTE).collect();
        assert_eq!(minutes[..10], [1, 2, 4, 8, 16, 32, 64, 128, 256, 360]);
        assert!(minutes[9..].iter().all(|minutes| *minutes == 360));
        let all: Millis = pauses.iter().sum();
        assert!((PATIENCE..PATIENCE + LONGEST_PAUSE).contains(&all), "{all}");
        assert_eq!(pause(i32::MAX), None);
        assert_eq!(pause(i32::MIN), Some(MINUTE));
    }
}
