//! Turns bytes into tokens.
//!
//! The lexer holds the current token and, where the grammar needs it, the next one. Letters, digits
//! and spaces are those of the locale "C". A zero byte is an ordinary byte, with one exception: see
//! [`Lexer::save_if`].

mod literals;

use std::borrow::Cow;
use std::collections::BTreeMap;

use blob::Blob;

use super::chunk_id::shortened;
use super::token::Token;
use super::{CompileError, Result};
use crate::c_string;
use crate::heap::Heap;
use crate::meter::Meter;
use crate::value::StringRef;

/// The most bytes of a chunk's name in a message of the compiler, with the zero that ends it in C.
const NAME_SIZE: usize = 80;
/// A chunk has fewer lines than this.
const LINES_MAX: u32 = i32::MAX as u32;
/// Reading a byte costs about as much as copying this many.
const READ_COST: usize = 4;

/// The unread rest of a text, and the current token.
pub(super) struct Lexer<'a> {
    pub(super) heap: &'a mut Heap,
    pub(super) meter: &'a mut Meter,
    text: &'a [u8],
    position: usize,
    /// The text of the last number, name or string, for its value and for messages.
    buffer: Vec<u8>,
    /// All strings of the chunk.
    strings: BTreeMap<Blob, StringRef>,
    /// The name of the chunk.
    pub(super) source: Blob,
    /// The line of the next byte.
    pub(super) line: u32,
    /// The line on which the previous token ended.
    pub(super) last_line: u32,
    /// The current token.
    pub(super) token: Token,
    /// The token after it, if it has been read.
    ahead: Option<Token>,
}

/// The token that an error message names after `near`.
#[derive(Clone, Copy)]
pub(super) enum Near {
    Nothing,
    /// The text of the token that is being read.
    Buffer,
    Token(Token),
}

