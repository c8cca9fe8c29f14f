//! How an import is told at the terminal.

use std::time::{Duration, Instant};

use rollcall_proto::identity::{ImportColumns, ImportProblem, ImportProgress, ImportResult};
use serde_json::json;

use crate::{error::Error, output};

/// The most problems that are printed; the file of `--result` has all.
const MAX_PRINTED: u64 = 50;
/// How often a line is written where no terminal is.
const INTERVAL: Duration = Duration::from_secs(10);

/// What was told so far.
pub(super) struct Progress {
    json: bool,
    problems: u64,
    last: Option<Instant>,
    /// Whether a line without an end is on the terminal.
    open: bool,
}

impl Progress {
    pub(super) fn new(json: bool) -> Self {
        Self { json, problems: 0, last: None, open: false }
    }

    pub(super) fn columns(&mut self, columns: &ImportColumns) {
        let ignored: Vec<&str> = columns
            .columns
            .iter()
            .filter(|column| column.field.is_empty())
            .map(|column| column.header.as_str())
            .collect();
        if !ignored.is_empty() {
            self.line(&format!("Ignored columns: {}", ignored.join(", ")));
        }
    }

    pub(super) fn problem(&mut self, problem: &ImportProblem) {
        self.problems += 1;
        if self.problems > MAX_PRINTED {
            return;
        }
        let column =
            if problem.column.is_empty() { String::new() } else { format!(", column {}", problem.column) };
        let who = if problem.who.is_empty() { String::new() } else { format!(" ({})", problem.who) };
        let warning = if problem.warning { "warning: " } else { "" };
        self.line(&format!("line {}{column}{who}: {warning}{}", problem.line, problem.message));
        if self.problems == MAX_PRINTED {
            self.line("More are not printed; --result FILE writes all of them.");
        }
    }

    pub(super) fn counts(&mut self, counts: &ImportProgress) {
        let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
        if !is_terminal && self.last.is_some_and(|last| last.elapsed() < INTERVAL) {
            return;
        }
        self.last = Some(Instant::now());
        self.open = true;
        output::progress(&words(counts), false);
    }

    pub(super) fn result(&mut self, result: &ImportResult) -> Result<(), Error> {
        self.end();
        let counts = result.counts.unwrap_or_default();
        if self.json {
            output::print_json(&json!({
                "rows": counts.rows,
                "created": counts.created,
                "updated": counts.updated,
                "unchanged": counts.unchanged,
                "failed": counts.failed,
                "cards": counts.cards,
                "removed": counts.removed,
                "nothingChanged": result.nothing_changed,
                "notes": result.notes,
            }))?;
        } else {
            let nothing = if result.nothing_changed { "\nNothing was changed." } else { "" };
            output::print(&format!("{}{nothing}", words(&counts)))?;
            for note in &result.notes {
                output::print(note)?;
            }
        }
        match counts.failed {
            0 => Ok(()),
            1 => Err(Error::Refused("one row failed".to_owned())),
            many => Err(Error::Refused(format!("{many} rows failed"))),
        }
    }

    /// Ends the line that is on the terminal.
    pub(super) fn end(&mut self) {
        if std::mem::take(&mut self.open) && std::io::IsTerminal::is_terminal(&std::io::stderr()) {
            output::progress("", true);
        }
    }

    fn line(&mut self, text: &str) {
        self.open = false;
        output::progress(text, true);
    }
}

fn words(counts: &ImportProgress) -> String {
    let ImportProgress { rows, created, updated, unchanged, failed, cards, removed, bytes: _ } = counts;
    let removed =
        if *removed == 0 { String::new() } else { format!(", {removed} not in the file dealt with") };
    format!(
        "{rows} rows: {created} created, {updated} updated, {unchanged} unchanged, {failed} failed; {cards} cards{removed}"
    )
}
