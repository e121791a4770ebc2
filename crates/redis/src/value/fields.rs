//! Hashes.

use im::OrdMap;

use crate::Blob;

/// Fields, each with a string: the value of a hash. They are in the order of their bytes, where
/// Redis leaves it open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fields(OrdMap<Blob, Blob>);

impl Fields {
    /// The number of fields.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no field.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The fields and their strings.
    pub fn iter(&self) -> impl Iterator<Item = (&Blob, &Blob)> {
        self.0.iter()
    }
}
