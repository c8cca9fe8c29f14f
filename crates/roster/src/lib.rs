//! The rows of a file of people: comma-separated values as human resources, spreadsheets and other print products export
//! them.
//!
//! A [`Roster`] reads from anything that can be read, a row at a time; a million rows take no more memory than what it remembers of each
//! to find duplicates, some 35 bytes.
//!
//! | module | what it does |
//! |---|---|
//! | [`source`] | bytes become UTF-8: byte order marks, UTF-16, Windows-1252; which separator the file has |
//! | `records` | UTF-8 becomes records, within limits |
//! | [`field`] | what a column can mean, and what exporters call it |
//! | `columns` | the header becomes a meaning for each column |
//! | `cell` | what a cell may hold, and what a spreadsheet has done to it |
//! | [`row`] | a record becomes a row |
//! | `seen` | who and which card stood in the file before |
//! | [`outcome`] | the result of an import as a file |
//!
//! No problem says what stood in a cell of a card, PIN or passcode.

mod cell;
mod columns;
pub mod field;
pub mod outcome;
mod records;
mod roster;
pub mod row;
mod seen;
pub mod source;

pub use cell::Cell;
pub use columns::Column;
pub use field::Field;
pub use roster::{Convert, FileError, Options, Problem, Roster};
pub use row::Row;
pub use source::Encoding;
