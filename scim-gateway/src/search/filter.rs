//! A filter on several resource types, seen from one of them.

use rollcall_scim::{
    filter::{
        Filter,
        ast::{Expression, Name},
    },
    schema::ResourceType,
};

use crate::error::Error;

/// The filter for one resource type: a comparison of an attribute that only another type has is false (RFC 7644 section
/// 3.4.2.1), and one that no type has is an error.
pub(super) fn scoped(text: &str, kind: ResourceType) -> Result<String, Error> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let expression = Expression::parse(text).map_err(rollcall_scim::Error::from)?;
    Ok(scope(&expression, kind)?.to_string())
}

fn scope(expression: &Expression, kind: ResourceType) -> Result<Expression, Error> {
    let all =
        |all: &[Expression]| all.iter().map(|each| scope(each, kind)).collect::<Result<Vec<_>, Error>>();
    let name = match expression {
        Expression::And(each) => return Ok(Expression::And(all(each)?)),
        Expression::Or(each) => return Ok(Expression::Or(all(each)?)),
        Expression::Not(inner) => return Ok(Expression::Not(Box::new(scope(inner, kind)?))),
        Expression::Present(name) | Expression::Compare { name, .. } | Expression::Element { name, .. } => {
            name
        }
    };
    // At the column where it stands, for the sake of the error.
    let text = format!("{:width$}{expression}", "", width = name.column.saturating_sub(1));
    let Err(error) = Filter::parse(&text, kind) else { return Ok(expression.clone()) };
    if ResourceType::ALL.into_iter().any(|other| Filter::parse(&text, other).is_ok()) {
        let id = Name { text: "id".to_owned(), column: name.column };
        return Ok(Expression::Not(Box::new(Expression::Present(id))));
    }
    Err(rollcall_scim::Error::from(error).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_type_does_not_have_is_never_found_in_it() {
        let (user, group) = (ResourceType::User, ResourceType::Group);
        for (text, kind, expected) in [
            ("", user, ""),
            (r#"userName eq "x""#, user, r#"userName eq "x""#),
            (r#"userName eq "x""#, group, "not (id pr)"),
            (r#"members.value eq "x""#, user, "not (id pr)"),
            (
                r#"displayName sw "a" and (userName pr or members pr)"#,
                group,
                r#"displayName sw "a" and (not (id pr) or members pr)"#,
            ),
            (r#"not (emails[type eq "work"])"#, group, "not (not (id pr))"),
            (r#"meta.resourceType eq "User""#, group, r#"meta.resourceType eq "User""#),
        ] {
            assert_eq!(scoped(text, kind).unwrap(), expected, "{text}");
        }
        for (text, column) in [("nope pr", 1), ("userName pr and  nope eq 1", 18), ("userName pr an", 13)] {
            let error = scoped(text, group).unwrap_err();
            assert_eq!(error.scim_type(), Some("invalidFilter"));
            assert!(error.to_string().contains(&format!("column {column}")), "{error}");
        }
    }
}
