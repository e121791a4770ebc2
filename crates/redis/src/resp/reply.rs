//! What servers answer, for clients.

use thiserror::Error;

use super::Limits;
use super::bulk::Bulk;
use super::line::{End, Line};
use crate::{Blob, ErrorReply, Reply, integer};

/// Reads replies, in RESP2 and RESP3, from the bytes of one connection, as they come.
///
/// The types that only RESP3 has are read as what RESP2 has for them: a map is an array of keys
/// and values in turn, a set an array, a double and a big number a string, a boolean 1 or 0.
/// Attributes are left out.
///
/// ```
/// use redis::{Blob, Reply};
/// use redis::resp::{Incoming, Limits, ReplyDecoder};
///
/// let mut decoder = ReplyDecoder::new(Limits::default());
/// let mut bytes = &b"%1\r\n+proto\r\n:3\r\n_\r\n$5\r\nbe"[..];
/// let pair = vec![Reply::Status(Blob::from("proto")), Reply::Integer(3)];
/// assert_eq!(decoder.decode(&mut bytes), Ok(Some(Incoming::Reply(Reply::Array(pair)))));
/// assert_eq!(decoder.decode(&mut bytes), Ok(Some(Incoming::Reply(Reply::Nil))));
/// assert_eq!(decoder.decode(&mut bytes), Ok(None));
/// ```
#[derive(Clone, Debug)]
pub struct ReplyDecoder {
    limits: Limits,
    line: Line,
    string: Option<(Kind, Bulk)>,
    /// The arrays that have begun, each within the one before it.
    open: Vec<Open>,
    held: usize,
    failed: Option<InvalidReply>,
}

/// What a server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// The answer to a command.
    Reply(Reply),
    /// What nobody asked for just now, such as an invalidation of a cached key.
    Push(Vec<Reply>),
}

/// The bytes are no reply, or one that exceeds the limits. Nothing more can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidReply {
    /// A line that announces nothing that is known.
    #[error("the server does not speak RESP")]
    Unknown,
    /// More, or deeper, than the limits allow.
    #[error("a reply exceeds the limits")]
    TooMuch,
}

/// What a string or an array is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bulk,
    Error,
    /// Text whose first four bytes say what it is written in: `txt:`.
    Verbatim,
    Array,
    Push,
    Attribute,
}

#[derive(Clone, Debug)]
struct Open {
    kind: Kind,
    missing: usize,
    replies: Vec<Reply>,
}

/// What a line says.
enum Announced {
    Whole(Reply),
    String(Kind, usize),
    Array(Kind, usize),
}

impl ReplyDecoder {
    /// A decoder for a new connection.
    #[must_use]
    pub fn new(limits: Limits) -> ReplyDecoder {
        ReplyDecoder {
            limits,
            line: Line::default(),
            string: None,
            open: Vec::new(),
            held: 0,
            failed: None,
        }
    }

    /// Takes bytes off the `input` until a reply is whole: that one. `None` if all bytes were taken
    /// and more are needed.
    ///
    /// # Errors
    /// What is wrong with the bytes; and the same again whenever it is called after that.
    pub fn decode(&mut self, input: &mut &[u8]) -> Result<Option<Incoming>, InvalidReply> {
        let decoded = match self.failed {
            Some(failure) => Err(failure),
            None => self.next(input),
        };
        if let Err(failure) = decoded {
            let limits = self.limits;
            *self = ReplyDecoder { failed: Some(failure), ..ReplyDecoder::new(limits) };
        }
        decoded
    }

    fn next(&mut self, input: &mut &[u8]) -> Result<Option<Incoming>, InvalidReply> {
        loop {
            let reply = match &mut self.string {
                Some((kind, bulk)) => match bulk.take(input) {
                    Some(bytes) => Some(string(*kind, bytes)),
                    None => break,
                },
                None => {
                    match self.line.take(input, End::ReturnAndNewline, self.limits.line, announced)
                    {
                        Ok(Some(announced)) => self.begin(announced?)?,
                        Ok(None) => break,
                        Err(_) => return Err(InvalidReply::TooMuch),
                    }
                }
            };
            let Some(reply) = reply else { continue };
            self.string = None;
            if let Some(whole) = self.close(reply)? {
                self.held = 0;
                return Ok(Some(whole));
            }
        }
        let string = self.string.as_ref().map_or(0, |(_, bulk)| bulk.pending());
        let pending = self.line.len() + self.held + string;
        if pending > self.limits.pending { Err(InvalidReply::TooMuch) } else { Ok(None) }
    }

