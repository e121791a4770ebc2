//! Lists.

use im::Vector;

use crate::Blob;

/// Strings in the order that clients give them: the value of a list.
///
/// Both ends are cheap to reach and to change; the place of an element in between costs the
/// logarithm of the length. It is boxed because most values are strings, which are smaller.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct List(Box<Vector<Blob>>);

impl List {
    /// The number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The elements from the head to the tail.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Blob> + ExactSizeIterator {
        self.0.iter()
    }
}
