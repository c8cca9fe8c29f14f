//! A file of people, row by row.

use std::{
    collections::BTreeMap,
    fmt,
    io::{self, Read},
};

use crate::{
    Column, Encoding, Field, Row, columns,
    records::{Record, Records},
    row::Wrong,
    seen::Seen,
    source::{self, Source},
};

/// What makes the number that is compared of one in the file, or says why it is none; without the number.
pub type Convert = Box<dyn Fn(&str) -> Result<String, String> + Send>;

/// How to read a file.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The encoding.
    pub encoding: Encoding,
    /// What columns mean that are not known by name: the header's text, and the field.
    pub mapping: Vec<(String, Field)>,
    /// Whether only who a row is about, cards and secrets count.
    pub cards_only: bool,
}

/// Why a file is of no use as a whole.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("the file cannot be read: {0}")]
    Read(#[from] io::Error),
    /// There is nothing in it.
    #[error("the file is empty: its first line must name the columns")]
    Empty,
    /// The header is longer than any.
    #[error("the first line is no header: it is longer than any")]
    NoHeader,
    /// There are more columns than any export has.
    #[error("the file has more than {limit} columns")]
    TooManyColumns {
        /// The most there may be.
        limit: usize,
    },
    /// A column that was mapped is not there.
    #[error("the file has no column `{name}`; it has {found}")]
    NoSuchColumn {
        /// The column.
        name: String,
        /// The columns that there are.
        found: String,
    },
    /// Two columns mean the same.
    #[error("the columns `{one}` and `{other}` both mean {field}: leave one out, or say what it is")]
    Twice {
        /// The field.
        field: &'static str,
        /// The first column.
        one: String,
        /// The second.
        other: String,
    },
    /// No column says who.
    #[error("no column says who a row is about (userName, email or externalId); the file has {found}")]
    NobodyNamed {
        /// The columns that there are.
        found: String,
    },
    /// No column has cards.
    #[error("no column has cards, PINs or passcodes; the file has {found}")]
    NoCards {
        /// The columns that there are.
        found: String,
    },
}

/// A row that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line on which it begins.
    pub line: u64,
    /// The header of the column, where it is one's.
    pub column: Option<String>,
    /// Whom the row is about, as far as that could be read.
    pub who: String,
    /// What is wrong, and what to do.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// The rows of a file. An iterator; a failure to read ends it, and is then in [`Roster::failure`].
pub struct Roster<R> {
    records: Records<R>,
    columns: Vec<Column>,
    convert: Convert,
    people: Seen,
    cards: Seen,
    lengths: BTreeMap<usize, Lengths>,
    failure: Option<io::Error>,
}

/// Card numbers of one length, of digits alone.
#[derive(Default)]
struct Lengths {
    count: u64,
    first: Vec<u64>,
}

impl<R: Read> Roster<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn open(reader: R, options: &Options, convert: Convert) -> Result<Self, FileError> {
        let mut source = Source::open(reader, options.encoding)?;
        let first_line = source.first_line()?;
        let (separator, named) = source::separator(&first_line);
        source.take(named);
        let mut records = Records::new(source, separator, 1);
        let header = records.next()?.ok_or(FileError::Empty)?.cells.map_err(|_| FileError::NoHeader)?;
        let columns = columns::of(&header, &options.mapping, options.cards_only)?;
        Ok(Self {
            records,
            columns,
            convert,
            people: Seen::default(),
            cards: Seen::default(),
            lengths: BTreeMap::new(),
            failure: None,
        })
    }

    /// The columns, in the order of the file.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Why reading ended before the end of the file.
    pub fn failure(&self) -> Option<&io::Error> {
        self.failure.as_ref()
    }

    /// What is to be said of the file as a whole, once all of it was read.
    pub fn notes(&self) -> Vec<String> {
        let all: u64 = self.lengths.values().map(|of| of.count).sum();
        let Some((usual, _)) = self.lengths.iter().max_by_key(|(_, of)| of.count) else { return vec![] };
        let shorter: Vec<&Lengths> =
            self.lengths.range(..usual).map(|(_, of)| of).filter(|of| of.count > 0).collect();
        let count: u64 = shorter.iter().map(|of| of.count).sum();
        // A few among many: where every fifth is shorter, lengths differ by themselves.
        if count == 0 || all < 10 || count * 5 > all {
            return vec![];
        }
        let mut lines: Vec<u64> = shorter.iter().flat_map(|of| of.first.iter().copied()).collect();
        lines.sort_unstable();
        let lines: Vec<String> = lines.iter().take(5).map(u64::to_string).collect();
        vec![format!(
            "{count} of {all} card numbers are shorter than the {usual} digits of most (line {}): has a spreadsheet taken zeros \
             from their front? Format the column as text and export it again.",
            lines.join(", ")
        )]
    }

    fn row(&mut self, Record { line, cells }: Record) -> Result<Row, Problem> {
        let Ok(cells) = cells else {
            let message = "is longer than 64 KiB: is a quote not closed?".to_owned();
            return Err(Problem { line, column: None, who: String::new(), message });
        };
        let (row, outcome) = Row::read(line, &self.columns, &cells);
        let outcome = outcome.and_then(|()| self.check(&row));
        match outcome {
            Ok(()) => Ok(row),
            Err(Wrong { column, message }) => {
                let who = row.who().chars().take(80).collect();
                Err(Problem { line, column, who, message })
            }
        }
    }

    /// Looks whether person and cards stood in the file before.
    fn check(&mut self, row: &Row) -> Result<(), Wrong> {
        let alone = |message| Wrong { column: None, message };
        for field in [Field::UserName, Field::Email, Field::ExternalId] {
            let Some(text) = row.cell(field).text() else { continue };
            let before = if field == Field::ExternalId {
                self.people.note(&format!("{} {text}", field.name()), row.line)
            } else {
                self.people.note_folded(&format!("{} {text}", field.name()), row.line)
            };
            if let Some(before) = before {
                let name = field.name();
                return Err(alone(format!(
                    "is about the same person as line {before}, by {name}: leave one of them out"
                )));
            }
            // The first that a row has says who it is; of two people with one address nothing is wrong.
            break;
        }
        let mut own: Vec<String> = Vec::new();
        for number in row.cards.iter().flatten() {
            let is_digits = number.bytes().all(|byte| byte.is_ascii_digit());
            let column = self.columns.iter().find(|column| column.field == Some(Field::Card));
            let converted = (self.convert)(number).map_err(|message| Wrong {
                column: column.map(|column| column.header.clone()),
                message: format!("a card number {message}"),
            })?;
            if own.contains(&converted) {
                continue;
            }
            if let Some(before) = self.cards.note(&converted, row.line) {
                return Err(alone(format!("has a card that line {before} has: a card has one holder")));
            }
            own.push(converted);
            if is_digits {
                let lengths = self.lengths.entry(number.len()).or_default();
                lengths.count += 1;
                if lengths.first.len() < 5 {
                    lengths.first.push(row.line);
                }
            }
        }
        Ok(())
    }
}

impl<R: Read> Iterator for Roster<R> {
    type Item = Result<Row, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.records.next() {
            Ok(record) => record.map(|record| self.row(record)),
            Err(error) => {
                self.failure = Some(error);
                None
            }
        }
    }
}