    /// What a line announces begins; if that is all of it, it is a reply.
    fn begin(&mut self, announced: Announced) -> Result<Option<Reply>, InvalidReply> {
        match announced {
            Announced::Whole(reply) => Ok(Some(reply)),
            Announced::String(_, len) if len > self.limits.bulk => Err(InvalidReply::TooMuch),
            Announced::String(kind, len) => {
                self.string = Some((kind, Bulk::new(len)));
                Ok(None)
            }
            Announced::Array(_, len) if len > self.limits.array => Err(InvalidReply::TooMuch),
            Announced::Array(Kind::Attribute, 0) => Ok(None),
            Announced::Array(Kind::Array, 0) => Ok(Some(Reply::Array(Vec::new()))),
            Announced::Array(..) if self.open.len() >= self.limits.depth => {
                Err(InvalidReply::TooMuch)
            }
            Announced::Array(kind, missing) => {
                self.open.push(Open { kind, missing, replies: Vec::new() });
                Ok(None)
            }
        }
    }

    /// Puts a reply where it belongs, and so on with the arrays that it completes.
    fn close(&mut self, mut reply: Reply) -> Result<Option<Incoming>, InvalidReply> {
        while let Some(mut innermost) = self.open.pop() {
            self.held += size_of::<Reply>() + text_len(&reply);
            if self.held > self.limits.pending {
                return Err(InvalidReply::TooMuch);
            }
            innermost.replies.push(reply);
            innermost.missing -= 1;
            if innermost.missing > 0 {
                self.open.push(innermost);
                return Ok(None);
            }
            match innermost.kind {
                Kind::Attribute => return Ok(None),
                Kind::Push if self.open.is_empty() => {
                    return Ok(Some(Incoming::Push(innermost.replies)));
                }
                _ => reply = Reply::Array(innermost.replies),
            }
        }
        Ok(Some(Incoming::Reply(reply)))
    }
}

fn announced(line: &[u8]) -> Result<Announced, InvalidReply> {
    if line.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
        return Err(InvalidReply::Unknown);
    }
    let (kind, rest) = line.split_first().ok_or(InvalidReply::Unknown)?;
    let text = || Blob::copy_from_slice(rest);
    let whole = |reply| Ok(Announced::Whole(reply));
    match (kind, rest) {
        (b'_', []) | (b'$' | b'*', b"-1") => whole(Reply::Nil),
        (b'#', b"t") => whole(Reply::Integer(1)),
        (b'#', b"f") => whole(Reply::Integer(0)),
        (b'+', _) => whole(Reply::Status(text())),
        (b'-', _) => whole(Reply::Error(ErrorReply::new(rest))),
        (b':', _) => whole(Reply::Integer(number(rest)?)),
        (b',' | b'(', _) => whole(Reply::Bulk(text())),
        (b'$', _) => Ok(Announced::String(Kind::Bulk, length(rest)?)),
        (b'!', _) => Ok(Announced::String(Kind::Error, length(rest)?)),
        (b'=', _) => Ok(Announced::String(Kind::Verbatim, length(rest)?)),
        (b'*' | b'~', _) => Ok(Announced::Array(Kind::Array, length(rest)?)),
        (b'%', _) => Ok(Announced::Array(Kind::Array, length(rest)?.saturating_mul(2))),
        (b'|', _) => Ok(Announced::Array(Kind::Attribute, length(rest)?.saturating_mul(2))),
        // A push without entries says nothing, not even what it is about.
        (b'>', _) if rest != b"0" => Ok(Announced::Array(Kind::Push, length(rest)?)),
        _ => Err(InvalidReply::Unknown),
    }
}

fn string(kind: Kind, bytes: Blob) -> Reply {
    match kind {
        Kind::Error => Reply::Error(ErrorReply::new(&bytes)),
        Kind::Verbatim => Reply::Bulk(Blob::copy_from_slice(bytes.get(4..).unwrap_or_default())),
        _ => Reply::Bulk(bytes),
    }
}

fn text_len(reply: &Reply) -> usize {
    match reply {
        Reply::Status(text) | Reply::Bulk(text) => text.len(),
        Reply::Error(error) => error.text().len(),
        Reply::Nil | Reply::Integer(_) | Reply::Array(_) => 0,
    }
}

fn number(text: &[u8]) -> Result<i64, InvalidReply> {
    integer::parse(text).map_err(|_| InvalidReply::Unknown)
}

fn length(text: &[u8]) -> Result<usize, InvalidReply> {
    usize::try_from(number(text)?).map_err(|_| InvalidReply::Unknown)
}
