//! Each way to be wrong, with its column and what the error says.

use super::*;

#[track_caller]
fn check(resource_type: ResourceType, cases: &[(&str, usize, &str)]) {
    for (text, column, message) in cases {
        let error = Filter::parse(text, resource_type).expect_err(text);
        let expected = format!("filter, column {column}: {message}");
        assert_eq!(error.to_string(), expected, "{text}");
        assert_eq!(error.column, *column);
    }
}

#[test]
fn of_syntax() {
    let term = "expected an attribute, `not` or `(`, found ";
    let operators = "; there are eq, ne, co, sw, ew, gt, ge, lt, le and pr";
    let escape = "not a JSON escape; a backslash itself is written \\\\";
    check(
        ResourceType::User,
        &[
            ("", 1, &format!("{term}the end")),
            ("   ", 4, &format!("{term}the end")),
            ("userName", 9, "expected an operator, found the end"),
            ("userName \"x\"", 10, "expected an operator, found \"x\""),
            ("userName is \"x\"", 10, &format!("unknown operator `is`{operators}")),
            ("userName = \"x\"", 10, &format!("unknown operator `=`{operators}")),
            ("userName eq", 12, "expected a value, found the end"),
            ("userName eq bob", 13, "`bob` is no value; a text stands in double quotes"),
            ("userName eq 'bob'", 13, "`'bob'` is no value; a text stands in double quotes"),
            ("userName eq (1)", 13, "expected a value, found `(`"),
            ("userName pr title pr", 13, "expected `and`, `or` or the end, found `title`"),
            ("userName pr)", 12, "expected `and`, `or` or the end, found `)`"),
            ("userName pr and", 16, &format!("{term}the end")),
            ("userName pr and and title pr", 21, &format!("unknown operator `title`{operators}")),
            ("or userName pr", 4, &format!("unknown operator `userName`{operators}")),
            ("(userName pr", 13, "expected `and`, `or` or `)`, found the end"),
            ("(userName pr]", 13, "expected `and`, `or` or `)`, found `]`"),
            ("()", 2, &format!("{term}`)`")),
            ("not userName pr", 5, &format!("unknown operator `userName`{operators}")),
            ("emails[]", 8, &format!("{term}`]`")),
            ("emails[type pr", 15, "expected `and`, `or` or `]`, found the end"),
            ("emails[type pr].value", 22, "expected an operator, found the end"),
            ("emails[type pr]value pr", 16, "expected `and`, `or` or the end, found `value`"),
            ("emails[emails[type pr]]", 14, "an element filter cannot contain another one"),
            ("userName eq \"x", 13, "the text that begins here has no closing quote"),
            ("userName eq \"x\\", 13, "the text that begins here has no closing quote"),
            (r#"userName eq "a\q""#, 15, escape),
            (r#"userName eq "a\u12g4""#, 15, escape),
            (r#"userName eq "\ud800""#, 14, escape),
            (r#"userName eq "\ud800\n""#, 14, escape),
            (r#"userName eq "\ud800\u0041""#, 14, escape),
            (r#"userName eq "\udc00""#, 14, escape),
            ("userName eq \"a\nb\"", 15, "control character in a text; write it as a JSON escape"),
            ("userName eq \"a\0b\"", 15, "U+0000 in a text"),
            (r#"userName eq "a\u0000b""#, 15, "U+0000 in a text"),
            // Columns count characters.
            ("userName eq \"\u{1F468}\u{E4}\" x", 18, "expected `and`, `or` or the end, found `x`"),
        ],
    );
}

#[test]
fn of_meaning() {
    let urn = ENTERPRISE_USER.id;
    check(
        ResourceType::User,
        &[
            ("usrName eq \"x\"", 1, "unknown attribute `usrName`; did you mean `userName`?"),
            ("xyzzy pr", 1, "unknown attribute `xyzzy`"),
            (
                "userName pr and name.famlyName pr",
                22,
                "unknown attribute `famlyName`; did you mean `familyName`?",
            ),
            ("userName.value pr", 10, "unknown attribute `value`"),
            ("emails.value.x pr", 8, "unknown attribute `value.x`; did you mean `value`?"),
            ("emails[typo eq \"work\"]", 8, "unknown attribute `typo`; did you mean `type`?"),
            ("emails[type pr].valve pr", 17, "unknown attribute `valve`; did you mean `value`?"),
            (". pr", 1, "unknown attribute ``"),
            (&format!("{urn}:departmnt pr"), 60, "unknown attribute `departmnt`; did you mean `department`?"),
            (&format!("{urn} pr"), 1, &format!("`{urn}` is a schema; append a colon and an attribute")),
            ("urn:other:2.0:User:x pr", 1, "`urn:other:2.0:User:x` is no attribute of a known schema"),
            ("name[familyName pr]", 1, "`name` has no elements to select with [ ]"),
            ("manager[value pr]", 1, "`manager` has no elements to select with [ ]"),
            ("schemas[value pr]", 1, "`schemas` has no elements to select with [ ]"),
            ("emails.value[type pr]", 1, "`value` has no elements to select with [ ]"),
            (
                "name eq \"x\"",
                1,
                "`name` has no value of its own; name one of its sub-attributes, such as `name.formatted`",
            ),
            ("password eq \"x\"", 1, "`password` cannot be filtered on"),
            ("password pr", 1, "`password` cannot be filtered on"),
            ("meta.location pr", 1, "`location` cannot be filtered on"),
            ("groups.$ref eq \"x\"", 1, "`$ref` cannot be filtered on"),
            ("active gt true", 8, "`active` is a boolean, which `gt` does not compare"),
            ("active co \"t\"", 8, "`active` is a boolean, which `co` does not compare"),
            ("emails.primary le true", 16, "`primary` is a boolean, which `le` does not compare"),
            ("meta.created sw \"2024\"", 14, "`created` is a date and time, which `sw` does not compare"),
            ("x509Certificates lt \"A\"", 18, "`x509Certificates` is binary, which `lt` does not compare"),
            ("userName eq true", 13, "`userName` is compared with a text, not with true"),
            ("userName eq 12.5", 13, "`userName` is compared with a text, not with 12.5"),
            ("userName gt null", 13, "`userName` is compared with a text, not with null"),
            ("active eq \"yes\"", 11, "`active` is compared with true or false, not with \"yes\""),
            ("active eq 1", 11, "`active` is compared with true or false, not with 1"),
            (
                "meta.created gt \"2024-02-30T00:00:00Z\"",
                17,
                "`created` is compared with a date and time such as \"2024-01-31T23:59:59Z\", \
                 not with \"2024-02-30T00:00:00Z\"",
            ),
        ],
    );
    check(
        ResourceType::Group,
        &[
            ("userName pr", 1, "unknown attribute `userName`"),
            ("members.$ref pr", 1, "`$ref` cannot be filtered on"),
            (
                &format!("{urn}:department pr"),
                1,
                &format!("`{urn}:department` is no attribute of a known schema"),
            ),
        ],
    );
}

#[test]
fn of_size() {
    let parse = |text: &str| Filter::parse(text, ResourceType::User);
    let nested = |levels: usize| format!("{}active eq true{}", "(".repeat(levels), ")".repeat(levels));
    assert!(parse(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(parse(&nested(MAX_DEPTH + 1)), Err(Reason::TooDeep.at(MAX_DEPTH + 1)));
    assert_eq!(parse(&nested(5_000)), Err(Reason::TooDeep.at(MAX_DEPTH + 1)));
    assert_eq!(parse(&"(".repeat(10_000)), Err(Reason::TooDeep.at(MAX_DEPTH + 1)));
    assert_eq!(parse(&nested(10_000)), Err(Reason::TooLong.at(1)));
    let negated = |levels: usize| format!("{}active pr{}", "not(".repeat(levels), ")".repeat(levels));
    assert!(parse(&negated(MAX_DEPTH)).is_ok());
    assert_eq!(parse(&negated(2_000)).unwrap_err().reason, Reason::TooDeep);
    // The bracket is a level as well.
    let element = |levels: usize| format!("emails[{}type pr{}]", "(".repeat(levels), ")".repeat(levels));
    assert!(parse(&element(MAX_DEPTH - 1)).is_ok());
    assert_eq!(parse(&element(MAX_DEPTH)).unwrap_err().reason, Reason::TooDeep);

    let terms = |count: usize| vec!["id pr"; count].join(" or ");
    assert!(parse(&terms(MAX_TERMS)).is_ok());
    let error = parse(&terms(MAX_TERMS + 1)).unwrap_err();
    assert_eq!(error, Reason::TooManyTerms.at(MAX_TERMS * "id pr or ".len() + 1));
    assert_eq!(parse(&terms(1_800)).unwrap_err().reason, Reason::TooManyTerms);
    assert_eq!(parse(&terms(10_000)), Err(Reason::TooLong.at(1)));

    let long = |bytes: usize| format!("id eq \"{}\"", "x".repeat(bytes - 8));
    assert!(parse(&long(MAX_BYTES)).is_ok());
    assert_eq!(parse(&long(MAX_BYTES + 1)), Err(Reason::TooLong.at(1)));
}

#[test]
fn an_error_repeats_only_so_much_of_the_filter() {
    let error = Filter::parse(&format!("{} pr", "\u{E4}".repeat(5_000)), ResourceType::User).unwrap_err();
    assert_eq!(error.to_string(), format!("filter, column 1: unknown attribute `{}…`", "\u{E4}".repeat(120)));
}
