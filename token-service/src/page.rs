//! Pages of lists (AIP-158).

use uuid::Uuid;

use crate::error::Error;

const DEFAULT: i32 = 100;
const MAX: i32 = 1000;

/// How many to return: 0 is 100, above 1,000 is 1,000.
pub(crate) fn size(asked: i32) -> Result<usize, Error> {
    let size = match asked {
        0 => DEFAULT,
        asked => asked.min(MAX),
    };
    usize::try_from(size).map_err(|_| Error::invalid("page_size", "it is negative"))
}

/// How many to read: one more, which tells whether there is a next page.
pub(crate) fn limit(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1)
}

/// Cuts what was read to `size`, with the token of the next page: the key of the last row here, empty at the end.
pub(crate) fn cut<T>(mut rows: Vec<T>, size: usize, key: impl Fn(&T) -> String) -> (Vec<T>, String) {
    let more = rows.len() > size;
    rows.truncate(size);
    let token = if more { rows.last().map(key).unwrap_or_default() } else { String::new() };
    (rows, token)
}

/// The id in a page token that holds one: a UUID, in the one spelling that is given out. `None` for the first page.
pub(crate) fn uuid(token: &str) -> Result<Option<String>, Error> {
    match token {
        "" => Ok(None),
        token => Uuid::try_parse(token).map(|id| Some(id.to_string())).map_err(|_| unknown_token()),
    }
}

/// A page token that no answer held.
pub(crate) fn unknown_token() -> Error {
    Error::invalid("page_token", "it is not the `next_page_token` of an answer")
}
