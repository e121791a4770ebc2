//! The keys of one database, with their values and expiries.
//!
//! Expiry is lazy, as in Redis between two rounds of active expiry. An expired key stays in memory
//! until a command reads it, which removes it first. So:
//!
//! 1. No command sees an expired key.
//! 2. [`Keyspace::len`] and `DBSIZE` count the expired keys that are still in memory, as in Redis.
//!
//! A key is also removed with the last element of its value. No key has an empty collection.
//!
//! A key has expired once its expiry is *before* the current millisecond, as in Redis. In the
//! millisecond of its expiry it still exists, with a `PTTL` of 0.

mod index;
mod secret;
mod watchers;

use self::index::Index;
pub use self::secret::HashSecret;
pub(crate) use self::watchers::WATCHER_BYTES;
use self::watchers::{Seen, Watchers};
use crate::chance::Chance;
use crate::eviction::{self, Ledger};
use crate::value::Kind;
use crate::{Blob, ErrorReply, UnixMillis, UnixTime, Value};

/// Keys, each with an [`Entry`]. A clone shares the data that neither side changes.
///
/// ```
/// use redis::{Blob, Entry, Keyspace, UnixMillis, UnixTime, Value};
///
/// let mut keyspace = Keyspace::default();
/// let lock = Blob::from("lock");
/// let owner = Value::from(Blob::from("owner"));
/// let lease = Entry { value: owner.clone(), expires: Some(UnixMillis(1_000)) };
/// keyspace.set(&lock, lease);
///
/// let value = |now, keyspace: &mut Keyspace| {
///     keyspace.read(UnixTime::from_millis(now), &lock, |entry| entry.value.clone())
/// };
/// assert_eq!(value(1_000, &mut keyspace), Some(owner));
/// assert_eq!(value(1_001, &mut keyspace), None);
/// assert!(keyspace.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Keyspace {
    entries: Index,
    watchers: Watchers,
    /// The ledger for evictions. Exists only while there is a memory limit.
    ledger: Option<Box<Ledger>>,
}

/// The value and the expiry of a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The value. It is never an empty collection.
    pub value: Value,
    /// When the key expires by the server's wall clock. `None` means never.
    pub expires: Option<UnixMillis>,
}

impl Entry {
    /// An entry that never expires.
    #[must_use]
    pub fn lasting(value: impl Into<Value>) -> Entry {
        Entry { value: value.into(), expires: None }
    }

    /// Whether it has expired at `now`, by the server's wall clock.
    #[must_use]
    pub fn has_expired(&self, now: UnixTime) -> bool {
        self.expires.is_some_and(|expires| expires < now.millis())
    }
}

impl Keyspace {
    /// Calls `look` with the entry of `key`. Returns `None`, without a call, if the key does not
    /// exist at `now`.
    pub fn read<T>(
        &mut self,
        now: UnixTime,
        key: &Blob,
        look: impl FnOnce(&Entry) -> T,
    ) -> Option<T> {
        let entry = self.entries.get(key)?;
        if !entry.has_expired(now) {
            if let Some(ledger) = &mut self.ledger {
                ledger.note_use(key);
            }
            return Some(look(entry));
        }
        self.expire(key);
        None
    }

    /// As [`Keyspace::read`], but `change` may change the entry in place. An entry whose value is
    /// empty afterwards is removed.
    pub fn update<T>(
        &mut self,
        now: UnixTime,
        key: &Blob,
        change: impl FnOnce(&mut Entry) -> T,
    ) -> Option<T> {
        let entry = self.entries.get_mut(key)?;
        if entry.has_expired(now) {
            self.expire(key);
            return None;
        }
        let before = self.watchers.is_watched(key).then(|| entry.clone());
        let changed = change(entry);
        if before.is_some_and(|before| before != *entry) {
            self.watchers.touch(key);
        }
        if entry.value.is_empty_collection() {
            self.entries.remove(key);
        }
        self.note(key);
        Some(changed)
    }

    /// Calls `look` with the value of `key`, which must have type `K`. Returns `None`, without a
    /// call, if the key does not exist at `now`.
    ///
    /// # Errors
    /// "WRONGTYPE" if the value is of another type.
    #[inline]
    pub(crate) fn read_as<K: Kind, T>(
        &mut self,
        now: UnixTime,
        key: &Blob,
        look: impl FnOnce(&K) -> T,
    ) -> Result<Option<T>, ErrorReply> {
        self.read(now, key, |entry| entry.value.expect().map(look)).transpose()
    }

