//! Sets.

use im::OrdSet;

use super::memory::{self, Tree};
use crate::{Blob, integer};

/// The value of a set: unique strings. They are in the order of their bytes. Redis does not specify
/// the order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Set {
    members: OrdSet<Blob>,
    /// What the texts take in memory.
    text_bytes: usize,
}

impl Set {
    /// The most integers of a set that Redis stores as an intset (`set-max-intset-entries`).
    const COMPACT_LEN_MAX: usize = 512;

    /// The number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there are no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The members.
    pub fn iter(&self) -> impl Iterator<Item = &Blob> {
        self.members.iter()
    }

    /// Whether `member` is in the set.
    #[must_use]
    pub fn contains(&self, member: &Blob) -> bool {
        self.members.contains(member)
    }

    /// Adds a member. Returns whether it is new.
    pub(crate) fn insert(&mut self, member: &Blob) -> bool {
        let is_new = !self.members.contains(member);
        if is_new {
            self.members.insert(member.clone());
            self.text_bytes += memory::text(member);
        }
        is_new
    }

    /// Removes a member. Returns whether it existed.
    pub(crate) fn remove(&mut self, member: &Blob) -> bool {
        let is_removed = self.members.remove(member).is_some();
        if is_removed {
            self.text_bytes -= memory::text(member);
            if memory::fits_one_leaf_again(self.len()) {
                self.members = self.iter().cloned().collect();
            }
        }
        is_removed
    }

    /// How many bytes of memory they take.
    pub(crate) fn bytes(&self) -> usize {
        Set::TREE.bytes(self.members.len()) + self.text_bytes
    }

    /// What one of many members takes, besides its text.
    pub(crate) const MEMBER_BYTES: usize = Set::TREE.element();

    const TREE: Tree = Tree::of::<Blob, ()>();

    /// Whether Redis would keep it in one piece of memory.
    pub(crate) fn is_compact(&self) -> bool {
        self.len() <= Set::COMPACT_LEN_MAX
            && self.iter().all(|member| integer::parse(member).is_ok())
    }
}

impl FromIterator<Blob> for Set {
    fn from_iter<I: IntoIterator<Item = Blob>>(members: I) -> Set {
        let mut set = Set::default();
        for member in members {
            set.insert(&member);
        }
        set
    }
}
