//! The secret of the hash function.

use std::fmt;

use ahash::RandomState;

/// The secret that keys the hashes of a server's keys. A client that does not know it cannot choose
/// keys with equal hashes.
///
/// The secret affects only the running time. Servers with different secrets give the same replies,
/// and are equal if their data is equal.
///
/// A server with real clients draws its secret from the operating system's random source. A
/// simulated server keeps the default, which is public: its keys come from the code under test, and
/// each run must do the same work.
///
/// The hash function is aHash, which resists clients that choose keys without knowing the secret.
/// No reply reveals a hash, or an order that depends on one. SipHash-1-3 would also resist clients
/// that see hashes, but makes a `GET` a third slower.
///
/// ```
/// use redis::{Database, HashSecret};
///
/// let secret = HashSecret::new([1, 2, 3, 4]);
/// let database = Database::default().with_hash_secret(secret.clone());
/// assert_eq!(*database.clone().hash_secret(), secret);
/// assert_eq!(database, Database::default());
/// assert_eq!(format!("{secret:?}"), "HashSecret(..)");
/// ```
#[derive(Clone)]
pub struct HashSecret(RandomState);

impl HashSecret {
    /// A secret of these 256 bits.
    #[must_use]
    pub fn new(words: [u64; 4]) -> HashSecret {
        let [first, second, third, fourth] = words;
        HashSecret(RandomState::with_seeds(first, second, third, fourth))
    }

    #[inline]
    pub(super) const fn keys(&self) -> &RandomState {
        &self.0
    }
}

impl Default for HashSecret {
    fn default() -> HashSecret {
        HashSecret::new([0; 4])
    }
}

/// Two secrets are equal if they give the same hashes.
impl PartialEq for HashSecret {
    fn eq(&self, other: &HashSecret) -> bool {
        (0..4_u8).all(|byte| self.0.hash_one([byte; 16]) == other.0.hash_one([byte; 16]))
    }
}

impl Eq for HashSecret {}

/// Does not reveal the secret.
impl fmt::Debug for HashSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashSecret(..)")
    }
}
