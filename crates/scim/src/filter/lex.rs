//! Text becomes tokens, each with the column where it begins.

use super::{
    ast::Value,
    error::{Error, Reason, cut},
};

/// What the text consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A name, operator, keyword or literal without quotes; behind `]`, a dot with a name.
    Word(&'a str),
    /// A text in quotes, its escapes undone.
    Text(String),
    /// `(`, `)`, `[` or `]`.
    Bracket(char),
    /// The end.
    End,
}

impl Token<'_> {
    /// How an error calls it.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Word(word) => format!("`{}`", cut(word)),
            Self::Text(text) => cut(&Value::Text(text.clone()).to_string()),
            Self::Bracket(bracket) => format!("`{bracket}`"),
            Self::End => "the end".to_owned(),
        }
    }
}

/// Takes a text apart.
pub(super) struct Lexer<'a> {
    rest: &'a str,
    /// The column of `rest`.
    column: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, column: 1 }
    }

    /// The next token and its column.
    pub(super) fn token(&mut self) -> Result<(Token<'a>, usize), Error> {
        let spaces = self.rest.len() - self.rest.trim_start_matches(is_space).len();
        self.take(spaces);
        let column = self.column;
        let token = match self.rest.chars().next() {
            None => Token::End,
            Some('"') => Token::Text(self.text()?),
            Some(bracket @ ('(' | ')' | '[' | ']')) => {
                self.take(bracket.len_utf8());
                Token::Bracket(bracket)
            }
            Some(_) => {
                let ends = |c| is_space(c) || matches!(c, '(' | ')' | '[' | ']' | '"');
                Token::Word(self.take(self.rest.find(ends).unwrap_or(self.rest.len())))
            }
        };
        Ok((token, column))
    }

    /// Takes so many bytes.
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        self.column += taken.chars().count();
        taken
    }

    /// A JSON string, its escapes undone.
    fn text(&mut self) -> Result<String, Error> {
        let unterminated = Reason::Unterminated.at(self.column);
        self.char();
        let mut text = String::new();
        loop {
            let column = self.column;
            let c = match self.char() {
                None => return Err(unterminated),
                Some('"') => return Ok(text),
                Some('\\') if self.rest.is_empty() => return Err(unterminated),
                Some('\\') => self.escape().ok_or(Reason::Escape.at(column))?,
                Some('\u{1}'..'\u{20}') => return Err(Reason::Control.at(column)),
                Some(c) => c,
            };
            if c == '\0' {
                return Err(Reason::Nul.at(column));
            }
            text.push(c);
        }
    }

    fn char(&mut self) -> Option<char> {
        self.take(self.rest.chars().next()?.len_utf8()).chars().next()
    }

    /// What follows a backslash. A character beyond U+FFFF is a pair of surrogates; half of a pair is no character.
    fn escape(&mut self) -> Option<char> {
        let code = match self.char()? {
            c @ ('"' | '\\' | '/') => return Some(c),
            'b' => 0x8,
            't' => 0x9,
            'n' => 0xA,
            'f' => 0xC,
            'r' => 0xD,
            'u' => match self.hex()? {
                high @ 0xD800..0xDC00 if self.char()? == '\\' && self.char()? == 'u' => match self.hex()? {
                    low @ 0xDC00..0xE000 => 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00),
                    _ => return None,
                },
                code => code,
            },
            _ => return None,
        };
        char::from_u32(code)
    }

    fn hex(&mut self) -> Option<u32> {
        (0..4).try_fold(0, |code, _| Some(code * 16 + self.char()?.to_digit(16)?))
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}
