//! What is recorded of a request. Pure.

use http::Method;
use rollcall_proto::token::{SyncAction, SyncEntry, SyncKind};
use serde_json::Value;

use super::redact::{self, Removed};

/// The most characters of a filter.
const MAX_FILTER: usize = 1024;
/// The most characters of other texts.
const MAX_TEXT: usize = 255;
/// The most bytes of a body, with the mark of what is cut.
const MAX_BODY: usize = 8 * 1024;
/// What ends a text that was cut.
const CUT: &str = "…";

/// What a route and method are about, and what they do.
pub(super) fn classify(method: &Method, route: &str) -> (SyncKind, SyncAction) {
    let below = route.split_once("/scim/v2").map_or("", |(_, below)| below);
    let kind = match below.split('/').nth(1) {
        Some("Users") => SyncKind::User,
        Some("Groups") => SyncKind::Group,
        Some("Bulk") => SyncKind::Bulk,
        _ => SyncKind::Other,
    };
    let action = match *method {
        // A search is a list whose parameters are in the body (RFC 7644 section 3.4.3).
        Method::POST if below.ends_with("/.search") => SyncAction::List,
        Method::POST if kind == SyncKind::Bulk => SyncAction::Unspecified,
        Method::POST => SyncAction::Create,
        Method::GET | Method::HEAD if below.ends_with('}') || below.starts_with("/ServiceProviderConfig") => {
            SyncAction::Read
        }
        Method::GET | Method::HEAD => SyncAction::List,
        Method::PUT => SyncAction::Replace,
        Method::PATCH => SyncAction::Patch,
        Method::DELETE => SyncAction::Delete,
        _ => SyncAction::Unspecified,
    };
    (kind, action)
}

/// Writes down the filter in the parameters of an address.
pub(super) fn set_filter(entry: &mut SyncEntry, query: Option<&str>, removed: &mut Removed) {
    if let Some(filter) = query.and_then(filter_of) {
        entry.filter = cut(&redact::filter(&filter, removed), MAX_FILTER);
    }
}

/// Writes down the body of a request that failed: `size` bytes, and `bytes` where they are few.
pub(super) fn set_body(entry: &mut SyncEntry, size: usize, bytes: Option<Vec<u8>>, removed: &mut Removed) {
    if size == 0 {
        return;
    }
    let json = bytes.and_then(|bytes| {
        let text = String::from_utf8(bytes).ok()?;
        serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}')).ok()
    });
    let Some(mut json) = json else {
        entry.body = format!("[{size} bytes that are no JSON, or too many to look through]");
        return;
    };
    redact::json(&mut json, removed);
    if entry.subject.is_empty() {
        let named = ["userName", "displayName"].iter().find_map(|name| json.get(name)?.as_str());
        entry.subject = cut(named.unwrap_or_default(), MAX_TEXT);
    }
    entry.body = cut_bytes(json.to_string());
}

/// The filter in a query string, decoded as forms are.
fn filter_of(query: &str) -> Option<String> {
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name.eq_ignore_ascii_case("filter"))
        .map(|(_, value)| value.into_owned())
}

/// Cuts a text that says something, such as a name or a User-Agent.
pub(super) fn short(text: &str) -> String {
    cut(text, MAX_TEXT)
}

/// Cuts what a failure said.
pub(super) fn detail(text: &str) -> String {
    cut(text, MAX_FILTER)
}

fn cut(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some(_) => text.chars().take(max.saturating_sub(1)).chain(CUT.chars()).collect(),
        None => text.to_owned(),
    }
}

fn cut_bytes(mut text: String) -> String {
    if text.len() > MAX_BODY {
        text.truncate(text.floor_char_boundary(MAX_BODY - CUT.len()));
        text.push_str(CUT);
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn routes_and_methods() {
        use SyncAction::{Create, Delete, List, Patch, Read, Replace, Unspecified};
        use SyncKind::{Bulk, Group, Other, User};
        for (method, route, expected) in [
            ("GET", "/{account}/scim/v2/Users", (User, List)),
            ("POST", "/{account}/scim/v2/Users", (User, Create)),
            ("GET", "/{account}/scim/v2/Users/{id}", (User, Read)),
            ("HEAD", "/{account}/scim/v2/Users/{id}", (User, Read)),
            ("PUT", "/{account}/scim/v2/Users/{id}", (User, Replace)),
            ("PATCH", "/{account}/scim/v2/Groups/{id}", (Group, Patch)),
            ("DELETE", "/{account}/scim/v2/Groups/{id}", (Group, Delete)),
            ("POST", "/{account}/scim/v2/Groups/.search", (Group, List)),
            ("POST", "/{account}/scim/v2/.search", (Other, List)),
            ("GET", "/{account}/scim/v2", (Other, List)),
            ("POST", "/{account}/scim/v2/Bulk", (Bulk, Unspecified)),
            ("GET", "/{account}/scim/v2/Schemas/{key}", (Other, Read)),
            ("GET", "/{account}/scim/v2/ServiceProviderConfig", (Other, Read)),
            ("GET", "/{account}/scim/v2/Schemas", (Other, List)),
            ("OPTIONS", "/{account}/scim/v2/Users", (User, Unspecified)),
            ("GET", "", (Other, List)),
        ] {
            assert_eq!(classify(&method.parse().unwrap(), route), expected, "{method} {route}");
        }
    }

    #[test]
    fn filters_are_decoded_redacted_and_cut() {
        let long = "x".repeat(2000);
        for (query, expected) in [
            (None, ""),
            (Some("count=1"), ""),
            (Some("filter=userName%20eq+%22a%22&count=1"), "userName eq \"a\""),
            (Some("FILTER=pin+eq+%221234%22"), "pin eq [redacted]"),
            (Some("filter=%ff"), "\u{fffd}"),
        ] {
            let mut entry = SyncEntry::default();
            set_filter(&mut entry, query, &mut Removed::default());
            assert_eq!(entry.filter, expected, "{query:?}");
        }
        let mut entry = SyncEntry::default();
        set_filter(&mut entry, Some(&format!("filter={long}")), &mut Removed::default());
        assert_eq!((entry.filter.chars().count(), entry.filter.ends_with(CUT)), (1024, true));
    }

    #[test]
    fn bodies_are_kept_as_json_or_not_at_all() {
        let set = |bytes: &[u8]| {
            let mut entry = SyncEntry::default();
            set_body(&mut entry, bytes.len(), Some(bytes.to_vec()), &mut Removed::default());
            entry
        };
        assert_eq!(set(b"").body, "");
        let entry = set(br#"{ "userName": "ann", "password": "x" }"#);
        assert_eq!(entry.body, r#"{"userName":"ann","password":"[redacted]"}"#);
        assert_eq!(entry.subject, "ann");
        for odd in [&b"password=x"[..], b"\xff\xff", b"{\"pin\": 12", "[".repeat(500).as_bytes()] {
            let said = format!("[{} bytes that are no JSON, or too many to look through]", odd.len());
            assert_eq!(set(odd).body, said);
        }
        let long = json!({ "title": "ä".repeat(10_000) }).to_string();
        let body = set(long.as_bytes()).body;
        assert!(body.len() <= MAX_BODY && body.len() > MAX_BODY - 5 && body.ends_with(CUT));
        let mut entry = SyncEntry::default();
        set_body(&mut entry, 70_000, None, &mut Removed::default());
        assert!(entry.body.starts_with("[70000 bytes"), "{}", entry.body);
    }
}