    /// As [`Keyspace::read_as`], but `change` may change the value in place. A value that is empty
    /// afterwards is removed.
    ///
    /// # Errors
    /// "WRONGTYPE" if the value is of another type.
    pub(crate) fn update_as<K: Kind, T>(
        &mut self,
        now: UnixTime,
        key: &Blob,
        change: impl FnOnce(&mut K) -> T,
    ) -> Result<Option<T>, ErrorReply> {
        self.update(now, key, |entry| entry.value.expect_mut().map(change)).transpose()
    }

    /// As [`Keyspace::update_as`], but if the key does not exist, `change` gets an empty value. The
    /// value is stored without an expiry unless `change` fails.
    ///
    /// # Errors
    /// "WRONGTYPE" if the value is of another type, or the error of `change`, which must not have
    /// changed the value.
    pub(crate) fn upsert_as<K: Kind, T>(
        &mut self,
        now: UnixTime,
        key: &Blob,
        change: impl FnOnce(&mut K) -> Result<T, ErrorReply>,
    ) -> Result<T, ErrorReply> {
        match self.entries.get_mut(key) {
            Some(entry) if !entry.has_expired(now) => {
                let before = self.watchers.is_watched(key).then(|| entry.clone());
                let changed = change(entry.value.expect_mut()?)?;
                if before.is_some_and(|before| before != *entry) {
                    self.watchers.touch(key);
                }
                if entry.value.is_empty_collection() {
                    self.entries.remove(key);
                }
                self.note(key);
                return Ok(changed);
            }
            Some(_) => self.expire(key),
            None => {}
        }
        let mut kind = K::default();
        let changed = change(&mut kind)?;
        let value = kind.into();
        if !value.is_empty_collection() {
            self.set(key, Entry::lasting(value));
        }
        Ok(changed)
    }

    /// Sets `key` to `entry`, and replaces an existing entry. The value must not be an empty
    /// collection.
    pub fn set(&mut self, key: &Blob, entry: Entry) {
        self.watchers.touch(key);
        match self.entries.get_mut(key) {
            Some(place) => *place = entry,
            None => {
                self.entries.insert(key.clone(), entry);
            }
        }
        self.note(key);
    }

    /// Removes `key` and returns its entry, or `None` if the key does not exist at `now`.
    pub fn remove(&mut self, now: UnixTime, key: &Blob) -> Option<Entry> {
        let entry = self.entries.remove(key)?;
        self.note(key);
        if entry.has_expired(now) {
            self.watchers.touch_expired(key);
            return None;
        }
        self.watchers.touch(key);
        Some(entry)
    }

    fn expire(&mut self, key: &Blob) {
        self.entries.remove(key);
        self.note(key);
        self.watchers.touch_expired(key);
    }

    /// Removes a key to free memory.
    pub(crate) fn evict(&mut self, key: &Blob) {
        self.entries.remove(key);
        self.note(key);
        self.watchers.touch(key);
    }

    /// Records in the ledger that a key was used and may have changed.
    #[inline]
    fn note(&mut self, key: &Blob) {
        if let Some(ledger) = &mut self.ledger {
            ledger.note(key, self.entries.get(key));
        }
    }

    /// The ledger, while there is a memory limit.
    pub(crate) fn ledger(&self) -> Option<&Ledger> {
        self.ledger.as_deref()
    }

    /// Creates or drops the ledger. In a new ledger, keys count as used in the order of their
    /// bytes.
    pub(crate) fn keep_ledger(&mut self, is_limited: bool) {
        if is_limited != self.ledger.is_some() {
            let mut ledger = Ledger::default();
            self.entries.iter().for_each(|(key, entry)| ledger.note(key, Some(entry)));
            self.ledger = is_limited.then(|| Box::new(ledger));
        }
    }

    /// An empty keyspace of the same server.
    pub(crate) fn another(&self) -> Keyspace {
        Keyspace { entries: Index::new(self.hash_secret().clone()), ..Keyspace::default() }
    }

    /// The secret that keys the hashes.
    pub(crate) fn hash_secret(&self) -> &HashSecret {
        self.entries.secret()
    }

    /// Rehashes all keys with another secret.
    pub(crate) fn set_hash_secret(&mut self, secret: HashSecret) {
        self.entries = self.entries.rehashed(secret);
    }

    /// Makes all uses of keys from now on later than those in another keyspace.
    pub(crate) fn follow(&mut self, previous: &Keyspace) {
        self.keep_ledger(previous.ledger.is_some());
        if let (Some(ledger), Some(previous)) = (&mut self.ledger, &previous.ledger) {
            ledger.follow(previous);
        }
    }

