//! Lists.

use std::hash::{Hash, Hasher};
use std::ops::Range;

use im::OrdMap;

use crate::Blob;

/// The value of a list: strings in an order that clients choose.
///
/// It is an ordered map from numbers to elements. Numbers go down at the head and up at the tail,
/// so access, and changes at both ends, take logarithmic time. Changes in the middle renumber the
/// list. (`im::Vector` is made for this, but its `retain` corrupts memory in version 7.0.2.)
#[derive(Clone, Debug, Default)]
pub struct List(OrdMap<i64, Blob>);

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
        self.0.len()
    }

    /// Whether there are no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The elements from the head to the tail.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Blob> + ExactSizeIterator {
        self.0.values()
    }

    /// The elements at these zero-based indexes.
    pub fn range(&self, indexes: Range<usize>) -> impl Iterator<Item = &Blob> {
        let (start, end) = (self.number(indexes.start), self.number(indexes.end));
        self.0.range(start..end.max(start)).map(|(_, element)| element)
    }

    /// The element at a zero-based index.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Blob> {
        self.0.get(&self.number(index))
    }

    pub(crate) fn push(&mut self, end: End, element: Blob) {
        let number = match end {
            End::Head => self.0.get_min().map(|(first, _)| first - 1),
            End::Tail => self.0.get_max().map(|(last, _)| last + 1),
        };
        self.0.insert(number.unwrap_or(0), element);
    }

    pub(crate) fn pop(&mut self, end: End) -> Option<Blob> {
        let number = match end {
            End::Head => self.0.get_min()?.0,
            End::Tail => self.0.get_max()?.0,
        };
        self.0.remove(&number)
    }

    /// Replaces the element at `index`, if it exists.
    pub(crate) fn replace(&mut self, index: usize, element: Blob) -> Option<Blob> {
        let number = self.number(index);
        self.0.get_mut(&number).map(|place| std::mem::replace(place, element))
    }

    /// Inserts `element` before the one at `index`, or after the last one.
    pub(crate) fn insert(&mut self, index: usize, element: Blob) {
        let index = index.min(self.len());
        let (before, after) = (self.range(0..index), self.range(index..self.len()));
        *self = before.chain([&element]).chain(after).cloned().collect();
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
        let mut seen = 0;
        let stays = |element: &&Blob| {
            let is_unwanted = *element == unwanted;
            seen += usize::from(is_unwanted);
            !(is_unwanted && first < seen && seen <= first + removed)
        };
        if removed > 0 {
            *self = self.iter().filter(stays).cloned().collect();
        }
        removed
    }

    /// The number of the element at `index`.
    fn number(&self, index: usize) -> i64 {
        let first = self.0.get_min().map_or(0, |(first, _)| *first);
        first.saturating_add(i64::try_from(index).unwrap_or(i64::MAX))
    }
}

impl FromIterator<Blob> for List {
    fn from_iter<I: IntoIterator<Item = Blob>>(elements: I) -> List {
        List((0..).zip(elements).collect())
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
