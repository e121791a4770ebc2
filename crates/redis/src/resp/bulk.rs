//! Strings of an announced length, which may arrive in pieces.

use crate::Blob;

/// A string that has arrived in part. Two bytes of any value end it.
#[derive(Clone, Debug)]
pub(super) struct Bulk {
    len: usize,
    begun: Vec<u8>,
    /// How many of the two bytes after the string are missing.
    end: usize,
}

impl Bulk {
    /// A string with an announced length.
    pub(super) const fn new(len: usize) -> Bulk {
        Bulk { len, begun: Vec::new(), end: 2 }
    }

    /// The number of bytes that have arrived.
    pub(super) fn pending(&self) -> usize {
        self.begun.len()
    }

    /// Takes bytes off the `input`. Returns the string once it is complete.
    pub(super) fn take(&mut self, input: &mut &[u8]) -> Option<Blob> {
        if self.begun.is_empty()
            && let Some((bytes, rest)) = input.split_at_checked(self.len)
            && rest.len() >= self.end
        {
            *input = &rest[self.end..];
            return Some(Blob::copy_from_slice(bytes));
        }
        let missing = self.len - self.begun.len();
        let (bytes, rest) = input.split_at(missing.min(input.len()));
        self.append(bytes);
        let (end, rest) = rest.split_at(self.end.min(rest.len()));
        self.end -= end.len();
        *input = rest;
        let whole = self.begun.len() == self.len && self.end == 0;
        whole.then(|| Blob::from(std::mem::take(&mut self.begun)))
    }

    /// Doubles the capacity, up to the announced length.
    fn append(&mut self, bytes: &[u8]) {
        let needed = self.begun.len() + bytes.len();
        if needed > self.begun.capacity() {
            let room = needed.max(2 * self.begun.len()).min(self.len);
            self.begun.reserve_exact(room - self.begun.len());
        }
        self.begun.extend_from_slice(bytes);
    }
}
