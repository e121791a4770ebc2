//! Hashes.

use im::OrdMap;

use super::memory::{self, Tree};
use crate::Blob;

/// The value of a hash: fields, each with a string. They are in the order of their bytes. Redis
/// does not specify the order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fields {
    fields: OrdMap<Blob, Blob>,
    /// What the texts take in memory.
    text_bytes: usize,
}

impl Fields {
    /// The most fields of a hash that Redis stores as a listpack (`hash-max-listpack-entries`).
    const COMPACT_LEN_MAX: usize = 512;
    /// The longest field or value of such a hash in bytes (`hash-max-listpack-value`).
    const COMPACT_BYTES_MAX: usize = 64;

    /// The number of fields.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there are no fields.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The fields and their strings.
    pub fn iter(&self) -> impl Iterator<Item = (&Blob, &Blob)> {
        self.fields.iter()
    }

    /// The value of `field`.
    #[must_use]
    pub fn get(&self, field: &Blob) -> Option<&Blob> {
        self.fields.get(field)
    }

    /// Sets `field` to `value`. Returns the old value.
    pub(crate) fn set(&mut self, field: &Blob, value: Blob) -> Option<Blob> {
        self.text_bytes += memory::text(&value);
        match self.fields.get_mut(field) {
            Some(place) => {
                let old = std::mem::replace(place, value);
                self.text_bytes -= memory::text(&old);
                Some(old)
            }
            None => {
                self.text_bytes += memory::text(field);
                self.fields.insert(field.clone(), value)
            }
        }
    }

    pub(crate) fn remove(&mut self, field: &Blob) -> Option<Blob> {
        let removed = self.fields.remove(field)?;
        self.text_bytes -= memory::text(field) + memory::text(&removed);
        if memory::fits_one_leaf_again(self.len()) {
            self.fields =
                self.iter().map(|(field, value)| (field.clone(), value.clone())).collect();
        }
        Some(removed)
    }

    /// How many bytes of memory they take.
    pub(crate) fn bytes(&self) -> usize {
        const TREE: Tree = Tree::of::<Blob, Blob>();
        TREE.bytes(self.fields.len()) + self.text_bytes
    }

    /// Whether Redis would store it as a listpack.
    pub(crate) fn is_compact(&self) -> bool {
        let short = |blob: &Blob| blob.len() <= Fields::COMPACT_BYTES_MAX;
        self.len() <= Fields::COMPACT_LEN_MAX
            && self.iter().all(|(field, value)| short(field) && short(value))
    }
}
