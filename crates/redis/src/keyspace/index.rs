//! Where the entries of a keyspace are found.
//!
//! Nearly all commands name their keys, so what counts is how fast one key is found, and a hash
//! trie finds it in the third of the time that an ordered map takes. It is persistent, as all
//! collections here are: a clone costs nothing. The order in which it goes through its keys is that
//! of their hashes, and of how the trie has grown; nobody gets to see it ([`Index::iter`] sorts).

use std::hash::{BuildHasher, Hash, Hasher};

use im::GenericHashMap;
use im::shared_ptr::DefaultSharedPtr;
use xxhash_rust::xxh3::xxh3_64;

use super::Entry;
use crate::Blob;

/// The entries of a keyspace, by their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    entries: GenericHashMap<Blob, Entry, KeyHash, DefaultSharedPtr>,
}

impl Index {
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

/// The same for the same bytes, everywhere and always.
#[derive(Clone, Copy, Debug, Default)]
struct KeyHash;

/// What has been written so far. A key is written in one piece; its length, which goes before it,
/// tells nothing that the piece does not.
#[derive(Clone, Copy, Debug, Default)]
struct KeyHasher(u64);

impl BuildHasher for KeyHash {
    type Hasher = KeyHasher;

    #[inline]
    fn build_hasher(&self) -> KeyHasher {
        KeyHasher::default()
    }
}

impl Hasher for KeyHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64(bytes);
    }

    #[inline]
    fn write_usize(&mut self, _: usize) {}

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}
