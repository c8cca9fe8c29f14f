//! Tokens become syntax: a parser by recursive descent, whose depth is bounded.

use super::{
    Operator,
    ast::{Columns, Expression, Name, Value},
    error::{Error, Reason, cut},
    lex::{Lexer, Token},
};

/// The longest filter, in bytes.
pub const MAX_BYTES: usize = 16 * 1024;
/// The most levels of `(`, `not (` and `[`.
pub const MAX_DEPTH: usize = 32;
/// The most comparisons in one filter, `pr` included.
pub const MAX_TERMS: usize = 256;

impl Expression {
    /// Reads a filter. The limits are those of [`Filter::parse`](super::Filter::parse).
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut parser = Parser::new(text)?;
        let expression = parser.expression(false)?;
        parser.end()?;
        Ok(expression)
    }
}

/// A parser that has read one token ahead. PATCH paths use it too.
pub(crate) struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Token<'a>,
    /// The column of `token`.
    column: usize,
    depth: usize,
    terms: usize,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str) -> Result<Self, Error> {
        if text.len() > MAX_BYTES {
            return Err(Reason::TooLong.at(1));
        }
        let lexer = Lexer::new(text);
        let mut parser = Self { lexer, token: Token::End, column: 1, depth: 0, terms: 0 };
        parser.advance()?;
        Ok(parser)
    }

    /// A name; `expected` says in an error what it would be the name of.
    pub(crate) fn name(&mut self, expected: &'static str) -> Result<Name, Error> {
        match self.token {
            Token::Word(word) => {
                let name = Name { text: word.to_owned(), column: self.column };
                self.advance()?;
                Ok(name)
            }
            _ => Err(self.unexpected(expected)),
        }
    }

    /// The filter in `[ ]`, if there is one.
    pub(crate) fn element_filter(&mut self) -> Result<Option<Expression>, Error> {
        if self.token != Token::Bracket('[') {
            return Ok(None);
        }
        self.enter()?;
        let filter = self.expression(true)?;
        self.leave(']', "`and`, `or` or `]`")?;
        Ok(Some(filter))
    }

    /// The sub-attribute behind `]`, if there is one: `.value`.
    pub(crate) fn sub_name(&mut self) -> Result<Option<Name>, Error> {
        match self.token {
            Token::Word(word) if word.len() > 1 => match word.strip_prefix('.') {
                Some(sub) => {
                    let name = Name { text: sub.to_owned(), column: self.column + 1 };
                    self.advance()?;
                    Ok(Some(name))
                }
                None => Ok(None),
            },
            _ => Ok(None),
        }
    }

    /// The end of the text.
    pub(crate) fn end(&self) -> Result<(), Error> {
        match self.token {
            Token::End => Ok(()),
            _ => Err(self.unexpected("`and`, `or` or the end")),
        }
    }

    /// `or` binds weaker than `and`, which binds weaker than `not` (RFC 7644 erratum 4670).
    fn expression(&mut self, in_element: bool) -> Result<Expression, Error> {
        let first = self.conjunction(in_element)?;
        let mut any = vec![first];
        while self.keyword("or")? {
            any.push(self.conjunction(in_element)?);
        }
        Ok(join(any, Expression::Or))
    }

    fn conjunction(&mut self, in_element: bool) -> Result<Expression, Error> {
        let first = self.term(in_element)?;
        let mut all = vec![first];
        while self.keyword("and")? {
            all.push(self.term(in_element)?);
        }
        Ok(join(all, Expression::And))
    }

    fn term(&mut self, in_element: bool) -> Result<Expression, Error> {
        if self.token == Token::Bracket('(') {
            return self.group(in_element);
        }
        let name = self.name("an attribute, `not` or `(`")?;
        match &self.token {
            Token::Bracket('(') if name.text.eq_ignore_ascii_case("not") => {
                Ok(Expression::Not(Box::new(self.group(in_element)?)))
            }
            Token::Bracket('[') if in_element => Err(Reason::NestedElement.at(self.column)),
            Token::Bracket('[') => self.element(name),
            _ => self.test(name),
        }
    }

    fn group(&mut self, in_element: bool) -> Result<Expression, Error> {
        self.enter()?;
        let inner = self.expression(in_element)?;
        self.leave(')', "`and`, `or` or `)`")?;
        Ok(inner)
    }

    fn element(&mut self, name: Name) -> Result<Expression, Error> {
        let Some(filter) = self.element_filter()? else {
            return Err(self.unexpected("`[`"));
        };
        let filter = match self.sub_name()? {
            None => filter,
            Some(sub) => {
                let test = self.test(sub)?;
                match filter {
                    Expression::And(mut all) => {
                        all.push(test);
                        Expression::And(all)
                    }
                    other => Expression::And(vec![other, test]),
                }
            }
        };
        Ok(Expression::Element { name, filter: Box::new(filter) })
    }

    /// What follows a name: `pr`, or an operator and a literal.
    fn test(&mut self, name: Name) -> Result<Expression, Error> {
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return Err(Reason::TooManyTerms.at(name.column));
        }
        let Token::Word(word) = self.token else {
            return Err(self.unexpected("an operator"));
        };
        if word.eq_ignore_ascii_case("pr") {
            self.advance()?;
            return Ok(Expression::Present(name));
        }
        let known = Operator::ALL.into_iter().find(|op| op.as_str().eq_ignore_ascii_case(word));
        let op = known.ok_or_else(|| Reason::UnknownOperator(cut(word)).at(self.column))?;
        let op_column = self.column;
        self.advance()?;
        let columns = Columns { op: op_column, value: self.column };
        let value = self.value()?;
        Ok(Expression::Compare { name, op, value, columns })
    }

    fn value(&mut self) -> Result<Value, Error> {
        let value = match &mut self.token {
            Token::Text(text) => Value::Text(std::mem::take(text)),
            Token::Word(word) if word.eq_ignore_ascii_case("true") => Value::Bool(true),
            Token::Word(word) if word.eq_ignore_ascii_case("false") => Value::Bool(false),
            Token::Word(word) if word.eq_ignore_ascii_case("null") => Value::Null,
            Token::Word(word) if serde_json::from_str::<serde_json::Number>(word).is_ok() => {
                Value::Number((*word).to_owned())
            }
            Token::Word(word) => return Err(Reason::Unquoted(cut(word)).at(self.column)),
            _ => return Err(self.unexpected("a value")),
        };
        self.advance()?;
        Ok(value)
    }

    /// Takes the keyword if it comes next.
    fn keyword(&mut self, keyword: &str) -> Result<bool, Error> {
        let is_next = matches!(self.token, Token::Word(word) if word.eq_ignore_ascii_case(keyword));
        if is_next {
            self.advance()?;
        }
        Ok(is_next)
    }

    /// Goes behind an opening bracket.
    fn enter(&mut self) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Reason::TooDeep.at(self.column));
        }
        self.advance()
    }

    /// Goes behind a closing bracket.
    fn leave(&mut self, bracket: char, expected: &'static str) -> Result<(), Error> {
        if self.token != Token::Bracket(bracket) {
            return Err(self.unexpected(expected));
        }
        self.depth -= 1;
        self.advance()
    }

    fn unexpected(&self, expected: &'static str) -> Error {
        Reason::Expected { expected, found: self.token.describe() }.at(self.column)
    }

    fn advance(&mut self) -> Result<(), Error> {
        (self.token, self.column) = self.lexer.token()?;
        Ok(())
    }
}

/// Several become one by `kind`; a single one stays what it is.
fn join(mut several: Vec<Expression>, kind: fn(Vec<Expression>) -> Expression) -> Expression {
    match several.len() {
        1 => several.remove(0),
        _ => kind(several),
    }
}
