//! Who has asked to be told of changes of keys, for `WATCH`.
//!
//! A connection that watches a key is written down under the key, and is struck off when the key
//! changes. So at `EXEC` the connection asks whether it still stands under all of its keys. While
//! nobody watches anything, which is nearly always, a change costs one look at an empty map.

use im::OrdMap;

use crate::Blob;

/// Which connections watch which keys that have not changed since.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Watchers {
    /// Never without a connection under a key.
    by_key: OrdMap<Blob, OrdMap<u64, Seen>>,
}

/// What a connection has seen of a key that it began to watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Seen {
    /// The key had expired, and was still in memory: its removal will be no change.
    Expired,
    /// It was there, or it was not.
    Plainly,
}

impl Watchers {
    #[inline]
    pub(super) fn is_watched(&self, key: &Blob) -> bool {
        !self.by_key.is_empty() && self.by_key.contains_key(key)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    pub(super) fn keys(&self) -> Vec<Blob> {
        self.by_key.keys().cloned().collect()
    }

    pub(super) fn add(&mut self, key: Blob, connection: u64, seen: Seen) {
        self.by_key.entry(key).or_default().insert(connection, seen);
    }

    pub(super) fn remove(&mut self, key: &Blob, connection: u64) {
        self.keep(key, |watcher, _| watcher != connection);
    }

    /// What the connection saw when it began, if the key has not changed since.
    pub(super) fn seen(&self, key: &Blob, connection: u64) -> Option<Seen> {
        self.by_key.get(key)?.get(&connection).copied()
    }

    /// The key has changed.
    #[inline]
    pub(super) fn touch(&mut self, key: &Blob) {
        if !self.by_key.is_empty() {
            self.by_key.remove(key);
        }
    }

    /// The key has been removed because it has expired.
    pub(super) fn touch_expired(&mut self, key: &Blob) {
        if !self.by_key.is_empty() {
            self.keep(key, |_, seen| seen == Seen::Expired);
            if let Some(watchers) = self.by_key.get_mut(key) {
                *watchers = watchers.keys().map(|watcher| (*watcher, Seen::Plainly)).collect();
            }
        }
    }

    fn keep(&mut self, key: &Blob, stays: impl Fn(u64, Seen) -> bool) {
        let Some(watchers) = self.by_key.get_mut(key) else {
            return;
        };
        let kept = watchers.iter().filter(|(watcher, seen)| stays(**watcher, **seen));
        *watchers = kept.map(|(watcher, seen)| (*watcher, *seen)).collect();
        if watchers.is_empty() {
            self.by_key.remove(key);
        }
    }
}
