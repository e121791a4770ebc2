//! Open reads, and whether their replies may be cached.
//!
//! A ticket is void if its key has been written since it was issued. A key's writes are remembered
//! as long as there is a ticket for the key, so the number of open reads bounds the memory.

use std::collections::BTreeMap;

use history::Time;
use redis::Blob;

/// The right to cache the value of a key. It is void once the key has been written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[must_use = "end the read with fill or give_up"]
pub struct Ticket {
    key: Blob,
    asked: Time,
    /// The number of writes before it was issued. A later write of the key makes it void.
    issued: u64,
}

impl Ticket {
    /// The time at which it was issued.
    #[must_use]
    pub fn asked(&self) -> Time {
        self.asked
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &Blob {
        &self.key
    }
}

/// All issued tickets.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Tickets {
    /// The number of writes so far.
    writes: u64,
    /// The last write that may have been to any key.
    written: u64,
    open: BTreeMap<Blob, Open>,
}

/// The tickets for one key.
#[derive(Clone, Debug, Default, Hash)]
struct Open {
    tickets: usize,
    /// The last write to this key.
    written: u64,
}

impl Tickets {
    pub(super) fn issue(&mut self, key: Blob, asked: Time) -> Ticket {
        self.open.entry(key.clone()).or_default().tickets += 1;
        Ticket { key, asked, issued: self.writes }
    }

    pub(super) fn is_open(&self, key: &Blob) -> bool {
        self.open.contains_key(key)
    }

    /// Takes a ticket back, and returns whether it is still valid.
    pub(super) fn redeem(&mut self, ticket: Ticket) -> (Blob, bool) {
        let Ticket { key, issued, .. } = ticket;
        let Some(open) = self.open.get_mut(&key) else { return (key, false) };
        let is_valid = open.written.max(self.written) <= issued;
        open.tickets -= 1;
        if open.tickets == 0 {
            self.open.remove(&key);
        }
        (key, is_valid)
    }

    pub(super) fn void(&mut self, key: &Blob) {
        self.writes += 1;
        if let Some(open) = self.open.get_mut(key) {
            open.written = self.writes;
        }
    }

    pub(super) fn void_all(&mut self) {
        self.writes += 1;
        self.written = self.writes;
    }
}
