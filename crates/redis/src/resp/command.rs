//! The decoder for commands.

use thiserror::Error;

use super::Limits;
use super::bulk::Bulk;
use super::inline;
use super::line::{End, Line};
use crate::{Blob, ErrorReply, integer};

/// Decodes command lines from the bytes of one connection.
///
/// ```
/// use redis::Blob;
/// use redis::resp::{CommandDecoder, Limits};
///
/// let mut decoder = CommandDecoder::new(Limits::default());
/// let mut bytes = &b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\nPING 'a b'\r\n*1\r\n$4\r\nQU"[..];
/// let line = |words: &[&str]| Some(words.iter().copied().map(Blob::from).collect::<Vec<_>>());
/// assert_eq!(decoder.decode(&mut bytes), Ok(line(&["GET", "k"])));
/// assert_eq!(decoder.decode(&mut bytes), Ok(line(&["PING", "a b"])));
/// assert_eq!(decoder.decode(&mut bytes), Ok(None));
/// assert_eq!(decoder.decode(&mut &b"IT\r\n"[..]), Ok(line(&["QUIT"])));
/// ```
#[derive(Clone, Debug)]
pub struct CommandDecoder {
    limits: Limits,
    expected: Expected,
    line: Line,
    /// The words of an array that have arrived.
    words: Vec<Blob>,
    /// The number of words that are missing.
    missing: usize,
    /// The size of the words in memory, in bytes.
    held: usize,
}

/// What the decoder expects next.
#[derive(Clone, Debug)]
enum Expected {
    Command,
    Inline,
    ArrayLength,
    WordLength,
    Word(Bulk),
    /// Nothing: the connection must be closed.
    End(ProtocolError),
}

/// The bytes violate the protocol. The server sends the error, if it has a text, and closes the
/// connection, because the start of the next command is unknown.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProtocolError {
    /// An error for the client.
    #[error(transparent)]
    Refused(ErrorReply),
    /// The incomplete command takes too much memory. As in Redis, the connection is closed without
    /// an error.
    #[error("an incomplete command line takes too much memory")]
    TooMuch,
}

impl CommandDecoder {
    /// A decoder for a new connection.
    #[must_use]
    pub fn new(limits: Limits) -> CommandDecoder {
        CommandDecoder {
            limits,
            expected: Expected::Command,
            line: Line::default(),
            words: Vec::new(),
            missing: 0,
            held: 0,
        }
    }

    /// Takes bytes off the `input` until a command line is complete, and returns it. `None` if all
    /// bytes were taken and more are needed. A line is never empty.
    ///
    /// # Errors
    /// If the bytes violate the protocol. All later calls return the same error.
    pub fn decode(&mut self, input: &mut &[u8]) -> Result<Option<Vec<Blob>>, ProtocolError> {
        loop {
            match self.step(input) {
                Ok(Step::Whole(line)) => return Ok(Some(line)),
                Ok(Step::Partial) => {}
                Ok(Step::NeedsInput) if self.pending() > self.limits.pending => {
                    return Err(self.end(ProtocolError::TooMuch));
                }
                Ok(Step::NeedsInput) => return Ok(None),
                Err(error) => return Err(self.end(error)),
            }
        }
    }

    /// The memory in bytes that the incomplete command line takes.
    #[must_use]
    pub fn pending(&self) -> usize {
        let word = match &self.expected {
            Expected::Word(bulk) => bulk.pending(),
            _ => 0,
        };
        self.line.len() + self.held + word
    }

    fn end(&mut self, error: ProtocolError) -> ProtocolError {
        let limits = self.limits;
        let expected = Expected::End(error.clone());
        *self = CommandDecoder { expected, ..CommandDecoder::new(limits) };
        error
    }

