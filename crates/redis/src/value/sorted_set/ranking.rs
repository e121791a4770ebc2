//! A persistent, sorted sequence with ranks.
//!
//! It is a search tree in which each node stores the size of its subtree. The weight of a subtree
//! is its size plus one. No subtree weighs more than three times its sibling, which keeps the depth
//! below `2.5 log2(n)`. The two parameters are from "Balancing weight-balanced trees" (Hirai and
//! Yamamoto 2011). Copies share nodes until one of them changes.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use crate::value::memory;
use crate::{Blob, Score};

/// The largest ratio of the weights of siblings.
const DELTA: usize = 3;
/// The ratio of the inner to the outer grandchild below which a single rotation suffices.
const GAMMA: usize = 2;

/// Members with their scores, ordered by score. Members with equal scores are ordered by their
/// bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Ranking {
    root: Link,
}

type Link = Option<Arc<Node>>;

#[derive(Clone, Debug)]
struct Node {
    member: Blob,
    score: Score,
    len: usize,
    left: Link,
    right: Link,
}

impl Ranking {
    /// What a member takes in memory, besides its name.
    pub(super) const MEMBER_BYTES: usize = memory::shared::<Node>();

    /// How many members there are.
    pub(super) fn len(&self) -> usize {
        len(&self.root)
    }

    /// Adds a member, which must not exist with this score.
    pub(super) fn insert(&mut self, member: Blob, score: Score) {
        let node = Node { member, score, len: 1, left: None, right: None };
        insert(&mut self.root, node);
    }

    /// Removes the member at `rank`, if it exists.
    pub(super) fn remove(&mut self, rank: usize) -> Option<(Blob, Score)> {
        let node = remove(&mut self.root, rank)?;
        Some((node.member, node.score))
    }

    /// The number of members that satisfy `is_before`. It must be true for a prefix of the members
    /// and false for all others.
    pub(super) fn partition_point(&self, is_before: impl Fn(&Blob, Score) -> bool) -> usize {
        let mut link = &self.root;
        let mut before = 0;
        while let Some(node) = link {
            if is_before(&node.member, node.score) {
                before += len(&node.left) + 1;
                link = &node.right;
            } else {
                link = &node.left;
            }
        }
        before
    }

    /// The number of members before this one, which has this score.
    pub(super) fn rank(&self, member: &Blob, score: Score) -> usize {
        self.partition_point(|other, other_score| {
            order((other, other_score), (member, score)).is_lt()
        })
    }

    /// The members with these ranks, as a double-ended iterator. Ranks past the end are ignored.
    pub(super) fn range(&self, ranks: Range<usize>) -> Members<'_> {
        let end = ranks.end.min(self.len());
        let start = ranks.start.min(end);
        let mut members = Members { front: Vec::new(), back: Vec::new(), left: end - start };
        let mut link = &self.root;
        let mut skip = start;
        while let Some(node) = link {
            let before = len(&node.left);
            if skip <= before {
                members.front.push(node);
                link = &node.left;
            } else {
                skip -= before + 1;
                link = &node.right;
            }
        }
        let mut link = &self.root;
        let mut skip = self.len() - end;
        while let Some(node) = link {
            let after = len(&node.right);
            if skip <= after {
                members.back.push(node);
                link = &node.right;
            } else {
                skip -= after + 1;
                link = &node.left;
            }
        }
        members
    }
}

/// Members with their scores, in order.
#[derive(Clone, Debug)]
pub(super) struct Members<'a> {
    /// The path to the next node from the front: the nodes whose left subtrees are done or on the
    /// path. The next one is last.
    front: Vec<&'a Node>,
    /// The path to the next node from the back.
    back: Vec<&'a Node>,
    left: usize,
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a Blob, Score);

    fn next(&mut self) -> Option<(&'a Blob, Score)> {
        self.left = self.left.checked_sub(1)?;
        let node = self.front.pop()?;
        let mut link = &node.right;
        while let Some(node) = link {
            self.front.push(node);
            link = &node.left;
        }
        Some((&node.member, node.score))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl DoubleEndedIterator for Members<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let node = self.back.pop()?;
        let mut link = &node.left;
        while let Some(node) = link {
            self.back.push(node);
            link = &node.right;
        }
        Some((&node.member, node.score))
    }
}

impl ExactSizeIterator for Members<'_> {}

fn order((a, a_score): (&Blob, Score), (b, b_score): (&Blob, Score)) -> Ordering {
    a_score.order(b_score).then_with(|| a.cmp(b))
}

fn len(link: &Link) -> usize {
    link.as_ref().map_or(0, |node| node.len)
}

fn weight(link: &Link) -> usize {
    len(link) + 1
}

fn insert(link: &mut Link, new: Node) {
    let Some(node) = link else {
        *link = Some(Arc::new(new));
        return;
    };
    let node = Arc::make_mut(node);
    match order((&new.member, new.score), (&node.member, node.score)) {
        Ordering::Less => insert(&mut node.left, new),
        _ => insert(&mut node.right, new),
    }
    node.balance();
}

