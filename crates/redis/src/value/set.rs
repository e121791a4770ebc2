//! Sets.

use im::OrdSet;

use crate::Blob;

/// Strings, each of them once: the value of a set. They are in the order of their bytes, where
/// Redis leaves it open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Set(OrdSet<Blob>);

impl Set {
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
}