    /// The size of the keys and their values in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let entries: usize = match &self.ledger {
            Some(ledger) => ledger.bytes(),
            None => {
                let all = self.entries.iter_unordered();
                all.map(|(key, entry)| eviction::size(key, entry)).sum()
            }
        };
        entries + index::bytes(self.len())
    }

    /// How many of the keys have an expiry.
    pub(crate) fn expiring_len(&self) -> usize {
        self.entries.iter_unordered().filter(|(_, entry)| entry.expires.is_some()).count()
    }

    /// Removes all keys.
    pub fn clear(&mut self) {
        for key in self.watchers.keys() {
            if self.entries.get(&key).is_some() {
                // A key that had already expired when it was watched counts as unchanged.
                self.watchers.touch_expired(&key);
            }
        }
        self.entries.clear();
        if let Some(ledger) = &mut self.ledger {
            ledger.clear();
        }
    }

    /// Swaps the data of two keyspaces. Connections that watch affected keys see a change.
    pub(crate) fn exchange(&mut self, other: &mut Keyspace) {
        let tell = |this: &mut Keyspace, other: &Keyspace| {
            for key in this.watchers.keys() {
                match (this.entries.get(&key), other.entries.get(&key)) {
                    (_, Some(_)) => this.watchers.touch(&key),
                    (Some(_), None) => this.watchers.touch_expired(&key),
                    (None, None) => {}
                }
            }
        };
        tell(self, other);
        tell(other, self);
        std::mem::swap(&mut self.entries, &mut other.entries);
        std::mem::swap(&mut self.ledger, &mut other.ledger);
    }

    /// Marks `key` as changed for the connections that watch it, after a write that did not change
    /// the value. Redis checks whether a key was written, not whether its value differs.
    #[inline]
    pub(crate) fn touch(&mut self, key: &Blob) {
        self.watchers.touch(key);
    }

    /// Begins to watch a key for a connection, whether it exists or not. See
    /// [`Keyspace::is_unchanged`].
    pub(crate) fn watch(&mut self, now: UnixTime, key: &Blob, connection: u64) {
        let seen = if self.is_expired(now, key) { Seen::Expired } else { Seen::Plainly };
        self.watchers.add(key.clone(), connection, seen);
    }

    /// Stops watching a key for a connection.
    pub(crate) fn unwatch(&mut self, key: &Blob, connection: u64) {
        self.watchers.remove(key, connection);
    }

    /// Whether `key` has not changed since the connection began to watch it. A key that has expired
    /// since then has changed, even if it is still in memory.
    pub(crate) fn is_unchanged(&self, now: UnixTime, key: &Blob, connection: u64) -> bool {
        match self.watchers.seen(key, connection) {
            Some(Seen::Expired) => true,
            Some(Seen::Plainly) => !self.is_expired(now, key),
            None => false,
        }
    }

    fn is_expired(&self, now: UnixTime, key: &Blob) -> bool {
        self.entries.get(key).is_some_and(|entry| entry.has_expired(now))
    }

    /// Whether there are neither keys nor watches.
    pub(crate) fn is_unused(&self) -> bool {
        self.is_empty() && self.watchers.is_empty()
    }

    /// Drops all watches, because the server was restarted.
    pub(crate) fn forget_watchers(&mut self) {
        self.watchers = Watchers::default();
    }

    /// The number of keys, including expired ones that are still in memory.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no keys, expired ones included.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.len() == 0
    }

    /// All keys and entries, including expired ones, in an unspecified order. Results must not
    /// depend on the order.
    pub(crate) fn iter_unordered(&self) -> impl Iterator<Item = (&Blob, &Entry)> {
        self.entries.iter_unordered()
    }

    /// The keys that exist at `now` and their entries, in the order of the keys' bytes. Sorting
    /// takes O(n log n).
    pub fn iter(&self, now: UnixTime) -> impl Iterator<Item = (&Blob, &Entry)> {
        self.entries.iter().filter(move |(_, entry)| !entry.has_expired(now))
    }

    /// A random key that exists at `now`. All keys have the same probability.
    pub(crate) fn random_key(&self, now: UnixTime, chance: &mut Chance) -> Option<&Blob> {
        let there = self.iter_unordered().filter(|(_, entry)| !entry.has_expired(now));
        let mut keys: Vec<&Blob> = there.map(|(key, _)| key).collect();
        if keys.is_empty() {
            return None;
        }
        let pick = chance.below(keys.len());
        let (_, key, _) = keys.select_nth_unstable(pick);
        Some(key)
    }
}
