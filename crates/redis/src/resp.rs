//! The Redis serialization protocol (RESP): decoders and encoders.
//!
//! This module does no I/O. A decoder takes received bytes up to the end of one message, and keeps
//! the beginning of an incomplete message. So the result does not depend on how the bytes were
//! split, and no byte is read twice.
//!
//! 1. [`CommandDecoder`] reads commands: arrays of bulk strings, and inline commands. Its errors
//!    are those of Redis 7.0.
//! 2. [`encode_reply`] writes replies, in RESP2 or RESP3. The types of a reply in RESP3 are its
//!    [`Shape`], which depends on the command. [`Pieces`] writes a large reply piece by piece.
//! 3. [`encode_command`] and [`ReplyDecoder`] are for clients.
//!
//! The sender may be hostile. So an announced size allocates nothing: memory is allocated for bytes
//! that have arrived, at most twice as much as they need. [`Limits`] bounds the rest.

mod bulk;
mod command;
mod encode;
mod inline;
mod line;
mod pieces;
mod reply;
mod shape;
#[cfg(test)]
mod tests;

pub use command::{CommandDecoder, ProtocolError};
pub use encode::{encode_command, encode_reply};
pub use pieces::{Piece, Pieces};
pub use reply::{Incoming, InvalidReply, ReplyDecoder};
pub use shape::{Second, Shape, Shapes};

pub use crate::connection::Protocol;

/// Limits for the size of one message.
///
/// ```
/// use redis::resp::{CommandDecoder, Limits, ProtocolError};
///
/// let limits = Limits { pending: 1_000, ..Limits::default() };
/// let mut decoder = CommandDecoder::new(limits);
/// let mut flood = &b"*2\r\n$3\r\nGET\r\n$5000\r\n"[..];
/// assert_eq!(decoder.decode(&mut flood), Ok(None));
/// let mut flood = &[b'x'; 2_000][..];
/// assert_eq!(decoder.decode(&mut flood), Err(ProtocolError::TooMuch));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most words of a command line, or entries of an array.
    pub array: usize,
    /// The most bytes of one string: `proto-max-bulk-len`.
    pub bulk: usize,
    /// The most bytes of an inline command, or of a header line.
    pub line: usize,
    /// The most bytes of memory for an incomplete message: `client-query-buffer-limit`.
    pub pending: usize,
    /// The deepest nesting of arrays.
    pub depth: usize,
}

/// The limits of Redis 7.0. Its replies have no limit of depth; Lua cannot nest deeper than this.
impl Default for Limits {
    fn default() -> Limits {
        Limits {
            array: i32::MAX as usize,
            bulk: 512 << 20,
            line: 64 << 10,
            pending: 1 << 30,
            depth: 128,
        }
    }
}