    fn step(&mut self, input: &mut &[u8]) -> Result<Step, ProtocolError> {
        match &mut self.expected {
            Expected::Command => {
                let Some(first) = input.first() else {
                    return Ok(Step::NeedsInput);
                };
                let array = *first == b'*';
                self.expected = if array { Expected::ArrayLength } else { Expected::Inline };
                Ok(Step::Partial)
            }
            Expected::Inline => self.inline(input),
            Expected::ArrayLength => self.array_length(input),
            Expected::WordLength => self.word_length(input),
            Expected::Word(bulk) => {
                let Some(word) = bulk.take(input) else {
                    return Ok(Step::NeedsInput);
                };
                self.word(word)
            }
            Expected::End(error) => Err(error.clone()),
        }
    }

    fn inline(&mut self, input: &mut &[u8]) -> Result<Step, ProtocolError> {
        let line = self
            .line
            .take(input, End::Newline, self.limits.line, inline::split)
            .map_err(|_| refused("too big inline request"))?;
        let Some(words) = line else {
            return Ok(Step::NeedsInput);
        };
        let words = words.map_err(|_| refused("unbalanced quotes in request"))?;
        self.expected = Expected::Command;
        Ok(if words.is_empty() { Step::Partial } else { Step::Whole(words) })
    }

    fn array_length(&mut self, input: &mut &[u8]) -> Result<Step, ProtocolError> {
        let length = self
            .line
            .take(input, End::ReturnAndOne, self.limits.line, |line| integer::parse(&line[1..]))
            .map_err(|_| refused("too big mbulk count string"))?;
        let Some(length) = length else {
            return Ok(Step::NeedsInput);
        };
        let length = length.map_err(|_| refused("invalid multibulk length"))?;
        self.missing = usize::try_from(length).unwrap_or(0);
        if self.missing > self.limits.array {
            return Err(refused("invalid multibulk length"));
        }
        let empty = self.missing == 0;
        self.expected = if empty { Expected::Command } else { Expected::WordLength };
        Ok(Step::Partial)
    }

    fn word_length(&mut self, input: &mut &[u8]) -> Result<Step, ProtocolError> {
        let length = self
            .line
            .take(input, End::ReturnAndOne, self.limits.line, length_of_word)
            .map_err(|_| refused("too big bulk count string"))?;
        let Some(length) = length else {
            return Ok(Step::NeedsInput);
        };
        let length = length?;
        if length > self.limits.bulk {
            return Err(refused("invalid bulk length"));
        }
        self.expected = Expected::Word(Bulk::new(length));
        Ok(Step::Partial)
    }

    fn word(&mut self, word: Blob) -> Result<Step, ProtocolError> {
        self.held += word.len() + size_of::<Blob>();
        if self.words.is_empty() {
            // An announced length is not trusted: the words may never arrive.
            self.words.reserve_exact(self.missing.min(8));
        }
        self.words.push(word);
        self.missing -= 1;
        if self.missing > 0 {
            self.expected = Expected::WordLength;
            let enough = self.held > self.limits.pending;
            return if enough { Err(ProtocolError::TooMuch) } else { Ok(Step::Partial) };
        }
        self.expected = Expected::Command;
        self.held = 0;
        Ok(Step::Whole(std::mem::take(&mut self.words)))
    }
}

/// The result of a step.
enum Step {
    /// A command line is complete.
    Whole(Vec<Blob>),
    /// A part of a command line is complete.
    Partial,
    /// The input is used up.
    NeedsInput,
}

fn length_of_word(line: &[u8]) -> Result<usize, ProtocolError> {
    let Some(number) = line.strip_prefix(b"$") else {
        // The line may be empty where a word should begin.
        let got = line.first().copied().unwrap_or(b'\r');
        return Err(refused_bytes(&[b"expected '$', got '", &[got][..], b"'"].concat()));
    };
    let length = integer::parse(number).ok().and_then(|length| usize::try_from(length).ok());
    length.ok_or_else(|| refused("invalid bulk length"))
}

fn refused(what: &str) -> ProtocolError {
    refused_bytes(what.as_bytes())
}

fn refused_bytes(what: &[u8]) -> ProtocolError {
    ProtocolError::Refused(ErrorReply::new(&[b"ERR Protocol error: ", what].concat()))
}
