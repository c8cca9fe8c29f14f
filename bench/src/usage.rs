//! What processes have used, out of /proc: CPU time and memory, of them and their descendants.

use std::{fs, time::Duration};

use crate::Error;

/// Linux counts CPU time in hundredths of a second towards programs, whatever the kernel's own tick is.
const TICKS_PER_SECOND: u64 = 100;

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
