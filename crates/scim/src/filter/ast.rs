//! The syntax of a filter: names and literals as they were written, of which nothing is known yet.

use std::fmt;

use super::Operator;

/// A filter as written. `parse(expression.to_string())` is the same expression again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// Joined by `and`; at least two.
    And(Vec<Expression>),
    /// Joined by `or`; at least two.
    Or(Vec<Expression>),
    /// `not (...)`.
    Not(Box<Expression>),
    /// `name pr`.
    Present(Name),
    /// `name op value`.
    Compare {
        /// The attribute.
        name: Name,
        /// The comparison.
        op: Operator,
        /// The literal.
        value: Value,
        /// Where the operator and the literal begin.
        columns: Columns,
    },
    /// `name[...]`. What may follow the bracket, `name[...].sub op value`, is a further `and` inside of it.
    Element {
        /// The attribute.
        name: Name,
        /// About its elements.
        filter: Box<Expression>,
    },
}

/// A name with its place. Two names are equal when their texts are.
#[derive(Debug, Clone, Eq)]
pub struct Name {
    /// The name, with URN prefix and sub-attribute if it has them.
    pub text: String,
    /// The place of its first character, counted from 1.
    pub column: usize,
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// The places of the operator and of the literal. All places are equal: where something stands is no part of it.
#[derive(Debug, Clone, Copy, Default, Eq)]
pub struct Columns {
    /// Where the operator begins, counted from 1.
    pub op: usize,
    /// Where the literal begins, counted from 1.
    pub value: usize,
}

impl PartialEq for Columns {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// A literal (RFC 7644: `compValue`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as written. No attribute has numbers; it is read for the sake of a good error.
    Number(String),
    /// A text.
    Text(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(text) => f.write_str(text),
            Self::Text(text) => write!(f, "{}", serde_json::Value::from(text.as_str())),
        }
    }
}

impl Expression {
    /// Whether it stands in parentheses when it is joined by `and`, or else by `or`.
    fn is_grouped(&self, in_and: bool) -> bool {
        matches!(self, Self::Or(_)) || in_and && matches!(self, Self::And(_))
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(all) | Self::Or(all) => {
                let in_and = matches!(self, Self::And(_));
                for (index, each) in all.iter().enumerate() {
                    match (index, in_and) {
                        (0, _) => {}
                        (_, true) => f.write_str(" and ")?,
                        (_, false) => f.write_str(" or ")?,
                    }
                    if each.is_grouped(in_and) {
                        write!(f, "({each})")?;
                    } else {
                        write!(f, "{each}")?;
                    }
                }
                Ok(())
            }
            Self::Not(inner) => write!(f, "not ({inner})"),
            Self::Present(name) => write!(f, "{} pr", name.text),
            Self::Compare { name, op, value, .. } => write!(f, "{} {} {value}", name.text, op.as_str()),
            Self::Element { name, filter } => write!(f, "{}[{filter}]", name.text),
        }
    }
}
