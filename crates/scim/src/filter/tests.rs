//! The filter as a whole: text against resources.

use serde_json::{Map, Value, json};

use super::*;
use crate::schema::{ENTERPRISE_USER, GROUP, USER};

mod errors;
mod properties;
mod syntax;

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => panic!("not an object: {other}"),
    }
}

fn user() -> Map<String, Value> {
    object(json!({
        "schemas": [USER.id, ENTERPRISE_USER.id],
        "id": "0190aaaa-0000-7000-8000-000000000001",
        "externalId": "Ext-7",
        "meta": {
            "resourceType": "User",
            "created": "2024-05-01T10:00:00.000Z",
            "lastModified": "2024-05-01T10:00:00.123Z",
            "version": "W/\"3\"",
        },
        "userName": "BJensen@Example.com",
        "name": { "familyName": "Jensen", "givenName": "B\u{E4}rbel" },
        "nickName": "",
        "title": "100% \"Boss\"\\_x",
        "profileUrl": "https://example.com/B",
        "active": true,
        "emails": [
            { "value": "b@work.example", "type": "work", "primary": true },
            { "value": "b@home.example", "type": "home" },
        ],
        "addresses": [{ "locality": "Chur", "country": "CH" }],
        "groups": [{ "value": "0190aaaa-0000-7000-8000-00000000000a", "display": "Printers" }],
        "x509Certificates": [{ "value": "QUJD" }],
        (ENTERPRISE_USER.id): { "department": "Tour", "manager": { "value": "26118915-6090", "displayName": "John" } },
    }))
}

/// Each filter with whether [`user`] satisfies it.
#[track_caller]
fn check(cases: &[(&str, bool)]) {
    let user = user();
    for (text, expected) in cases {
        let filter =
            Filter::parse(text, ResourceType::User).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(filter.matches(&user), *expected, "{text}");
    }
}

