//! The size of the data, and the choice of keys to evict.
//!
//! The size is an estimate that depends only on the data ([`size`]). It is the bytes of each key
//! and its value, plus a fixed number for each key and each element. It has the same order of
//! magnitude as in Redis, and is the same on every machine.
//!
//! Before each command, keys are evicted one by one until the data is within `maxmemory`. Redis
//! samples a few keys and evicts the best of them. Here, the key is always the best of all: the
//! least recently used one, or the one that expires first. The time of use is a counter of uses.
//! Every command that reads a key uses it, including `TTL` and `EXISTS`. Scripts and transactions
//! evict nothing while they run.
//!
//! The ledger exists only while there is a limit.

use im::{OrdMap, OrdSet};

use crate::{Blob, Entry, UnixMillis, Value};

/// The size of a key without its bytes and its value.
const KEY_BYTES: usize = 64;
/// The size of an element without its bytes.
const ELEMENT_BYTES: usize = 32;
/// The size of a score.
const SCORE_BYTES: usize = 8;

/// The size of an entry in bytes.
pub(crate) fn size(key: &Blob, entry: &Entry) -> usize {
    let sum = |elements: &mut dyn Iterator<Item = usize>| -> usize {
        elements.map(|bytes| bytes + ELEMENT_BYTES).sum()
    };
    let value = match &entry.value {
        Value::String(string) => string.len(),
        Value::List(list) => sum(&mut list.iter().map(|element| element.len())),
        Value::Hash(fields) => sum(&mut fields.iter().map(|(name, text)| name.len() + text.len())),
        Value::Set(set) => sum(&mut set.iter().map(|member| member.len())),
        Value::SortedSet(set) => sum(&mut set.iter().map(|(member, _)| member.len() + SCORE_BYTES)),
    };
    KEY_BYTES + key.len() + value
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
