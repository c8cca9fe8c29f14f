//! What the machine can do: nothing that keeps its word can be faster.

pub(crate) mod disk;
pub(crate) mod echo;
pub(crate) mod pgbench;
pub(crate) mod rows;

use std::time::{Duration, Instant};

use crate::Error;

/// How often something could be done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Times a second.
    pub(crate) rate: f64,
    /// How long one took, in milliseconds; half took longer.
    pub(crate) median: f64,
}

/// Does it again and again for so long. What it does counts as so many.
pub(crate) fn pace(
    span: Duration,
    count: usize,
    mut once: impl FnMut() -> Result<(), Error>,
) -> Result<Pace, Error> {
    let (start, mut times) = (Instant::now(), vec![]);
    while times.is_empty() || start.elapsed() < span {
        let begun = Instant::now();
        once()?;
        times.push(begun.elapsed());
    }
    let rate = (times.len() * count) as f64 / start.elapsed().as_secs_f64();
    times.sort_unstable();
    let median = times.get(times.len() / 2).map_or(f64::NAN, Duration::as_secs_f64) * 1e3;
    Ok(Pace { rate, median })
}
