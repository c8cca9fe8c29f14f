//! A sync log as CSV (RFC 4180), for spreadsheets. Pure.

use ::csv::{QuoteStyle, Terminator, WriterBuilder};
use rollcall_proto::token::SyncEntry;

use crate::text;

const COLUMNS: [&str; 16] = [
    "time",
    "method",
    "kind",
    "action",
    "resource_id",
    "subject",
    "filter",
    "status",
    "scim_type",
    "detail",
    "duration_us",
    "token",
    "address",
    "agent",
    "name",
    "trace",
];

/// The line above the entries.
pub fn header() -> String {
    line(&COLUMNS.map(str::to_owned))
}

/// The line of an entry.
pub fn row(entry: &SyncEntry) -> String {
    let duration = entry.duration.unwrap_or_default();
    let micros = duration.seconds.saturating_mul(1_000_000).saturating_add(i64::from(duration.nanos) / 1000);
    line(&[
        text::iso(&entry.time.unwrap_or_default()),
        entry.method.clone(),
        word(entry.kind().as_str_name(), "SYNC_KIND_"),
        word(entry.action().as_str_name(), "SYNC_ACTION_"),
        entry.resource_id.clone(),
        entry.subject.clone(),
        entry.filter.clone(),
        entry.status.to_string(),
        entry.scim_type.clone(),
        entry.detail.clone(),
        micros.to_string(),
        entry.token.clone(),
        entry.address.clone(),
        entry.agent.clone(),
        entry.name.clone(),
        entry.trace.clone(),
    ])
}

fn word(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_ascii_lowercase()
}

fn line(cells: &[String]) -> String {
    let mut writer = WriterBuilder::new()
        .quote_style(QuoteStyle::Necessary)
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new());
    // Writing into memory does not fail.
    let _ = writer.write_record(cells.iter().map(|cell| harmless(cell)));
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// A spreadsheet takes a cell that begins like a formula for one, and who can send a request here could write it.
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_one_line_whatever_is_in_it() {
        let entry = SyncEntry {
            method: "POST".to_owned(),
            subject: "=cmd|' /C calc'!A0".to_owned(),
            detail: "a \"quoted\", thing\r\n".to_owned(),
            status: 400,
            trace: "4bf92f3577b34da6a3ce929d0e0e4736".to_owned(),
            kind: 1,
            action: 1,
            ..SyncEntry::default()
        };
        let text = header() + &row(&entry);
        let mut reader = ::csv::Reader::from_reader(text.as_bytes());
        let records: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(records.len(), 1);
        let cells: Vec<&str> = records[0].iter().collect();
        assert_eq!(cells[..6], ["1970-01-01T00:00:00Z", "POST", "user", "create", "", "'=cmd|' /C calc'!A0"]);
        assert_eq!((cells[7], cells[9]), ("400", "a \"quoted\", thing\r\n"));
        assert_eq!((COLUMNS[15], cells[15]), ("trace", "4bf92f3577b34da6a3ce929d0e0e4736"));
    }
}
