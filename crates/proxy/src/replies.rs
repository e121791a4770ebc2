//! The replies of one client, in the order of its commands.
//!
//! Some replies are the proxy's and known immediately. Others are pending at the server. All
//! replies after a pending one wait for it.

use std::collections::VecDeque;
use std::io::{self, IoSlice};

use redis::Blob;
use tcp::Outbox;

/// The replies of one client.
#[derive(Debug, Default)]
pub(crate) struct Replies {
    /// Bytes that may be sent now.
    out: Outbox,
    /// The replies after `out`. If there are any, the first one is pending.
    later: VecDeque<Later>,
    /// How many of them are pending.
    awaited: usize,
    /// The bytes of those that are ready, and the memory that they take.
    ready: usize,
    ready_memory: usize,
}

#[derive(Debug)]
enum Later {
    /// A pending reply of the server.
    Awaited,
    /// Replies of the proxy.
    Ready(Outbox),
}

/// A shorter value is copied.
const SHARED_LEN: usize = 16 << 10;

impl Replies {
    /// Adds a reply of the proxy.
    pub(crate) fn answer(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.add(|out| write(out.buffer()));
    }

    /// Adds a string as a reply of the proxy. A long one is not copied.
    pub(crate) fn answer_bulk(&mut self, value: &Blob) {
        self.add(|out| {
            write_length(value.len(), out.buffer());
            if value.len() < SHARED_LEN {
                out.buffer().extend_from_slice(value);
            } else {
                out.share(value.clone().into());
            }
            out.buffer().extend_from_slice(b"\r\n");
        });
    }

    fn add(&mut self, write: impl FnOnce(&mut Outbox)) {
        if self.later.is_empty() {
            return write(&mut self.out);
        }
        if !matches!(self.later.back(), Some(Later::Ready(_))) {
            self.later.push_back(Later::Ready(Outbox::default()));
        }
        if let Some(Later::Ready(out)) = self.later.back_mut() {
            self.ready -= out.len();
            self.ready_memory -= out.memory();
            write(out);
            self.ready += out.len();
            self.ready_memory += out.memory();
        }
    }

    /// Reserves the place of a reply of the server.
    pub(crate) fn await_one(&mut self) {
        self.later.push_back(Later::Awaited);
        self.awaited += 1;
    }

    /// Adds a piece of the first pending reply. `is_end` says whether it is the last piece.
    pub(crate) fn pass(&mut self, bytes: &[u8], is_end: bool) {
        self.out.buffer().extend_from_slice(bytes);
        if !is_end {
            return;
        }
        self.later.pop_front();
        self.awaited -= 1;
        if let Some(Later::Ready(ready)) =
            self.later.pop_front_if(|later| matches!(later, Later::Ready(_)))
        {
            self.ready -= ready.len();
            self.ready_memory -= ready.memory();
            self.out.append(ready);
        }
    }

    /// The number of pending replies.
    pub(crate) fn awaited(&self) -> usize {
        self.awaited
    }

    /// Whether bytes can be sent.
    pub(crate) fn has_unsent(&self) -> bool {
        !self.out.is_empty()
    }

    /// The number of known unsent bytes.
    pub(crate) fn unread(&self) -> usize {
        self.out.len() + self.ready
    }

    /// Writes about `most` bytes, unless that would block. Returns how many.
    ///
    /// # Errors
    /// If the connection is broken.
    pub(crate) fn send(
        &mut self,
        most: usize,
        write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.out.send(most, write)
    }

    /// The memory that it takes in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.out.memory() + self.ready_memory + self.later.len() * size_of::<Later>()
    }
}

/// Writes the header of a string of this length.
fn write_length(mut len: usize, out: &mut Vec<u8>) {
    // A length has at most 20 digits.
    let mut digits = [0; 20];
    let mut place = digits.len();
    loop {
        place -= 1;
        digits[place] = b'0' + (len % 10) as u8;
        len /= 10;
        if len == 0 {
            break;
        }
    }
    out.push(b'$');
    out.extend_from_slice(&digits[place..]);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes that are sent if the client reads `most` bytes.
    fn sent(replies: &mut Replies, most: usize) -> String {
        let mut all = Vec::new();
        let write = |slices: &[IoSlice<'_>]| {
            slices.iter().for_each(|slice| all.extend_from_slice(slice));
            Ok(slices.iter().map(|slice| slice.len()).sum())
        };
        replies.send(most, write).unwrap();
        String::from_utf8(all).unwrap()
    }

    #[test]
    fn replies_come_in_the_order_of_the_commands() {
        let mut replies = Replies::default();
        let answer = |replies: &mut Replies, text: &str| {
            replies.answer(|out| out.extend_from_slice(text.as_bytes()));
        };
        answer(&mut replies, "a");
        replies.await_one();
        answer(&mut replies, "c");
        replies.answer_bulk(&Blob::from("d"));
        replies.await_one();
        replies.await_one();
        answer(&mut replies, "g");
        assert_eq!((replies.unread(), replies.awaited()), (10, 3));
        replies.pass(b"b", false);
        assert_eq!(sent(&mut replies, 1), "a");
        replies.pass(b"b", true);
        assert_eq!(sent(&mut replies, 2), "bb");
        assert_eq!(sent(&mut replies, 100), "c$1\r\nd\r\n");
        replies.pass(b"e", true);
        replies.pass(b"f", true);
        assert_eq!((replies.unread(), replies.awaited()), (3, 0));
        answer(&mut replies, "h");
        assert_eq!(sent(&mut replies, 100), "efgh");
        assert!(!replies.has_unsent());
        assert_eq!(replies.unread(), 0);
    }

    #[test]
    fn long_values_are_shared_and_counted() {
        let value = Blob::from("x".repeat(1 << 20));
        let mut replies = Replies::default();
        (0..10).for_each(|_| replies.answer_bulk(&value));
        assert_eq!(replies.unread(), 10 * ((1 << 20) + 12));
        replies.await_one();
        replies.answer_bulk(&value);
        let memory = replies.memory();
        assert!(memory > 11 << 20);
        replies.pass(b"+OK\r\n", true);
        assert!(replies.memory() < memory + 1_000);
        assert_eq!(sent(&mut replies, usize::MAX).len(), 11 * ((1 << 20) + 12) + 5);
        assert!(replies.memory() < 1 << 20);
    }
}
