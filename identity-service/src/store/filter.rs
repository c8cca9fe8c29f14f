//! A filter as SQL. It gives the same answer as `rollcall_scim::filter::Filter::matches`, which a property test holds
//! against it.
//!
//! Every condition is true or false, never NULL, so that `NOT` means what it says. Text is compared by `=`, ranges and
//! `replace`, on keys that were folded in Rust: `lower()` and `LIKE` differ between the databases, and from Unicode.

use rollcall_db::Sql;
use rollcall_scim::{
    filter::{Filter, Literal, Operator, Path},
    fold,
    schema::ResourceType,
};

use super::value::{self, Attribute};

/// What a condition is about: the account and the kind of resource.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) account: &'a str,
    pub(crate) resource: ResourceType,
}

/// Where the values of a path are.
pub(crate) enum Place {
    /// In the row of the resource, or a constant: an expression, and whether it can be NULL.
    Own(Sql, bool),
    /// In rows of another table: how to select them, and the expression in them.
    Elsewhere(Source, Sql),
}

/// Rows of another table that belong to a resource.
#[derive(Clone, Copy)]
pub(crate) enum Source {
    Values(Attribute),
    Schemas,
    /// The groups of a user.
    Groups,
    /// The members of a group.
    Members,
}

impl Scope<'_> {
    /// The condition on a row of `users` or `groups`.
    pub(crate) fn condition(self, filter: &Filter) -> Sql {
        match filter {
            Filter::And(parts) => self.join(parts, " AND ", Self::condition),
            Filter::Or(parts) => self.join(parts, " OR ", Self::condition),
            Filter::Not(inner) => not(self.condition(inner)),
            Filter::Present(path) => self.present(*path),
            Filter::Compare { path, op: Operator::Ne, value } => {
                not(self.condition(&Filter::Compare { path: *path, op: Operator::Eq, value: value.clone() }))
            }
            Filter::Compare { path, op, value } => match self.place(*path) {
                Place::Own(expression, nullable) => compare(expression, nullable, *op, value),
                Place::Elsewhere(source, expression) => {
                    self.any(source, compare(expression, true, *op, value))
                }
            },
            Filter::Element { attribute, filter } => match self.place(*attribute) {
                Place::Own(..) => self.condition(filter),
                Place::Elsewhere(source, _) => self.any(source, self.element(filter)),
            },
        }
    }

    /// The condition on a row of `source`: the filter inside `attribute[...]`.
    pub(crate) fn element(self, filter: &Filter) -> Sql {
        match filter {
            Filter::And(parts) => self.join(parts, " AND ", Self::element),
            Filter::Or(parts) => self.join(parts, " OR ", Self::element),
            Filter::Not(inner) => not(self.element(inner)),
            Filter::Compare { path, op: Operator::Ne, value } => {
                not(self.element(&Filter::Compare { path: *path, op: Operator::Eq, value: value.clone() }))
            }
            Filter::Compare { path, op, value } => {
                let (Place::Own(expression, _) | Place::Elsewhere(_, expression)) = self.place(*path);
                compare(expression, true, *op, value)
            }
            Filter::Present(path) => {
                let (Place::Own(expression, _) | Place::Elsewhere(_, expression)) = self.place(*path);
                Sql::new("(").then(expression).sql(" IS NOT NULL)")
            }
            Filter::Element { filter, .. } => self.element(filter),
        }
    }

    fn join(self, parts: &[Filter], with: &'static str, each: fn(Self, &Filter) -> Sql) -> Sql {
        let mut sql = Sql::new("(");
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                sql = sql.sql(with);
            }
            sql = sql.then(each(self, part));
        }
        sql.sql(")")
    }

    fn present(self, path: Path) -> Sql {
        match self.place(path) {
            Place::Own(expression, true) => Sql::new("(").then(expression).sql(" IS NOT NULL)"),
            // The core schema is always there, though not in the table.
            Place::Own(_, false) | Place::Elsewhere(Source::Schemas, _) => truth(true),
            Place::Elsewhere(source, _) if path.sub.is_none() => self.any(source, truth(true)),
            Place::Elsewhere(source, expression) => {
                self.any(source, Sql::new("(").then(expression).sql(" IS NOT NULL)"))
            }
        }
    }

    /// That a row of `source` which satisfies `condition` belongs to the resource. As `IN`, not as a correlated
    /// `EXISTS`: SQLite then begins with the few rows found by an index instead of asking every user.
    fn any(self, source: Source, condition: Sql) -> Sql {
        let account = self.account;
        let sql = match source {
            Source::Values(attribute) => Sql::new(
                "(users.id IN (SELECT v.user_id FROM user_values v WHERE v.account_id = ",
            )
            .text(account)
            .sql(" AND v.attribute = ")
            .literal(attribute.number()),
            Source::Schemas => Sql::new("(")
                .sql(self.id())
                .sql(" IN (SELECT s.resource_id FROM (SELECT resource_id, urn FROM resource_schemas WHERE account_id = ")
                .text(account)
                .sql(" UNION ALL SELECT id, ")
                .then(constant(self.resource.core().id))
                .sql(match self.resource {
                    ResourceType::User => " FROM users WHERE account_id = ",
                    ResourceType::Group => " FROM groups WHERE account_id = ",
                })
                .text(account)
                .sql(") s WHERE 1 = 1"),
            Source::Groups => Sql::new("(users.id IN (SELECT m.member_id FROM members m")
                .sql(" JOIN groups g ON g.account_id = m.account_id AND g.id = m.group_id WHERE m.kind = 1")
                .sql(" AND m.account_id = ")
                .text(account),
            Source::Members => Sql::new("(groups.id IN (SELECT m.group_id FROM members m").sql(MEMBER_NAMES)
                .sql(" WHERE m.account_id = ")
                .text(account),
        };
        sql.sql(" AND ").then(condition).sql("))")
    }

    fn id(self) -> &'static str {
        match self.resource {
            ResourceType::User => "users.id",
            ResourceType::Group => "groups.id",
        }
    }

    /// Where the values of `path` are. A path to a complex attribute leads to its elements or parts.
    pub(crate) fn place(self, path: Path) -> Place {
        let sub = path.sub.map(|sub| sub.name);
        let own = |sql| Place::Own(Sql::new(sql), true);
        let never_null = |sql| Place::Own(Sql::new(sql), false);
        let user = self.resource == ResourceType::User;
        match (path.attribute.name, sub) {
            ("id", _) => never_null(self.id()),
            ("externalId", _) => own(if user { "users.external_id" } else { "groups.external_id" }),
            ("schemas", _) => Place::Elsewhere(Source::Schemas, Sql::new("s.urn")),
            ("meta", Some("resourceType")) => Place::Own(constant_like(path, self.resource.name()), false),
            ("meta", Some("created")) => {
                never_null(if user { "users.created_at" } else { "groups.created_at" })
            }
            ("meta", Some("lastModified")) => {
                never_null(if user { "users.updated_at" } else { "groups.updated_at" })
            }
            ("meta", Some("version")) => never_null(if user {
                "('W/\"' || CAST(users.version AS TEXT) || '\"')"
            } else {
                "('W/\"' || CAST(groups.version AS TEXT) || '\"')"
            }),
            ("meta", _) => never_null("1"),
            ("displayName", _) if !user => never_null("groups.display_name"),
            ("members", sub) => Place::Elsewhere(
                Source::Members,
                match sub {
                    Some("type") => Sql::new("(CASE m.kind WHEN 1 THEN ")
                        .then(constant_like(path, "User"))
                        .sql(" ELSE ")
                        .then(constant_like(path, "Group"))
                        .sql(" END)"),
                    Some("display") => Sql::new(MEMBER_DISPLAY),
                    _ => Sql::new("m.member_id"),
                },
            ),
            ("groups", sub) => Place::Elsewhere(
                Source::Groups,
                match sub {
                    Some("display") => Sql::new("g.display_name"),
                    Some("type") => constant_like(path, "direct"),
                    _ => Sql::new("m.group_id"),
                },
            ),
            (name, sub) => match (value::column(name, sub), Attribute::of(name)) {
                (Some(column), _) => Place::Own(Sql::new(column), name != "userName"),
                (None, Some(attribute)) => {
                    Place::Elsewhere(Source::Values(attribute), Sql::new(value::element_column(sub)))
                }
                // Not stored: nothing is found.
                (None, None) => own("NULL"),
            },
        }
    }
}

