//! How much memory values take.
//!
//! The number of bytes is an estimate that depends on the data and on nothing else, so that it is
//! the same on every machine and in every copy of a server. It is made of the sizes of the
//! structures that hold the data, and was measured against the growth of a process
//! (`crates/cli/tests/serve/account.rs`).

use crate::Blob;

/// What the allocator adds to each piece of memory: a header of 8 bytes, and rounding to 16.
const ALLOCATION_BYTES: usize = 16;
/// The two counts of a shared pointer.
const COUNTS_BYTES: usize = 16;

/// The bytes that a string takes outside of its place. A short one takes none. Others share theirs,
/// which takes a second allocation.
pub(crate) fn text(blob: &Blob) -> usize {
    const SHARED_BYTES: usize = 24;
    match blob.len() {
        0..=Blob::SHORT_LEN => 0,
        len => len + SHARED_BYTES + 2 * ALLOCATION_BYTES,
    }
}

/// What an ordered map or set takes without the texts in it. It is a B+ tree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tree {
    leaf: usize,
    element: usize,
}

impl Tree {
    /// So many elements stand in one leaf, and as many children at most in a branch. A leaf takes
    /// the same memory however few are in it.
    pub(crate) const LEAF_LEN: usize = 16;

    /// Nodes are between one third and completely full. Half is what results if keys come in order.
    const FILLED: usize = Tree::LEAF_LEN / 2;

    /// The tree of an `OrdMap<K, V>`, or of an `OrdSet<K>` if `V` is `()`.
    pub(crate) const fn of<K, V>() -> Tree {
        const CHUNK_BYTES: usize = 16;
        const NODE_BYTES: usize = COUNTS_BYTES + CHUNK_BYTES + ALLOCATION_BYTES;
        let leaf = Tree::LEAF_LEN * size_of::<(K, V)>() + NODE_BYTES;
        let children = (Tree::LEAF_LEN + 1) * size_of::<usize>() + CHUNK_BYTES + size_of::<usize>();
        let branch = Tree::LEAF_LEN * size_of::<K>() + children + NODE_BYTES;
        let element = (leaf + branch / Tree::FILLED) / Tree::FILLED;
        Tree { leaf, element }
    }

    /// What `len` elements take. As many as fit in one leaf stand in one.
    pub(crate) const fn bytes(self, len: usize) -> usize {
        match len {
            0 => 0,
            1..=Tree::LEAF_LEN => self.leaf,
            _ => self.element.saturating_mul(len),
        }
    }

    /// What one of many elements takes.
    pub(crate) const fn element(self) -> usize {
        self.element
    }
}

/// Whether a tree from which an element has just been taken is to be built anew. Otherwise a few
/// elements could stand in several leaves.
pub(crate) const fn fits_one_leaf_again(len: usize) -> bool {
    len == Tree::LEAF_LEN
}

/// What one allocation of a `T` behind a shared pointer takes.
pub(crate) const fn shared<T>() -> usize {
    size_of::<T>() + COUNTS_BYTES + ALLOCATION_BYTES / 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::value::{End, Fields, List, Set, SortedSet};
    use crate::{Score, Value};

    /// Short names and long ones, few enough that most changes meet what is there.
    fn name(number: u8) -> Blob {
        let times = if number.is_multiple_of(3) { 30 } else { 1 };
        Blob::from(format!("{number}").repeat(times))
    }

    proptest! {
        /// Whatever came and went, what is left counts as if nothing else had ever been there.
        #[test]
        fn what_is_taken_away_counts_no_more(
            changes in prop::collection::vec((0..60u8, 0..60u8, 0..5u8), 0..300),
        ) {
            let (mut fields, mut set) = (Fields::default(), Set::default());
            let (mut sorted, mut list) = (SortedSet::default(), List::default());
            for (one, other, kind) in changes {
                match kind {
                    0 => {
                        fields.remove(&name(one));
                        set.remove(&name(one));
                        sorted.remove(&name(one));
                        list.remove(&name(one), End::Head, 2);
                    }
                    1 => {
                        sorted.remove_range(one.into()..other.into());
                        list.pop(End::Tail);
                        list.replace(one.into(), name(other));
                    }
                    _ => {
                        fields.set(&name(one), name(other));
                        set.insert(&name(one));
                        sorted.insert(name(one), Score::ONE);
                        list.insert(other.into(), name(one));
                    }
                }
            }
            let mut fresh = Fields::default();
            for (field, value) in fields.iter() {
                fresh.set(field, value.clone());
            }
            prop_assert_eq!(Value::Hash(fields).bytes(), Value::Hash(fresh).bytes());
            let fresh: Set = set.iter().cloned().collect();
            prop_assert_eq!(Value::Set(set).bytes(), Value::Set(fresh).bytes());
            let mut fresh = SortedSet::default();
            for (member, score) in sorted.iter() {
                fresh.insert(member.clone(), score);
            }
            prop_assert_eq!(Value::SortedSet(sorted).bytes(), Value::SortedSet(fresh).bytes());
            let fresh: List = list.iter().cloned().collect();
            prop_assert_eq!(Value::List(list).bytes(), Value::List(fresh).bytes());
        }
    }
}
