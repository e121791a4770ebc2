//! Open writes.
//!
//! Until the reply of a write arrives, the server may already have executed it. So a client may see
//! the new value, through another connection or with a read that misses the cache. A later read
//! must not return the old value. So the cache does not serve a key while it is being written. The
//! number of open writes bounds the memory.

use std::collections::BTreeMap;

use redis::Blob;

/// The keys that are being written.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Writes {
    /// The number of open writes of each key, never 0.
    keys: BTreeMap<Blob, usize>,
    /// The number of open writes of unknown keys.
    all: usize,
}

impl Writes {
    pub(super) fn are_under_way(&self, key: &Blob) -> bool {
        self.all > 0 || self.keys.contains_key(key)
    }

    pub(super) fn begin(&mut self, key: &Blob) {
        *self.keys.entry(key.clone()).or_default() += 1;
    }

    pub(super) fn end(&mut self, key: &Blob) {
        if let Some(count) = self.keys.get_mut(key) {
            *count -= 1;
            if *count == 0 {
                self.keys.remove(key);
            }
        }
    }

    pub(super) fn begin_all(&mut self) {
        self.all += 1;
    }

    pub(super) fn end_all(&mut self) {
        self.all = self.all.saturating_sub(1);
    }
}
