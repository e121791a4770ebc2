//! Unsent bytes of a connection.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};

use bytes::{Buf as _, Bytes};

/// Unsent bytes, in pieces. Small pieces are gathered, and large ones are shared with their other
/// owners. Bytes in an outbox are not copied again.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Pieces that are complete.
    sealed: VecDeque<Bytes>,
    /// The number of bytes in `sealed`.
    sealed_len: usize,
    /// The bytes after `sealed`.
    tail: Vec<u8>,
    /// How many bytes of `tail` have been sent.
    sent: usize,
}

/// The size of a gathered piece in bytes, and the largest capacity of `tail` that is kept.
const PIECE: usize = 64 << 10;

/// A shorter piece is copied when it is sealed, so that its buffer can be reused.
const COPIED: usize = 4 << 10;

/// The most pieces in one write.
const SLICES: usize = 16;

impl Outbox {
    /// A buffer to append bytes to.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        if self.tail.len() >= PIECE {
            self.seal();
        }
        &mut self.tail
    }

    /// Adds shared bytes without copying them.
    pub fn share(&mut self, bytes: Bytes) {
        self.seal();
        self.push(bytes);
    }

    /// Adds all bytes of another outbox.
    pub fn append(&mut self, mut other: Outbox) {
        self.seal();
        other.seal();
        self.sealed_len += other.sealed_len;
        self.sealed.append(&mut other.sealed);
    }

    fn push(&mut self, bytes: Bytes) {
        self.sealed_len += bytes.len();
        self.sealed.push_back(bytes);
    }

    fn seal(&mut self) {
        let rest = &self.tail[self.sent..];
        if !rest.is_empty() {
            let piece = if rest.len() < COPIED {
                Bytes::copy_from_slice(rest)
            } else {
                let mut piece = Bytes::from(std::mem::take(&mut self.tail));
                piece.advance(self.sent);
                piece
            };
            self.push(piece);
        }
        self.tail.clear();
        self.sent = 0;
    }

    /// The number of unsent bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sealed_len + self.tail.len() - self.sent
    }

    /// Whether there are no unsent bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The memory that it takes in bytes. Shared bytes count in full, because the other owners may
    /// drop them.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.sealed_len + self.tail.capacity() + self.sealed.len() * size_of::<Bytes>()
    }

    /// Calls `write` with pieces until it would block, or has written at least `most` bytes.
    /// Returns how many bytes were written.
    ///
    /// # Errors
    /// Those of `write`, except that it would block. Also if `write` returns 0.
    pub fn send(
        &mut self,
        most: usize,
        mut write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut sent = 0;
        while sent < most && !self.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let used = self.slices(most - sent, &mut slices);
            match write(&slices[..used]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(len) => {
                    self.advance(len);
                    sent += len;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(sent)
    }

    /// Fills `slices` with the first pieces, about `most` bytes. Returns the number of pieces.
    fn slices<'a>(&'a self, most: usize, slices: &mut [IoSlice<'a>]) -> usize {
        let pieces = self.sealed.iter().map(|piece| &**piece);
        let tail = Some(&self.tail[self.sent..]).filter(|tail| !tail.is_empty());
        let mut left = most;
        let mut used = 0;
        for (slice, piece) in slices.iter_mut().zip(pieces.chain(tail)) {
            let part = &piece[..piece.len().min(left)];
            if part.is_empty() {
                break;
            }
            *slice = IoSlice::new(part);
            left -= part.len();
            used += 1;
        }
        used
    }

    /// Removes bytes that have been sent.
    fn advance(&mut self, mut len: usize) {
        while let Some(first) = self.sealed.front_mut() {
            let here = len.min(first.len());
            first.advance(here);
            self.sealed_len -= here;
            len -= here;
            if !first.is_empty() {
                return;
            }
            self.sealed.pop_front();
        }
        self.sent += len;
        if self.sent == self.tail.len() {
            self.tail.clear();
            self.tail.shrink_to(PIECE);
            self.sent = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes that are sent if each write takes at most `each` bytes.
    fn sent(outbox: &mut Outbox, most: usize, each: usize) -> Vec<u8> {
        let mut all = Vec::new();
        let write = |slices: &[IoSlice<'_>]| {
            let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.to_vec()).collect();
            let taken = bytes.len().min(each);
            all.extend_from_slice(&bytes[..taken]);
            if taken == 0 { Err(ErrorKind::WouldBlock.into()) } else { Ok(taken) }
        };
        let len = outbox.send(most, write).unwrap();
        assert_eq!(len, all.len());
        all
    }

    #[test]
    fn bytes_are_sent_in_order_however_they_came_and_go() {
        for each in [999, 5_000, 1 << 20] {
            let mut outbox = Outbox::default();
            let mut expected = Vec::new();
            for number in 0..40_u8 {
                outbox.buffer().extend_from_slice(&[number; 3]);
                expected.extend_from_slice(&[number; 3]);
                if number % 3 == 0 {
                    outbox.share(Bytes::from(vec![number; 2_000]));
                    expected.extend_from_slice(&[number; 2_000]);
                }
                if number % 13 == 0 {
                    outbox.buffer().extend_from_slice(&[number; PIECE]);
                    expected.extend_from_slice(&[number; PIECE]);
                }
            }
            let mut all = Vec::new();
            while !outbox.is_empty() {
                assert_eq!(outbox.len(), expected.len() - all.len());
                let before = all.len();
                all.extend(sent(&mut outbox, 5_000, each));
                assert!((1..=5_000).contains(&(all.len() - before)));
            }
            assert!(all == expected);
            assert!(outbox.memory() <= 2 * PIECE);
        }
    }

    #[test]
    fn a_blocked_write_is_retried_and_a_failed_one_is_an_error() {
        let mut outbox = Outbox::default();
        outbox.buffer().extend_from_slice(b"abc");
        assert_eq!(sent(&mut outbox, 100, 0), b"");
        assert!(outbox.send(100, |_| Ok(0)).is_err());
        assert!(outbox.send(100, |_| Err(ErrorKind::BrokenPipe.into())).is_err());
        assert_eq!(sent(&mut outbox, 2, 100), b"ab");
        assert_eq!(sent(&mut outbox, 2, 100), b"c");
    }

    #[test]
    fn what_is_shared_is_not_copied() {
        let mut outbox = Outbox::default();
        let bytes = Bytes::from(vec![0; 1 << 20]);
        (0..1_000).for_each(|_| outbox.share(bytes.clone()));
        let mut is_shared = false;
        let look = |slices: &[IoSlice<'_>]| {
            is_shared = slices[0].as_ptr() == bytes.as_ptr();
            Err(ErrorKind::WouldBlock.into())
        };
        outbox.send(1 << 20, look).unwrap();
        assert!(is_shared);
    }
}
