//! UTF-8 becomes records (RFC 4180), within limits: a quote that is never closed must not read a whole file into memory.

use std::io::{self, Read};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use crate::source::Source;

/// The most bytes of a record.
pub(crate) const MAX_RECORD: usize = 64 * 1024;
/// The most cells of a record.
pub(crate) const MAX_CELLS: usize = 200;

/// The records of a file.
pub(crate) struct Records<R> {
    source: Source<R>,
    reader: Reader,
    /// The line that is read next, 1 for the first.
    line: u64,
    output: Vec<u8>,
    ends: Vec<usize>,
}

/// A record: its cells as they stand in the file.
pub(crate) struct Record {
    /// The line that it begins on.
    pub(crate) line: u64,
    /// The cells; or that there is too much of it.
    pub(crate) cells: Result<Vec<Vec<u8>>, TooMuch>,
}

/// A record beyond the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMuch;

impl<R: Read> Records<R> {
    pub(crate) fn new(source: Source<R>, separator: u8, line: u64) -> Self {
        let reader = ReaderBuilder::new().delimiter(separator).build();
        Self { source, reader, line, output: vec![0; MAX_RECORD], ends: vec![0; MAX_CELLS] }
    }

    /// The next record; `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Record>> {
        let (mut written, mut cells, mut too_much) = (0, 0, false);
        let (mut started, mut begins) = (false, self.line);
        loop {
            let text = self.source.text()?;
            let (result, read, wrote, ended) = self.reader.read_record(
                text,
                self.output.get_mut(written..).unwrap_or_default(),
                self.ends.get_mut(cells..).unwrap_or_default(),
            );
            for byte in text.get(..read).unwrap_or_default() {
                if *byte == b'\n' {
                    self.line += 1;
                }
                // What is left of the line before, and empty lines, come before the record.
                if !started && !matches!(byte, b'\n' | b'\r') {
                    (started, begins) = (true, self.line);
                }
            }
            self.source.take(read);
            written += wrote;
            cells += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    // The rest of it is read and forgotten.
                    (written, cells, too_much) = (0, 0, true);
                }
                ReadRecordResult::End => return Ok(None),
                ReadRecordResult::Record => break,
            }
        }
        if too_much {
            return Ok(Some(Record { line: begins, cells: Err(TooMuch) }));
        }
        let mut from = 0;
        let cell = |end: &usize| {
            let cell = self.output.get(from..*end).unwrap_or_default().to_vec();
            from = *end;
            cell
        };
        let cells = self.ends.get(..cells).unwrap_or_default().iter().map(cell).collect();
        Ok(Some(Record { line: begins, cells: Ok(cells) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Encoding;

    fn all(text: &str) -> Vec<(u64, Option<Vec<String>>)> {
        let source = Source::open(text.as_bytes(), Encoding::Unicode).unwrap();
        let mut records = Records::new(source, b',', 1);
        let mut found = Vec::new();
        while let Some(Record { line, cells }) = records.next().unwrap() {
            let text = |cell: &Vec<u8>| String::from_utf8(cell.clone()).unwrap();
            found.push((line, cells.ok().map(|cells| cells.iter().map(text).collect())));
        }
        found
    }

    #[test]
    fn records_know_the_line_on_which_they_begin() {
        let found = all("a,b\r\n\r\n\"1\n2\",\"x\"\"y\"\r\nlast,\"\"");
        let expected = [(1, vec!["a", "b"]), (3, vec!["1\n2", "x\"y"]), (5, vec!["last", ""])];
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(line, cells)| (line, Some(cells.into_iter().map(str::to_owned).collect())))
            .collect();
        assert_eq!(found, expected);
        assert!(all("").is_empty() && all("\n\n").is_empty());
    }

    #[test]
    fn too_much_is_left_out_and_the_rest_goes_on() {
        let text = format!(
            "a\n\"{}\"\nb\n{}\nc\n\"never closed\n{}",
            "x".repeat(70_000),
            ",".repeat(300),
            "y\n".repeat(50_000)
        );
        let found = all(&text);
        let lines: Vec<(u64, bool)> = found.iter().map(|(line, cells)| (*line, cells.is_some())).collect();
        assert_eq!(lines, [(1, true), (2, false), (3, true), (4, false), (5, true), (6, false)]);
    }
}
