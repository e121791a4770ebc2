//! The connections that watch keys, for `WATCH`.
//!
//! The connections that watch a key are listed under it. A change of the key removes the list. So
//! `EXEC` checks whether the connection is still listed under all of its keys. If no key is
//! watched, a change costs one lookup in an empty map.

use im::OrdMap;

use crate::Blob;
use crate::value::memory::Tree;

/// The watched keys that have not changed, each with its connections.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Watchers {
    /// By the key and the number of the connection.
    seen: OrdMap<(Blob, u64), Seen>,
}

/// The state of a key when a connection began to watch it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Seen {
    /// The key had expired, and was still in memory. Its removal is not a change.
    Expired,
    /// The key existed, or was missing.
    Plainly,
}

/// What one connection that watches one key takes in memory, besides the key's text.
pub(crate) const WATCHER_BYTES: usize = Tree::of::<(Blob, u64), Seen>().element();

impl Watchers {
    #[inline]
    pub(super) fn is_watched(&self, key: &Blob) -> bool {
        !self.seen.is_empty() && self.of(key).next().is_some()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// The keys that are watched, each once.
    pub(super) fn keys(&self) -> Vec<Blob> {
        let mut keys: Vec<Blob> = self.seen.keys().map(|(key, _)| key.clone()).collect();
        keys.dedup();
        keys
    }

    pub(super) fn add(&mut self, key: Blob, connection: u64, seen: Seen) {
        self.seen.insert((key, connection), seen);
    }

    pub(super) fn remove(&mut self, key: &Blob, connection: u64) {
        self.seen.remove(&(key.clone(), connection));
    }

    /// The state of the key when the connection began to watch it. `None` if the key has changed
    /// since.
    pub(super) fn seen(&self, key: &Blob, connection: u64) -> Option<Seen> {
        self.seen.get(&(key.clone(), connection)).copied()
    }

    /// Records that a key has changed.
    #[inline]
    pub(super) fn touch(&mut self, key: &Blob) {
        if !self.seen.is_empty() {
            self.strike_off(key, |_| None);
        }
    }

    /// Records that a key has been removed because it had expired.
    pub(super) fn touch_expired(&mut self, key: &Blob) {
        if !self.seen.is_empty() {
            self.strike_off(key, |seen| (seen == Seen::Expired).then_some(Seen::Plainly));
        }
    }

    /// The connections that watch the key, and what they have seen.
    fn of(&self, key: &Blob) -> impl Iterator<Item = (u64, Seen)> {
        let watchers = (key.clone(), 0)..=(key.clone(), u64::MAX);
        self.seen.range(watchers).map(|((_, watcher), seen)| (*watcher, *seen))
    }

    /// Those who watch the key have seen what `change` says instead, or watch it no more.
    fn strike_off(&mut self, key: &Blob, change: impl Fn(Seen) -> Option<Seen>) {
        let watchers: Vec<(u64, Seen)> = self.of(key).collect();
        for (watcher, seen) in watchers {
            let place = (key.clone(), watcher);
            match change(seen) {
                Some(seen) => drop(self.seen.insert(place, seen)),
                None => drop(self.seen.remove(&place)),
            }
        }
    }
}
