//! What the parser makes of a text, and what a tree prints as.

use super::{ast::Expression, *};

#[test]
fn a_tree_prints_as_the_filter_that_it_is() {
    for (text, printed) in [
        ("userName PR", "userName pr"),
        ("((a pr))", "a pr"),
        ("a pr and b pr and c pr", "a pr and b pr and c pr"),
        ("(a pr and b pr) and c pr", "(a pr and b pr) and c pr"),
        ("a pr or (b pr or c pr)", "a pr or (b pr or c pr)"),
        ("a pr or (b pr and c pr)", "a pr or b pr and c pr"),
        ("(a pr or b pr) and c pr", "(a pr or b pr) and c pr"),
        ("NOT(a pr and b pr)", "not (a pr and b pr)"),
        (r#"a eq "\u00e4\/\n\"""#, r#"a eq "ä/\n\"""#),
        (r#"a eq "\ud83d\udc68""#, r#"a eq "👨""#),
        (r#"a eq"b""#, r#"a eq "b""#),
        ("a eq -1.5e3", "a eq -1.5e3"),
        ("a eq NULL", "a eq null"),
        (r#"e[a eq "x"].b pr"#, r#"e[a eq "x" and b pr]"#),
        ("e[a pr and c pr].b pr", "e[a pr and c pr and b pr]"),
        (r#"e[a pr or c pr].b gt "1""#, r#"e[(a pr or c pr) and b gt "1"]"#),
        ("not pr and and pr or or pr", "not pr and and pr or or pr"),
    ] {
        assert_eq!(Expression::parse(text).unwrap().to_string(), printed, "{text}");
    }
}

#[test]
fn a_filter_says_which_attribute_it_means() {
    let path = |text: &str| match Filter::parse(text, ResourceType::User).unwrap() {
        Filter::Compare { path, .. } | Filter::Present(path) => path.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(path("USERNAME pr"), "userName");
    assert_eq!(path("emails pr"), "emails");
    assert_eq!(path("emails eq \"x\""), "emails.value");
    assert_eq!(path("META.LASTMODIFIED pr"), "meta.lastModified");
    assert_eq!(path("manager eq \"x\""), format!("{}:manager.value", ENTERPRISE_USER.id));
    assert_eq!(path(&format!("{}:userName pr", USER.id)), "userName");
}

#[test]
fn literals_have_the_type_of_the_attribute_and_are_folded_unless_case_counts() {
    let literal = |text: &str| match Filter::parse(text, ResourceType::User).unwrap() {
        Filter::Compare { value, .. } => value,
        other => panic!("{other:?}"),
    };
    assert_eq!(literal("userName eq \"A\u{308}\""), Literal::Text("\u{E4}".into()));
    assert_eq!(literal("externalId eq \"A\""), Literal::Text("A".into()));
    assert_eq!(literal("active eq \"TRUE\""), Literal::Bool(true));
    assert_eq!(literal("meta.created eq \"1970-01-01T01:00:00.0019999+01:00\""), Literal::Instant(1));
    assert_eq!(literal("meta.created eq \"1969-12-31T23:59:59.9999Z\""), Literal::Instant(-1));
}

#[test]
fn null_and_elements_have_their_own_shape() {
    let parse = |text| Filter::parse(text, ResourceType::User).unwrap();
    assert_eq!(parse("title eq null"), Filter::Not(Box::new(parse("title pr"))));
    assert_eq!(parse("title ne null"), parse("title pr"));
    assert_eq!(
        parse("emails[type eq \"work\"].value eq \"x\""),
        parse("emails[type eq \"work\" and value eq \"x\"]")
    );
    let Filter::Element { attribute, filter } = parse("emails[type pr]") else { panic!() };
    assert_eq!(attribute.to_string(), "emails");
    assert_eq!(filter.as_ref(), &parse("emails.type pr"));
}
