//! The header becomes a meaning for each column.

use std::collections::HashMap;

use crate::{Field, roster::FileError};

/// The most columns of a file.
const MAX_COLUMNS: usize = 100;
/// The most characters of a header that are repeated.
const MAX_SHOWN: usize = 60;

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The header's text, cut to 60 characters.
    pub header: String,
    /// What it means; none for a column that is ignored.
    pub field: Option<Field>,
}

/// What the columns mean: by the caller's mapping, or else by name. With `cards_only`, only who a row is about, cards and
/// secrets count.
pub(crate) fn of(
    header: &[Vec<u8>],
    mapping: &[(String, Field)],
    cards_only: bool,
) -> Result<Vec<Column>, FileError> {
    if header.len() > MAX_COLUMNS {
        return Err(FileError::TooManyColumns { limit: MAX_COLUMNS });
    }
    let texts: Vec<String> =
        header.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect();
    for (name, _) in mapping {
        if !texts.iter().any(|text| text.eq_ignore_ascii_case(name.trim())) {
            return Err(FileError::NoSuchColumn { name: shown(name), found: list(&texts) });
        }
    }
    let columns: Vec<Column> = texts
        .iter()
        .map(|text| {
            let mapped = mapping.iter().find(|(name, _)| text.eq_ignore_ascii_case(name.trim()));
            let field = mapped.map(|(_, field)| *field).or_else(|| Field::of_header(text));
            let field = field.filter(|field| !cards_only || field.is_who() || field.is_of_cards());
            Column { header: shown(text), field }
        })
        .collect();
    let mut first: HashMap<Field, &str> = HashMap::new();
    for column in &columns {
        if let Some(field) = column.field.filter(|field| *field != Field::Card)
            && let Some(before) = first.insert(field, &column.header)
        {
            return Err(FileError::Twice {
                field: field.name(),
                one: before.to_owned(),
                other: column.header.clone(),
            });
        }
    }
    if !columns.iter().any(|column| column.field.is_some_and(Field::is_who)) {
        return Err(FileError::NobodyNamed { found: list(&texts) });
    }
    let says_something = |column: &Column| column.field.is_some_and(Field::is_of_cards);
    if cards_only && !columns.iter().any(says_something) {
        return Err(FileError::NoCards { found: list(&texts) });
    }
    Ok(columns)
}

fn shown(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control()).take(MAX_SHOWN).collect();
    if clean.len() < text.len() && clean.chars().count() == MAX_SHOWN { clean + "…" } else { clean }
}

fn list(texts: &[String]) -> String {
    let shown: Vec<String> = texts.iter().take(20).map(|text| format!("`{}`", self::shown(text))).collect();
    let more = if texts.len() > 20 { " and others" } else { "" };
    shown.join(", ") + more
}
