//! Which resources are asked for, in which order, from where, and what of each (RFC 7644 sections 3.4.2 and 3.9, RFC 9865):
//! by the parameters of an address, or by the body of a search.

mod address;
mod body;

use axum::extract::FromRequestParts;
use http::request::Parts;
use rollcall_scim::{projection::Projection, schema::ResourceType};
use serde_json::Value;

use crate::error::Error;

/// Resources on a page when `count` is not given, advertised as `pagination.defaultPageSize`.
pub(crate) const DEFAULT_COUNT: i32 = 100;
/// The most resources on a page, advertised as `filter.maxResults` and `pagination.maxPageSize`.
pub(crate) const MAX_COUNT: i32 = 1000;
/// No cursor that was given out is longer.
const MAX_CURSOR: usize = 16 * 1024;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Query {
    attributes: Option<String>,
    excluded: Option<String>,
    filter: Option<String>,
    sort_by: Option<String>,
    descending: bool,
    start: Start,
    /// From 0 to [`MAX_COUNT`].
    count: Option<i32>,
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Start {
    /// At this index, from 1 (RFC 7644 section 3.4.2.4). So it is where a client names neither index nor cursor.
    Index(i32),
    /// Where the page ended whose `nextCursor` this was; empty for the first page (RFC 9865).
    Cursor(String),
}

impl Default for Start {
    fn default() -> Self {
        Self::Index(1)
    }
}

/// What a client gave, as text. What is blank counts as not given, but for the cursor, which asks for pages by cursor.
#[derive(Debug, Default)]
struct Given {
    attributes: Option<String>,
    excluded: Option<String>,
    filter: Option<String>,
    sort_by: Option<String>,
    sort_order: Option<String>,
    start_index: Option<String>,
    count: Option<String>,
    cursor: Option<String>,
}

impl Query {
    fn new(given: Given) -> Result<Self, Error> {
        let start = match (given.cursor, given.start_index) {
            // RFC 9865 lets either choose the way of paging. To take one of them would page otherwise than asked.
            (Some(_), Some(_)) => {
                return Err(Error::Value("give either cursor or startIndex, not both".to_owned()));
            }
            (Some(cursor), None) => Start::Cursor(checked(cursor)?),
            (None, Some(index)) => Start::Index(integer("startIndex", &index).map_err(Error::Value)?.max(1)),
            (None, None) => Start::default(),
        };
        let by_cursor = matches!(start, Start::Cursor(_));
        let count = given.count.map(|text| count(&text, by_cursor)).transpose()?;
        if given.sort_by.as_deref().is_some_and(|path| path.trim().contains(char::is_whitespace)) {
            return Err(Error::Value("sortBy takes one attribute path, without spaces".to_owned()));
        }
        Ok(Self {
            attributes: given.attributes,
            excluded: given.excluded,
            filter: given.filter,
            sort_by: given.sort_by,
            descending: descending(given.sort_order.as_deref())?,
            start,
            count,
        })
    }

    /// The query that the body of a search is (RFC 7644 section 3.4.3).
    pub(crate) fn from_body(body: &Value) -> Result<Self, Error> {
        Self::new(body::read(body)?)
    }

    /// Which attributes to return (RFC 7644 section 3.9).
    pub(crate) fn projection(&self, resource: ResourceType) -> Result<Projection, Error> {
        let projection = Projection::parse(resource, self.attributes.as_deref(), self.excluded.as_deref());
        projection.map_err(|error| rollcall_scim::Error::from(error).into())
    }

    /// Whether the client said which attributes it wants.
    pub(crate) fn names_attributes(&self) -> bool {
        self.attributes.is_some() || self.excluded.is_some()
    }

    /// Whether there is a filter.
    pub(crate) fn has_filter(&self) -> bool {
        self.filter.is_some()
    }

    /// The filter; empty for none.
    pub(crate) fn filter(&self) -> String {
        self.filter.clone().unwrap_or_default()
    }

    /// The attribute to sort by, and whether the order is descending.
    pub(crate) fn sort(&self) -> Option<(&str, bool)> {
        self.sort_by.as_deref().map(|path| (path.trim(), self.descending))
    }

    /// The order as the services take it: a path, then ` desc` for descending; empty for none.
    pub(crate) fn order_by(&self) -> String {
        match self.sort() {
            Some((path, true)) => format!("{path} desc"),
            Some((path, false)) => path.to_owned(),
            None => String::new(),
        }
    }

    /// Where the page begins.
    pub(crate) fn start(&self) -> &Start {
        &self.start
    }

    /// How many resources come before the page, as the services take it.
    pub(crate) fn skip(&self) -> i32 {
        match self.start {
            Start::Index(index) => index - 1,
            Start::Cursor(_) => 0,
        }
    }

    /// The token of the page, as the services take it.
    pub(crate) fn page_token(&self) -> String {
        match &self.start {
            Start::Index(_) => String::new(),
            Start::Cursor(cursor) => cursor.clone(),
        }
    }

    /// The most resources on the page.
    pub(crate) fn count(&self) -> i32 {
        self.count.unwrap_or(DEFAULT_COUNT)
    }

    /// The size of the page as the services take it.
    pub(crate) fn page_size(&self) -> i32 {
        page_size(self.count())
    }
}

/// The size of a page as the services take it, where -1 asks for the total alone.
pub(crate) fn page_size(count: i32) -> i32 {
    if count == 0 { -1 } else { count }
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        Self::new(address::read(parts.uri.query().unwrap_or_default())?)
    }
}

/// A cursor in the characters that cursors have (RFC 9865 section 2).
fn checked(cursor: String) -> Result<String, Error> {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if cursor.len() <= MAX_CURSOR && cursor.bytes().all(unreserved) {
        Ok(cursor)
    } else {
        let hint = "take nextCursor of the page before, or leave it empty for the first page";
        Err(Error::Cursor(format!("the cursor is none that was given out; {hint}")))
    }
}

/// `count`, where negative is 0. By index, what is too large is cut to the maximum (RFC 7644 section 3.4.2.4); by cursor,
/// it is an error of its own (RFC 9865 section 2.1).
fn count(text: &str, by_cursor: bool) -> Result<i32, Error> {
    match integer("count", text) {
        Ok(count) if by_cursor && count > MAX_COUNT => {
            Err(Error::Count(format!("count must not be above {MAX_COUNT} with a cursor")))
        }
        Ok(count) => Ok(count.clamp(0, MAX_COUNT)),
        Err(detail) if by_cursor => Err(Error::Count(detail)),
        Err(detail) => Err(Error::Value(detail)),
    }
}

/// `sortOrder`, ascending unless given.
fn descending(order: Option<&str>) -> Result<bool, Error> {
    match order.map(str::trim) {
        None => Ok(false),
        Some(order) if order.eq_ignore_ascii_case("ascending") => Ok(false),
        Some(order) if order.eq_ignore_ascii_case("descending") => Ok(true),
        Some(_) => Err(Error::Value("sortOrder must be ascending or descending".to_owned())),
    }
}

/// An integer, saturated at the ends of `i32`: an index beyond every resource is an index beyond every resource.
fn integer(name: &str, text: &str) -> Result<i32, String> {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("{name} must be an integer"));
    }
    Ok(text.parse().unwrap_or(if text.starts_with('-') { i32::MIN } else { i32::MAX }))
}

#[cfg(test)]
mod tests;
