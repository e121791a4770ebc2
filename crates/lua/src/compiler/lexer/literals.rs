//! Tokens that have a value: numbers and strings.

use super::{CompileError, Lexer, Near, Result, Token, is_word};
use crate::number;

/// The kinds of text between long brackets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Long {
    String,
    Comment,
}

/// `[` or `]`, and `level` times `=`.
pub(super) struct LongBracket {
    pub(super) level: usize,
    /// Whether the same bracket follows.
    pub(super) is_complete: bool,
}

impl Lexer<'_> {
    /// Reads a number. As in Lua, it takes all letters, digits and points, and checks them
    /// afterwards.
    pub(super) fn number(&mut self) -> Result<Token> {
        self.save_while(|byte| byte.is_ascii_digit() || byte == b'.');
        if self.save_if(b'E', b'e') {
            self.save_if(b'+', b'-');
        }
        self.save_while(is_word);
        match number::parse(&self.buffer) {
            Some(number) => Ok(Token::Number(number)),
            None => Err(self.error(b"malformed number", Near::Buffer)),
        }
    }

    /// A long string, or just `[`.
    pub(super) fn bracket(&mut self) -> Result<Token> {
        let opening = self.long_bracket();
        if opening.is_complete {
            self.long(opening.level, Long::String)?;
            return self.buffered(2 + opening.level).map(Token::String);
        }
        if opening.level == 0 {
            return Ok(Token::Char(b'['));
        }
        Err(self.error(b"invalid long string delimiter", Near::Buffer))
    }

    /// Reads `[==` or `]==`, without the bracket that should follow.
    pub(super) fn long_bracket(&mut self) -> LongBracket {
        let bracket = self.current();
        self.save();
        let start = self.buffer.len();
        self.save_while(|byte| byte == b'=');
        let level = self.buffer.len() - start;
        LongBracket { level, is_complete: self.current() == bracket }
    }

    /// Reads from the second `[` of a long bracket through its closing bracket.
    pub(super) fn long(&mut self, level: usize, kind: Long) -> Result<()> {
        self.save();
        if self.at_newline() {
            self.end_line()?;
        }
        loop {
            match (self.current(), kind) {
                (None, Long::String) => return Err(self.unfinished(b"unfinished long string")),
                (None, Long::Comment) => return Err(self.unfinished(b"unfinished long comment")),
                (Some(b'['), _) => {
                    let nested = self.long_bracket();
                    if nested.is_complete && nested.level == level {
                        self.save();
                        if level == 0 {
                            let message = b"nesting of [[...]] is deprecated";
                            return Err(self.error(message, Near::Token(Token::Char(b'['))));
                        }
                    }
                }
                (Some(b']'), _) => {
                    let closing = self.long_bracket();
                    if closing.is_complete && closing.level == level {
                        self.save();
                        return Ok(());
                    }
                }
                (Some(b'\n' | b'\r'), _) => {
                    self.buffer.push(b'\n');
                    self.end_line()?;
                    if kind == Long::Comment {
                        self.buffer.clear();
                    }
                }
                (Some(_), Long::String) => self.save(),
                (Some(_), Long::Comment) => self.skip(),
            }
        }
    }

    /// A string in quotes.
    pub(super) fn quoted(&mut self, quote: u8) -> Result<Token> {
        self.save();
        loop {
            match self.current() {
                None => return Err(self.unfinished(b"unfinished string")),
                Some(b'\n' | b'\r') => return Err(self.error(b"unfinished string", Near::Buffer)),
                Some(b'\\') => {
                    self.skip();
                    self.escape()?;
                }
                Some(byte) => {
                    self.save();
                    if byte == quote {
                        return self.buffered(1).map(Token::String);
                    }
                }
            }
        }
    }

    /// Reads an escape sequence after its backslash.
    fn escape(&mut self) -> Result<()> {
        let byte = match self.current() {
            None => return Ok(()),
            Some(b'a') => b'\x07',
            Some(b'b') => b'\x08',
            Some(b'f') => b'\x0c',
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'v') => b'\x0b',
            Some(b'\n' | b'\r') => {
                self.buffer.push(b'\n');
                return self.end_line();
            }
            Some(b'0'..=b'9') => return self.decimal_escape(),
            Some(_) => {
                self.save();
                return Ok(());
            }
        };
        self.buffer.push(byte);
        self.skip();
        Ok(())
    }

    /// Reads a byte as up to three decimal digits.
    fn decimal_escape(&mut self) -> Result<()> {
        let mut number = 0;
        for _ in 0..3 {
            let Some(digit @ b'0'..=b'9') = self.current() else {
                break;
            };
            number = 10 * number + u32::from(digit - b'0');
            self.skip();
        }
        let byte = u8::try_from(number)
            .map_err(|_| self.error(b"escape sequence too large", Near::Buffer))?;
        self.buffer.push(byte);
        Ok(())
    }

    fn unfinished(&self, message: &[u8]) -> CompileError {
        self.error(message, Near::Token(Token::EndOfText))
    }
}
