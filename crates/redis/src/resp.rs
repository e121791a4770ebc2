//! The Redis serialization protocol, as bytes that come in and bytes that go out.
//!
//! Nothing here reads a socket. A decoder is handed whatever bytes have come, takes as many of them
//! as make one message, and keeps the beginning of one whose rest has not come yet. So how the
//! bytes were cut into pieces on their way never matters, and no byte is looked at twice.
//!
//! 1. [`CommandDecoder`] reads what clients send: arrays of bulk strings, and inline commands as
//!    typed into a terminal. What it refuses it refuses in the words of Redis 7.0.
//! 2. [`encode_reply`] writes what a server answers, in RESP2 or RESP3.
//!    What a reply looks like there is its [`Shape`], which depends on the command. A large one is
//!    written in [`Pieces`].
//! 3. [`encode_command`] and [`ReplyDecoder`] are the other end: what a client needs.
//!
//! Whoever sends the bytes may be hostile. Hence a size that is only announced costs nothing:
//! memory is taken for bytes that are there, at most twice as much as they need. And there are
//! [`Limits`] to that.

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

/// How much of one message is put up with.
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
    /// The most bytes of an inline command, or of a line that announces something.
    pub line: usize,
    /// The most bytes that a message takes in memory before it is complete:
    /// `client-query-buffer-limit`.
    pub pending: usize,
    /// The most arrays within each other.
    pub depth: usize,
}

/// Those of Redis 7.0. Its replies know no limit of depth; what Lua can nest is less than this.
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
