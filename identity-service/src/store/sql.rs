//! SQL put together from pieces, for what Diesel's query builder cannot say over two databases at once: filters that
//! nest as deep as the client's, statements over a list of ids, `ON CONFLICT`, recursion.
//!
//! Text of a client is only ever a bound parameter; pieces of SQL are `&'static str`, so that nothing else can be.

use std::{collections::BTreeSet, marker::PhantomData};

use diesel::{
    prelude::*,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Bool, Nullable, Text},
};
use rollcall_db::{Backend, Connection};

#[derive(Clone, Debug)]
enum Piece {
    Sql(&'static str),
    Integer(i64),
    Text(String),
    Number(i64),
    Bool(Option<bool>),
}

/// A statement or a part of one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sql(Vec<Piece>);

impl Sql {
    pub(crate) fn new(sql: &'static str) -> Self {
        Self(vec![Piece::Sql(sql)])
    }

    /// Goes on with SQL.
    pub(crate) fn sql(mut self, sql: &'static str) -> Self {
        self.0.push(Piece::Sql(sql));
        self
    }

    /// Goes on with other pieces.
    pub(crate) fn then(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// A number written out: an index `WHERE attribute = 1` is used only where the planner sees the 1.
    pub(crate) fn literal(mut self, number: i64) -> Self {
        self.0.push(Piece::Integer(number));
        self
    }

    pub(crate) fn text(mut self, text: impl Into<String>) -> Self {
        self.0.push(Piece::Text(text.into()));
        self
    }

    pub(crate) fn number(mut self, number: i64) -> Self {
        self.0.push(Piece::Number(number));
        self
    }

    pub(crate) fn optional_bool(mut self, value: Option<bool>) -> Self {
        self.0.push(Piece::Bool(value));
        self
    }

    /// Goes on with the rows of a table that belong to one of `keys`, however many, as one parameter: an item of `FROM`.
    /// `condition` says which row belongs to `k.value`, and must name the first columns of an index by `=`.
    ///
    /// For each key the index is asked. Left to itself, PostgreSQL reads a whole account or group to find a few of it while
    /// it has no statistics, as in the first minutes of a new installation; `OFFSET 0` keeps it from that.
    pub(crate) fn keyed(self, connection: &Connection, keys: &[String], rows: Rows, condition: Self) -> Self {
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
    pub(crate) fn none_of(self, connection: &Connection, column: &'static str, keys: &[String]) -> Self {
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
    pub(crate) fn query<T>(self) -> Fragment<T> {
        Fragment(self, PhantomData)
    }

    /// Runs this as a whole statement; the number of rows it changed.
    pub(crate) fn execute(self, connection: &mut Connection) -> QueryResult<usize> {
        RunQueryDsl::execute(self.query::<diesel::sql_types::Untyped>(), connection)
    }
}

/// A table in `FROM`.
pub(crate) struct Rows {
    /// What of its rows is used, such as `m.*`.
    pub(crate) select: &'static str,
    /// Its name.
    pub(crate) table: &'static str,
    /// Its name in the statement.
    pub(crate) alias: &'static str,
}

/// [`Sql`] with the type of what it yields.
pub(crate) struct Fragment<T>(Sql, PhantomData<T>);

impl<T> QueryFragment<Backend> for Fragment<T> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        // Few shapes are common, and worth preparing once; a client could send any number of long ones.
        if self.0.0.len() > 24 {
            out.unsafe_to_cache_prepared();
        }
        for piece in &self.0.0 {
            match piece {
                Piece::Sql(sql) => out.push_sql(sql),
                Piece::Integer(number) => out.push_sql(&number.to_string()),
                Piece::Text(text) => out.push_bind_param::<Text, _>(text)?,
                Piece::Number(number) => out.push_bind_param::<BigInt, _>(number)?,
                Piece::Bool(value) => out.push_bind_param::<Nullable<Bool>, _>(value)?,
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

impl<T> RunQueryDsl<Connection> for Fragment<T> {}

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
