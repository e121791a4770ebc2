//! The replies that a client is going to get, in the order of its commands.
//!
//! Some are the proxy's own and known at once; others the server has still to give. What comes
//! after one of those waits for it.

use std::collections::VecDeque;

/// The replies to one client.
#[derive(Debug, Default)]
pub(crate) struct Replies {
    /// Bytes that can be sent.
    out: Vec<u8>,
    /// How many of them have been.
    sent: usize,
    /// What comes after them. If there is something, the first is awaited.
    later: VecDeque<Later>,
    /// How many of these are awaited.
    awaited: usize,
    /// How many bytes of these are ready.
    ready: usize,
}

#[derive(Debug)]
enum Later {
    /// One reply of the server's.
    Awaited,
    /// Replies of the proxy's own.
    Ready(Vec<u8>),
}

/// A buffer that was larger than this for a moment does not stay so.
const KEPT: usize = 64 << 10;

impl Replies {
    /// The next reply is the proxy's own.
    pub(crate) fn answer(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if self.later.is_empty() {
            return write(&mut self.out);
        }
        if !matches!(self.later.back(), Some(Later::Ready(_))) {
            self.later.push_back(Later::Ready(Vec::new()));
        }
        if let Some(Later::Ready(bytes)) = self.later.back_mut() {
            let before = bytes.len();
            write(bytes);
            self.ready += bytes.len() - before;
        }
    }

    /// The next reply is going to be the server's.
    pub(crate) fn await_one(&mut self) {
        self.later.push_back(Later::Awaited);
        self.awaited += 1;
    }

    /// A piece of the first reply that is awaited; whether it is the last one.
    pub(crate) fn pass(&mut self, bytes: &[u8], is_end: bool) {
        self.out.extend_from_slice(bytes);
        if !is_end {
            return;
        }
        self.later.pop_front();
        self.awaited -= 1;
        if let Some(Later::Ready(bytes)) = self.later.front() {
            self.out.extend_from_slice(bytes);
            self.ready -= bytes.len();
            self.later.pop_front();
        }
    }

    /// How many replies of the server's are awaited.
    pub(crate) fn awaited(&self) -> usize {
        self.awaited
    }

    /// What can be sent.
    pub(crate) fn unsent(&self) -> &[u8] {
        &self.out[self.sent..]
    }

    /// So many bytes of that have been sent.
    pub(crate) fn sent(&mut self, len: usize) {
        self.sent += len;
        if self.sent == self.out.len() {
            self.out.clear();
            self.out.shrink_to(KEPT);
            self.sent = 0;
        } else if self.sent > self.out.len() / 2 {
            self.out.drain(..self.sent);
            self.sent = 0;
        }
    }

    /// How many bytes of memory it takes.
    pub(crate) fn memory(&self) -> usize {
        self.out.capacity() + self.ready + self.later.len() * size_of::<Later>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_come_in_the_order_of_the_commands() {
        let mut replies = Replies::default();
        let answer = |replies: &mut Replies, text: &str| {
            replies.answer(|out| out.extend_from_slice(text.as_bytes()));
        };
        answer(&mut replies, "a");
        replies.await_one();
        answer(&mut replies, "c");
        answer(&mut replies, "d");
        replies.await_one();
        replies.await_one();
        answer(&mut replies, "g");
        assert_eq!((replies.unsent(), replies.awaited()), (&b"a"[..], 3));
        replies.pass(b"b", false);
        assert_eq!(replies.unsent(), b"ab");
        replies.pass(b"b", true);
        assert_eq!(replies.unsent(), b"abbcd");
        replies.sent(3);
        assert_eq!(replies.unsent(), b"cd");
        replies.pass(b"e", true);
        replies.pass(b"f", true);
        assert_eq!((replies.unsent(), replies.awaited()), (&b"cdefg"[..], 0));
        answer(&mut replies, "h");
        replies.sent(6);
        assert_eq!(replies.unsent(), b"");
    }
}
