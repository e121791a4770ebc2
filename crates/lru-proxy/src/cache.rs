//! The cache: its entries, their time to live, and eviction.
//!
//! Entries are in a table by key, and in two lists: by last use, and by age. Every operation takes
//! constant time, with two exceptions. [`Cache::redeem`] takes time in proportion to the removed
//! entries. Tickets take time in proportion to the open reads, which are few.
//!
//! Invariants
//! 1. The [`Capacity`] bounds the number of entries and of bytes.
//! 2. The table and both lists have the same entries.
//! 3. Time is a parameter, from a monotonic clock. A wall clock that is set back would extend the
//!    life of entries.
//! 4. The order of the table is never used, so its hash function does not matter.

mod list;
mod tickets;
mod writes;

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};

use hashbrown::HashTable;
use history::{Span, Time};
use redis::Blob;
use slab::Slab;
use xxhash_rust::xxh3::Xxh3DefaultBuilder;

use self::list::{Links, List};
pub use self::tickets::Ticket;
use self::tickets::Tickets;
use self::writes::Writes;
use serde::{Deserialize, Serialize};

/// The limits of a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Capacity {
    /// The maximum number of entries.
    pub keys: usize,
    /// The maximum number of bytes of all entries, with keys and overhead.
    pub bytes: usize,
}

/// When an expired entry is no longer served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expiry {
    /// At once: each read checks the time.
    #[default]
    Checked,
    /// After the next periodic sweep, as in the original.
    Swept,
}

/// What happens to the reply of a read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fills {
    /// It is cached unless its key has been written since, and served unless its key is being
    /// written. Its time to live starts at the request.
    #[default]
    Guarded,
    /// It is always cached and served. Its time to live starts at the reply. As in the original.
    Unguarded,
}

/// An LRU cache whose entries have a time to live.
///
/// `S` hashes keys. Against hostile clients it needs a secret key.
///
/// ```
/// use history::{Span, Time};
/// use lru_proxy::{Cache, Capacity};
/// use redis::Blob;
///
/// let second = |n| Time::ZERO + Span::from_secs(n);
/// let mut cache: Cache = Cache::new(Capacity { keys: 2, bytes: 1_000 }, Span::from_secs(10));
/// let key = Blob::from("fruit");
/// assert_eq!(cache.get(&key, second(1)), None);
/// let ticket = cache.miss(key.clone(), second(1));
/// assert!(cache.fill(ticket, Blob::from("fig"), second(2)));
/// assert_eq!(cache.get(&key, second(11)), Some(&Blob::from("fig")));
/// assert_eq!(cache.get(&key, second(12)), None, "its time to live started at the request");
/// ```
#[derive(Clone)]
pub struct Cache<S = Xxh3DefaultBuilder> {
    capacity: Capacity,
    ttl: Span,
    expiry: Expiry,
    fills: Fills,
    hash_builder: S,
    table: HashTable<usize>,
    entries: Slab<Entry>,
    /// The first entry is the most recently used one.
    by_use: List<BY_USE>,
    /// The first entry is the youngest.
    by_age: List<BY_AGE>,
    bytes: usize,
    evicted: u64,
    tickets: Tickets,
    writes: Writes,
}

const BY_USE: usize = 0;
const BY_AGE: usize = 1;

/// A cached entry.
#[derive(Clone, Debug, Hash)]
struct Entry {
    key: Blob,
    value: Blob,
    /// The last moment at which it is served.
    until: Time,
    links: [Links; 2],
}

impl Entry {
    /// The overhead of an entry besides its key and value: the entry, and its place in the table.
    const OVERHEAD: usize = size_of::<Entry>() + 2 * size_of::<usize>();

    fn bytes(&self) -> usize {
        Entry::bytes_of(&self.key, &self.value)
    }

    fn bytes_of(key: &[u8], value: &[u8]) -> usize {
        key.len() + value.len() + Entry::OVERHEAD
    }
}

impl Cache {
    /// An empty cache with this time to live.
    #[must_use]
    pub fn new(capacity: Capacity, ttl: Span) -> Cache {
        Cache::with_hasher(capacity, ttl, Xxh3DefaultBuilder::new())
    }
}

impl<S: BuildHasher> Cache<S> {
    /// An empty cache with another hash function.
    #[must_use]
    pub fn with_hasher(capacity: Capacity, ttl: Span, hash_builder: S) -> Cache<S> {
        Cache {
            capacity,
            ttl,
            expiry: Expiry::default(),
            fills: Fills::default(),
            hash_builder,
            table: HashTable::new(),
            entries: Slab::new(),
            by_use: List::default(),
            by_age: List::default(),
            bytes: 0,
            evicted: 0,
            tickets: Tickets::default(),
            writes: Writes::default(),
        }
    }

    /// Sets the behaviour of the original, if wanted.
    #[must_use]
    pub fn in_the_way_of(self, expiry: Expiry, fills: Fills) -> Cache<S> {
        Cache { expiry, fills, ..self }
    }

    /// Returns the cached value of a key, if it can be served now. The entry becomes the most
    /// recently used one.
    pub fn get(&mut self, key: &Blob, now: Time) -> Option<&Blob> {
        if self.fills == Fills::Guarded && self.writes.are_under_way(key) {
            return None;
        }
        let slot = self.find(key)?;
        if self.expiry == Expiry::Checked && now > self.entries[slot].until {
            self.remove(slot);
            return None;
        }
        self.by_use.unlink(&mut self.entries, slot);
        self.by_use.push_front(&mut self.entries, slot);
        Some(&self.entries[slot].value)
    }

    /// Begins a read of a key from the server. End it with [`Cache::fill`] or [`Cache::give_up`].
    pub fn miss(&mut self, key: Blob, now: Time) -> Ticket {
        self.tickets.issue(key, now)
    }

