//! Lists: which resources, in which order, from where, how many.

use rollcall_scim::{
    filter::{Filter, Path},
    schema::ResourceType,
};

use super::{
    error::Error,
    filter::{Place, Scope, Source},
    sql::Sql,
};

/// The most resources on a page.
pub(crate) const MAX_PAGE: i64 = 1000;
/// The resources on a page where the request does not say.
pub(crate) const DEFAULT_PAGE: i64 = 100;

/// What a list request asks for.
#[derive(Debug, Default)]
pub(crate) struct List {
    pub(crate) filter: Option<Filter>,
    pub(crate) order: Option<Order>,
    /// Begin after this id, or skip so many.
    pub(crate) start: Start,
    /// The most to return; 0 for none but the total.
    pub(crate) limit: i64,
}

/// Where a page begins.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// After so many resources.
    Skip(i64),
    /// After the resource with this id, in the order of ids.
    After(String),
}

impl Default for Start {
    fn default() -> Self {
        Self::Skip(0)
    }
}

/// An order other than that of ids.
#[derive(Debug)]
pub(crate) struct Order {
    path: Path,
    descending: bool,
}

impl List {
    /// Reads the fields that every list request has.
    pub(crate) fn new(
        resource: ResourceType,
        (filter, order_by): (&str, &str),
        (page_size, page_token, skip): (i32, &str, i32),
    ) -> Result<Self, Error> {
        let filter = match filter {
            "" => None,
            text => Some(Filter::parse(text, resource).map_err(rollcall_scim::Error::from)?),
        };
        let order = match order_by {
            "" => None,
            text => Some(Order::parse(text, resource)?),
        };
        let skip = i64::from(skip.max(0));
        let start = if page_token.is_empty() {
            Start::Skip(skip)
        } else if let (Some(id), None) = (page_token.strip_prefix('k'), &order) {
            Start::After(id.to_owned())
        } else if let (Some(text), Some(_)) = (page_token.strip_prefix('s'), &order) {
            Start::Skip(text.parse().map_err(|_| Error::PageToken)?)
        } else {
            return Err(Error::PageToken);
        };
        let limit = match i64::from(page_size) {
            0 => DEFAULT_PAGE,
            size => size.clamp(0, MAX_PAGE),
        };
        Ok(Self { filter, order, start, limit })
    }

    /// The token of the page after one of `count` resources that ended with `last`; empty where that was the end.
    pub(crate) fn token_after(&self, count: usize, last: Option<&str>) -> String {
        let full = i64::try_from(count).is_ok_and(|count| count == self.limit);
        last.filter(|_| full).map(|last| self.next_token(last)).unwrap_or_default()
    }

    fn next_token(&self, last: &str) -> String {
        match (&self.order, &self.start) {
            (None, _) => format!("k{last}"),
            (Some(_), Start::Skip(skip)) => format!("s{}", skip + self.limit),
            (Some(_), Start::After(_)) => String::new(),
        }
    }

    /// `ORDER BY`'s expressions on rows of the resource's table.
    pub(crate) fn order(&self, scope: Scope<'_>) -> Option<Sql> {
        self.order.as_ref().map(|order| order.sql(scope))
    }
}

impl Order {
    fn parse(text: &str, resource: ResourceType) -> Result<Self, Error> {
        let (path, descending) = match text.split_once(' ') {
            None => (text, false),
            Some((path, "desc")) => (path, true),
            Some(_) => return Err(Error::field("order_by", "must be an attribute path, or one and ` desc`")),
        };
        // What can be asked to be present can be sorted by.
        match Filter::parse(&format!("{path} pr"), resource).map_err(rollcall_scim::Error::from)? {
            Filter::Present(path) => Ok(Self { path, descending }),
            _ => Err(Error::field("order_by", "must be the path of one attribute")),
        }
    }

    /// Missing values come last in ascending order and first in descending (RFC 7644 section 3.4.2.3); of several
    /// values, the primary one counts, or else the first.
    fn sql(&self, scope: Scope<'_>) -> Sql {
        let key = match scope.place(self.path) {
            Place::Own(expression, _) => expression,
            Place::Elsewhere(Source::Values(attribute), expression) => Sql::new("(SELECT ")
                .then(expression)
                .sql(" FROM user_values v WHERE v.account_id = users.account_id AND v.user_id = users.id AND v.attribute = ")
                .literal(attribute.number())
                .sql(" ORDER BY CASE WHEN v.is_primary THEN 0 ELSE 1 END, v.position LIMIT 1)"),
            Place::Elsewhere(Source::Groups, expression) => Sql::new("(SELECT ")
                .then(expression)
                .sql(" FROM members m JOIN groups g ON g.account_id = m.account_id AND g.id = m.group_id")
                .sql(" WHERE m.account_id = users.account_id AND m.member_id = users.id ORDER BY m.group_id LIMIT 1)"),
            // By the first member, and by the core schema, which all have.
            Place::Elsewhere(Source::Members, _) => Sql::new(
                "(SELECT min(m.member_id) FROM members m WHERE m.account_id = groups.account_id AND m.group_id = groups.id)",
            ),
            Place::Elsewhere(Source::Schemas, _) => Sql::new("1 + 0"),
        };
        let missing = Sql::new("(CASE WHEN ").then(key.clone()).sql(" IS NULL THEN 1 ELSE 0 END)");
        if self.descending {
            missing.sql(" DESC, ").then(key).sql(" DESC")
        } else {
            missing.sql(", ").then(key)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(order_by: &str, page_size: i32, token: &str, skip: i32) -> Result<List, Error> {
        List::new(ResourceType::User, ("", order_by), (page_size, token, skip))
    }

    #[test]
    fn sizes_have_a_default_and_a_limit() {
        for (asked, limit) in [(0, DEFAULT_PAGE), (1, 1), (5000, MAX_PAGE), (-1, 0), (i32::MIN, 0)] {
            assert_eq!(list("", asked, "", 0).unwrap().limit, limit, "{asked}");
        }
    }

    #[test]
    fn a_token_leads_on_and_a_foreign_one_is_refused() {
        let first = list("", 2, "", 0).unwrap();
        assert_eq!(list("", 2, &first.next_token("x"), 0).unwrap().start, Start::After("x".to_owned()));
        let sorted = list("userName desc", 2, "", 4).unwrap();
        assert_eq!(list("userName desc", 2, &sorted.next_token("x"), 0).unwrap().start, Start::Skip(6));
        for (order_by, token) in [("userName", "kx"), ("", "sx"), ("", "zzz"), ("", "é")] {
            assert!(matches!(list(order_by, 2, token, 0), Err(Error::PageToken)), "{token}");
        }
    }

    #[test]
    fn an_order_is_one_path() {
        for wrong in ["nope", "userName pr or title", "userName asc", "userName; drop", "emails[type"] {
            assert!(list(wrong, 1, "", 0).is_err(), "{wrong}");
        }
        assert!(
            list("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department desc", 1, "", 0)
                .is_ok()
        );
    }
}
