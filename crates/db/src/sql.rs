//! SQL put together from pieces, for what Diesel's query builder cannot say over two databases at once (filters that nest as deep as
//! the client's, statements over a list of ids, `ON CONFLICT`, recursion), and for the few statements that are run for every request:
//! Diesel puts a statement together anew each time, and keeps no `UPDATE` prepared.
//!
//! Text of a client is only ever a bound parameter; pieces of SQL are `&'static str`, so that nothing else can be.

use std::{collections::BTreeSet, marker::PhantomData};

use diesel::{
    backend::Backend,
    prelude::*,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    serialize::ToSql,
    sql_types::{BigInt, Binary, Bool, HasSqlType, Nullable, Text},
};

use crate::Connection;

/// The most pieces of a statement that is kept prepared without being asked to.
const FEW: usize = 24;

#[derive(Clone, Debug)]
enum Piece {
    Sql(&'static str),
    Integer(i64),
    Value(Value),
}

/// What is bound to a parameter.
#[derive(Clone, Debug)]
pub enum Value {
    /// A text, or NULL.
    Text(Option<String>),
    /// A number, or NULL.
    Number(Option<i64>),
    /// A truth value, or NULL.
    Bool(Option<bool>),
    /// Bytes.
    Binary(Vec<u8>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

impl From<Option<bool>> for Value {
    fn from(value: Option<bool>) -> Self {
        Self::Bool(value)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Binary(bytes)
    }
}

/// A statement or a part of one.
#[derive(Clone, Debug, Default)]
pub struct Sql {
    pieces: Vec<Piece>,
    prepared: bool,
}

impl Sql {
    /// Begins with SQL.
    pub fn new(sql: &'static str) -> Self {
        Self { pieces: vec![Piece::Sql(sql)], prepared: false }
    }

    /// Goes on with SQL.
    #[must_use]
    pub fn sql(self, sql: &'static str) -> Self {
        self.piece(Piece::Sql(sql))
    }

    /// Goes on with other pieces.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.pieces.extend(other.pieces);
        self
    }

    /// Goes on with a number written out: an index `WHERE attribute = 1` is used only where the planner sees the 1.
    #[must_use]
    pub fn literal(self, number: i64) -> Self {
        self.piece(Piece::Integer(number))
    }

    /// Goes on with a parameter.
    #[must_use]
    pub fn value(self, value: impl Into<Value>) -> Self {
        self.piece(Piece::Value(value.into()))
    }

    /// Goes on with a parameter that is a text.
    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Self {
        self.value(text.into())
    }

    /// Goes on with a parameter that is a number.
    #[must_use]
    pub fn number(self, number: i64) -> Self {
        self.value(number)
    }

    /// Goes on with parameters, a comma between two of them.
    #[must_use]
    pub fn list(mut self, values: impl IntoIterator<Item = Value>) -> Self {
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                self = self.sql(", ");
            }
            self = self.value(value);
        }
        self
    }

