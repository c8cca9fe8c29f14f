//! When a token works. Pure rules over times, all in Unix milliseconds.
//!
//! A token is born active, and ends at the first of three: it is revoked, it is replaced (retired), it expires.
//! While one is being replaced two are live, never three: more would only be forgotten.

use rollcall_proto::token::TokenState;

use crate::clock::{DAY, Millis};

/// The shortest life that may be asked for: 30 days.
pub const MIN_TTL: Millis = 30 * DAY;
/// The longest life that may be asked for: 730 days.
pub const MAX_TTL: Millis = 730 * DAY;
/// The life of a token for which none was asked: 365 days.
pub const DEFAULT_TTL: Millis = 365 * DAY;
/// The longest time for which a replaced token goes on working: 7 days.
pub const MAX_OVERLAP: Millis = 7 * DAY;
/// The time for which a replaced token goes on working where none was asked: 24 hours.
pub const DEFAULT_OVERLAP: Millis = DAY;
/// How long the newer token must have been in use, and the replaced one idle, before the replaced one retires by
/// itself: one hour.
pub const SETTLED: Millis = DAY / 24;
/// How many tokens of an account may be live at once.
pub const MAX_LIVE: usize = 2;

/// The times that end a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// When it ends by itself.
    pub expires_at: Millis,
    /// When it ends because a newer one replaces it.
    pub retires_at: Option<Millis>,
    /// When it was revoked.
    pub revoked_at: Option<Millis>,
}

impl Life {
    /// The state at `now`. A time that has come counts: at `expires_at` itself the token works no more.
    pub fn state(self, now: Millis) -> TokenState {
        let retires_first = |at: Millis| at <= self.expires_at;
        if self.revoked_at.is_some() {
            TokenState::Revoked
        } else if self.retires_at.is_some_and(|at| at <= now && retires_first(at)) {
            TokenState::Retired
        } else if self.expires_at <= now {
            TokenState::Expired
        } else if self.retires_at.is_some_and(retires_first) {
            TokenState::Retiring
        } else {
            TokenState::Active
        }
    }

    /// Whether it works at `now`.
    pub fn is_live(self, now: Millis) -> bool {
        matches!(self.state(now), TokenState::Active | TokenState::Retiring)
    }

    /// When it retires once it is told to at `at`: a token never gains time.
    pub fn retiring_at(self, at: Millis) -> Millis {
        self.retires_at.map_or(at, |earlier| earlier.min(at))
    }

    /// The moment from which it works no more, if nothing else happens.
    pub fn ends_at(self) -> Millis {
        let ends = self.retires_at.map_or(self.expires_at, |at| at.min(self.expires_at));
        self.revoked_at.map_or(ends, |at| at.min(ends))
    }
}

/// Whether a replaced token has outlived its purpose at `now`: the newer one has been in use for a while, and the
/// replaced one was not used in the meantime. One use proves little: an administrator tests a token before the identity
/// provider has it in all places.
pub fn is_settled(newer_first_used: Option<Millis>, older_last_used: Option<Millis>, now: Millis) -> bool {
    let long_ago = |at: Millis| now.saturating_sub(at) >= SETTLED;
    newer_first_used.is_some_and(long_ago) && older_last_used.is_none_or(long_ago)
}

#[cfg(test)]
mod tests {
    use super::*;
    use TokenState::{Active, Expired, Retired, Retiring, Revoked};

    fn life(expires_at: Millis, retires_at: Option<Millis>, revoked_at: Option<Millis>) -> Life {
        Life { expires_at, retires_at, revoked_at }
    }

    #[test]
    fn states() {
        for (token, now, expected) in [
            (life(100, None, None), 0, Active),
            (life(100, None, None), 99, Active),
            (life(100, None, None), 100, Expired),
            (life(100, Some(50), None), 49, Retiring),
            (life(100, Some(50), None), 50, Retired),
            (life(100, Some(50), None), 200, Retired),
            // Retires only after it has expired: it expires, and nothing replaces it before.
            (life(100, Some(150), None), 99, Active),
            (life(100, Some(150), None), 200, Expired),
            (life(100, Some(100), None), 100, Retired),
            (life(100, None, Some(10)), 5, Revoked),
            (life(100, Some(50), Some(60)), 200, Revoked),
        ] {
            assert_eq!(token.state(now), expected, "{token:?} at {now}");
            assert_eq!(token.is_live(now), matches!(expected, Active | Retiring));
        }
    }

    #[test]
    fn a_replaced_token_is_settled_after_an_hour_of_the_newer_one_alone() {
        let now = 10 * SETTLED;
        for (newer_first, older_last, expected) in [
            (None, None, false),
            (None, Some(0), false),
            (Some(now - SETTLED), None, true),
            (Some(now - SETTLED + 1), None, false),
            (Some(now - SETTLED), Some(now - SETTLED), true),
            (Some(now - SETTLED), Some(now - SETTLED + 1), false),
            (Some(0), Some(now), false),
            (Some(i64::MIN), Some(i64::MIN), true),
        ] {
            assert_eq!(is_settled(newer_first, older_last, now), expected, "{newer_first:?} {older_last:?}");
        }
    }

    #[test]
    fn a_token_never_gains_time() {
        assert_eq!(life(100, None, None).retiring_at(70), 70);
        assert_eq!(life(100, Some(50), None).retiring_at(70), 50);
        assert_eq!(life(100, Some(90), None).retiring_at(70), 70);
    }

    #[test]
    fn ends_at_the_first_of_three() {
        assert_eq!(life(100, None, None).ends_at(), 100);
        assert_eq!(life(100, Some(50), None).ends_at(), 50);
        assert_eq!(life(100, Some(50), Some(20)).ends_at(), 20);
    }
}
