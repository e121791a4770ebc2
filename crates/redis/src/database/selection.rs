//! The numbered databases of one server, of which one is selected while a command runs.
//!
//! Commands know of the selected one only. The others wait, those that hold nothing are left out,
//! and between two commands of connections it is always number 0 that is selected: so two servers
//! are equal if they hold the same, whoever selected what.

use im::OrdMap;

use crate::{Database, Keyspace};

/// The databases that are not selected, and the number of the one that is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Selection {
    number: u8,
    /// By their numbers. None is empty and unwatched.
    others: OrdMap<u8, Keyspace>,
}

impl Database {
    /// How many numbered databases there are.
    pub(crate) const COUNT: u8 = 16;

    /// The number of the selected database.
    pub(crate) const fn selected(&self) -> u8 {
        self.selection.number
    }

    /// Selects the database of that number.
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

    /// Has each of the two hold what the other one held. Connections stay where they are, and see
    /// other keys there.
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

    /// Empties all of them.
    pub(crate) fn clear(&mut self) {
        self.change_each(Keyspace::clear);
    }

    /// Forgets who watches keys, and selects number 0.
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

    /// All that hold something, with their numbers, in the order of these.
    pub(crate) fn keyspaces(&self) -> Vec<(u8, &Keyspace)> {
        let Selection { number, others } = &self.selection;
        let others = others.iter().map(|(number, keyspace)| (*number, keyspace));
        let all = others.chain([(*number, &self.keyspace)]);
        let mut all: Vec<_> = all.filter(|(_, keyspace)| !keyspace.is_empty()).collect();
        all.sort_by_key(|(number, _)| *number);
        all
    }
}
