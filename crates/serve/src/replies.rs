//! The replies that a client has not read yet.
//!
//! A small reply is encoded immediately. A large reply is encoded piece by piece while it is sent,
//! and its large strings are shared with the server's data. So a reply takes hardly more memory
//! than the data that it contains.

use std::collections::VecDeque;
use std::io::{self, IoSlice};

use redis::Reply;
use redis::resp::{Piece, Pieces, Protocol, Shape};
use tcp::Outbox;

/// Replies in the order in which they are sent.
#[derive(Debug, Default)]
pub(crate) struct Replies {
    outbox: Outbox,
    /// The replies after it. The first one is large.
    later: VecDeque<Later>,
    later_size: usize,
}

#[derive(Debug)]
enum Later {
    Large(Pieces),
    /// Small replies, encoded.
    Small(Vec<u8>),
}

/// A reply of at most this many bytes is encoded immediately.
const SMALL: usize = 64 << 10;

/// Large replies are not encoded further while this many bytes are unsent.
const ENOUGH: usize = 64 << 10;

impl Replies {
    /// Adds a reply of this size.
    pub(crate) fn add(&mut self, reply: Reply, size: usize, shape: Shape, protocol: Protocol) {
        if size > SMALL {
            self.later_size += size;
            self.later.push_back(Later::Large(Pieces::new(reply, shape, protocol)));
            return self.fill();
        }
        let Some(last) = self.later.back_mut() else {
            return shape.encode(&reply, protocol, self.outbox.buffer());
        };
        if let Later::Small(bytes) = last
            && bytes.len() < ENOUGH
        {
            let before = bytes.len();
            shape.encode(&reply, protocol, bytes);
            self.later_size += bytes.len() - before;
            return;
        }
        let mut bytes = Vec::new();
        shape.encode(&reply, protocol, &mut bytes);
        self.later_size += bytes.len();
        self.later.push_back(Later::Small(bytes));
    }

    /// The number of unread bytes. Replies that are not encoded yet count with an upper limit.
    pub(crate) fn unread(&self) -> usize {
        self.outbox.len() + self.later_size
    }

    /// An upper limit for the memory that it takes in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.outbox.memory() + self.later_size + self.later.len() * size_of::<Later>()
    }

    /// Encodes later replies, until there are enough bytes.
    fn fill(&mut self) {
        while self.outbox.len() < ENOUGH {
            let is_done = match self.later.front_mut() {
                None => return,
                Some(Later::Small(bytes)) => {
                    self.later_size -= bytes.len();
                    self.outbox.share(std::mem::take(bytes).into());
                    true
                }
                Some(Later::Large(pieces)) => {
                    let before = pieces.left();
                    let piece = pieces.encode(self.outbox.buffer(), ENOUGH);
                    self.later_size -= before - pieces.left();
                    match piece {
                        Piece::More => false,
                        Piece::Shared(text) => {
                            self.outbox.share(text.into());
                            false
                        }
                        Piece::Last => true,
                    }
                }
            };
            if is_done {
                self.later.pop_front();
            }
        }
    }

    /// Writes about `most` bytes, unless that would block. Returns how many.
    ///
    /// # Errors
    /// If the connection is broken.
    pub(crate) fn send(
        &mut self,
        most: usize,
        mut write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut sent = 0;
        while sent < most {
            self.fill();
            let now = self.outbox.send(most - sent, &mut write)?;
            sent += now;
            if now == 0 || !self.outbox.is_empty() {
                break;
            }
        }
        Ok(sent)
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use redis::Blob;

    use super::*;

    fn add(replies: &mut Replies, reply: Reply) {
        let size = reply.size();
        replies.add(reply, size, Shape::AsIs, Protocol::Resp2);
    }

    /// Replies of each kind: small, with many entries, and with large strings.
    fn some() -> Vec<Reply> {
        let large = Reply::Bulk(Blob::from("x".repeat(100_000)));
        vec![
            Reply::Integer(1),
            Reply::Array((0..10_000).map(Reply::Integer).collect()),
            Reply::ok(),
            Reply::Nil,
            large.clone(),
            large.clone(),
            Reply::Integer(2),
            Reply::Array(vec![large; 10]),
        ]
    }

    #[test]
    fn replies_are_sent_whole_and_in_order_however_slowly() {
        let mut expected = Vec::new();
        for reply in some() {
            redis::resp::encode_reply(&reply, Protocol::Resp2, &mut expected);
        }
        for each in [7_000, 1 << 20] {
            let mut replies = Replies::default();
            some().into_iter().for_each(|reply| add(&mut replies, reply));
            let mut all = Vec::new();
            while replies.unread() > 0 {
                let mut left = each;
                let write = |slices: &[IoSlice<'_>]| {
                    let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.to_vec()).collect();
                    let taken = bytes.len().min(left);
                    left -= taken;
                    all.extend_from_slice(&bytes[..taken]);
                    if taken == 0 { Err(ErrorKind::WouldBlock.into()) } else { Ok(taken) }
                };
                assert!(replies.send(1 << 30, write).unwrap() > 0);
                assert!(replies.unread() >= expected.len() - all.len());
            }
            assert!(all == expected);
            assert!(replies.memory() < 200_000);
        }
    }

    #[test]
    fn what_is_unread_takes_no_more_memory_than_it_is_said_to() {
        let mut replies = Replies::default();
        add(&mut replies, Reply::Array(vec![Reply::Nil; 100_000]));
        let memory = replies.memory();
        assert!(memory >= 100_000 * size_of::<Reply>() - ENOUGH * 10, "{memory}");
        assert!(replies.outbox.len() < 2 * ENOUGH, "it is made as it is sent");
    }
}
