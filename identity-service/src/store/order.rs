//! The order of a list by an attribute: what to sort by, and what comes after a place in it.

use rollcall_db::Sql;
use rollcall_scim::{
    filter::{Filter, Path},
    schema::{Kind, ResourceType},
};

use super::{
    error::Error,
    filter::{Place, Scope, Source},
};

/// An order other than that of ids.
#[derive(Debug)]
pub(crate) struct Order {
    path: Path,
    descending: bool,
}

impl Order {
    pub(crate) fn parse(text: &str, resource: ResourceType) -> Result<Self, Error> {
        let (path, descending) = match text.split_once(' ') {
            None => (text, false),
            Some((path, "desc")) => (path, true),
            Some(_) => return Err(Error::field("order_by", "must be an attribute path, or one and ` desc`")),
        };
        // What can be asked to be present can be sorted by.
        match Filter::parse(&format!("{path} pr"), resource).map_err(rollcall_scim::Error::from)? {
            // A group has no first member.
            Filter::Present(path) if path.attribute.name == "members" => {
                Err(Error::field("order_by", "groups cannot be sorted by their members"))
            }
            Filter::Present(path) => Ok(Self { path, descending }),
            _ => Err(Error::field("order_by", "must be the path of one attribute")),
        }
    }

    /// The text to sort by, and whether it can be NULL. Of several values, the primary one counts, or else the first
    /// (RFC 7644 section 3.4.2.3).
    pub(crate) fn key(&self, scope: Scope<'_>) -> (Sql, bool) {
        let (key, nullable) = match scope.place(self.path) {
            Place::Own(expression, nullable) => (expression, nullable),
            Place::Elsewhere(Source::Values(attribute), expression) => {
                let first = Sql::new("(SELECT ")
                    .then(expression)
                    .sql(" FROM user_values v WHERE v.account_id = users.account_id AND v.user_id = users.id")
                    .sql(" AND v.attribute = ")
                    .literal(attribute.number())
                    .sql(" ORDER BY CASE WHEN v.is_primary THEN 0 ELSE 1 END, v.position LIMIT 1)");
                (first, true)
            }
            Place::Elsewhere(Source::Groups, expression) => {
                let first = Sql::new("(SELECT ")
                    .then(expression)
                    .sql(" FROM members m JOIN groups g ON g.account_id = m.account_id AND g.id = m.group_id")
                    .sql(" WHERE m.account_id = users.account_id AND m.member_id = users.id")
                    .sql(" ORDER BY m.group_id LIMIT 1)");
                (first, true)
            }
            // By the core schema, which all have; by members there is no sorting.
            Place::Elsewhere(Source::Schemas | Source::Members, _) => (Sql::new("CAST('' AS TEXT)"), false),
        };
        let key = match self.path.leaf().kind {
            Kind::Boolean => {
                Sql::new("(CASE ").then(key).sql(" WHEN TRUE THEN 'true' WHEN FALSE THEN 'false' END)")
            }
            // Milliseconds since 1970 have thirteen digits until the year 2286.
            Kind::DateTime => Sql::new("CAST(").then(key).sql(" AS TEXT)"),
            _ => key,
        };
        (key, nullable)
    }

    /// `ORDER BY`'s expressions before the id. Missing values come last in ascending order and first in descending.
    pub(crate) fn by(&self, key: Sql, nullable: bool) -> Sql {
        let direction = if self.descending { " DESC" } else { "" };
        let by = if nullable { is_missing(&key).sql(direction).sql(", ") } else { Sql::default() };
        by.then(key).sql(direction)
    }

    /// The condition on what comes after the place with `last` for its key, where `after_id` decides among equals.
    pub(crate) fn after(&self, key: &Sql, nullable: bool, last: Option<&str>, after_id: Sql) -> Sql {
        let further = if self.descending { " < " } else { " > " };
        let Some(last) = last else {
            // After one without a value: the others without, and in descending order all that have one.
            let rest = is_missing(key).sql(" = 1 AND ").then(after_id);
            return if self.descending { rest.sql(" OR ").then(is_missing(key)).sql(" = 0") } else { rest };
        };
        let or_equal = if self.descending { " <= " } else { " >= " };
        // The first half follows from the second, but is a range that an index knows.
        let sql =
            key.clone().sql(or_equal).text(last).sql(" AND (").then(key.clone()).sql(further).text(last);
        let sql = sql.sql(" OR ").then(after_id).sql(")");
        if nullable && !self.descending { sql.sql(" OR ").then(is_missing(key)).sql(" = 1") } else { sql }
    }
}

fn is_missing(key: &Sql) -> Sql {
    Sql::new("(CASE WHEN ").then(key.clone()).sql(" IS NULL THEN 1 ELSE 0 END)")
}