fn remove(link: &mut Link, rank: usize) -> Option<Node> {
    let node = Arc::make_mut(link.as_mut()?);
    let before = len(&node.left);
    let removed = match rank.cmp(&before) {
        Ordering::Less => remove(&mut node.left, rank),
        Ordering::Greater => remove(&mut node.right, rank - before - 1),
        Ordering::Equal => {
            // The next member replaces it, unless the right subtree is empty.
            let Some(mut next) = remove(&mut node.right, 0) else {
                let left = node.left.take();
                return std::mem::replace(link, left).map(Arc::unwrap_or_clone);
            };
            std::mem::swap(&mut next.member, &mut node.member);
            std::mem::swap(&mut next.score, &mut node.score);
            Some(next)
        }
    };
    node.balance();
    removed
}

impl Node {
    fn count(&mut self) {
        self.len = len(&self.left) + 1 + len(&self.right);
    }

    /// Restores the balance after one insertion or removal below.
    fn balance(&mut self) {
        let (left, right) = (weight(&self.left), weight(&self.right));
        if left > DELTA * right {
            if let Some(child) = self.left.as_mut().map(Arc::make_mut)
                && weight(&child.right) >= GAMMA * weight(&child.left)
            {
                child.rotate_left();
            }
            self.rotate_right();
        } else if right > DELTA * left {
            if let Some(child) = self.right.as_mut().map(Arc::make_mut)
                && weight(&child.left) >= GAMMA * weight(&child.right)
            {
                child.rotate_right();
            }
            self.rotate_left();
        } else {
            self.count();
        }
    }

    /// The right child replaces this node, which becomes its left child.
    fn rotate_left(&mut self) {
        let Some(mut up) = self.right.take() else {
            return;
        };
        let child = Arc::make_mut(&mut up);
        std::mem::swap(self, child);
        // `child` is now the old node.
        child.right = self.left.take();
        child.count();
        self.left = Some(up);
        self.count();
    }

    /// The left child replaces this node, which becomes its right child.
    fn rotate_right(&mut self) {
        let Some(mut up) = self.left.take() else {
            return;
        };
        let child = Arc::make_mut(&mut up);
        std::mem::swap(self, child);
        // `child` is now the old node.
        child.left = self.right.take();
        child.count();
        self.right = Some(up);
        self.count();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Collects the members of a subtree in order. Checks every size and every balance.
    fn checked<'a>(link: &'a Link, members: &mut Vec<(&'a Blob, Score)>) {
        let Some(node) = link else {
            return;
        };
        let before = members.len();
        checked(&node.left, members);
        members.push((&node.member, node.score));
        checked(&node.right, members);
        assert_eq!(node.len, members.len() - before);
        let (left, right) = (weight(&node.left), weight(&node.right));
        assert!(left <= DELTA * right && right <= DELTA * left, "{left} beside {right}");
    }

    proptest! {
        #[test]
        fn it_is_a_sorted_vector_that_stays_balanced(
            changes in prop::collection::vec((any::<bool>(), 0..100_u32, 0..4_u32), 0..300),
            ranks in (0..80_usize, 0..80_usize),
        ) {
            let mut ranking = Ranking::default();
            let mut twin: Vec<(Blob, Score)> = Vec::new();
            let mut copies = Vec::new();
            for (adds, number, score) in changes {
                let member = Blob::format(format_args!("{number}"));
                let score = Score::new(f64::from(score)).expect("a number");
                let place = ranking.rank(&member, score);
                let twin_place =
                    twin.partition_point(|(a, b)| order((a, *b), (&member, score)).is_lt());
                prop_assert_eq!(place, twin_place);
                let is_there = twin.get(place) == Some(&(member.clone(), score));
                copies.push((ranking.clone(), twin.clone()));
                if adds && !is_there {
                    ranking.insert(member.clone(), score);
                    twin.insert(place, (member, score));
                } else if !adds && place < twin.len() {
                    prop_assert_eq!(ranking.remove(place), Some(twin.remove(place)));
                }
            }
            copies.push((ranking, twin));
            for (ranking, twin) in copies.iter().rev().step_by(20) {
                let mut members = Vec::new();
                checked(&ranking.root, &mut members);
                let expected: Vec<(&Blob, Score)> = twin.iter().map(|(a, b)| (a, *b)).collect();
                prop_assert_eq!(&members, &expected);
                let start = ranks.0.min(twin.len());
                let expected = &expected[start..ranks.1.clamp(start, twin.len())];
                let range = || ranking.range(ranks.0..ranks.1);
                prop_assert_eq!(range().collect::<Vec<_>>(), expected);
                let backwards: Vec<_> = expected.iter().copied().rev().collect();
                prop_assert_eq!(range().rev().collect::<Vec<_>>(), backwards);
            }
        }
    }
}
