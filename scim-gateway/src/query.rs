//! The query parameters of RFC 7644 sections 3.4.2 and 3.9.

use std::borrow::Cow;

use axum::extract::FromRequestParts;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use rollcall_scim::{projection::Projection, schema::ResourceType};

use crate::error::Error;

/// Resources on a page when `count` is not given.
pub(crate) const DEFAULT_COUNT: i32 = 100;
/// The most resources on a page, advertised as `filter.maxResults`.
pub(crate) const MAX_COUNT: i32 = 1000;

/// The parameters of a request. An empty one counts as not given, an unknown one is ignored, names are read without
/// regard to case.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Query {
    attributes: Option<String>,
    excluded: Option<String>,
    filter: Option<String>,
    sort_by: Option<String>,
    descending: bool,
    start_index: Option<i32>,
    count: Option<i32>,
}

impl Query {
    fn parse(text: &str) -> Result<Self, Error> {
        let mut query = Self::default();
        let mut order = None;
        let mut start_index = None;
        let mut count = None;
        for pair in text.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name)?.to_ascii_lowercase();
            let value = match name.as_str() {
                "attributes" | "excludedattributes" | "filter" | "sortby" | "sortorder" | "startindex"
                | "count" => decode(value)?,
                _ => continue,
            };
            if value.trim().is_empty() {
                continue;
            }
            match name.as_str() {
                // Lists may come in pieces: `attributes=id&attributes=userName`.
                "attributes" => append(&mut query.attributes, value),
                "excludedattributes" => append(&mut query.excluded, value),
                "filter" => once(&mut query.filter, "filter", value)?,
                "sortby" => once(&mut query.sort_by, "sortBy", value)?,
                "sortorder" => once(&mut order, "sortOrder", value)?,
                "startindex" => once(&mut start_index, "startIndex", value)?,
                _ => once(&mut count, "count", value)?,
            }
        }
        query.start_index = start_index.map(|text| integer("startIndex", &text)).transpose()?;
        query.count = count.map(|text| integer("count", &text)).transpose()?;
        query.descending = descending(order.as_deref())?;
        if query.sort_by.as_deref().is_some_and(|path| path.trim().contains(char::is_whitespace)) {
            return Err(Error::Value("sortBy takes one attribute path, without spaces".to_owned()));
        }
        Ok(query)
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

    /// The order as the services take it: a path, then ` desc` for descending; empty for none.
    pub(crate) fn order_by(&self) -> String {
        let path = self.sort_by.as_deref().map(str::trim).unwrap_or_default();
        let suffix = if self.descending && !path.is_empty() { " desc" } else { "" };
        format!("{path}{suffix}")
    }

    /// The 1-based index of the first resource; less than 1 is 1 (RFC 7644 section 3.4.2.4).
    pub(crate) fn start_index(&self) -> i32 {
        self.start_index.unwrap_or(1).max(1)
    }

    /// How many resources come before the page.
    pub(crate) fn skip(&self) -> i32 {
        self.start_index() - 1
    }

    /// The size of the page as the services take it, where -1 asks for the total alone.
    pub(crate) fn page_size(&self) -> i32 {
        match self.count.unwrap_or(DEFAULT_COUNT).clamp(0, MAX_COUNT) {
            0 => -1,
            count => count,
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        Self::parse(parts.uri.query().unwrap_or_default())
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

/// As HTML forms encode it: plus is a space, which OneLogin relies on.
fn decode(text: &str) -> Result<Cow<'_, str>, Error> {
    let spaced = if text.contains('+') { Cow::Owned(text.replace('+', " ")) } else { Cow::Borrowed(text) };
    let invalid = |_| Error::Value("a query parameter is not UTF-8 after percent-decoding".to_owned());
    match spaced {
        Cow::Borrowed(text) => percent_decode_str(text).decode_utf8().map_err(invalid),
        Cow::Owned(text) => {
            percent_decode_str(&text).decode_utf8().map(|text| Cow::Owned(text.into_owned())).map_err(invalid)
        }
    }
}

fn append(list: &mut Option<String>, value: Cow<'_, str>) {
    match list {
        Some(list) => {
            list.push(',');
            list.push_str(&value);
        }
        None => *list = Some(value.into_owned()),
    }
}

/// Two different filters have no meaning together, and to take one of them would answer another question.
fn once(slot: &mut Option<String>, name: &str, value: Cow<'_, str>) -> Result<(), Error> {
    match slot {
        Some(first) if *first != value => {
            Err(Error::Value(format!("{name} is given twice with different values")))
        }
        Some(_) => Ok(()),
        None => {
            *slot = Some(value.into_owned());
            Ok(())
        }
    }
}

/// An integer, saturated at the ends of `i32`: an index beyond every resource is an index beyond every resource.
fn integer(name: &str, text: &str) -> Result<i32, Error> {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Error::Value(format!("{name} must be an integer")));
    }
    Ok(text.parse().unwrap_or(if text.starts_with('-') { i32::MIN } else { i32::MAX }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Query {
        Query::parse(text).unwrap()
    }

    #[test]
    fn the_page_is_what_the_rfc_says() {
        for (text, start_index, skip, page_size) in [
            ("", 1, 0, 100),
            ("startIndex=1&count=2", 1, 0, 2),
            ("startIndex=0", 1, 0, 100),
            ("startIndex=-5&count=-1", 1, 0, -1),
            ("count=0", 1, 0, -1),
            ("startIndex=101", 101, 100, 100),
            ("count=1001", 1, 0, 1000),
            ("startIndex=99999999999999999999&count=99999999999999999999", i32::MAX, i32::MAX - 1, 1000),
            ("startIndex=-99999999999999999999", 1, 0, 100),
            ("startIndex=&count=", 1, 0, 100),
            ("STARTINDEX=3&Count=4", 3, 2, 4),
            ("startIndex=%203", 3, 2, 100),
            ("count=5&count=5", 1, 0, 5),
            ("unknown=%ff&&cursor", 1, 0, 100),
        ] {
            let query = parse(text);
            assert_eq!(
                (query.start_index(), query.skip(), query.page_size()),
                (start_index, skip, page_size),
                "{text}"
            );
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_the_parameter_named() {
        for (text, part) in [
            ("startIndex=one", "startIndex"),
            ("startIndex=1.5", "startIndex"),
            ("count=-", "count"),
            ("count=0x10", "count"),
            ("sortOrder=up&sortBy=userName", "sortOrder"),
            ("sortBy=userName%20desc", "sortBy"),
            ("filter=a+pr&filter=b+pr", "filter"),
            ("count=1&count=2", "count"),
            ("filter=%ff", "UTF-8"),
            ("%ff=1", "UTF-8"),
        ] {
            match Query::parse(text) {
                Err(Error::Value(detail)) => assert!(detail.contains(part), "{text}: {detail}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_filter_is_decoded_as_a_form() {
        for (text, filter) in [
            ("filter=userName+eq+%22x%22&", r#"userName eq "x""#),
            ("&filter=userName%20eq%20%22a%2Bb%22", r#"userName eq "a+b""#),
            ("filter=emails%5Btype+eq+%22work%22%5D", r#"emails[type eq "work"]"#),
            ("filter=a=b", "a=b"),
            ("filter=%C3%84 %zz", "Ä %zz"),
            ("filter=", ""),
            ("filter", ""),
        ] {
            assert_eq!(parse(text).filter(), filter, "{text}");
            assert_eq!(parse(text).has_filter(), !filter.is_empty(), "{text}");
        }
    }

    #[test]
    fn order_and_attributes() {
        for (text, order_by) in [
            ("sortBy=userName", "userName"),
            ("sortBy=userName&sortOrder=descending", "userName desc"),
            ("sortOrder=Descending&sortBy=name.familyName", "name.familyName desc"),
            ("sortBy=userName&sortOrder=ascending", "userName"),
            ("sortOrder=descending", ""),
        ] {
            assert_eq!(parse(text).order_by(), order_by, "{text}");
        }
        let query = parse("attributes=id,userName&attributes=emails&excludedAttributes=");
        assert_eq!(query.attributes.as_deref(), Some("id,userName,emails"));
        assert!(query.names_attributes() && query.excluded.is_none());
        assert!(!parse("filter=a").names_attributes());
    }
}
