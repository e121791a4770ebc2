//! Lists.

use std::hash::{Hash, Hasher};
use std::ops::Range;

use im::OrdMap;

use super::memory::{self, Tree};
use crate::Blob;

/// The value of a list: strings in an order that clients choose.
///
/// It is an ordered map from numbers to elements. Numbers go down at the head and up at the tail,
/// so access, and changes at both ends, take logarithmic time. Changes in the middle renumber the
/// list. (`im::Vector` is made for this, but its `retain` corrupts memory in version 7.0.2.)
#[derive(Clone, Debug, Default)]
pub struct List {
    elements: OrdMap<i64, Blob>,
    /// What the texts take in memory.
    text_bytes: usize,
}

/// One of the ends of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The left end, at index 0.
    Head,
    /// The right end, at index -1.
    Tail,
}

impl List {
    /// The number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.elements.len()
    }

    /// Whether there are no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// The elements from the head to the tail.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Blob> + ExactSizeIterator {
        self.elements.values()
    }

    /// The elements at these zero-based indexes.
    pub fn range(&self, indexes: Range<usize>) -> impl Iterator<Item = &Blob> {
        let (start, end) = (self.number(indexes.start), self.number(indexes.end));
        self.elements.range(start..end.max(start)).map(|(_, element)| element)
    }

    /// The element at a zero-based index.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Blob> {
        self.elements.get(&self.number(index))
    }

    pub(crate) fn push(&mut self, end: End, element: Blob) {
        let number = match end {
            End::Head => self.elements.get_min().map(|(first, _)| first - 1),
            End::Tail => self.elements.get_max().map(|(last, _)| last + 1),
        };
        self.text_bytes += memory::text(&element);
        self.elements.insert(number.unwrap_or(0), element);
    }

    pub(crate) fn pop(&mut self, end: End) -> Option<Blob> {
        let number = match end {
            End::Head => self.elements.get_min()?.0,
            End::Tail => self.elements.get_max()?.0,
        };
        let removed = self.elements.remove(&number)?;
        self.text_bytes -= memory::text(&removed);
        if memory::fits_one_leaf_again(self.len()) {
            let elements = self.elements.iter();
            self.elements = elements.map(|(number, element)| (*number, element.clone())).collect();
        }
        Some(removed)
    }

    /// How many bytes of memory they take.
    pub(crate) fn bytes(&self) -> usize {
        const TREE: Tree = Tree::of::<i64, Blob>();
        TREE.bytes(self.elements.len()) + self.text_bytes
    }

    /// Replaces the element at `index`, if it exists.
    pub(crate) fn replace(&mut self, index: usize, element: Blob) -> Option<Blob> {
        let number = self.number(index);
        let place = self.elements.get_mut(&number)?;
        self.text_bytes += memory::text(&element);
        self.text_bytes -= memory::text(place);
        Some(std::mem::replace(place, element))
    }

    /// Puts `element` before the one at `index`, or after the last one. The elements of the shorter
    /// side move, each into the place of the next: no second list takes memory meanwhile.
    pub(crate) fn insert(&mut self, index: usize, mut element: Blob) {
        let index = index.min(self.len());
        if index <= self.len() / 2 {
            for place in (0..index).rev() {
                element = self.replace(place, element).unwrap_or_default();
            }
            self.push(End::Head, element);
        } else {
            for place in index..self.len() {
                element = self.replace(place, element).unwrap_or_default();
            }
            self.push(End::Tail, element);
        }
    }

    /// Keeps only the elements in `range`.
    pub(crate) fn trim(&mut self, range: Range<usize>) {
        for _ in range.end..self.len() {
            self.pop(End::Tail);
        }
        for _ in 0..range.start.min(self.len()) {
            self.pop(End::Head);
        }
    }

    /// Removes elements equal to `unwanted`, at most `count` of them, beginning at `end`. Returns
    /// how many it removed.
    pub(crate) fn remove(&mut self, unwanted: &Blob, end: End, count: usize) -> usize {
        let found = self.iter().filter(|element| *element == unwanted).count();
        let removed = found.min(count);
        let first = match end {
            End::Head => 0,
            End::Tail => found - removed,
        };
        if removed == 0 {
            return 0;
        }
        // Those that stay move up in their places: no second list takes memory meanwhile.
        let (mut seen, mut kept) = (0, 0);
        for index in 0..self.len() {
            let Some(element) = self.get(index) else { break };
            let is_unwanted = element == unwanted;
            seen += usize::from(is_unwanted);
            if is_unwanted && first < seen && seen <= first + removed {
                continue;
            }
            if kept < index {
                let element = element.clone();
                self.replace(kept, element);
            }
            kept += 1;
        }
        self.trim(0..kept);
        removed
    }

    /// The number of the element at `index`.
    fn number(&self, index: usize) -> i64 {
        let first = self.elements.get_min().map_or(0, |(first, _)| *first);
        first.saturating_add(i64::try_from(index).unwrap_or(i64::MAX))
    }
}

