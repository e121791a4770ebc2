//! The keys of one database, their values, and when they expire.
//!
//! Expiry is lazy, as in Redis between two rounds of its active expiry: a key that has expired
//! stays until something looks at it, and is then removed before it is seen. Hence
//!
//! 1. no command ever sees a key that has expired, but
//! 2. [`Keyspace::len`] (and with it `DBSIZE`) counts the expired keys that nothing has looked at,
//!    as Redis counts them.
//!
//! A key goes with the last element of its value too: under no key there is an empty collection.
//!
//! A key has expired once its expiry lies *before* the present millisecond, as in Redis: in the
//! millisecond in which it expires it is still there, with a `PTTL` of 0.

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

/// Keys, each with an [`Entry`]. A clone shares everything that neither side changes
/// afterwards.
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
    /// Only while there is a limit of memory.
    ledger: Option<Box<Ledger>>,
}

/// What stands under a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The value itself; never a collection without elements.
    pub value: Value,
    /// When it expires by the server's wall clock, in milliseconds; never, if not given.
    pub expires: Option<UnixMillis>,
}

impl Entry {
    /// An entry that never expires.
    #[must_use]
    pub fn lasting(value: impl Into<Value>) -> Entry {
        Entry { value: value.into(), expires: None }
    }

    /// Whether it is gone at `now`, by the server's wall clock.
    #[must_use]
    pub fn has_expired(&self, now: UnixTime) -> bool {
        self.expires.is_some_and(|expires| expires < now.millis())
    }
}

impl Keyspace {
    /// What `look` makes of the entry under `key`; `None`, and no call, if there is none at `now`.
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

    /// As [`Keyspace::read`], for a `change` of the entry in its place. An entry whose value has
    /// no elements after that is removed.
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

    /// What `look` makes of the value under `key`, which has to be of type `K`; `None`, and no
    /// call, if there is none at `now`.
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

    /// As [`Keyspace::read_as`], for a `change` of the value in its place, which is removed if it
    /// has no elements after that.
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

    /// As [`Keyspace::update_as`], but if there is no value, `change` is given an empty one, which
    /// stays, without an expiry, if it is not refused.
    ///
    /// # Errors
    /// "WRONGTYPE" if the value is of another type, or why `change` refused, in which case it has
    /// to have left the value as it was.
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

    /// Puts `entry`, whose value is no empty collection, under `key`, whatever was there before.
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

    /// Takes away the entry under `key` and returns it; `None` if there is none at `now`.
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

    /// Takes the key away because there is no memory for it.
    pub(crate) fn evict(&mut self, key: &Blob) {
        self.entries.remove(key);
        self.note(key);
        self.watchers.touch(key);
    }

    /// Writes down that a key has been used and may have changed.
    #[inline]
    fn note(&mut self, key: &Blob) {
        if let Some(ledger) = &mut self.ledger {
            ledger.note(key, self.entries.get(key));
        }
    }

    /// What is known of the keys while there is a limit of memory.
    pub(crate) fn ledger(&self) -> Option<&Ledger> {
        self.ledger.as_deref()
    }

    /// Begins to keep a ledger, or ends it. To begin, keys count as used in the order of their
    /// bytes.
    pub(crate) fn keep_ledger(&mut self, is_limited: bool) {
        if is_limited != self.ledger.is_some() {
            let mut ledger = Ledger::default();
            self.entries.iter().for_each(|(key, entry)| ledger.note(key, Some(entry)));
            self.ledger = is_limited.then(|| Box::new(ledger));
        }
    }

    /// An empty one on the same server.
    pub(crate) fn another(&self) -> Keyspace {
        Keyspace { entries: Index::new(self.hash_secret().clone()), ..Keyspace::default() }
    }

    /// What the hashes of its keys are keyed with.
    pub(crate) fn hash_secret(&self) -> &HashSecret {
        self.entries.secret()
    }

    /// Keys the hashes of its keys with another secret.
    pub(crate) fn set_hash_secret(&mut self, secret: HashSecret) {
        self.entries = self.entries.rehashed(secret);
    }

    /// Comes after another one in the time that uses of keys are counted in.
    pub(crate) fn follow(&mut self, previous: &Keyspace) {
        self.keep_ledger(previous.ledger.is_some());
        if let (Some(ledger), Some(previous)) = (&mut self.ledger, &previous.ledger) {
            ledger.follow(previous);
        }
    }

    /// The bytes that the keys and their values take.
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

    /// Takes everything away.
    pub fn clear(&mut self) {
        for key in self.watchers.keys() {
            if self.entries.get(&key).is_some() {
                // A key that had expired when it was watched is gone for those who did.
                self.watchers.touch_expired(&key);
            }
        }
        self.entries.clear();
        if let Some(ledger) = &mut self.ledger {
            ledger.clear();
        }
    }

    /// Has each of the two hold what the other one held, and tells those who watch keys of it.
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

    /// Tells those who watch `key` of a write that left it as it was: Redis does not look whether
    /// a value has changed, only whether it was written.
    #[inline]
    pub(crate) fn touch(&mut self, key: &Blob) {
        self.watchers.touch(key);
    }

    /// Has a connection told whether `key` changes ([`Keyspace::is_unchanged`]), be it there or
    /// not.
    pub(crate) fn watch(&mut self, now: UnixTime, key: &Blob, connection: u64) {
        let seen = if self.is_expired(now, key) { Seen::Expired } else { Seen::Plainly };
        self.watchers.add(key.clone(), connection, seen);
    }

    /// Ends what [`Keyspace::watch`] began.
    pub(crate) fn unwatch(&mut self, key: &Blob, connection: u64) {
        self.watchers.remove(key, connection);
    }

    /// Whether `key` is as it was when the connection began to watch it. A key that has expired
    /// since has changed, whether or not it is still in memory.
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

    /// Whether there is neither a key nor anyone who watches one.
    pub(crate) fn is_unused(&self) -> bool {
        self.is_empty() && self.watchers.is_empty()
    }

    /// Forgets all connections: the server has been started anew.
    pub(crate) fn forget_watchers(&mut self) {
        self.watchers = Watchers::default();
    }

    /// The number of keys, of which some may have expired (see 2 above).
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no key at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.len() == 0
    }

    /// The keys and their entries, those that have expired among them, in no order that anything
    /// may depend on.
    pub(crate) fn iter_unordered(&self) -> impl Iterator<Item = (&Blob, &Entry)> {
        self.entries.iter_unordered()
    }

    /// The keys that are there at `now` and their entries, in the order of the keys' bytes, which
    /// are sorted for it.
    pub fn iter(&self, now: UnixTime) -> impl Iterator<Item = (&Blob, &Entry)> {
        self.entries.iter().filter(move |(_, entry)| !entry.has_expired(now))
    }

    /// One of the keys that are there at `now`, each as likely as any other.
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