/// The tables that the name of a member is in.
const MEMBER_NAMES: &str = " LEFT JOIN users u ON u.account_id = m.account_id AND u.id = m.member_id AND m.kind = 1 \
    LEFT JOIN groups h ON h.account_id = m.account_id AND h.id = m.member_id AND m.kind = 2";
const MEMBER_DISPLAY: &str = "COALESCE(NULLIF(u.display_name, ''), u.user_name, h.display_name)";

/// The members `m` of a group that satisfy an element filter: their ids.
pub(crate) fn members(account: &str, group: &str, filter: &Filter) -> Sql {
    let scope = Scope { account, resource: ResourceType::Group };
    Sql::new("(SELECT m.member_id FROM members m")
        .sql(MEMBER_NAMES)
        .sql(" WHERE m.account_id = ")
        .text(account)
        .sql(" AND m.group_id = ")
        .text(group)
        .sql(" AND ")
        .then(scope.element(filter))
        .sql(")")
}

fn constant(text: &str) -> Sql {
    Sql::new("CAST(").text(text).sql(" AS TEXT)")
}

/// A constant in the form in which the attribute's literals come: folded unless case counts.
fn constant_like(path: Path, text: &str) -> Sql {
    if path.leaf().case_exact { constant(text) } else { constant(&fold(text)) }
}

