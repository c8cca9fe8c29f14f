//! What processes have used, out of /proc: CPU time and memory, of them and their descendants.

use std::{
    fs,
    time::{Duration, Instant},
};

use crate::Error;

/// Linux counts CPU time in hundredths of a second towards programs, whatever the kernel's own tick is.
const TICKS_PER_SECOND: u64 = 100;

/// How long a moment is, and the part of the machine that others may use in it.
const MOMENT: Duration = Duration::from_millis(200);
const QUIET: f64 = 0.15;

/// The processes and all that they started and that still runs.
pub(crate) fn family(pids: &[u32]) -> Vec<u32> {
    let mut all = pids.to_vec();
    let mut next = 0;
    while let Some(&pid) = all.get(next) {
        next += 1;
        let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        for thread in threads {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            for child in children.split_whitespace().filter_map(|child| child.parse().ok()) {
                if !all.contains(&child) {
                    all.push(child);
                }
            }
        }
    }
    all
}

/// The CPU time, in user and kernel mode, that these processes and their descendants have used, those that ended included.
pub(crate) fn cpu(pids: &[u32]) -> Duration {
    let ticks: u64 = family(pids).into_iter().filter_map(ticks).sum();
    Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)
}

fn ticks(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything, blanks too; utime, stime, cutime, cstime are the 12th to 15th field after it.
    let (_, fields) = stat.rsplit_once(')')?;
    Some(fields.split_whitespace().skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum())
}

/// The CPU time that this process and all that it started have used, and that of the whole machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shares {
    own: Duration,
    all: Duration,
    at: Instant,
}

impl Shares {
    pub(crate) fn now() -> Result<Self, Error> {
        let stat = fs::read_to_string("/proc/stat")?;
        let line = stat.lines().next().unwrap_or_default();
        let fields: Vec<u64> =
            line.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
        // user, nice, system, (idle, iowait,) irq, softirq, steal
        let ticks: u64 = [0, 1, 2, 5, 6, 7].iter().filter_map(|place| fields.get(*place)).sum();
        let all = Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND);
        Ok(Self { own: cpu(&[std::process::id()]), all, at: Instant::now() })
    }

    /// The part of the machine that others have used since, from 0 to 1.
    pub(crate) fn of_others(&self) -> Result<f64, Error> {
        let now = Self::now()?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        let others = now.all.saturating_sub(self.all).saturating_sub(now.own.saturating_sub(self.own));
        Ok((others.as_secs_f64() / (now.at - self.at).as_secs_f64() / cores).min(1.0))
    }
}

/// Waits until others leave the machine alone for a moment, but not longer than this.
pub(crate) fn await_quiet(patience: Duration) -> Result<(), Error> {
    let start = Instant::now();
    while start.elapsed() < patience {
        let before = Shares::now()?;
        std::thread::sleep(MOMENT);
        if before.of_others()? <= QUIET {
            break;
        }
    }
    Ok(())
}

/// The memory that is resident now, in KiB.
pub(crate) fn resident(pids: &[u32]) -> Result<u64, Error> {
    sum(pids, "VmRSS:")
}

/// The most that was ever resident, in KiB, of each process by itself.
pub(crate) fn peak(pids: &[u32]) -> Result<u64, Error> {
    sum(pids, "VmHWM:")
}

fn sum(pids: &[u32], field: &str) -> Result<u64, Error> {
    let mut all = 0;
    for pid in family(pids) {
        // A descendant may have ended meanwhile.
        let Ok(status) = fs::read_to_string(format!("/proc/{pid}/status")) else { continue };
        if let Some(line) = status.lines().find_map(|line| line.strip_prefix(field)) {
            all += line.trim().trim_end_matches(" kB").parse::<u64>()?;
        }
    }
    if all == 0 { Err(format!("no {field} of {pids:?}").into()) } else { Ok(all) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_this_process() {
        let pids = [std::process::id()];
        let before = cpu(&pids);
        let start = std::time::Instant::now();
        while start.elapsed() < Duration::from_millis(300) {}
        assert!(cpu(&pids) > before);
        assert!(peak(&pids).unwrap() >= resident(&pids).unwrap() / 2);
        assert!(resident(&pids).unwrap() > 100);
    }
}
