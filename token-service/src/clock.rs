//! The time, passed in, so that tests can turn it.

use std::{fmt, sync::Arc};

/// Milliseconds since the Unix epoch.
pub type Millis = i64;

/// One day, in milliseconds.
pub const DAY: Millis = 24 * 60 * 60 * 1000;

/// The days of a span, of which a begun one counts.
pub(crate) fn begun_days(span: Millis) -> i64 {
    span.div_euclid(DAY) + i64::from(span.rem_euclid(DAY) > 0)
}

/// Tells the time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Millis + Send + Sync>);

impl Clock {
    /// The time of the machine.
    pub fn system() -> Self {
        Self::new(|| chrono::Utc::now().timestamp_millis())
    }

    /// A clock that shows what `now` says.
    pub fn new(now: impl Fn() -> Millis + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time.
    pub fn now(&self) -> Millis {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}
