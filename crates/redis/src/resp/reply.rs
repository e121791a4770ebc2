//! The decoder for replies.

use thiserror::Error;

use super::Limits;
use super::bulk::Bulk;
use super::line::{End, Line};
use crate::{Blob, ErrorReply, Reply, integer};

/// Decodes replies in RESP2 and RESP3 from the bytes of one connection.
///
/// The types of RESP3 are converted to those of RESP2. A map becomes an array of alternating keys
/// and values, a set an array, a double or big number a string, and a boolean 1 or 0. Attributes
/// are dropped.
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
    /// The arrays that have begun, the innermost last.
    open: Vec<Open>,
    held: usize,
    failed: Option<InvalidReply>,
}

/// A message of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// The reply to a command.
    Reply(Reply),
    /// A push message, such as an invalidation of a cached key.
    Push(Vec<Reply>),
}

/// The bytes are not a reply, or the reply exceeds the limits. The decoder cannot continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidReply {
    /// A header line of an unknown type.
    #[error("the server does not speak RESP")]
    Unknown,
    /// The reply is larger or deeper than the limits allow.
    #[error("a reply exceeds the limits")]
    TooMuch,
}

/// The type of a string or an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bulk,
    Error,
    /// A text whose first four bytes name its format, such as `txt:`.
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

/// The meaning of a header line.
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

    /// Takes bytes off the `input` until a reply is complete, and returns it. `None` if all bytes
    /// were taken and more are needed.
    ///
    /// # Errors
    /// If the bytes violate the protocol. All later calls return the same error.
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

    /// Begins the value that a header line announces. Returns the reply if the line is all of it.
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

    /// Adds a reply to the innermost array, and so on for each array that this completes.
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
        // A push without entries is invalid, because it lacks its kind.
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