    /// Goes on with columns that are set, a comma between two of them: `a = ?, b = ?`.
    #[must_use]
    pub fn set(mut self, columns: impl IntoIterator<Item = (&'static str, Value)>) -> Self {
        for (index, (column, value)) in columns.into_iter().enumerate() {
            if index > 0 {
                self = self.sql(", ");
            }
            self = self.sql(column).sql(" = ").value(value);
        }
        self
    }

    /// Keeps the statement prepared however long it is: for one whose shape no client chooses.
    #[must_use]
    pub fn prepared(self) -> Self {
        Self { prepared: true, ..self }
    }

    fn piece(mut self, piece: Piece) -> Self {
        self.pieces.push(piece);
        self
    }

    /// Goes on with the rows of a table that belong to one of `keys`, however many, as one parameter: an item of `FROM`.
    /// `condition` says which row belongs to `k.value`, and must name the first columns of an index by `=`.
    ///
    /// For each key the index is asked. Left to itself, PostgreSQL reads a whole account or group to find a few of it while
    /// it has no statistics, as in the first minutes of a new installation; `OFFSET 0` keeps it from that.
    #[must_use]
    pub fn keyed(self, connection: &Connection, keys: &[String], rows: Rows, condition: Self) -> Self {
        let Rows { select, table, alias } = rows;
        if connection.is_postgres() {
            let sql = self
                .sql("unnest(CAST(")
                .text(array(keys))
                .sql(" AS TEXT[])) AS k(value) CROSS JOIN LATERAL (SELECT ");
            let sql =
                sql.sql(select).sql(" FROM ").sql(table).sql(" ").sql(alias).sql(" WHERE ").then(condition);
            sql.sql(" OFFSET 0) ").sql(alias)
        } else {
            let sql = self.sql("json_each(").text(json(keys)).sql(") AS k CROSS JOIN ");
            sql.sql(table).sql(" ").sql(alias).sql(" ON ").then(condition)
        }
    }

    /// Goes on with the condition that `column` is none of `keys`.
    #[must_use]
    pub fn none_of(self, connection: &Connection, column: &'static str, keys: &[String]) -> Self {
        if connection.is_postgres() {
            let sql = self
                .sql("NOT EXISTS (SELECT 1 FROM unnest(CAST(")
                .text(array(keys))
                .sql(" AS TEXT[])) AS k(value)");
            sql.sql(" WHERE k.value = ").sql(column).sql(")")
        } else {
            self.sql(column).sql(" NOT IN (SELECT value FROM json_each(").text(json(keys)).sql("))")
        }
    }

    /// This as a whole query with rows of these types.
    pub fn query<T>(self) -> Fragment<T> {
        Fragment(self, PhantomData)
    }

    /// Runs this as a whole statement; the number of rows it changed.
    ///
    /// # Errors
    /// Those of the database.
    pub fn execute(self, connection: &mut Connection) -> QueryResult<usize> {
        let statement = self.query::<diesel::sql_types::Untyped>();
        // Straight to the one: on the way over both it is put together twice as often.
        match connection {
            Connection::Sqlite(connection) => statement.execute(connection),
            Connection::Postgres(connection) => statement.execute(connection),
        }
    }
}

/// A table in `FROM`.
pub struct Rows {
    /// What of its rows is used, such as `m.*`.
    pub select: &'static str,
    /// Its name.
    pub table: &'static str,
    /// Its name in the statement.
    pub alias: &'static str,
}

/// [`Sql`] with the type of what it yields.
pub struct Fragment<T>(Sql, PhantomData<T>);

impl<T, DB> QueryFragment<DB> for Fragment<T>
where
    DB: Backend + HasSqlType<Text> + HasSqlType<BigInt> + HasSqlType<Bool> + HasSqlType<Binary>,
    Option<String>: ToSql<Nullable<Text>, DB>,
    Option<i64>: ToSql<Nullable<BigInt>, DB>,
    Option<bool>: ToSql<Nullable<Bool>, DB>,
    Vec<u8>: ToSql<Binary, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        // Few shapes are common, and worth preparing once; a client could send any number of long ones.
        if !self.0.prepared && self.0.pieces.len() > FEW {
            out.unsafe_to_cache_prepared();
        }
        for piece in &self.0.pieces {
            match piece {
                Piece::Sql(sql) => out.push_sql(sql),
                Piece::Integer(number) => out.push_sql(&number.to_string()),
                Piece::Value(Value::Text(text)) => out.push_bind_param::<Nullable<Text>, _>(text)?,
                Piece::Value(Value::Number(number)) => out.push_bind_param::<Nullable<BigInt>, _>(number)?,
                Piece::Value(Value::Bool(value)) => out.push_bind_param::<Nullable<Bool>, _>(value)?,
                Piece::Value(Value::Binary(bytes)) => out.push_bind_param::<Binary, _>(bytes)?,
            }
        }
        Ok(())
    }
}

impl<T> QueryId for Fragment<T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T> Query for Fragment<T> {
    type SqlType = T;
}

impl<T, C> RunQueryDsl<C> for Fragment<T> {}

fn json(keys: &[String]) -> String {
    serde_json::Value::from_iter(distinct(keys)).to_string()
}

/// The keys, each once: a row for each key must not become two.
fn distinct(keys: &[String]) -> BTreeSet<&str> {
    keys.iter().map(String::as_str).collect()
}

/// The text form of an array of PostgreSQL (its manual, section 8.15.6), every element quoted.
fn array(keys: &[String]) -> String {
    let quoted = distinct(keys)
        .into_iter()
        .map(|key| format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\"")));
    format!("{{{}}}", quoted.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::array;

    #[test]
    fn an_array_holds_any_text() {
        let keys = ["a", "", "b,c", "\"}", "\\", "NULL", "a"].map(str::to_owned);
        assert_eq!(array(&keys), r#"{"","\"}","NULL","\\","a","b,c"}"#);
        assert_eq!(array(&[]), "{}");
    }
}
