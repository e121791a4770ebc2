//! Writes that are under way.
//!
//! From the moment at which the server may have executed a write until its reply is here, one
//! client may see the new value, through another connection or with a read that is not answered
//! from the cache. Whoever asks after that must not be served the old one. So what is being written
//! is not served at all. Memory is that of the writes under way.

use std::collections::BTreeMap;

use redis::Blob;

/// Which keys are being written.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Writes {
    /// By how many writes; never by none.
    keys: BTreeMap<Blob, usize>,
    /// How many there are that may write any key.
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
