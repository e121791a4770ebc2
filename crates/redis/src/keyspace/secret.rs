//! What makes hashes unpredictable.

use std::fmt;

use ahash::RandomState;

/// What the hashes of a server's keys are keyed with, so that a client cannot choose keys whose
/// hashes are equal.
///
/// It changes how much work a key costs, and nothing else: servers with different secrets give the
/// same replies, and are equal if they hold the same.
///
/// A server with real clients draws its secret from the operating system's randomness. A simulated
/// server keeps the default, which is no secret: its keys come from the code under test, and a run
/// must do the same work each time.
///
/// The hash is aHash, which is made against clients that choose keys and do not know the secret.
/// No reply shows a hash, or an order that depends on one. SipHash-1-3 would hold against clients
/// that see hashes too, but with it a `GET` takes a third longer.
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
    /// The secret made of these 256 bits.
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

/// Two are equal if they hash alike.
impl PartialEq for HashSecret {
    fn eq(&self, other: &HashSecret) -> bool {
        (0..4_u8).all(|byte| self.0.hash_one([byte; 16]) == other.0.hash_one([byte; 16]))
    }
}

impl Eq for HashSecret {}

/// Shows nothing of the secret.
impl fmt::Debug for HashSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashSecret(..)")
    }
}
