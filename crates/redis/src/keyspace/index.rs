//! Where the entries of a keyspace are found.
//!
//! Nearly all commands name their keys, so what counts is how fast one key is found, and a hash
//! trie finds it in the third of the time that an ordered map takes. It is persistent, as all
//! collections here are: a clone costs nothing. The order in which it goes through its keys is that
//! of their hashes, and of how the trie has grown; nothing shows it ([`Index::iter`] sorts).
//!
//! Keys come from clients, and a client that knew the hashes could send keys that all have the same
//! one: then each lookup would compare a key with all of them. So the hash is keyed with a secret
//! of the server ([`HashSecret`]).

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
    /// One without entries.
    pub(super) fn new(secret: HashSecret) -> Index {
        Index { entries: GenericHashMap::with_hasher(KeyHash(secret)) }
    }

    /// The same entries, found by another secret.
    pub(super) fn rehashed(&self, secret: HashSecret) -> Index {
        let mut rehashed = Index::new(secret);
        for (key, entry) in self.iter_unordered() {
            rehashed.insert(key.clone(), entry.clone());
        }
        rehashed
    }

    /// What its hashes are keyed with.
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

    /// Adds an entry under a key that has none.
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

    /// In the order of the keys' bytes.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Blob, &Entry)> {
        let mut entries: Vec<(&Blob, &Entry)> = self.entries.iter().collect();
        entries.sort_unstable_by_key(|(key, _)| *key);
        entries.into_iter()
    }

    /// In no order that anything may depend on.
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

/// The same for the same bytes and the same secret.
#[derive(Clone, Debug, Default)]
struct KeyHash(HashSecret);

/// Hashes a key. It is written in one piece; its length, which goes before it, tells nothing that
/// the piece does not.
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