#[test]
fn operators_on_text() {
    check(&[
        (r#"userName eq "bjensen@example.com""#, true),
        (r#"userName eq "bjensen""#, false),
        (r#"userName ne "bjensen@example.com""#, false),
        (r#"userName ne "bjensen""#, true),
        (r#"userName co "SEN@EX""#, true),
        (r#"userName co "x@""#, false),
        (r#"userName sw "BJ""#, true),
        (r#"userName sw "jensen""#, false),
        (r#"userName ew ".COM""#, true),
        (r#"userName ew ".co""#, false),
        (r#"userName gt "bjensen@example.co""#, true),
        (r#"userName gt "bjensen@example.com""#, false),
        (r#"userName ge "bjensen@example.com""#, true),
        (r#"userName lt "c""#, true),
        (r#"userName lt "C""#, true),
        (r#"userName lt "a""#, false),
        (r#"userName le "bjensen@example.com""#, true),
        ("userName pr", true),
        ("displayName pr", false),
        // What LIKE would take for wildcards are letters like any other.
        (r#"title sw "100%""#, true),
        (r#"title co "%b""#, false),
        (r#"title ew "\"Boss\"\\_x""#, true),
        (r#"title ew "\\?x""#, false),
        (r#"profileUrl ew "/B""#, true),
        (r#"profileUrl ew "/b""#, false),
    ]);
}

#[test]
fn names_operators_and_keywords_in_any_case() {
    check(&[
        (r#"USERNAME EQ "bjensen@example.com""#, true),
        (r#"username Sw "bj" AND NOT (active eq FALSE) oR title PR"#, true),
        (r#"URN:IETF:PARAMS:SCIM:SCHEMAS:CORE:2.0:USER:NAME.FAMILYNAME eq "jensen""#, true),
        (r#"Name.GivenName eq "b\u00c4rbel""#, true),
        (r#"name.givenName eq "BA\u0308RBEL""#, true),
    ]);
}

#[test]
fn case_counts_where_the_schema_says_so() {
    check(&[
        (r#"externalId eq "Ext-7""#, true),
        (r#"externalId eq "ext-7""#, false),
        (r#"id eq "0190aaaa-0000-7000-8000-000000000001""#, true),
        (r#"id eq "0190AAAA-0000-7000-8000-000000000001""#, false),
        (r#"meta.version eq "W/\"3\"""#, true),
        (r#"meta.resourceType eq "User""#, true),
        (r#"meta.resourceType eq "user""#, false),
        (r#"x509Certificates eq "QUJD""#, true),
        (r#"x509Certificates eq "qujd""#, false),
        (r#"x509Certificates.value sw "QU""#, true),
    ]);
}

#[test]
fn moments_are_compared_as_instants() {
    check(&[
        (r#"meta.lastModified eq "2024-05-01T10:00:00.123Z""#, true),
        (r#"meta.lastModified eq "2024-05-01T12:00:00.123+02:00""#, true),
        (r#"meta.lastModified eq "2024-05-01T10:00:00.1239999Z""#, true),
        (r#"meta.lastModified eq "2024-05-01T10:00:00.123""#, true),
        (r#"meta.lastModified ne "2024-05-01T10:00:00.123Z""#, false),
        (r#"meta.lastModified gt "2024-05-01T10:00:00Z""#, true),
        (r#"meta.lastModified gt "2024-05-01T10:00:00Z" and meta.created le "2024-05-01T10:00:00Z""#, true),
        (r#"meta.lastModified lt "2024-05-01T09:00:00-02:00""#, true),
        (r#"meta.created ge "2024-05-01T10:00:00.0000001Z""#, true),
        ("meta.created pr", true),
    ]);
}

#[test]
fn booleans_may_be_texts() {
    check(&[
        ("active eq true", true),
        ("active eq True", true),
        (r#"active eq "True""#, true),
        (r#"active eq "FALSE""#, false),
        ("active ne false", true),
        (r#"emails[primary eq "True" and type eq "work"]"#, true),
        ("emails.primary eq false", false),
        // The second address says nothing of being primary, which is not the same as false.
        (r#"emails[type eq "home" and primary ne true]"#, true),
        (r#"emails[type eq "home" and primary eq false]"#, false),
    ]);
}

#[test]
fn every_predicate_is_true_or_false_also_where_there_is_no_value() {
    check(&[
        (r#"displayName eq "x""#, false),
        (r#"displayName ne "x""#, true),
        (r#"not (displayName eq "x")"#, true),
        (r#"displayName lt "x""#, false),
        (r#"not (displayName lt "x")"#, true),
        ("not (displayName pr)", true),
        (r#"displayName co """#, false),
        (r#"roles eq "x""#, false),
        (r#"roles ne "x""#, true),
        (r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter ne "x""#, true),
    ]);
}

#[test]
fn empty_texts_are_values_and_null_is_none() {
    check(&[
        ("nickName pr", true),
        (r#"nickName eq """#, true),
        (r#"nickName co """#, true),
        (r#"userName sw "" and userName ew "" and userName co """#, true),
        ("nickName eq null", false),
        ("nickName ne null", true),
        ("displayName eq null", true),
        ("displayName ne NULL", false),
        ("emails eq null", false),
        ("phoneNumbers eq null", true),
        (r#"emails[type eq "home" and display eq null]"#, true),
        ("name ne null", true),
    ]);
}

#[test]
fn any_element_of_a_multi_valued_attribute_will_do() {
    check(&[
        (r#"emails.value eq "B@HOME.example""#, true),
        (r#"emails.type eq "work" and emails.type eq "home""#, true),
        // `ne` is the negation of `eq`: no element is equal.
        (r#"emails.type ne "work""#, false),
        (r#"emails.type ne "other""#, true),
        ("emails.display pr", false),
        ("emails.primary pr", true),
        ("emails pr", true),
        ("ims pr", false),
        (r#"schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User""#, true),
    ]);
}

#[test]
fn a_complex_attribute_is_compared_by_its_value() {
    check(&[
        (r#"emails co "@work""#, true),
        (r#"emails eq "b@home.example""#, true),
        (r#"manager eq "26118915-6090""#, true),
        (r#"id eq "0190aaaa-0000-7000-8000-000000000001" and manager eq "other""#, false),
        (r#"groups eq "0190aaaa-0000-7000-8000-00000000000a""#, true),
        (r#"groups.display eq "printers""#, true),
        ("name pr", true),
        ("manager pr", true),
        ("addresses pr", true),
    ]);
}

#[test]
fn brackets_speak_of_one_element() {
    check(&[
        (r#"emails[type eq "work" and value co "@work"]"#, true),
        (r#"emails[type eq "home" and value co "@work"]"#, false),
        (r#"emails[type eq "home" or (type eq "work" and value co "nobody")]"#, true),
        (r#"emails[not (type eq "work")]"#, true),
        (r#"emails[type eq "other"]"#, false),
        (r#"not (emails[type eq "other"])"#, true),
        (r#"emails[type eq "work"].value eq "b@work.example""#, true),
        (r#"emails[type eq "home"].value eq "b@work.example""#, false),
        (r#"emails[type eq "work" or type eq "home"].primary pr"#, true),
        (r#"urn:ietf:params:scim:schemas:core:2.0:User:emails[type eq "work"]"#, true),
        (r#"addresses[country eq "ch"].locality sw "CH""#, true),
        (r#"roles[value ne "x"]"#, false),
    ]);
}

#[test]
fn extensions_by_urn_with_a_colon_or_a_dot_or_by_bare_name() {
    check(&[
        (r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "tour""#, true),
        (r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User.department eq "tour""#, true),
        (r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.displayName eq "john""#, true),
        (r#"department eq "TOUR""#, true),
        ("urn:ietf:params:scim:schemas:core:2.0:User:meta.created pr", true),
    ]);
}

#[test]
fn not_binds_stronger_than_and_which_binds_stronger_than_or() {
    let (yes, no) = ("active eq true", "active eq false");
    check(&[
        (&format!("{yes} or {yes} and {no}"), true),
        (&format!("({yes} or {yes}) and {no}"), false),
        (&format!("{no} and {yes} or {yes}"), true),
        (&format!("{no} and ({yes} or {yes})"), false),
        (&format!("not ({no}) and {yes}"), true),
        (&format!("not ({yes}) or {yes}"), true),
        (&format!("not({yes} or {yes})"), false),
        (&format!("not ({no} and {yes}) and not (not ({yes}))"), true),
        (&format!("  (({yes}))\tand\n({yes})  "), true),
        (&format!("({yes})and({yes})or({no})"), true),
    ]);
}

#[test]
fn groups_are_filtered_by_name_and_member() {
    let group = object(json!({
        "schemas": [GROUP.id], "id": "g", "displayName": "Tour Guides",
        "members": [{ "value": "u1", "type": "User", "display": "Babs" }],
    }));
    for (text, expected) in [
        (r#"displayName eq "tour guides""#, true),
        (r#"id eq "g" and members eq "u1""#, true),
        (r#"members.value eq "u2""#, false),
        (r#"members[value eq "u1" and type eq "user"]"#, true),
        (r#"members[type eq "Group"]"#, false),
    ] {
        assert_eq!(Filter::parse(text, ResourceType::Group).unwrap().matches(&group), expected, "{text}");
    }
}

#[test]
fn a_value_of_another_type_satisfies_nothing() {
    let odd = object(
        json!({ "userName": 1, "active": "true", "emails": "x", "name": ["y"], "meta": { "created": "?" } }),
    );
    for text in [
        r#"userName co "1""#,
        "active eq true",
        r#"emails co "x""#,
        "emails[value pr]",
        "name.familyName pr",
        r#"meta.created lt "2030-01-01T00:00:00Z""#,
    ] {
        assert!(!Filter::parse(text, ResourceType::User).unwrap().matches(&odd), "{text}");
    }
}
