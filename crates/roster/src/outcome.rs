//! The result of an import as a file (RFC 4180), for the people who mend the rows.

use csv::{QuoteStyle, Terminator, WriterBuilder};

/// What a spreadsheet needs in front to read UTF-8 as such.
pub const MARK: &str = "\u{feff}";

const COLUMNS: [&str; 5] = ["line", "who", "outcome", "column", "message"];

/// The line above the rows.
pub fn header() -> String {
    line(COLUMNS)
}

/// The line of a row that did not go as the file says. `warning`: it was taken all the same.
pub fn row(at: i64, who: &str, warning: bool, column: &str, message: &str) -> String {
    line([&at.to_string(), who, if warning { "warning" } else { "failed" }, column, message])
}

/// A line of what is to be said of the file as a whole.
pub fn note(message: &str) -> String {
    line(["", "", "note", "", message])
}

/// A cell that a spreadsheet would take for a formula gets an apostrophe in front, which it does not show.
fn line(cells: [&str; 5]) -> String {
    let mut writer = WriterBuilder::new()
        .quote_style(QuoteStyle::Necessary)
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new());
    let safe = cells.map(|cell| {
        if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
    });
    // Writing into memory does not fail.
    let _ = writer.write_record(safe);
    writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        assert_eq!(header(), "line,who,outcome,column,message\r\n");
        assert_eq!(
            row(7, "=cmd()", false, "a,b", "is \"wrong\""),
            "7,'=cmd(),failed,\"a,b\",\"is \"\"wrong\"\"\"\r\n"
        );
        assert_eq!(note("n"), ",,note,,n\r\n");
    }
}
