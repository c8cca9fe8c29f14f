//! What holds of every filter.

use proptest::{collection::vec, prelude::*, sample::select};

use super::{
    ast::{Expression, Name},
    *,
};

/// Any tree that the parser could make, meaningful or not.
fn expression() -> impl Strategy<Value = Expression> {
    let inner = joined(test());
    let element = (name(), inner.clone())
        .prop_map(|(name, filter)| Expression::Element { name, filter: Box::new(filter) });
    joined(prop_oneof![inner, element])
}

fn joined(leaf: impl Strategy<Value = Expression> + 'static) -> BoxedStrategy<Expression> {
    leaf.prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(Expression::And),
            vec(inner.clone(), 2..4).prop_map(Expression::Or),
            inner.prop_map(|inner| Expression::Not(Box::new(inner))),
        ]
    })
    .boxed()
}

fn name() -> impl Strategy<Value = Name> {
    "[A-Za-z$][A-Za-z0-9_:.-]{0,10}".prop_map(|text| Name { text, column: 1 })
}

fn test() -> impl Strategy<Value = Expression> {
    let value = prop_oneof![
        Just(ast::Value::Null),
        any::<bool>().prop_map(ast::Value::Bool),
        "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,2})?(e[0-9])?".prop_map(ast::Value::Number),
        "[^\0]{0,10}".prop_map(ast::Value::Text),
    ];
    let columns = ast::Columns::default();
    prop_oneof![
        name().prop_map(Expression::Present),
        (name(), select(&Operator::ALL[..]), value).prop_map(move |(name, op, value)| Expression::Compare {
            name,
            op,
            value,
            columns
        }),
    ]
}

/// Text made of what filters are made of.
fn soup() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "(",
        ")",
        "[",
        "]",
        "not",
        "and",
        "or",
        "pr",
        "eq",
        "ne",
        "co",
        "gt",
        ".value",
        "\"x\"",
        "\"",
        "\\",
        "true",
        "null",
        "userName",
        "emails",
        "type",
        "members",
        "meta.created",
        "active",
        "name.givenName",
        "\"2024-05-01T10:00:00Z\"",
        "urn:ietf:params:scim:schemas:core:2.0:User:title",
        "urn:",
        "1",
        "\\ud800",
    ];
    vec((select(WORDS), select(&["", " ", " ", " "][..])), 0..20)
        .prop_map(|words| words.into_iter().flat_map(|(word, space)| [word, space]).collect())
}

/// A comparison that makes sense, and its negation.
fn sensible() -> impl Strategy<Value = String> {
    const ATTRIBUTES: &[&str] = &[
        "userName",
        "displayName",
        "nickName",
        "emails",
        "emails.type",
        "name.familyName",
        "externalId",
        "manager",
    ];
    const OPERATORS: &[&str] = &["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"];
    (select(ATTRIBUTES), select(OPERATORS), "[a-eA-EäÄ@.]{0,2}")
        .prop_map(|(attribute, op, text)| format!("{attribute} {op} \"{text}\""))
}

fn holds(text: &str) -> bool {
    Filter::parse(text, ResourceType::User).unwrap().matches(&user())
}

proptest! {
    #[test]
    fn printing_and_parsing_gives_the_same_tree(expression in expression()) {
        let text = expression.to_string();
        match Expression::parse(&text) {
            Ok(parsed) => prop_assert_eq!(parsed, expression, "{}", text),
            Err(error) => prop_assert_eq!(error.reason, Reason::TooDeep, "{}", text),
        }
    }

    #[test]
    fn any_text_gives_a_filter_or_an_error_within_it(text in prop_oneof![any::<String>(), soup()]) {
        for resource_type in ResourceType::ALL {
            match Filter::parse(&text, resource_type) {
                Ok(filter) => { filter.matches(&user()); }
                Err(error) => prop_assert!((1..=text.chars().count() + 1).contains(&error.column), "{}", error),
            }
        }
        if let Ok(expression) = Expression::parse(&text) {
            prop_assert_eq!(Expression::parse(&expression.to_string()), Ok(expression));
        }
    }

    #[test]
    fn logic_is_two_valued(a in sensible(), b in sensible()) {
        let (yes_a, yes_b) = (holds(&a), holds(&b));
        prop_assert_eq!(holds(&format!("not ({a})")), !yes_a);
        prop_assert_eq!(holds(&format!("{a} and {b}")), yes_a && yes_b);
        prop_assert_eq!(holds(&format!("{a} or {b}")), yes_a || yes_b);
        prop_assert_eq!(holds(&format!("not ({a} and {b})")), holds(&format!("not ({a}) or not ({b})")));
        if a.contains(" eq ") {
            prop_assert_eq!(holds(&a.replacen(" eq ", " ne ", 1)), !yes_a);
        }
    }
}
