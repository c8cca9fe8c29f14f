//! Filters (RFC 7644 section 3.4.2.2): text in, a tree of predicates about known attributes out.
//!
//! Syntax comes first and apart ([`ast`], `lex`, `parse`); meaning second (`resolve`: which attribute is it, can it be compared
//! so, with that literal?); then either [`Filter::matches`] or whatever a store makes of the tree.
//!
//! Every predicate is either true or false, never unknown:
//!
//! - A comparison of a multi-valued attribute is true when any element satisfies it, and false when there is none.
//! - `ne` is the negation of `eq`; `eq null` is the negation of `pr`, `ne null` is `pr`.
//! - A comparison of a complex attribute means its sub-attribute `value`: `emails co "@example.com"`.
//! - Text is ordered by the code points of its key: the text itself where case counts, else [`fold`](crate::fold::fold).

use std::fmt;

use crate::schema::{Attribute, ResourceType, Schema};

pub mod ast;
mod error;
pub(crate) mod eval;
mod lex;
pub(crate) mod parse;
pub(crate) mod resolve;

pub(crate) use error::cut;
pub use error::{Error, Reason};
pub use eval::parse_instant;
pub use parse::{MAX_BYTES, MAX_DEPTH, MAX_TERMS};

/// An attribute or sub-attribute that a filter speaks of. The common attributes count as the core schema's.
#[derive(Clone, Copy)]
pub struct Path {
    /// The schema it belongs to.
    pub schema: &'static Schema,
    /// The attribute.
    pub attribute: &'static Attribute,
    /// The sub-attribute, if the path goes that far.
    pub sub: Option<&'static Attribute>,
}

impl Path {
    /// What is compared: the sub-attribute if there is one, else the attribute.
    pub fn leaf(&self) -> &'static Attribute {
        self.sub.unwrap_or(self.attribute)
    }
}

impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        let names = |path: &Self| (path.schema.id, path.attribute.name, path.sub.map(|sub| sub.name));
        names(self) == names(other)
    }
}

impl Eq for Path {}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.schema.is_extension() {
            write!(f, "{}:", self.schema.id)?;
        }
        f.write_str(self.attribute.name)?;
        self.sub.map_or(Ok(()), |sub| write!(f, ".{}", sub.name))
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// Equal.
    Eq,
    /// Not equal: the negation of [`Eq`](Self::Eq), so true also where there is no value.
    Ne,
    /// Contains.
    Co,
    /// Starts with.
    Sw,
    /// Ends with.
    Ew,
    /// Greater than.
    Gt,
    /// Greater than or equal.
    Ge,
    /// Less than.
    Lt,
    /// Less than or equal.
    Le,
}

impl Operator {
    /// Every comparison.
    pub const ALL: [Self; 9] =
        [Self::Eq, Self::Ne, Self::Co, Self::Sw, Self::Ew, Self::Gt, Self::Ge, Self::Lt, Self::Le];

    /// The keyword, such as `eq`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Co => "co",
            Self::Sw => "sw",
            Self::Ew => "ew",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        }
    }
}

/// The literal of a comparison, of the type that the attribute has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// For text, references and binary. Folded already unless case counts.
    Text(String),
    /// For booleans.
    Bool(bool),
    /// For moments: Unix milliseconds, fractions of a millisecond cut off.
    Instant(i64),
}

/// A filter that makes sense for one resource type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// All of these; at least two.
    And(Vec<Filter>),
    /// Any of these; at least two.
    Or(Vec<Filter>),
    /// Not this.
    Not(Box<Filter>),
    /// There is a value: `pr`. For a complex attribute, any sub-attribute; for a multi-valued one, any element.
    /// An empty text is a value.
    Present(Path),
    /// A comparison. The path leads to something simple: where the filter named a complex attribute, to its `value`.
    Compare {
        /// What is compared.
        path: Path,
        /// How.
        op: Operator,
        /// With what.
        value: Literal,
    },
    /// One and the same element of a multi-valued complex attribute satisfies the whole inner filter:
    /// `emails[type eq "work" and value co "@"]`.
    Element {
        /// The attribute; `sub` is `None`.
        attribute: Path,
        /// About the element. Each path in it has the same attribute and `Some` sub-attribute.
        filter: Box<Filter>,
    },
}

impl Filter {
    /// Reads a filter on resources of a type.
    ///
    /// At most [`MAX_BYTES`] bytes, [`MAX_DEPTH`] levels of `(`, `not (` and `[`, and [`MAX_TERMS`] comparisons.
    pub fn parse(text: &str, resource_type: ResourceType) -> Result<Self, Error> {
        resolve::resolve(&ast::Expression::parse(text)?, resource_type)
    }
}

#[cfg(test)]
mod tests;
