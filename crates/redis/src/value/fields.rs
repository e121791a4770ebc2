//! Hashes.

use im::OrdMap;

use crate::Blob;

/// The value of a hash: fields, each with a string. They are in the order of their bytes. Redis
/// does not specify the order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fields(OrdMap<Blob, Blob>);

impl Fields {
    /// The most fields of a hash that Redis stores as a listpack (`hash-max-listpack-entries`).
    const COMPACT_LEN_MAX: usize = 512;
    /// The longest field or value of such a hash in bytes (`hash-max-listpack-value`).
    const COMPACT_BYTES_MAX: usize = 64;

    /// The number of fields.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no fields.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The fields and their strings.
    pub fn iter(&self) -> impl Iterator<Item = (&Blob, &Blob)> {
        self.0.iter()
    }

    /// The value of `field`.
    #[must_use]
    pub fn get(&self, field: &Blob) -> Option<&Blob> {
        self.0.get(field)
    }

    /// Sets `field` to `value`. Returns the old value.
    pub(crate) fn set(&mut self, field: &Blob, value: Blob) -> Option<Blob> {
        match self.0.get_mut(field) {
            Some(place) => Some(std::mem::replace(place, value)),
            None => self.0.insert(field.clone(), value),
        }
    }

    pub(crate) fn remove(&mut self, field: &Blob) -> Option<Blob> {
        self.0.remove(field)
    }

    /// Whether Redis would store it as a listpack.
    pub(crate) fn is_compact(&self) -> bool {
        let short = |blob: &Blob| blob.len() <= Fields::COMPACT_BYTES_MAX;
        self.len() <= Fields::COMPACT_LEN_MAX
            && self.iter().all(|(field, value)| short(field) && short(value))
    }
}
