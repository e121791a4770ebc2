//! The digest of a run: XXH3-64 over the canonical encoding of all its events, one after the other.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use xxhash_rust::xxh3::Xxh3;

use crate::canonical;

/// How many encoded bytes are gathered before they are hashed in one go.
const BLOCK: usize = 4096;

/// Hashes things that happen, in the order in which they happen.
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
    pending: Vec<u8>,
    hash: Xxh3,
}

impl Digest {
    /// The digest of nothing.
    #[must_use]
    pub fn new() -> Digest {
        Digest {
            pending: Vec::with_capacity(BLOCK + 512),
            hash: Xxh3::new(),
        }
    }

    /// Adds the canonical encoding of `item`.
    #[inline]
    pub fn add<T: Serialize + ?Sized>(&mut self, item: &T) {
        canonical::encode(item, &mut self.pending);
        if self.pending.len() >= BLOCK {
            self.hash.update(&self.pending);
            self.pending.clear();
        }
    }

    /// Adds bytes as they are.
    pub fn add_bytes(&mut self, bytes: &[u8]) {
        self.hash.update(&self.pending);
        self.pending.clear();
        self.hash.update(bytes);
    }

    /// The digest of all that was added so far.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let mut hash = self.hash.clone();
        hash.update(&self.pending);
        Fingerprint(hash.digest())
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
        u64::from_str_radix(&text, 16)
            .map(Fingerprint)
            .map_err(D::Error::custom)
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
        assert_eq!(
            serde_json::from_str::<Fingerprint>(&json).unwrap(),
            fingerprint
        );
    }
}
