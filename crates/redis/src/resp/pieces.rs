//! Encodes a large reply piece by piece.

use std::vec::IntoIter;

use super::encode::announce;
use super::{Protocol, Shape};
use crate::{Blob, Reply};

/// A reply that is encoded while it is sent, so that its bytes are never in memory all at once.
/// Large strings are not copied.
///
/// ```
/// use redis::{Blob, Reply};
/// use redis::resp::{Piece, Pieces, Protocol, Shape};
///
/// let value = Blob::from("x".repeat(Pieces::SHARED_LEN));
/// let reply = Reply::Array(vec![Reply::Integer(7), Reply::Bulk(value.clone())]);
/// let mut pieces = Pieces::new(reply, Shape::AsIs, Protocol::Resp2);
/// let mut out = Vec::new();
/// assert_eq!(pieces.encode(&mut out, 1 << 10), Piece::Shared(value));
/// assert_eq!(out, b"*2\r\n:7\r\n$16384\r\n");
/// assert_eq!(pieces.encode(&mut out, 1 << 10), Piece::Last);
/// assert_eq!(&out[16..], b"\r\n");
/// ```
#[derive(Debug)]
pub struct Pieces {
    /// The arrays that have begun, the innermost last.
    open: Vec<Level>,
    protocol: Protocol,
    /// Whether the line break after a string that the caller added is missing.
    owes_end: bool,
    /// The size of the rest, by [`Reply::size`].
    left: usize,
}

/// The end of a string.
const END: &[u8] = b"\r\n";

/// The state after a piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// More pieces follow.
    More,
    /// The caller must send this string after the bytes so far. More pieces follow.
    Shared(Blob),
    /// The reply is complete.
    Last,
}

/// An array whose entries have been encoded in part.
#[derive(Debug)]
struct Level {
    shape: Shape,
    entries: IntoIter<Reply>,
    /// The number of entries.
    len: usize,
}

impl Pieces {
    /// Strings of at least this many bytes are not copied.
    pub const SHARED_LEN: usize = 16 << 10;

    /// Begins a reply of this shape.
    #[must_use]
    pub fn new(reply: Reply, shape: Shape, protocol: Protocol) -> Pieces {
        let left = reply.size();
        let only =
            Level { shape: Shape::Each(vec![shape]), entries: vec![reply].into_iter(), len: 1 };
        Pieces { open: vec![only], protocol, owes_end: false, left }
    }

    /// An upper limit for the size of the rest in bytes, in memory and on the wire. See
    /// [`Reply::size`].
    #[must_use]
    pub const fn left(&self) -> usize {
        self.left
    }

    /// Appends bytes to `out`, until it holds `enough` bytes, or until a string that is not copied.
    pub fn encode(&mut self, out: &mut Vec<u8>, enough: usize) -> Piece {
        if std::mem::take(&mut self.owes_end) {
            out.extend_from_slice(END);
            self.left -= END.len();
        }
        while let Some(level) = self.open.last_mut() {
            if out.len() >= enough {
                return Piece::More;
            }
            let index = level.len - level.entries.len();
            let Some(entry) = level.entries.next() else {
                self.open.pop();
                continue;
            };
            level.shape.before_entry(index, level.len, self.protocol, out);
            let shape = level.shape.of_entry(index, self.protocol);
            match entry {
                Reply::Array(entries) if !shape.is_whole() => {
                    let shape = shape.clone();
                    self.left -= Reply::ELEMENT_BYTES;
                    shape.begin(entries.len(), self.protocol, out);
                    let (len, entries) = (entries.len(), entries.into_iter());
                    self.open.push(Level { shape, entries, len });
                }
                Reply::Bulk(text)
                    if text.len() >= Pieces::SHARED_LEN && shape.is_plain(self.protocol) =>
                {
                    announce(b'$', text.len(), out);
                    self.left -= Reply::ELEMENT_BYTES + text.len() - END.len();
                    self.owes_end = true;
                    return Piece::Shared(text);
                }
                entry => {
                    shape.encode_whole(&entry, self.protocol, out);
                    self.left -= entry.size();
                }
            }
        }
        Piece::Last
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::resp::Second;

    fn replies() -> impl Strategy<Value = Reply> {
        let leaf = prop_oneof![
            Just(Reply::Nil),
            any::<i64>().prop_map(Reply::Integer),
            (0..20usize).prop_map(|len| Reply::Bulk("x".repeat(len).into())),
            Just(Reply::Bulk("y".repeat(Pieces::SHARED_LEN).into())),
        ];
        leaf.prop_recursive(3, 40, 6, |inner| {
            prop::collection::vec(inner, 0..6).prop_map(Reply::Array)
        })
    }

    fn shapes() -> impl Strategy<Value = Shape> {
        let flat = prop::sample::select(vec![
            Shape::AsIs,
            Shape::Array,
            Shape::Map,
            Shape::Set,
            Shape::Number,
            Shape::Popped,
            Shape::Text,
            Shape::Pairs(Second::AsIs),
            Shape::Pairs(Second::Number),
            Shape::Commands,
        ]);
        let each = prop::collection::vec(flat.clone(), 0..6).prop_map(Shape::Each);
        prop_oneof![flat, each]
    }

    proptest! {
        #[test]
        fn the_pieces_are_the_whole(
            reply in replies(),
            shape in shapes(),
            is_new in any::<bool>(),
            enough in 0..100usize,
        ) {
            let protocol = if is_new { Protocol::Resp3 } else { Protocol::Resp2 };
            let mut whole = Vec::new();
            shape.encode(&reply, protocol, &mut whole);
            let size = reply.size();
            let mut pieces = Pieces::new(reply, shape, protocol);
            let mut all = Vec::new();
            loop {
                prop_assert!(pieces.left() <= size);
                let mut out = Vec::new();
                let piece = pieces.encode(&mut out, enough.max(1));
                all.extend_from_slice(&out);
                match piece {
                    Piece::More => prop_assert!(out.len() >= enough),
                    Piece::Shared(text) => all.extend_from_slice(&text),
                    Piece::Last => break,
                }
            }
            prop_assert_eq!(pieces.left(), 0);
            prop_assert!(all.len() <= size);
            prop_assert!(all == whole);
        }
    }
}
