//! A linked list through entries that are stored elsewhere. An entry can be removed from the
//! middle.

use slab::Slab;

use super::Entry;

/// The links of an entry in a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Links {
    before: Option<usize>,
    after: Option<usize>,
}

/// The list that runs through the `ORDER`-th links of entries.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct List<const ORDER: usize> {
    first: Option<usize>,
    last: Option<usize>,
}

impl<const ORDER: usize> List<ORDER> {
    /// The last entry.
    pub(super) fn last(&self) -> Option<usize> {
        self.last
    }

    /// Inserts an entry at the front.
    pub(super) fn push_front(&mut self, entries: &mut Slab<Entry>, slot: usize) {
        entries[slot].links[ORDER] = Links { before: None, after: self.first };
        match self.first {
            Some(first) => entries[first].links[ORDER].before = Some(slot),
            None => self.last = Some(slot),
        }
        self.first = Some(slot);
    }

    /// Removes an entry from the list.
    pub(super) fn unlink(&mut self, entries: &mut Slab<Entry>, slot: usize) {
        let Links { before, after } = entries[slot].links[ORDER];
        match before {
            Some(before) => entries[before].links[ORDER].after = after,
            None => self.first = after,
        }
        match after {
            Some(after) => entries[after].links[ORDER].before = before,
            None => self.last = before,
        }
    }

    /// All entries, in order.
    pub(super) fn iter<'a>(&self, entries: &'a Slab<Entry>) -> impl Iterator<Item = &'a Entry> {
        let mut next = self.first;
        std::iter::from_fn(move || {
            let entry = &entries[next?];
            next = entry.links[ORDER].after;
            Some(entry)
        })
    }
}