fn truth(value: bool) -> Sql {
    Sql::new(if value { "(1 = 1)" } else { "(1 = 0)" })
}

fn not(condition: Sql) -> Sql {
    Sql::new("(NOT ").then(condition).sql(")")
}

fn compare(expression: Sql, nullable: bool, op: Operator, literal: &Literal) -> Sql {
    let condition = match literal {
        Literal::Bool(value) => {
            // A stored boolean is compared as itself: both databases have one, and only one has numbers for it.
            let same = if *value { " = TRUE" } else { " = FALSE" };
            expression.clone().sql(same)
        }
        Literal::Instant(at) => expression.clone().sql(relation(op)).number(*at),
        Literal::Text(text) => compare_text(expression.clone(), op, text),
    };
    if nullable {
        Sql::new("(").then(expression).sql(" IS NOT NULL AND ").then(condition).sql(")")
    } else {
        Sql::new("(").then(condition).sql(")")
    }
}

fn relation(op: Operator) -> &'static str {
    match op {
        Operator::Gt => " > ",
        Operator::Ge => " >= ",
        Operator::Lt => " < ",
        Operator::Le => " <= ",
        Operator::Ne => " <> ",
        Operator::Eq | Operator::Co | Operator::Sw | Operator::Ew => " = ",
    }
}

fn compare_text(expression: Sql, op: Operator, text: &str) -> Sql {
    let begins = expression.clone();
    match op {
        Operator::Co | Operator::Sw | Operator::Ew if text.is_empty() => truth(true),
        Operator::Co => {
            Sql::new("replace(").then(begins).sql(", ").text(text).sql(", '') <> ").then(expression)
        }
        Operator::Ew => {
            let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
            Sql::new("length(")
                .then(begins.clone())
                .sql(") >= ")
                .literal(length)
                .sql(" AND substr(")
                .then(begins.clone())
                .sql(", length(")
                .then(begins)
                .sql(") - ")
                .literal(length - 1)
                .sql(") = ")
                .text(text)
        }
        Operator::Sw => {
            let from = begins.sql(" >= ").text(text);
            match after_prefix(text) {
                Some(end) => from.sql(" AND ").then(expression).sql(" < ").text(end),
                None => from,
            }
        }
        _ => begins.sql(relation(op)).text(text),
    }
}

/// The least text that is greater than every text with this prefix; none for a prefix of only the last code point.
fn after_prefix(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        // A range of characters steps over the surrogates.
        if let Some(next) = (last..=char::MAX).nth(1) {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::after_prefix;

    #[test]
    fn a_prefix_ends_where_its_last_character_changes() {
        assert_eq!(after_prefix("ab").as_deref(), Some("ac"));
        assert_eq!(after_prefix("a\u{d7ff}").as_deref(), Some("a\u{e000}"));
        assert_eq!(after_prefix("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(after_prefix("\u{10ffff}"), None);
    }
}
