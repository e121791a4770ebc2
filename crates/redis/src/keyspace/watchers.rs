//! The connections that watch keys, for `WATCH`.
//!
//! The connections that watch a key are listed under it. A change of the key removes the list. So
//! `EXEC` checks whether the connection is still listed under all of its keys. If no key is
//! watched, a change costs one lookup in an empty map.

use im::OrdMap;

use crate::Blob;

/// The watched keys that have not changed, each with its connections.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Watchers {
    /// The connections by key. No key has an empty list.
    by_key: OrdMap<Blob, OrdMap<u64, Seen>>,
}

/// The state of a key when a connection began to watch it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Seen {
    /// The key had expired, and was still in memory. Its removal is not a change.
    Expired,
    /// The key existed, or was missing.
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

    /// The state of the key when the connection began to watch it. `None` if the key has changed
    /// since.
    pub(super) fn seen(&self, key: &Blob, connection: u64) -> Option<Seen> {
        self.by_key.get(key)?.get(&connection).copied()
    }

    /// Records that a key has changed.
    #[inline]
    pub(super) fn touch(&mut self, key: &Blob) {
        if !self.by_key.is_empty() {
            self.by_key.remove(key);
        }
    }

    /// Records that a key has been removed because it had expired.
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
