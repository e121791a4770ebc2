//! Sets.

use im::OrdSet;

use crate::{Blob, integer};

/// Strings, each of them once: the value of a set. They are in the order of their bytes, where
/// Redis leaves it open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Set(OrdSet<Blob>);

impl Set {
    /// Up to so many integers Redis keeps in one piece of memory (`set-max-intset-entries`).
    const COMPACT_LEN_MAX: usize = 512;

    /// The number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The members.
    pub fn iter(&self) -> impl Iterator<Item = &Blob> {
        self.0.iter()
    }

    /// Whether `member` is one.
    #[must_use]
    pub fn contains(&self, member: &Blob) -> bool {
        self.0.contains(member)
    }

    /// Returns whether `member` was none before.
    pub(crate) fn insert(&mut self, member: &Blob) -> bool {
        let is_new = !self.0.contains(member);
        if is_new {
            self.0.insert(member.clone());
        }
        is_new
    }

    /// Returns whether `member` was one before.
    pub(crate) fn remove(&mut self, member: &Blob) -> bool {
        self.0.remove(member).is_some()
    }

    /// Whether Redis would keep it in one piece of memory.
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
