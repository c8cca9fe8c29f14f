//! A copy of a SQLite database while it is in use.

use std::path::Path;

use diesel::{QueryableByName, RunQueryDsl as _, sql_types::Text};

use crate::{Address, Connection, Error};

#[derive(QueryableByName)]
struct Said {
    #[diesel(sql_type = Text)]
    integrity_check: String,
}

/// Writes what the SQLite database at `from` holds at this moment into the file `to`, which must not be there yet, while others read and
/// write it. Blocks.
///
/// # Errors
/// [`Error::Open`], [`Error::Query`]; also when `from` is not SQLite.
pub fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let mut connection = Connection::open_writer(&Address::Sqlite(from.to_owned()))?;
    diesel::sql_query("VACUUM INTO ?").bind::<Text, _>(to.to_string_lossy()).execute(&mut connection)?;
    Ok(())
}

/// What is wrong with the SQLite database at `path`; `None` for one that is whole. Blocks, and reads all of it.
///
/// # Errors
/// [`Error::Open`], [`Error::Query`], for what is no database.
pub fn damage(path: &Path) -> Result<Option<String>, Error> {
    let mut connection = Connection::open_writer(&Address::Sqlite(path.to_owned()))?;
    let said: Vec<Said> = diesel::sql_query("PRAGMA integrity_check").load(&mut connection)?;
    let said: Vec<String> = said.into_iter().map(|line| line.integrity_check).collect();
    Ok((said != ["ok"]).then(|| said.join("; ")))
}
