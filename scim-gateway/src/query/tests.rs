//! From addresses and bodies to queries.

use serde_json::json;

use super::*;

fn read(text: &str) -> Result<Query, Error> {
    Query::new(address::read(text)?)
}

fn parse(text: &str) -> Query {
    read(text).unwrap()
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
        ("unknown=%ff&&curs", 1, 0, 100),
    ] {
        let query = parse(text);
        assert_eq!(
            (query.skip() + 1, query.skip(), query.page_size()),
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
        match read(text) {
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

#[test]
fn a_cursor_chooses_pages_by_cursor() {
    for (text, token, page_size) in [
        ("cursor", "", 100),
        ("cursor=", "", 100),
        ("Cursor=abc-._~9&count=1000", "abc-._~9", 1000),
        ("cursor=abc&count=0", "abc", -1),
        ("cursor=abc&count=-3", "abc", -1),
        ("cursor=abc&startIndex=", "abc", 100),
    ] {
        let query = parse(text);
        assert_eq!(query.start(), &Start::Cursor(token.to_owned()), "{text}");
        assert_eq!((query.page_token().as_str(), query.page_size(), query.skip()), (token, page_size, 0));
    }
    for (text, kind) in [
        ("cursor=a+b", "invalidCursor"),
        ("cursor=a%2Fb", "invalidCursor"),
        ("cursor=%C3%84", "invalidCursor"),
        (&format!("cursor={}", "a".repeat(MAX_CURSOR + 1)), "invalidCursor"),
        ("cursor&count=1001", "invalidCount"),
        ("cursor&count=x", "invalidCount"),
        ("cursor&count=99999999999999999999", "invalidCount"),
        ("cursor&startIndex=1", "invalidValue"),
        ("cursor=a&cursor=b", "invalidValue"),
    ] {
        assert_eq!(read(text).unwrap_err().scim_type(), Some(kind), "{text}");
    }
}

#[test]
fn a_search_is_read_as_its_parameters_would_be() {
    let search = |more: serde_json::Value| {
        let mut body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"] });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Query::from_body(&body)
    };
    for (body, text) in [
        (json!({}), ""),
        (json!({ "attributes": ["id", "userName"], "excludedAttributes": [] }), "attributes=id,userName"),
        (
            json!({ "Filter": "title pr", "count": 5, "startIndex": -1 }),
            "filter=title+pr&count=5&startIndex=1",
        ),
        (json!({ "sortBy": "title", "sortOrder": "descending" }), "sortBy=title&sortOrder=descending"),
        (json!({ "cursor": "", "count": 1 }), "cursor&count=1"),
        (json!({ "count": 5, "filter": null, "other": 1 }), "count=5"),
    ] {
        assert_eq!(search(body).unwrap(), parse(text), "{text}");
    }
    for (body, kind) in [
        (json!({ "schemas": [] }), "invalidSyntax"),
        (json!({ "schemas": "urn:ietf:params:scim:api:messages:2.0:SearchRequest" }), "invalidSyntax"),
        (json!({ "attributes": "id" }), "invalidValue"),
        (json!({ "attributes": [1] }), "invalidValue"),
        (json!({ "filter": 1 }), "invalidValue"),
        (json!({ "count": "5" }), "invalidValue"),
        (json!({ "count": 1.5 }), "invalidValue"),
        (json!({ "startIndex": {} }), "invalidValue"),
        (json!({ "cursor": 1 }), "invalidCursor"),
        (json!({ "cursor": "", "count": [] }), "invalidCount"),
    ] {
        assert_eq!(search(body.clone()).unwrap_err().scim_type(), Some(kind), "{body}");
    }
}
