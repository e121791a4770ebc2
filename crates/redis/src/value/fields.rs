//! Hashes.

use im::OrdMap;

use crate::Blob;

/// Fields, each with a string: the value of a hash. They are in the order of their bytes, where
/// Redis leaves it open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fields(OrdMap<Blob, Blob>);

impl Fields {
    /// Up to so many fields Redis keeps in one piece of memory (`hash-max-listpack-entries`)...
    const COMPACT_LEN_MAX: usize = 512;
    /// ... if none of them, and none of their strings, is longer than that
    /// (`hash-max-listpack-value`).
    const COMPACT_BYTES_MAX: usize = 64;

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

    /// What `field` holds.
    #[must_use]
    pub fn get(&self, field: &Blob) -> Option<&Blob> {
        self.0.get(field)
    }

    /// Gives `field` the string `value`, and returns what it held before.
    pub(crate) fn set(&mut self, field: &Blob, value: Blob) -> Option<Blob> {
        match self.0.get_mut(field) {
            Some(place) => Some(std::mem::replace(place, value)),
            None => self.0.insert(field.clone(), value),
        }
    }

    pub(crate) fn remove(&mut self, field: &Blob) -> Option<Blob> {
        self.0.remove(field)
    }

    /// Whether Redis would keep it in one piece of memory.
    pub(crate) fn is_compact(&self) -> bool {
        let short = |blob: &Blob| blob.len() <= Fields::COMPACT_BYTES_MAX;
        self.len() <= Fields::COMPACT_LEN_MAX
            && self.iter().all(|(field, value)| short(field) && short(value))
    }
}
