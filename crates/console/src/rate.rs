//! How often anybody may try to sign in.

use std::{net::IpAddr, num::NonZeroU32};

use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

/// Attempts a minute from one address.
const OF_ONE: NonZeroU32 = per_minute(20);
/// Attempts a minute from all of them.
const OF_ALL: NonZeroU32 = per_minute(300);
/// Once so many addresses are known, those that have been quiet are forgotten.
const ADDRESSES: usize = 10_000;

const fn per_minute(attempts: u32) -> NonZeroU32 {
    match NonZeroU32::new(attempts) {
        Some(attempts) => attempts,
        None => NonZeroU32::MIN,
    }
}

/// Counts attempts to sign in, in memory: each console its own.
pub(crate) struct Attempts {
    of_one: DefaultKeyedRateLimiter<IpAddr>,
    of_all: DefaultDirectRateLimiter,
}

impl Attempts {
    pub(crate) fn new() -> Self {
        let of_one = RateLimiter::keyed(Quota::per_minute(OF_ONE));
        Self { of_one, of_all: RateLimiter::direct(Quota::per_minute(OF_ALL)) }
    }

    /// Whether one more attempt from this address is allowed.
    pub(crate) fn allow(&self, address: IpAddr) -> bool {
        if self.of_one.len() > ADDRESSES {
            self.of_one.retain_recent();
        }
        // The address first: what is refused there takes nothing away from the others.
        self.of_one.check_key(&address).is_ok() && self.of_all.check().is_ok()
    }
}

impl std::fmt::Debug for Attempts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Attempts({} addresses)", self.of_one.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_own_count() {
        let attempts = Attempts::new();
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        assert_eq!((0..100).filter(|_| attempts.allow(one)).count(), 20);
        assert!(attempts.allow(other));
    }
}
