//! The digest of a run: XXH3-64 over the canonical encoding of all its events, one after the other.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use xxhash_rust::xxh3::Xxh3;

use crate::canonical::{self, Sink};

/// The maximum number of encoded bytes that are hashed at once.
const BLOCK: usize = 4096;

/// The size of the largest number. One more number fits into every block that has not overflowed.
const SLACK: usize = 16;

/// Hashes a sequence of items, in order.
///
/// ```
/// # use history::{Digest, Time};
/// let mut one = Digest::new();
/// one.add(&Time(1));
/// one.add(&Time(2));
/// let mut other = Digest::new();
/// other.add(&[Time(1), Time(2)]); // a fixed-size array is its elements, nothing more
/// assert_eq!(one.fingerprint(), other.fingerprint());
/// ```
#[derive(Clone)]
pub struct Digest {
    /// The first `len` bytes are not hashed yet.
    pending: Box<[u8; BLOCK + SLACK]>,
    len: u32,
    hash: Xxh3,
}

impl Digest {
    /// The digest of nothing.
    #[must_use]
    pub fn new() -> Digest {
        Digest { pending: Box::new([0; BLOCK + SLACK]), len: 0, hash: Xxh3::new() }
    }

    /// Adds the canonical encoding of `item`.
    #[inline(always)]
    pub fn add<T: Serialize + ?Sized>(&mut self, item: &T) {
        loop {
            let mut block = Block { bytes: &mut self.pending, len: self.len as usize };
            canonical::encode_into(item, &mut block);
            if block.len <= BLOCK {
                self.len = block.len as u32;
                return;
            }
            if self.len == 0 {
                return self.add_large(item);
            }
            self.flush();
        }
    }

    /// Adds an item that is larger than a block.
    #[cold]
    fn add_large<T: Serialize + ?Sized>(&mut self, item: &T) {
        let mut bytes = Vec::new();
        canonical::encode(item, &mut bytes);
        self.hash.update(&bytes);
    }

    /// Returns room for the next `N` bytes, for a caller that writes an encoding by hand. The bytes
    /// are hashed in place, without a copy.
    ///
    /// ```
    /// # use history::{Digest, Time};
    /// let (mut one, mut other) = (Digest::new(), Digest::new());
    /// one.add(&Time(1));
    /// *other.room() = 1u64.to_le_bytes();
    /// assert_eq!(one.fingerprint(), other.fingerprint());
    /// ```
    #[inline(always)]
    pub fn room<const N: usize>(&mut self) -> &mut [u8; N] {
        const { assert!(N <= BLOCK) };
        let mut start = self.len as usize;
        if start > BLOCK - N {
            self.flush();
            start = 0;
        }
        self.len = (start + N) as u32;
        self.pending[start..].first_chunk_mut().expect("N bytes are left")
    }

    #[cold]
    fn flush(&mut self) {
        self.hash.update(&self.pending[..self.len as usize]);
        self.len = 0;
    }

    /// Adds raw bytes.
    pub fn add_bytes(&mut self, bytes: &[u8]) {
        if bytes.len() > BLOCK - self.len as usize {
            self.flush();
        }
        if bytes.len() > BLOCK {
            return self.hash.update(bytes);
        }
        self.pending[self.len as usize..][..bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len() as u32;
    }

    /// Returns the digest of all items added so far.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let mut hash = self.hash.clone();
        hash.update(&self.pending[..self.len as usize]);
        Fingerprint(hash.digest())
    }
}

/// A block that is being filled. Bytes that do not fit are only counted, and the item is encoded
/// again. This happens once in 4 KiB, and costs less than a check at each field.
struct Block<'a> {
    bytes: &'a mut [u8; BLOCK + SLACK],
    len: usize,
}

impl Sink for Block<'_> {
    #[inline(always)]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        const { assert!(N <= SLACK) };
        let at = self.len.min(BLOCK);
        self.bytes[at..at + N].copy_from_slice(&bytes);
        self.len = self.len.wrapping_add(N);
    }

    #[inline(always)]
    fn put_slice(&mut self, bytes: &[u8]) {
        let end = self.len + bytes.len();
        if let Some(room) = self.bytes.get_mut(self.len..end) {
            room.copy_from_slice(bytes);
        }
        self.len = end;
    }
}

impl Default for Digest {
    fn default() -> Digest {
        Digest::new()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", self.fingerprint())
    }
}

/// The value of a [`Digest`]: written as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub u64);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fingerprint, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.len() != 16 {
            return Err(D::Error::custom("a fingerprint has 16 hexadecimal digits"));
        }
        u64::from_str_radix(&text, 16).map(Fingerprint).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_boundaries_do_not_show() {
        let mut digest = Digest::new();
        let mut bytes = Vec::new();
        for i in 0..10_000u64 {
            digest.add(&i);
            bytes.extend_from_slice(&i.to_le_bytes());
        }
        assert_eq!(digest.fingerprint().0, xxhash_rust::xxh3::xxh3_64(&bytes));
    }

    #[test]
    fn a_fingerprint_reads_back_as_it_was_written() {
        let fingerprint = Fingerprint(0x00ab_cdef_0123_4567);
        let json = serde_json::to_string(&fingerprint).unwrap();
        assert_eq!(json, "\"00abcdef01234567\"");
        assert_eq!(serde_json::from_str::<Fingerprint>(&json).unwrap(), fingerprint);
    }
}
