//! The numbered databases of one server.
//!
//! Commands see only the selected database. Empty databases are not stored. Between two commands,
//! number 0 is selected. So two servers with the same data are equal, whichever databases their
//! connections have selected.

use im::OrdMap;

use crate::{Database, Keyspace};

/// The databases that are not selected, and the number of the selected one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Selection {
    number: u8,
    /// The other databases by number. Each holds keys or is watched.
    others: OrdMap<u8, Keyspace>,
}

impl Database {
    /// The number of databases.
    pub(crate) const COUNT: u8 = 16;

    /// The number of the selected database.
    pub(crate) const fn selected(&self) -> u8 {
        self.selection.number
    }

    /// Selects the database with this number.
    #[inline]
    pub(crate) fn select(&mut self, number: u8) {
        if number != self.selection.number {
            self.exchange(number);
        }
    }

    fn exchange(&mut self, number: u8) {
        let Selection { number: selected, others } = &mut self.selection;
        let mut next = others.remove(&number).unwrap_or_else(|| self.keyspace.another());
        next.follow(&self.keyspace);
        let previous = std::mem::replace(&mut self.keyspace, next);
        if !previous.is_unused() {
            others.insert(*selected, previous);
        }
        *selected = number;
    }

    /// Swaps the data of two databases. Connections keep their selected number, and see the other
    /// keys.
    pub(crate) fn swap(&mut self, one: u8, other: u8) {
        let selected = self.selected();
        if one != other {
            self.select(one);
            let mut first = self.keyspace.clone();
            self.select(other);
            first.exchange(&mut self.keyspace);
            first.follow(&self.keyspace);
            self.select(one);
            self.keyspace = first;
        }
        self.select(selected);
    }

    /// Empties all databases.
    pub(crate) fn clear(&mut self) {
        self.change_each(Keyspace::clear);
    }

    /// Drops all watches, and selects number 0.
    pub(super) fn disconnect(&mut self) {
        self.select(0);
        self.change_each(Keyspace::forget_watchers);
    }

    pub(super) fn change_each(&mut self, change: impl Fn(&mut Keyspace)) {
        change(&mut self.keyspace);
        for (number, mut keyspace) in std::mem::take(&mut self.selection.others) {
            change(&mut keyspace);
            if !keyspace.is_unused() {
                self.selection.others.insert(number, keyspace);
            }
        }
    }

    /// All databases that hold keys, in the order of their numbers.
    pub(crate) fn keyspaces(&self) -> Vec<(u8, &Keyspace)> {
        let Selection { number, others } = &self.selection;
        let others = others.iter().map(|(number, keyspace)| (*number, keyspace));
        let all = others.chain([(*number, &self.keyspace)]);
        let mut all: Vec<_> = all.filter(|(_, keyspace)| !keyspace.is_empty()).collect();
        all.sort_by_key(|(number, _)| *number);
        all
    }
}