impl FromIterator<Blob> for List {
    fn from_iter<I: IntoIterator<Item = Blob>>(elements: I) -> List {
        let mut list = List::default();
        elements.into_iter().for_each(|element| list.push(End::Tail, element));
        list
    }
}

/// Two lists are equal if their elements are. The numbers do not matter.
impl PartialEq for List {
    fn eq(&self, other: &List) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl Eq for List {}

impl Hash for List {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.len().hash(state);
        self.iter().for_each(|element| element.hash(state));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Change {
        Push(End, u8),
        Pop(End),
        Insert(usize, u8),
        Trim(usize, usize),
        Remove(u8, End, usize),
    }

    fn change() -> impl Strategy<Value = Change> {
        let end = || prop_oneof![Just(End::Head), Just(End::Tail)];
        prop_oneof![
            20 => (end(), 0..3u8).prop_map(|(end, element)| Change::Push(end, element)),
            3 => end().prop_map(Change::Pop),
            10 => (0..300usize, 0..3u8).prop_map(|(index, element)| Change::Insert(index, element)),
            1 => (0..20usize, 0..400usize).prop_map(|(start, end)| Change::Trim(start, end)),
            1 => (0..3u8, end(), 0..5usize)
                .prop_map(|(element, end, count)| Change::Remove(element, end, count)),
        ]
    }

    proptest! {
        /// Long enough for a tree of several levels.
        #[test]
        fn a_list_does_as_a_plain_one(
            start in 0..400usize,
            changes in prop::collection::vec(change(), 0..200),
        ) {
            let blob = |element: u8| Blob::copy_from_slice(&[element]);
            let mut list = List::default();
            let mut plain = VecDeque::new();
            for element in (0..3).cycle().take(start) {
                list.push(End::Tail, blob(element));
                plain.push_back(element);
            }
            for change in changes {
                let before = list.clone();
                match change {
                    Change::Push(end, element) => {
                        list.push(end, blob(element));
                        match end {
                            End::Head => plain.push_front(element),
                            End::Tail => plain.push_back(element),
                        }
                    }
                    Change::Pop(End::Head) => {
                        prop_assert_eq!(list.pop(End::Head), plain.pop_front().map(blob));
                    }
                    Change::Pop(End::Tail) => {
                        prop_assert_eq!(list.pop(End::Tail), plain.pop_back().map(blob));
                    }
                    Change::Insert(index, element) => {
                        list.insert(index, blob(element));
                        plain.insert(index.min(plain.len()), element);
                    }
                    Change::Trim(start, end) => {
                        list.trim(start..end);
                        plain.truncate(end);
                        plain.drain(..start.min(plain.len()));
                    }
                    Change::Remove(element, end, count) => {
                        let removed = list.remove(&blob(element), end, count);
                        let mut places: Vec<usize> =
                            (0..plain.len()).filter(|place| plain[*place] == element).collect();
                        if end == End::Head {
                            places.truncate(count);
                            places.reverse();
                        } else {
                            places.reverse();
                            places.truncate(count);
                        }
                        prop_assert_eq!(removed, places.len());
                        for place in places {
                            plain.remove(place);
                        }
                    }
                }
                let elements: Vec<Blob> = list.iter().cloned().collect();
                let expected: Vec<Blob> = plain.iter().copied().map(blob).collect();
                prop_assert_eq!(elements, expected);
                drop(before);
            }
        }
    }
}
