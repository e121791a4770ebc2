//! The size of the data, and the choice of keys to evict.
//!
//! Memory is an estimate that depends on nothing but the data ([`size`]): so it is the same on
//! every machine. It is what the structures take that hold the data here, which for small values is
//! more than Redis takes.
//!
//! Before each command, keys are evicted one by one until the data is within `maxmemory`. Redis
//! samples a few keys and evicts the best of them. Here, the key is always the best of all: the
//! least recently used one, or the one that expires first. The time of use is a counter of uses.
//! Every command that reads a key uses it, including `TTL` and `EXISTS`. Scripts and transactions
//! evict nothing while they run.
//!
//! The ledger exists only while there is a limit.

use im::{OrdMap, OrdSet};

use crate::value::memory::{self, Tree};
use crate::{Blob, Entry, UnixMillis};

/// What a key takes besides its text and its value, and besides its place in the keyspace.
const KEY_BYTES: usize = Tree::of::<Blob, Account>().element() + Tree::of::<u64, Blob>().element();
/// What a key that expires takes more.
const EXPIRY_BYTES: usize =
    Tree::of::<u64, Blob>().element() + Tree::of::<(UnixMillis, Blob), ()>().element();

/// The bytes that an entry takes, besides its place in the keyspace.
pub(crate) fn size(key: &Blob, entry: &Entry) -> usize {
    let expiry = if entry.expires.is_some() { EXPIRY_BYTES } else { 0 };
    KEY_BYTES + memory::text(key) + expiry + entry.value.bytes()
}

/// The sizes, uses and expiries of the keys of one database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Ledger {
    bytes: usize,
    /// The number of uses of all keys so far.
    clock: u64,
    accounts: OrdMap<Blob, Account>,
    by_use: OrdMap<u64, Blob>,
    /// The keys in `by_use` that have an expiry.
    volatile_by_use: OrdMap<u64, Blob>,
    by_expiry: OrdSet<(UnixMillis, Blob)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Account {
    bytes: usize,
    used: u64,
    expires: Option<UnixMillis>,
}

impl Ledger {
    /// The size of the keys and their values in bytes.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Removes all keys.
    pub(crate) fn clear(&mut self) {
        *self = Ledger { clock: self.clock, ..Ledger::default() };
    }

    /// Makes all uses from now on later than those in another ledger.
    pub(crate) fn follow(&mut self, previous: &Ledger) {
        self.clock = self.clock.max(previous.clock);
    }

    /// Records that a key was used, and its new entry, if any.
    pub(crate) fn note(&mut self, key: &Blob, entry: Option<&Entry>) {
        let bytes = entry.map(|entry| size(key, entry));
        self.write(key, bytes.zip(entry.map(|entry| entry.expires)));
    }

    /// Records that a key was used, and that its entry did not change.
    pub(crate) fn note_use(&mut self, key: &Blob) {
        let account = self.accounts.get(key).map(|account| (account.bytes, account.expires));
        self.write(key, account);
    }

    fn write(&mut self, key: &Blob, account: Option<(usize, Option<UnixMillis>)>) {
        if let Some(old) = self.accounts.remove(key) {
            self.bytes -= old.bytes;
            self.by_use.remove(&old.used);
            self.volatile_by_use.remove(&old.used);
            if let Some(expires) = old.expires {
                self.by_expiry.remove(&(expires, key.clone()));
            }
        }
        let Some((bytes, expires)) = account else {
            return;
        };
        self.clock += 1;
        let used = self.clock;
        self.bytes += bytes;
        self.by_use.insert(used, key.clone());
        if let Some(expires) = expires {
            self.volatile_by_use.insert(used, key.clone());
            self.by_expiry.insert((expires, key.clone()));
        }
        self.accounts.insert(key.clone(), Account { bytes, used, expires });
    }

    /// The least recently used key, and the time of its last use.
    pub(crate) fn least_recently_used(&self) -> Option<(u64, &Blob)> {
        self.by_use.get_min().map(|(used, key)| (*used, key))
    }

    /// The least recently used key that has an expiry, and the time of its last use.
    pub(crate) fn least_recently_used_volatile(&self) -> Option<(u64, &Blob)> {
        self.volatile_by_use.get_min().map(|(used, key)| (*used, key))
    }

    /// The key that expires first, and the time.
    pub(crate) fn first_to_expire(&self) -> Option<(u64, &Blob)> {
        self.by_expiry.get_min().map(|(expires, key)| (expires.0, key))
    }
}