    /// Whether a read of the key from the server is open.
    #[must_use]
    pub fn is_asked_for(&self, key: &Blob) -> bool {
        self.tickets.is_open(key)
    }

    /// Ends a read with the server's value. Returns whether the value is cached.
    pub fn fill(&mut self, ticket: Ticket, value: Blob, now: Time) -> bool {
        let asked = ticket.asked();
        let until = match self.fills {
            Fills::Guarded => asked + self.ttl,
            Fills::Unguarded => now + self.ttl,
        };
        self.fill_until(ticket, value, until)
    }

    /// Like [`Cache::fill`], for a value that lives for at most `lives` from the request.
    pub fn fill_for(&mut self, ticket: Ticket, value: Blob, lives: Span) -> bool {
        let until = ticket.asked() + lives.min(self.ttl);
        self.fill_until(ticket, value, until)
    }

    /// Ends a read without a value: the server did not reply, or does not have the key.
    pub fn give_up(&mut self, ticket: Ticket) {
        self.tickets.redeem(ticket);
    }

    /// Begins a write of a key on the server. Until [`Cache::end_write`] a client may already have
    /// seen the new value, so the cached value is not served.
    pub fn begin_write(&mut self, key: &Blob) {
        self.writes.begin(key);
    }

    /// Ends a write. If it took effect, or may have, call [`Cache::invalidate`] next.
    pub fn end_write(&mut self, key: &Blob) {
        self.writes.end(key);
    }

    /// Begins a write of unknown keys on the server.
    pub fn begin_write_all(&mut self) {
        self.writes.begin_all();
    }

    /// Ends such a write. If it took effect, or may have, call [`Cache::invalidate_all`] next.
    pub fn end_write_all(&mut self) {
        self.writes.end_all();
    }

    /// Removes a key that may have been written.
    pub fn invalidate(&mut self, key: &Blob) {
        self.tickets.void(key);
        if let Some(slot) = self.find(key) {
            self.remove(slot);
        }
    }

    /// Removes all keys, because any of them may have been written.
    pub fn invalidate_all(&mut self) {
        self.tickets.void_all();
        self.table.clear();
        self.entries.clear();
        (self.by_use, self.by_age) = (List::default(), List::default());
        self.bytes = 0;
    }

    /// Removes expired entries, the oldest first. Returns their number.
    ///
    /// An entry that is slightly out of order, or has a shorter life than the rest, may stay for at
    /// most one time to live. It is not served.
    pub fn redeem(&mut self, now: Time) -> usize {
        let before = self.len();
        while let Some(oldest) = self.by_age.last().filter(|slot| now > self.entries[*slot].until) {
            self.remove(oldest);
        }
        before - self.len()
    }

    /// Returns the number of entries, including expired ones that are not removed yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the cache has no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the number of bytes of all entries.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the number of evicted entries so far.
    #[must_use]
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    fn fill_until(&mut self, ticket: Ticket, value: Blob, until: Time) -> bool {
        let (key, is_valid) = self.tickets.redeem(ticket);
        let is_wanted = is_valid || self.fills == Fills::Unguarded;
        is_wanted && self.put(key, value, until)
    }

    /// Caches a value, and evicts entries until there is room. A value that is larger than the
    /// cache is not cached.
    fn put(&mut self, key: Blob, value: Blob, until: Time) -> bool {
        if let Some(slot) = self.find(&key) {
            self.remove(slot);
        }
        let bytes = Entry::bytes_of(&key, &value);
        if bytes > self.capacity.bytes || self.capacity.keys == 0 {
            return false;
        }
        while self.len() >= self.capacity.keys || self.bytes + bytes > self.capacity.bytes {
            let Some(least_recent) = self.by_use.last() else { break };
            self.remove(least_recent);
            self.evicted += 1;
        }
        let hash = self.hash_builder.hash_one(&*key);
        let links = [Links::default(); 2];
        let slot = self.entries.insert(Entry { key, value, until, links });
        let (entries, hash_builder) = (&self.entries, &self.hash_builder);
        self.table.insert_unique(hash, slot, |slot| hash_builder.hash_one(&*entries[*slot].key));
        self.by_use.push_front(&mut self.entries, slot);
        self.by_age.push_front(&mut self.entries, slot);
        self.bytes += bytes;
        true
    }

    fn find(&self, key: &Blob) -> Option<usize> {
        let hash = self.hash_builder.hash_one(&**key);
        self.table.find(hash, |slot| self.entries[*slot].key == *key).copied()
    }

    fn remove(&mut self, slot: usize) {
        self.by_use.unlink(&mut self.entries, slot);
        self.by_age.unlink(&mut self.entries, slot);
        let entry = self.entries.remove(slot);
        self.bytes -= entry.bytes();
        let hash = self.hash_builder.hash_one(&*entry.key);
        if let Ok(place) = self.table.find_entry(hash, |other| *other == slot) {
            place.remove();
        }
    }
}

/// The state that later behaviour depends on: the entries in their two orders, the tickets, and the
/// writes.
impl<S> Hash for Cache<S> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.capacity, self.ttl, self.expiry, self.fills).hash(state);
        let key_and_value =
            |Entry { key, value, until, .. }: &Entry| (key.clone(), value.clone(), *until);
        for entry in self.by_use.iter(&self.entries).map(key_and_value) {
            entry.hash(state);
        }
        for Entry { key, .. } in self.by_age.iter(&self.entries) {
            key.hash(state);
        }
        self.tickets.hash(state);
        self.writes.hash(state);
    }
}

impl<S> fmt::Debug for Cache<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.by_use.iter(&self.entries);
        f.debug_map().entries(entries.map(|entry| (&entry.key, &entry.value))).finish()
    }
}
