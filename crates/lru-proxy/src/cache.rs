//! The cache: what is kept, for how long, and what has to go when room is needed.
//!
//! Entries are in a table by key, and in two lists: by last use, and by age. Every operation takes
//! constant time but [`Cache::redeem`], which takes as long as there is to remove, and the tickets
//! of reads that are under way, which are few.
//!
//! Invariants
//! 1. There are at most as many entries, and as many bytes, as the [`Capacity`] says.
//! 2. What is in the table is in both lists, and nothing else is.
//! 3. Time is a parameter. It is that of a monotonic clock: a wall clock that is set back would let
//!    entries live on.
//! 4. The order of the table is never looked at, so its hash function makes no difference.

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

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Capacity {
    /// The most entries.
    pub keys: usize,
    /// The most bytes that entries take, with their keys and what it takes to keep them.
    pub bytes: usize,
}

/// When an entry that is past its time is no longer served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expiry {
    /// At once: who asks for it looks at the time.
    #[default]
    Checked,
    /// Once the redeemer has come, as in the original.
    Swept,
}

/// What becomes of the reply to a read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fills {
    /// It is kept unless its key has been written since, and served unless its key is being
    /// written; its time runs from when it was asked for.
    #[default]
    Guarded,
    /// It is kept and served, whatever happens meanwhile; its time runs from when it came. As in
    /// the original.
    Unguarded,
}

/// An LRU cache whose entries live for a while.
///
/// `S` hashes keys: for hostile ones, it should be keyed by something that they do not know.
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
/// assert_eq!(cache.get(&key, second(12)), None, "its time ran from when it was asked for");
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
    /// The first is the one that was used last.
    by_use: List<BY_USE>,
    /// The first is the youngest.
    by_age: List<BY_AGE>,
    bytes: usize,
    evicted: u64,
    tickets: Tickets,
    writes: Writes,
}

const BY_USE: usize = 0;
const BY_AGE: usize = 1;

/// What is kept under a key.
#[derive(Clone, Debug, Hash)]
struct Entry {
    key: Blob,
    value: Blob,
    /// The last moment at which it is served.
    until: Time,
    links: [Links; 2],
}

impl Entry {
    /// What it takes besides the bytes of key and value: itself, and its place in the table.
    const OVERHEAD: usize = size_of::<Entry>() + 2 * size_of::<usize>();

    fn bytes(&self) -> usize {
        Entry::bytes_of(&self.key, &self.value)
    }

    fn bytes_of(key: &[u8], value: &[u8]) -> usize {
        key.len() + value.len() + Entry::OVERHEAD
    }
}

impl Cache {
    /// An empty cache, whose entries live for so long.
    #[must_use]
    pub fn new(capacity: Capacity, ttl: Span) -> Cache {
        Cache::with_hasher(capacity, ttl, Xxh3DefaultBuilder::new())
    }
}

impl<S: BuildHasher> Cache<S> {
    /// The same, with another hash function.
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

    /// The same, with the ways of the original if that is wanted.
    #[must_use]
    pub fn in_the_way_of(self, expiry: Expiry, fills: Fills) -> Cache<S> {
        Cache { expiry, fills, ..self }
    }

    /// What is kept under a key, if that is to be served now. It is the last that has to go.
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

    /// The server is about to be asked for a key: to be handed back by [`Cache::fill`] or
    /// [`Cache::give_up`].
    pub fn miss(&mut self, key: Blob, now: Time) -> Ticket {
        self.tickets.issue(key, now)
    }

    /// Whether the server is being asked for a key.
    #[must_use]
    pub fn is_asked_for(&self, key: &Blob) -> bool {
        self.tickets.is_open(key)
    }

    /// The server said what it was asked for. Whether that is kept.
    pub fn fill(&mut self, ticket: Ticket, value: Blob, now: Time) -> bool {
        let asked = ticket.asked();
        let until = match self.fills {
            Fills::Guarded => asked + self.ttl,
            Fills::Unguarded => now + self.ttl,
        };
        self.fill_until(ticket, value, until)
    }

    /// The same, for a value that is known not to live for longer than `lives` from when the server
    /// was asked.
    pub fn fill_for(&mut self, ticket: Ticket, value: Blob, lives: Span) -> bool {
        let until = ticket.asked() + lives.min(self.ttl);
        self.fill_until(ticket, value, until)
    }

    /// The server did not say, or said that there is nothing.
    pub fn give_up(&mut self, ticket: Ticket) {
        self.tickets.redeem(ticket);
    }

    /// The server is about to be asked to write a key. Until [`Cache::end_write`] somebody may have
    /// seen what is written, so what is kept is not served.
    pub fn begin_write(&mut self, key: &Blob) {
        self.writes.begin(key);
    }

    /// That is over. If it has been done, or nobody knows, [`Cache::invalidate`] is called next.
    pub fn end_write(&mut self, key: &Blob) {
        self.writes.end(key);
    }

    /// The server is about to be asked to write any keys.
    pub fn begin_write_all(&mut self) {
        self.writes.begin_all();
    }

    /// That is over. If it has been done, or nobody knows, [`Cache::invalidate_all`] is called
    /// next.
    pub fn end_write_all(&mut self) {
        self.writes.end_all();
    }

    /// A key may have been written.
    pub fn invalidate(&mut self, key: &Blob) {
        self.tickets.void(key);
        if let Some(slot) = self.find(key) {
            self.remove(slot);
        }
    }

    /// Any key may have been written.
    pub fn invalidate_all(&mut self) {
        self.tickets.void_all();
        self.table.clear();
        self.entries.clear();
        (self.by_use, self.by_age) = (List::default(), List::default());
        self.bytes = 0;
    }

    /// Removes what is past its time, beginning with the oldest. How many there were.
    ///
    /// What came in a little out of order, or was to live for less than the rest, may stay for one
    /// time to live at most; it is not served.
    pub fn redeem(&mut self, now: Time) -> usize {
        let before = self.len();
        while let Some(oldest) = self.by_age.last().filter(|slot| now > self.entries[*slot].until) {
            self.remove(oldest);
        }
        before - self.len()
    }

    /// How many entries there are, those included that are past their time and still there.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many bytes they take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many entries had to go, so far, because room was needed.
    #[must_use]
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    fn fill_until(&mut self, ticket: Ticket, value: Blob, until: Time) -> bool {
        let (key, is_valid) = self.tickets.redeem(ticket);
        let is_wanted = is_valid || self.fills == Fills::Unguarded;
        is_wanted && self.put(key, value, until)
    }

    /// Keeps a value, and lets others go until there is room. One that would take all of the room
    /// is not kept.
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

/// What the future depends on: which entries there are, in their two orders, which tickets, and
/// which writes.
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
