//! The machine that was measured on.

use std::{fs, path::Path};

use crate::Error;

/// Cores, processor, kernel, and the file system under the data.
pub(crate) fn describe(data: &Path) -> Result<Vec<(&'static str, String)>, Error> {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let information = fs::read_to_string("/proc/cpuinfo")?;
    let field = |name: &str| {
        let line = information.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned())
    };
    let memory = fs::read_to_string("/proc/meminfo")?;
    let memory = memory.lines().next().and_then(|line| line.split_whitespace().nth(1));
    let gib = memory.and_then(|kib| kib.parse::<f64>().ok()).map_or(f64::NAN, |kib| kib / 1024.0 / 1024.0);
    let load = fs::read_to_string("/proc/loadavg")?;
    Ok(vec![
        ("cores", cores.to_string()),
        ("processor", field("model name").unwrap_or_else(|| "not said".to_owned())),
        ("memory", format!("{gib:.0} GiB")),
        ("kernel", fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned()),
        ("file system of the data", file_system(data)?),
        ("load average at the end", load.split(' ').next().unwrap_or_default().to_owned()),
    ])
}

/// The type of the mount with the longest path above it.
fn file_system(data: &Path) -> Result<String, Error> {
    let mounts = fs::read_to_string("/proc/mounts")?;
    let above = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        let (place, kind) = (fields.next()?, fields.next()?);
        data.starts_with(place).then(|| (place.len(), kind.to_owned()))
    });
    Ok(above.max_by_key(|(length, _)| *length).map_or_else(|| "not said".to_owned(), |(_, kind)| kind))
}
