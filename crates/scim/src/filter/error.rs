//! What can be wrong with a filter, and where.

use super::parse::{MAX_BYTES, MAX_DEPTH, MAX_TERMS};

/// Why a filter was refused, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("filter, column {column}: {reason}")]
pub struct Error {
    /// The place: the number of the character, the first being 1.
    pub column: usize,
    /// The reason.
    pub reason: Reason,
}

/// Why a filter was refused. Texts from the filter are cut to 120 characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The text is too long.
    #[error("longer than {MAX_BYTES} bytes")]
    TooLong,
    /// Too many levels of brackets.
    #[error("more than {MAX_DEPTH} levels of brackets")]
    TooDeep,
    /// Too many comparisons.
    #[error("more than {MAX_TERMS} comparisons")]
    TooManyTerms,
    /// Something else should stand here.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// What should stand here.
        expected: &'static str,
        /// What stands here.
        found: String,
    },
    /// No such operator.
    #[error("unknown operator `{0}`; there are eq, ne, co, sw, ew, gt, ge, lt, le and pr")]
    UnknownOperator(String),
    /// A text has no quotes around it.
    #[error("`{0}` is no value; a text stands in double quotes")]
    Unquoted(String),
    /// A text does not end.
    #[error("the text that begins here has no closing quote")]
    Unterminated,
    /// A backslash escape is none that JSON knows, or half of a surrogate pair.
    #[error("not a JSON escape; a backslash itself is written \\\\")]
    Escape,
    /// A control character stands in a text.
    #[error("control character in a text; write it as a JSON escape")]
    Control,
    /// U+0000 stands in a text.
    #[error("U+0000 in a text")]
    Nul,
    /// `[` inside of `[ ]`.
    #[error("an element filter cannot contain another one")]
    NestedElement,
    /// No such attribute.
    #[error("unknown attribute `{name}`{}", hint(*suggestion))]
    UnknownAttribute {
        /// The name.
        name: String,
        /// A known name that is alike.
        suggestion: Option<&'static str>,
    },
    /// A schema that the resource type does not have.
    #[error("`{0}` is no attribute of a known schema")]
    UnknownSchema(String),
    /// A schema stands where an attribute should.
    #[error("`{0}` is a schema; append a colon and an attribute")]
    SchemaOnly(&'static str),
    /// The attribute is a set of sub-attributes without a `value`.
    #[error("`{0}` has no value of its own; name one of its sub-attributes, such as `{0}.{1}`")]
    NeedsSub(&'static str, &'static str),
    /// `[` behind an attribute that has no elements.
    #[error("`{0}` has no elements to select with [ ]")]
    NoElements(&'static str),
    /// The attribute is secret, or made up when answered.
    #[error("`{0}` cannot be filtered on")]
    NotFilterable(&'static str),
    /// The operator makes no sense for such a value.
    #[error("`{attribute}` is {kind}, which `{operator}` does not compare")]
    WrongOperator {
        /// The attribute.
        attribute: &'static str,
        /// What it is.
        kind: &'static str,
        /// The operator.
        operator: &'static str,
    },
    /// The literal is of another type than the attribute.
    #[error("`{attribute}` is compared with {expected}, not with {found}")]
    WrongLiteral {
        /// The attribute.
        attribute: &'static str,
        /// What it is compared with.
        expected: &'static str,
        /// The literal.
        found: String,
    },
}

impl Reason {
    pub(crate) fn at(self, column: usize) -> Error {
        Error { column, reason: self }
    }
}

fn hint(suggestion: Option<&str>) -> String {
    suggestion.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

/// How many characters of a text an error repeats: enough for a URN with its attribute.
const MAX_ECHO: usize = 120;

/// As much of a text as an error repeats.
pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_ECHO) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}
