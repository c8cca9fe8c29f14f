//! What PostgreSQL does when pgbench sends it the statements of a create, with no Rollcall around them.

use std::{fs, path::Path, process::Command, time::Duration};

use diesel::connection::SimpleConnection as _;
use rollcall_db::{Address, Connection, Database};

use crate::Error;

const CLIENTS: usize = 16;

/// Makes Rollcall's tables, and an account for each client.
pub(crate) fn prepare(url: &str) -> Result<(), Error> {
    let address: Address = url.parse()?;
    drop(Database::open(
        &address,
        &rollcall_db::Options::default(),
        rollcall_identity_service::migrations(),
    )?);
    let rows: Vec<_> = (0..CLIENTS).map(|client| format!("('bench-{client}', 0, 0, 0)")).collect();
    Connection::open_writer(&address)?.batch_execute(&format!(
        "INSERT INTO heads (account_id, revision, user_count, group_count) VALUES {}",
        rows.join(", ")
    ))?;
    Ok(())
}

/// Creates a second by 16 clients, on one account or each on its own.
pub(crate) fn creates(url: &str, directory: &Path, spread: bool, span: Duration) -> Result<f64, Error> {
    let script = directory.join("create.sql");
    fs::write(&script, include_str!("pgbench/create.sql"))?;
    let spread = if spread { "spread=1" } else { "spread=0" };
    let output = Command::new("pgbench")
        .args(["--no-vacuum", "--protocol", "prepared", "--jobs", "2", "--define", spread])
        .args(["--client", &CLIENTS.to_string(), "--time", &span.as_secs().max(1).to_string()])
        .arg("--file")
        .arg(&script)
        .arg(url)
        .output()
        .map_err(|cause| format!("pgbench does not start: {cause}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let failed = said
        .lines()
        .find_map(|line| line.strip_prefix("number of failed transactions: "))
        .is_some_and(|count| !count.starts_with("0 "));
    let rate = said.lines().find_map(|line| line.strip_prefix("tps = ")).and_then(|rest| {
        let (rate, _) = rest.split_once(' ')?;
        rate.parse().ok()
    });
    match rate {
        Some(rate) if output.status.success() && !failed => Ok(rate),
        _ => Err(format!("pgbench: {said} {}", String::from_utf8_lossy(&output.stderr)).into()),
    }
}
