//! What is printed. Standard output holds results, standard error complaints and logs.

use std::io::{self, IsTerminal as _, Write as _};

use serde_json::Value;

use crate::error::Error;

/// Prints `text` and a line end.
pub(crate) fn print(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        // The reader has seen enough: `rollcall token list default | head -1`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(Error::Output),
    }
}

/// Writes `text` as it is; false when the reader has seen enough.
pub(crate) fn write(text: &str) -> Result<bool, Error> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Error::Output(error)),
    }
}

/// Writes a line on standard error, over the one before it on a terminal.
pub(crate) fn progress(text: &str, last: bool) {
    let mut out = io::stderr().lock();
    // Nothing is left to do when standard error is closed.
    let _ = if io::stderr().is_terminal() {
        write!(out, "\r\x1b[2K{text}{}", if last { "\n" } else { "" }).and_then(|()| out.flush())
    } else {
        writeln!(out, "{text}")
    };
}

/// Prints JSON, indented.
pub(crate) fn print_json(value: &Value) -> Result<(), Error> {
    print(&format!("{value:#}"))
}

/// Prints a table with its columns aligned.
pub(crate) fn print_table<const N: usize>(head: [&str; N], rows: Vec<[String; N]>) -> Result<(), Error> {
    print(&table(head, &rows))
}

fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let head = head.map(str::to_owned);
    let lines = || std::iter::once(&head).chain(rows);
    let widths: Vec<usize> = (0..N)
        .map(|column| lines().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max())
        .map(Option::unwrap_or_default)
        .collect();
    let text: Vec<String> = lines()
        .map(|line| {
            let cells: Vec<String> =
                line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            cells.join("  ").trim_end().to_owned()
        })
        .collect();
    text.join("\n")
}

/// Says on standard error why the command failed, in one line: PostgreSQL's own messages have several.
pub(crate) fn complain(error: &Error) {
    let text = error.to_string();
    let words: Vec<&str> = text.split_whitespace().collect();
    // Nothing is left to do when standard error is closed.
    let _ = writeln!(io::stderr(), "error: {}", words.join(" "));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let rows = [["ä".to_owned(), "1".to_owned()], ["long".to_owned(), String::new()]];
        assert_eq!(table(["ID", "N"], &rows), "ID    N\nä     1\nlong");
    }
}
