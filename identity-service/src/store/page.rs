//! Lists: which resources, in which order, from where, how many.
//!
//! A page goes on where the one before ended, by the key of its last resource and not by a count: what others create or
//! delete meanwhile moves nobody, and the ten-thousandth page costs what the first one costs. By id and by userName or
//! displayName of groups that is an index range; any other order has to sort what matches, for every page. Who counts
//! instead, by `startIndex`, pays for what is skipped, unless the page before was read just now ([`Places`]).

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Binary, Nullable, Text},
};
use rollcall_db::{Connection, Sql};
use rollcall_scim::{filter::Filter, schema::ResourceType};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{error::Error, filter::Scope, head, order::Order, places::Places};

/// The most resources on a page.
pub(crate) const MAX_PAGE: i64 = 1000;
/// The resources on a page where the request does not say.
pub(crate) const DEFAULT_PAGE: i64 = 100;

/// What of a row makes a resource: id, version, created, updated, document.
pub(crate) type Row = (String, i64, i64, i64, Vec<u8>);

/// A page of rows, how many match in all, and the token of the next page.
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) total: i64,
    pub(crate) next_token: String,
}

/// What a list request asks for.
#[derive(Debug)]
pub(crate) struct List {
    resource: ResourceType,
    filter: Option<Filter>,
    order: Option<Order>,
    /// Begin after this place, or skip so many.
    start: Start,
    /// The most to return; 0 for none but the total.
    limit: i64,
    /// Which account, filter and order this is: a token is good for no other.
    query: String,
    places: Arc<Places>,
}

/// The revision of an account, and how many users and groups it has.
type Head = (i64, i64, i64);

/// Where to begin to read rows.
#[derive(Debug, Default)]
struct Begin {
    /// Behind this key and id.
    after: Option<(Option<String>, String)>,
    /// Then skip so many.
    skip: i64,
    /// So many come before the page.
    lead: i64,
}

/// Where a page begins.
#[derive(Debug, PartialEq, Eq)]
enum Start {
    /// After so many resources.
    Skip(i64),
    /// After this place.
    After(Token),
}

/// A page token: the place of the last resource of a page in the order of the list. Base64url of JSON.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Token {
    /// [`List::query`].
    q: String,
    /// The key that the list is sorted by; none where the resource has no value, or the order is that of ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    k: Option<String>,
    /// The id.
    i: String,
    /// How many matched when the first page was read: to count again for every page would cost more than the page.
    t: i64,
}

impl List {
    /// Reads the fields that every list request has.
    pub(crate) fn new(
        account: &str,
        resource: ResourceType,
        (filter, order_by): (&str, &str),
        (page_size, page_token, skip): (i32, &str, i32),
    ) -> Result<Self, Error> {
        let query = fingerprint(&[account, resource.name(), filter, order_by]);
        let start = match page_token {
            "" => Start::Skip(i64::from(skip.max(0))),
            text => Start::After(Token::parse(text, &query)?),
        };
        let limit = match i64::from(page_size) {
            0 => DEFAULT_PAGE,
            size => size.clamp(0, MAX_PAGE),
        };
        let filter = match filter {
            "" => None,
            text => Some(Filter::parse(text, resource).map_err(rollcall_scim::Error::from)?),
        };
        let order = match order_by {
            "" => None,
            text => Some(Order::parse(text, resource)?),
        };
        Ok(Self { resource, filter, order, start, limit, query, places: Arc::default() })
    }

    /// The same with the places of pages that were read before.
    pub(crate) fn with(self, places: Arc<Places>) -> Self {
        Self { places, ..self }
    }

    /// Reads the page; `read` makes a resource of a row.
    pub(crate) fn read<T>(
        &self,
        connection: &mut Connection,
        account: &str,
        read: impl Fn(Row) -> Result<T, Error>,
    ) -> Result<Page<T>, Error> {
        let scope = Scope { account, resource: self.resource };
        // The head is read where it says something: of a page at the beginning of a filtered list it does not.
        let head = match (&self.start, &self.filter) {
            (Start::Skip(skip), filter) if *skip > 0 || filter.is_none() => {
                Some(head::read(connection, account)?)
            }
            _ => None,
        };
        let begin = self.begin(head);
        let mut rows: Vec<(Row, Option<String>)> = if self.limit == 0 {
            vec![]
        } else {
            let types =
                self.rows(scope, &begin).query::<((Text, BigInt, BigInt, BigInt, Binary), Nullable<Text>)>();
            types.load(connection)?
        };
        let before = (begin.lead > 0 && !rows.is_empty()).then(|| rows.remove(0).0.0);
        // One more was asked for than the page holds, to know whether there is one.
        let limit = usize::try_from(self.limit).unwrap_or_default();
        let more = rows.len() > limit;
        rows.truncate(limit);
        self.remember(head, before, rows.last().map(|((id, ..), _)| id).filter(|_| more));
        let total = match (&self.start, head, &self.filter) {
            (Start::After(token), ..) => token.t,
            (_, Some((_, users, groups)), None) => match self.resource {
                ResourceType::User => users,
                ResourceType::Group => groups,
            },
            // Who has seen the last has seen how many there are.
            (Start::Skip(skip), ..) if self.limit > 0 && !more && (*skip == 0 || !rows.is_empty()) => {
                skip + i64::try_from(rows.len()).unwrap_or(i64::MAX)
            }
            _ => {
                self.matching(scope, Sql::new("SELECT COUNT(*)")).query::<BigInt>().get_result(connection)?
            }
        };
        let next_token = match rows.last() {
            Some(((id, ..), key)) if more => {
                Token { q: self.query.clone(), k: key.clone(), i: id.clone(), t: total }.to_text()
            }
            _ => String::new(),
        };
        let items = rows.into_iter().map(|(row, _)| read(row)).collect::<Result<_, _>>()?;
        Ok(Page { items, total, next_token })
    }

