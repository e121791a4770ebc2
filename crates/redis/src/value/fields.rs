//! Hashes.

use im::OrdMap;

use super::memory::{self, Tree};
use crate::Blob;

/// Fields, each with a string: the value of a hash. They are in the order of their bytes, where
/// Redis leaves it open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fields {
    fields: OrdMap<Blob, Blob>,
    /// What the texts take in memory.
    text_bytes: usize,
}

impl Fields {
    /// Up to so many fields Redis keeps in one piece of memory (`hash-max-listpack-entries`)...
    const COMPACT_LEN_MAX: usize = 512;
    /// ... if none of them, and none of their strings, is longer than that
    /// (`hash-max-listpack-value`).
    const COMPACT_BYTES_MAX: usize = 64;

    /// The number of fields.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there is no field.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The fields and their strings.
    pub fn iter(&self) -> impl Iterator<Item = (&Blob, &Blob)> {
        self.fields.iter()
    }

    /// What `field` holds.
    #[must_use]
    pub fn get(&self, field: &Blob) -> Option<&Blob> {
        self.fields.get(field)
    }

    /// Gives `field` the string `value`, and returns what it held before.
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

    /// Whether Redis would keep it in one piece of memory.
    pub(crate) fn is_compact(&self) -> bool {
        let short = |blob: &Blob| blob.len() <= Fields::COMPACT_BYTES_MAX;
        self.len() <= Fields::COMPACT_LEN_MAX
            && self.iter().all(|(field, value)| short(field) && short(value))
    }
}
