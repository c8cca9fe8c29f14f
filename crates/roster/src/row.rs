//! A record becomes a row.

use crate::{
    Cell, Column, Field,
    cell::{moment, read, truth},
    field::COUNT,
};

/// The most cards in a row.
const MAX_CARDS: usize = 20;

/// What a file says of a person.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row {
    /// The line on which it begins; 1 is the header's.
    pub line: u64,
    /// What the row says of each field; see [`Row::cell`].
    cells: [Cell; COUNT],
    /// Whether the person may use the service; none where the file does not say.
    pub active: Option<bool>,
    /// The card numbers as they stand in the file; none where it has no such column.
    pub cards: Option<Vec<String>>,
    /// From when these work, in Unix milliseconds.
    pub valid_from: Option<i64>,
    /// Until when.
    pub valid_until: Option<i64>,
}

/// Why a record is no row: the column's header, and what is wrong.
pub(crate) struct Wrong {
    pub(crate) column: Option<String>,
    pub(crate) message: String,
}

impl Row {
    /// What the row says of a field.
    pub fn cell(&self, field: Field) -> &Cell {
        self.cells.get(field as usize).unwrap_or(&Cell::Absent)
    }

    /// Whom the row is about, for people: the first that it has of userName, e-mail address and externalId.
    pub fn who(&self) -> &str {
        [Field::UserName, Field::Email, Field::ExternalId]
            .into_iter()
            .find_map(|field| self.cell(field).text())
            .unwrap_or_default()
    }

    /// Reads the cells of a record by the meaning of their columns. As much of whom it is about as could be read comes with an
    /// error.
    pub(crate) fn read(line: u64, columns: &[Column], cells: &[Vec<u8>]) -> (Self, Result<(), Wrong>) {
        let mut row = Self { line, ..Self::default() };
        let outcome = row.fill(columns, cells);
        (row, outcome)
    }

    fn fill(&mut self, columns: &[Column], cells: &[Vec<u8>]) -> Result<(), Wrong> {
        // What says who comes first, so that a problem in any other cell can say whom it is about.
        let mut wrong = None;
        for pass in [true, false] {
            for (column, bytes) in columns.iter().zip(cells) {
                if let Some(field) = column.field.filter(|field| field.is_who() == pass)
                    && let Err(message) = self.put(field, bytes)
                {
                    let first = Wrong { column: Some(column.header.clone()), message };
                    wrong = wrong.or(Some(first));
                }
            }
        }
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        if cells.len() != columns.len() {
            let (found, expected) = (cells.len(), columns.len());
            let message = format!(
                "has {found} cells and the header {expected}: is a separator in a text without quotes?"
            );
            return Err(Wrong { column: None, message });
        }
        if self.who().is_empty() {
            let message = "says of nobody who it is: no userName, e-mail address or externalId".to_owned();
            return Err(Wrong { column: None, message });
        }
        if let (Some(from), Some(until)) = (self.valid_from, self.valid_until)
            && until <= from
        {
            let message = "has a card that would end before it begins".to_owned();
            return Err(Wrong { column: None, message });
        }
        Ok(())
    }

    fn put(&mut self, field: Field, bytes: &[u8]) -> Result<(), String> {
        let cell = read(field, bytes)?;
        match (field, cell.text()) {
            (Field::Card, text) => {
                let cards = self.cards.get_or_insert_default();
                cards.extend(
                    text.into_iter()
                        .flat_map(|text| text.split(['|', '\n']))
                        .map(|card| card.trim().to_owned()),
                );
                cards.retain(|card| !card.is_empty());
                if cards.len() > MAX_CARDS {
                    return Err(format!("makes more than {MAX_CARDS} cards of one person"));
                }
            }
            (Field::Active, Some(text)) => self.active = Some(truth(text)?),
            (Field::CardValidFrom, Some(text)) => self.valid_from = Some(moment(field, text)?),
            (Field::CardValidUntil, Some(text)) => self.valid_until = Some(moment(field, text)?),
            _ => {}
        }
        if let Some(slot) = self.cells.get_mut(field as usize) {
            *slot = if field == Field::Card { Cell::Absent } else { cell };
        }
        Ok(())
    }
}