    /// Where to begin to read. A place is remembered in the order of ids only: other keys are what people are called.
    fn begin(&self, head: Option<Head>) -> Begin {
        match (&self.start, head) {
            (Start::After(Token { k, i, .. }), _) => {
                Begin { after: Some((k.clone(), i.clone())), ..Begin::default() }
            }
            (Start::Skip(skip), Some((revision, ..))) if *skip > 0 && self.order.is_none() => {
                match self.places.find(&self.query, *skip, revision) {
                    Some(id) => Begin { after: Some((None, id)), ..Begin::default() },
                    // The one before the page too, to know it the next time.
                    None => Begin { skip: skip - 1, lead: 1, ..Begin::default() },
                }
            }
            (Start::Skip(skip), _) => Begin { skip: *skip, ..Begin::default() },
        }
    }

    /// Remembers where this page begins, and where the next one does.
    fn remember(&self, head: Option<Head>, before: Option<String>, last: Option<&String>) {
        let (Start::Skip(skip), Some((revision, ..)), None) = (&self.start, head, &self.order) else {
            return;
        };
        for (skip, id) in [(*skip, before.as_ref()), (skip + self.limit, last)] {
            if let Some(id) = id {
                self.places.remember(&self.query, skip, revision, id);
            }
        }
    }

    /// `select`, from the rows that match.
    fn matching(&self, scope: Scope<'_>, select: Sql) -> Sql {
        let from = match self.resource {
            ResourceType::User => " FROM users WHERE users.account_id = ",
            ResourceType::Group => " FROM groups WHERE groups.account_id = ",
        };
        let sql = select.sql(from).text(scope.account);
        match &self.filter {
            Some(filter) => sql.sql(" AND ").then(scope.condition(filter)),
            None => sql,
        }
    }

    fn rows(&self, scope: Scope<'_>, begin: &Begin) -> Sql {
        let (id, columns) = match self.resource {
            ResourceType::User => (
                "users.id",
                "SELECT users.id, users.version, users.created_at, users.updated_at, users.document, ",
            ),
            ResourceType::Group => (
                "groups.id",
                "SELECT groups.id, groups.version, groups.created_at, groups.updated_at, groups.document, ",
            ),
        };
        let key = self.order.as_ref().map(|order| (order, order.key(scope)));
        let shown = key.as_ref().map_or_else(|| Sql::new("CAST(NULL AS TEXT)"), |(_, (key, _))| key.clone());
        let mut sql = self.matching(scope, Sql::new(columns).then(shown));
        if let Some((k, i)) = &begin.after {
            let after_id = Sql::new(id).sql(" > ").text(i);
            sql = sql.sql(" AND (").then(match &key {
                None => after_id,
                Some((order, (key, nullable))) => order.after(key, *nullable, k.as_deref(), after_id),
            });
            sql = sql.sql(")");
        }
        sql = sql.sql(" ORDER BY ");
        if let Some((order, (key, nullable))) = key {
            sql = sql.then(order.by(key, nullable)).sql(", ");
        }
        sql = sql.sql(id).sql(" LIMIT ").number(self.limit + 1 + begin.lead);
        if begin.skip > 0 { sql.sql(" OFFSET ").number(begin.skip) } else { sql }
    }
}

impl Token {
    fn to_text(&self) -> String {
        // Texts and a number: it cannot fail, and an empty token would say that the list ends here.
        serde_json::to_vec(self).map(|json| URL_SAFE_NO_PAD.encode(json)).unwrap_or_default()
    }

    fn parse(text: &str, query: &str) -> Result<Self, Error> {
        let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| Error::PageToken)?;
        let token: Self = serde_json::from_slice(&json).map_err(|_| Error::PageToken)?;
        let whole = !token.i.contains('\0') && !token.k.as_ref().is_some_and(|key| key.contains('\0'));
        if token.q == query && whole { Ok(token) } else { Err(Error::PageToken) }
    }
}

fn fingerprint(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    URL_SAFE_NO_PAD.encode(hash.finalize().get(..9).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(order_by: &str, page_size: i32, token: &str, skip: i32) -> Result<List, Error> {
        List::new("acme", ResourceType::User, ("", order_by), (page_size, token, skip))
    }

    #[test]
    fn sizes_have_a_default_and_a_limit() {
        for (asked, limit) in [(0, DEFAULT_PAGE), (1, 1), (5000, MAX_PAGE), (-1, 0), (i32::MIN, 0)] {
            assert_eq!(list("", asked, "", 0).unwrap().limit, limit, "{asked}");
        }
    }

    #[test]
    fn a_token_leads_on_and_a_foreign_one_is_refused() {
        let first = list("title", 2, "", 0).unwrap();
        let token = Token { q: first.query.clone(), k: Some("ä".to_owned()), i: "x".to_owned(), t: 7 };
        let text = token.to_text();
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{text}");
        assert_eq!(list("title", 2, &text, 0).unwrap().start, Start::After(token));
        for (order_by, token) in [
            ("", text.as_str()),
            ("title desc", &text),
            ("title", "zzz"),
            ("title", "é"),
            ("title", &text[1..]),
        ] {
            assert!(matches!(list(order_by, 2, token, 0), Err(Error::PageToken)), "{token}");
        }
        for (account, resource, filter) in [
            ("acme", ResourceType::User, "title pr"),
            ("acme", ResourceType::Group, ""),
            ("other", ResourceType::User, ""),
        ] {
            let other = List::new(account, resource, (filter, "title"), (2, &text, 0));
            assert!(matches!(other, Err(Error::PageToken)), "{account} {resource:?} {filter}");
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
