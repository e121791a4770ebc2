//! Reads that are under way, and whether what they bring may be kept.
//!
//! A ticket is void if its key has been written since it was issued. A key's writes are remembered
//! for as long as there is a ticket for it: memory is that of the reads under way.

use std::collections::BTreeMap;

use history::Time;
use redis::Blob;

/// The right to fill in what is kept under a key. It is void once the key has been written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[must_use = "it is to be redeemed, or given up"]
pub struct Ticket {
    key: Blob,
    asked: Time,
    /// It is void if the key was written after this many writes.
    issued: u64,
}

impl Ticket {
    /// When it was issued.
    #[must_use]
    pub fn asked(&self) -> Time {
        self.asked
    }

    /// For which key.
    #[must_use]
    pub fn key(&self) -> &Blob {
        &self.key
    }
}

/// All tickets that are out.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Tickets {
    /// How many writes there have been.
    writes: u64,
    /// Which of them was the last that may have been to any key.
    written: u64,
    open: BTreeMap<Blob, Open>,
}

/// The tickets for one key.
#[derive(Clone, Debug, Default, Hash)]
struct Open {
    tickets: usize,
    /// Which write was the last to this key.
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

    /// Takes a ticket back; whether it is valid still.
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
