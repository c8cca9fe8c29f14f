//! What is kept of an account, over tables that the caller need not know: read from the database's own catalog, so that a table
//! which somebody forgot is seen.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use diesel::{
    QueryableByName, RunQueryDsl as _,
    sql_types::{BigInt, Bool, Text},
};

use crate::{Address, Connection, Database, Error};

/// The column that says whose a row is.
const ACCOUNT: &str = "account_id";

/// The table whose row of an account stays when all else is erased: a revision number, by which copies of a directory are told apart from
/// later ones.
pub const STAYS: &str = "heads";

const SQLITE_COLUMNS: &str = "SELECT m.name AS of, c.name AS name, c.pk > 0 AS is_key \
                              FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'";
const POSTGRES_COLUMNS: &str = "SELECT t.relname::text AS of, c.attname::text AS name, \
                                COALESCE(c.attnum = ANY(k.indkey), false) AS is_key \
                                FROM pg_class t \
                                JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = current_schema() \
                                JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum > 0 AND NOT c.attisdropped \
                                LEFT JOIN pg_index k ON k.indrelid = t.oid AND k.indisprimary \
                                WHERE t.relkind IN ('r', 'p')";

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    of: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    is_key: bool,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

#[derive(QueryableByName)]
struct Checkpoint {
    #[diesel(sql_type = BigInt)]
    busy: i64,
}

/// The columns of every table.
fn columns(c: &mut Connection) -> Result<Vec<Column>, Error> {
    let query = if c.is_postgres() { POSTGRES_COLUMNS } else { SQLITE_COLUMNS };
    Ok(diesel::sql_query(query).load(c)?)
}

/// An identifier. Those of Rollcall's tables need no quotes but where a database has a word for itself.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn parameter(c: &Connection) -> &'static str {
    if c.is_postgres() { "$1" } else { "?" }
}

/// The names of all tables with a column `account_id`.
///
/// # Errors
/// [`Error::Query`].
pub fn tables(c: &mut Connection) -> Result<BTreeSet<String>, Error> {
    let columns = columns(c)?.into_iter();
    Ok(columns.filter(|column| column.name == ACCOUNT).map(|column| column.of).collect())
}

/// How many rows each table has of an account; [`STAYS`] and those without any are left out. Reads all of the account's rows.
///
/// # Errors
/// [`Error::Query`].
pub fn kept(c: &mut Connection, account: &str) -> Result<BTreeMap<String, i64>, Error> {
    let mut kept = BTreeMap::new();
    for table in tables(c)?.into_iter().filter(|table| table != STAYS) {
        let query =
            format!("SELECT COUNT(*) AS rows FROM {} WHERE {ACCOUNT} = {}", quoted(&table), parameter(c));
        let count: Count = diesel::sql_query(query).bind::<Text, _>(account).get_result(c)?;
        if count.rows > 0 {
            kept.insert(table, count.rows);
        }
    }
    Ok(kept)
}

/// Deletes up to `limit` rows of an account from a table, and says how many it were.
///
/// # Errors
/// [`Error::Query`].
pub fn delete(c: &mut Connection, table: &str, account: &str, limit: usize) -> Result<usize, Error> {
    let columns = columns(c)?.into_iter();
    let key: Vec<String> = columns
        .filter(|column| column.of == table && column.is_key)
        .map(|column| quoted(&column.name))
        .collect();
    let (key, table) = (key.join(", "), quoted(table));
    let account_is = format!("{ACCOUNT} = {}", parameter(c));
    let some = format!("SELECT {key} FROM {table} WHERE {account_is} LIMIT {limit}");
    let query = format!("DELETE FROM {table} WHERE ({key}) IN ({some})");
    Ok(diesel::sql_query(query).bind::<Text, _>(account).execute(c)?)
}

/// Rows that go in one transaction.
const STEP: usize = 1000;
/// How long [`erase`] works: well within the time that a caller waits.
const WHILE: Duration = Duration::from_secs(5);

/// Deletes the rows of an account from these tables, a thousand in a transaction, and adds up how many it were; `false` if some are left
/// after five seconds.
///
/// # Errors
/// Those of [`Database::write`]; what was deleted until then stays so.
pub async fn erase(
    db: &Database,
    account: &str,
    tables: &'static [&'static str],
    erased: &mut BTreeMap<String, i64>,
) -> Result<bool, Error> {
    let end = Instant::now() + WHILE;
    for table in tables {
        loop {
            let of = account.to_owned();
            let deleted = db.write(account, move |c| delete(c, table, &of, STEP)).await?;
            if deleted > 0 {
                *erased.entry((*table).to_owned()).or_default() += i64::try_from(deleted).unwrap_or(i64::MAX);
            }
            if deleted < STEP {
                break;
            }
            if Instant::now() >= end {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Writes what SQLite keeps in its log into the database, and empties the log, where what was deleted could still be read; `false` where
/// somebody reads old data for longer than five seconds. PostgreSQL keeps its own time. Blocks.
///
/// # Errors
/// [`Error::Open`], [`Error::Query`].
pub fn empty_log(db: &Database) -> Result<bool, Error> {
    let Address::Sqlite(_) = db.address() else { return Ok(true) };
    let mut connection = Connection::open_writer(db.address())?;
    let done: Checkpoint =
        diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result(&mut connection)?;
    Ok(done.busy == 0)
}
