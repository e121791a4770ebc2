//! The index of a keyspace: finds an entry by its key.
//!
//! Nearly all commands name their keys, so finding one key must be fast. A hash trie takes a third
//! of the time of an ordered map. It is persistent, like all collections here, so a clone is cheap.
//! Its order of iteration depends on the hashes and on the trie's history. It is never visible,
//! because [`Index::iter`] sorts.
//!
//! Clients choose the keys. A client that knew the hash function could send many keys with the same
//! hash, and each lookup would compare all of them. So the hash is keyed with a secret of the
//! server ([`HashSecret`]).

mod memory;

use std::hash::{BuildHasher, Hash, Hasher};

use ahash::AHasher;
use im::GenericHashMap;
use im::shared_ptr::DefaultSharedPtr;

pub(super) use self::memory::bytes;
use super::{Entry, HashSecret};
use crate::Blob;

/// The entries of a keyspace, by their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    entries: GenericHashMap<Blob, Entry, KeyHash, DefaultSharedPtr>,
}

impl Index {
    /// An empty index.
    pub(super) fn new(secret: HashSecret) -> Index {
        Index { entries: GenericHashMap::with_hasher(KeyHash(secret)) }
    }

    /// The same entries, hashed with another secret.
    pub(super) fn rehashed(&self, secret: HashSecret) -> Index {
        let mut rehashed = Index::new(secret);
        for (key, entry) in self.iter_unordered() {
            rehashed.insert(key.clone(), entry.clone());
        }
        rehashed
    }

    /// The secret that keys the hashes.
    pub(super) fn secret(&self) -> &HashSecret {
        &self.entries.hasher().0
    }

    #[inline]
    pub(super) fn get(&self, key: &Blob) -> Option<&Entry> {
        self.entries.get(key)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, key: &Blob) -> Option<&mut Entry> {
        self.entries.get_mut(key)
    }

    /// Adds an entry for a key that has none.
    pub(super) fn insert(&mut self, key: Blob, entry: Entry) {
        self.entries.insert(key, entry);
    }

    pub(super) fn remove(&mut self, key: &Blob) -> Option<Entry> {
        self.entries.remove(key)
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// All entries, in the order of the keys' bytes.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Blob, &Entry)> {
        let mut entries: Vec<(&Blob, &Entry)> = self.entries.iter().collect();
        entries.sort_unstable_by_key(|(key, _)| *key);
        entries.into_iter()
    }

    /// All entries, in an unspecified order. Results must not depend on the order.
    pub(super) fn iter_unordered(&self) -> impl Iterator<Item = (&Blob, &Entry)> {
        self.entries.iter()
    }
}

impl Hash for Index {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.len().hash(state);
        self.iter().for_each(|pair| pair.hash(state));
    }
}

/// The hash function. It depends only on the bytes and the secret.
#[derive(Clone, Debug, Default)]
struct KeyHash(HashSecret);

/// Hashes a key. The key is written in one piece, so its length, which is written before it, is
/// ignored.
struct KeyHasher(AHasher);

impl BuildHasher for KeyHash {
    type Hasher = KeyHasher;

    #[inline]
    fn build_hasher(&self) -> KeyHasher {
        KeyHasher(self.0.keys().build_hasher())
    }
}

impl Hasher for KeyHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    #[inline]
    fn write_usize(&mut self, _: usize) {}

    #[inline]
    fn finish(&self) -> u64 {
        self.0.finish()
    }
}

#[cfg(test)]
mod tests;
