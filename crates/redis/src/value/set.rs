//! Sets.

use im::OrdSet;

use crate::{Blob, integer};

/// The value of a set: unique strings. They are in the order of their bytes. Redis does not specify
/// the order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Set(OrdSet<Blob>);

impl Set {
    /// The most integers of a set that Redis stores as an intset (`set-max-intset-entries`).
    const COMPACT_LEN_MAX: usize = 512;

    /// The number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The members.
    pub fn iter(&self) -> impl Iterator<Item = &Blob> {
        self.0.iter()
    }

    /// Whether `member` is in the set.
    #[must_use]
    pub fn contains(&self, member: &Blob) -> bool {
        self.0.contains(member)
    }

    /// Adds a member. Returns whether it is new.
    pub(crate) fn insert(&mut self, member: &Blob) -> bool {
        let is_new = !self.0.contains(member);
        if is_new {
            self.0.insert(member.clone());
        }
        is_new
    }

    /// Removes a member. Returns whether it existed.
    pub(crate) fn remove(&mut self, member: &Blob) -> bool {
        self.0.remove(member).is_some()
    }

    /// Whether Redis would store it as an intset.
    pub(crate) fn is_compact(&self) -> bool {
        self.len() <= Set::COMPACT_LEN_MAX
            && self.iter().all(|member| integer::parse(member).is_ok())
    }
}

impl FromIterator<Blob> for Set {
    fn from_iter<I: IntoIterator<Item = Blob>>(members: I) -> Set {
        Set(members.into_iter().collect())
    }
}