impl<'a> Lexer<'a> {
    /// A lexer at the start of `text`, before the first token.
    pub(super) fn new(
        heap: &'a mut Heap,
        meter: &'a mut Meter,
        text: &'a [u8],
        name: &Blob,
    ) -> Result<Lexer<'a>> {
        meter.spend_bytes(name.len())?;
        let c_name = c_string(name);
        let source =
            if c_name.len() == name.len() { name.clone() } else { Blob::copy_from_slice(c_name) };
        Ok(Lexer {
            heap,
            meter,
            text,
            position: 0,
            buffer: Vec::new(),
            strings: BTreeMap::new(),
            source,
            line: 1,
            last_line: 1,
            token: Token::EndOfText,
            ahead: None,
        })
    }

    /// Advances to the next token.
    pub(super) fn advance(&mut self) -> Result<()> {
        self.last_line = self.line;
        self.token = match self.ahead.take() {
            Some(token) => token,
            None => self.charged_token()?,
        };
        Ok(())
    }

    /// Reads the token after the current one.
    pub(super) fn look_ahead(&mut self) -> Result<Token> {
        let token = self.charged_token()?;
        self.ahead = Some(token);
        Ok(token)
    }

    /// The place of a string in the heap. Equal strings of a chunk share one place.
    pub(super) fn string(&mut self, bytes: &[u8]) -> Result<StringRef> {
        let blob = Blob::copy_from_slice(bytes);
        if let Some(string) = self.strings.get(&blob) {
            return Ok(*string);
        }
        let string = self.heap.new_string(blob.clone())?;
        self.strings.insert(blob, string);
        Ok(string)
    }

    /// An error at the current token.
    pub(super) fn syntax_error(&self, message: &[u8]) -> CompileError {
        self.error(message, Near::Token(self.token))
    }

    /// An error in the current line.
    pub(super) fn error(&self, message: &[u8], near: Near) -> CompileError {
        let mut text = shortened(&self.source, NAME_SIZE);
        text.extend_from_slice(format!(":{}: ", self.line).as_bytes());
        text.extend_from_slice(message);
        let near = match near {
            // C takes token 0 for no token.
            Near::Nothing | Near::Token(Token::Char(0)) => None,
            Near::Buffer | Near::Token(Token::Name(_) | Token::String(_) | Token::Number(_)) => {
                Some(Cow::Borrowed(c_string(&self.buffer)))
            }
            Near::Token(token) => Some(token.describe()),
        };
        if let Some(near) = near {
            text.extend_from_slice(b" near '");
            text.extend_from_slice(&near);
            text.push(b'\'');
        }
        CompileError::Syntax(Blob::from(text))
    }

    fn current(&self) -> Option<u8> {
        self.text.get(self.position).copied()
    }

    fn skip(&mut self) {
        self.position += 1;
    }

    /// Adds the current byte to the buffer.
    fn save(&mut self) {
        self.buffer.extend(self.current());
        self.skip();
    }

    fn save_while(&mut self, belongs: impl Fn(u8) -> bool) {
        while self.current().is_some_and(&belongs) {
            self.save();
        }
    }

    /// Adds the current byte to the buffer if it is `one`, `other`, or zero. Zero matches because
    /// C's `strchr` also finds the zero that ends a string.
    fn save_if(&mut self, one: u8, other: u8) -> bool {
        let found = self.current().is_some_and(|byte| byte == one || byte == other || byte == 0);
        if found {
            self.save();
        }
        found
    }

    fn at_newline(&self) -> bool {
        matches!(self.current(), Some(b'\n' | b'\r'))
    }

    /// Skips the end of a line: `\n`, `\r`, `\r\n` or `\n\r`.
    fn end_line(&mut self) -> Result<()> {
        let first = self.current();
        self.skip();
        if self.at_newline() && self.current() != first {
            self.skip();
        }
        self.line += 1;
        if self.line >= LINES_MAX {
            return Err(self.syntax_error(b"chunk has too many lines"));
        }
        Ok(())
    }

    fn charged_token(&mut self) -> Result<Token> {
        let start = self.position;
        let token = self.next_token()?;
        self.meter.spend(1)?;
        self.meter.spend_bytes((self.position - start).saturating_mul(READ_COST))?;
        Ok(token)
    }

    fn next_token(&mut self) -> Result<Token> {
        self.buffer.clear();
        loop {
            let Some(byte) = self.current() else {
                return Ok(Token::EndOfText);
            };
            match byte {
                b'\n' | b'\r' => self.end_line()?,
                b' ' | b'\t' | b'\x0b' | b'\x0c' => self.skip(),
                b'-' => {
                    self.skip();
                    if self.current() != Some(b'-') {
                        return Ok(Token::Char(b'-'));
                    }
                    self.skip_comment()?;
                }
                b'[' => return self.bracket(),
                b'=' => return Ok(self.or_equal(byte, Token::Equal)),
                b'<' => return Ok(self.or_equal(byte, Token::LessOrEqual)),
                b'>' => return Ok(self.or_equal(byte, Token::GreaterOrEqual)),
                b'~' => return Ok(self.or_equal(byte, Token::NotEqual)),
                b'"' | b'\'' => return self.quoted(byte),
                b'.' => return self.dots(),
                b'0'..=b'9' => return self.number(),
                b'a'..=b'z' | b'A'..=b'Z' | b'_' => return self.word(),
                _ => {
                    self.skip();
                    return Ok(Token::Char(byte));
                }
            }
        }
    }

    /// A token of one byte, or of two if `=` follows.
    fn or_equal(&mut self, byte: u8, with_equal: Token) -> Token {
        self.skip();
        if self.current() != Some(b'=') {
            return Token::Char(byte);
        }
        self.skip();
        with_equal
    }

    fn dots(&mut self) -> Result<Token> {
        self.save();
        if self.save_if(b'.', b'.') {
            return Ok(if self.save_if(b'.', b'.') { Token::Dots } else { Token::Concat });
        }
        if self.current().is_some_and(|byte| byte.is_ascii_digit()) {
            return self.number();
        }
        Ok(Token::Char(b'.'))
    }

    fn word(&mut self) -> Result<Token> {
        self.save_while(is_word);
        if let Some(token) = Token::reserved(&self.buffer) {
            return Ok(token);
        }
        self.buffered(0).map(Token::Name)
    }

    /// The string in the buffer without its first and last `without` bytes.
    fn buffered(&mut self, without: usize) -> Result<StringRef> {
        let buffer = std::mem::take(&mut self.buffer);
        let string = self.string(&buffer[without..buffer.len() - without]);
        self.buffer = buffer;
        string
    }

    /// A comment, from its second `-` on.
    fn skip_comment(&mut self) -> Result<()> {
        self.skip();
        if self.current() == Some(b'[') {
            let opening = self.long_bracket();
            self.buffer.clear();
            if opening.is_complete {
                self.long(opening.level, literals::Long::Comment)?;
                self.buffer.clear();
                return Ok(());
            }
        }
        while self.current().is_some() && !self.at_newline() {
            self.skip();
        }
        Ok(())
    }
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
