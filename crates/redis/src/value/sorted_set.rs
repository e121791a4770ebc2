//! Sorted sets: members with scores, in the order of their scores.
//!
//! All intervals (by rank, score or member) are converted to a range of ranks.
//! [`SortedSet::partition_point`] finds its ends, and [`SortedSet::range`] iterates over it.
//!
//! Members are stored twice: in a map from members to scores, and in a counted tree ([`Ranking`]).
//! The tree was measured against two other persistent collections: an ordered set, which must count
//! ranks one by one, and a sorted vector. Times in nanoseconds, including the map, on one core of a
//! small server:
//!
//! | members | what                  | `OrdSet` |  `Vector` |  tree |
//! |--------:|-----------------------|---------:|----------:|------:|
//! |      10 | move a member         |      240 |       330 |   310 |
//! |      10 | the same after a copy |      620 |     1,160 |   870 |
//! |      10 | rank of a member      |      120 |       110 |    45 |
//! |      10 | ten from some rank    |       80 |        30 |   150 |
//! |   1,000 | move a member         |    2,200 |    39,000 |   740 |
//! |   1,000 | the same after a copy |    2,500 |    48,000 | 2,000 |
//! |   1,000 | rank of a member      |    3,600 |       380 |   260 |
//! |   1,000 | ten from some rank    |    3,500 |       110 |   390 |
//! | 100,000 | move a member         |    3,000 |   167,000 | 2,800 |
//! | 100,000 | the same after a copy |    8,100 |   248,000 | 4,700 |
//! | 100,000 | rank of a member      |  471,000 |     2,900 | 1,300 |
//! | 100,000 | ten from some rank    |  499,000 |       410 | 2,400 |

mod ranking;

use std::hash::{Hash, Hasher};
use std::ops::Range;

use im::OrdMap;

use self::ranking::Ranking;
use super::memory::{self, Tree};
use crate::{Blob, Score};

/// Members, each with a score. A clone shares the data that neither side changes.
///
/// ```
/// use redis::{Blob, Score, SortedSet};
///
/// let mut queue = SortedSet::default();
/// for (job, due) in [("b", 20.0), ("a", 10.0), ("c", 20.0)] {
///     queue.insert(Blob::from(job), Score::new(due).expect("a number"));
/// }
/// assert_eq!(queue.rank(&Blob::from("c")), Some(2));
/// let due = queue.partition_point(|_, score| score.number() < 15.0);
/// let jobs: Vec<&Blob> = queue.range(0..due).map(|(job, _)| job).collect();
/// assert_eq!(jobs, [&Blob::from("a")]);
/// ```
///
/// Boxed, because most values are strings, which are smaller.
#[derive(Clone, Debug, Default)]
pub struct SortedSet(Box<Members>);

#[derive(Clone, Debug, Default)]
struct Members {
    scores: OrdMap<Blob, Score>,
    /// The same members in order.
    ranking: Ranking,
    /// What the names take in memory.
    text_bytes: usize,
}

impl SortedSet {
    /// Redis's `zset-max-listpack-entries`.
    const COMPACT_LEN_MAX: usize = 128;
    /// Redis's `zset-max-listpack-value`.
    const COMPACT_BYTES_MAX: usize = 64;

    /// The number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.ranking.len()
    }

    /// Whether there are no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The score of a member.
    #[must_use]
    pub fn score(&self, member: &Blob) -> Option<Score> {
        self.0.scores.get(member).copied()
    }

    /// The number of members before this one.
    #[must_use]
    pub fn rank(&self, member: &Blob) -> Option<usize> {
        Some(self.0.ranking.rank(member, self.score(member)?))
    }

    /// Whether Redis would store it as a listpack.
    pub(crate) fn is_compact(&self) -> bool {
        let is_short = |(member, _): (&Blob, Score)| member.len() <= SortedSet::COMPACT_BYTES_MAX;
        self.len() <= SortedSet::COMPACT_LEN_MAX && self.iter().all(is_short)
    }

    /// Adds a member, or changes its score.
    ///
    /// -0 becomes 0, as in a small sorted set of Redis.
    pub fn insert(&mut self, member: Blob, score: Score) {
        let score = score.without_sign_of_zero();
        if let Some(old) = self.0.scores.insert(member.clone(), score) {
            self.0.ranking.remove(self.0.ranking.rank(&member, old));
        } else {
            self.0.text_bytes += memory::text(&member);
        }
        self.0.ranking.insert(member, score);
    }

    /// Removes a member and returns its score.
    pub fn remove(&mut self, member: &Blob) -> Option<Score> {
        let score = self.0.scores.get(member).copied()?;
        self.0.ranking.remove(self.0.ranking.rank(member, score));
        self.forget(member);
        Some(score)
    }

    /// Takes a member away that has no rank any more.
    fn forget(&mut self, member: &Blob) {
        self.0.scores.remove(member);
        self.0.text_bytes -= memory::text(member);
        if memory::fits_one_leaf_again(self.len()) {
            let scores = self.0.scores.iter();
            self.0.scores = scores.map(|(member, score)| (member.clone(), *score)).collect();
        }
    }

    /// How many bytes of memory they take.
    pub(crate) fn bytes(&self) -> usize {
        let Members { scores, text_bytes, .. } = &*self.0;
        let ranking = scores.len() * Ranking::MEMBER_BYTES;
        size_of::<Members>() + SortedSet::TREE.bytes(scores.len()) + ranking + *text_bytes
    }

    /// What one of many members takes, besides its name.
    pub(crate) const MEMBER_BYTES: usize = SortedSet::TREE.element() + Ranking::MEMBER_BYTES;

    const TREE: Tree = Tree::of::<Blob, Score>();

    /// Takes away the members of these ranks; returns how many there were.
    pub fn remove_range(&mut self, ranks: Range<usize>) -> usize {
        let end = ranks.end.min(self.len());
        let mut removed = 0;
        for _ in ranks.start..end {
            if let Some((member, _)) = self.0.ranking.remove(ranks.start) {
                self.forget(&member);
                removed += 1;
            }
        }
        removed
    }

    /// The number of members that satisfy `is_before`. It must be true for a prefix of the members
    /// and false for all others.
    pub fn partition_point(&self, is_before: impl Fn(&Blob, Score) -> bool) -> usize {
        self.0.ranking.partition_point(is_before)
    }

    /// The members with these ranks, as a double-ended iterator. Ranks past the end are ignored.
    pub fn range(
        &self,
        ranks: Range<usize>,
    ) -> impl DoubleEndedIterator<Item = (&Blob, Score)> + ExactSizeIterator {
        self.0.ranking.range(ranks)
    }

    /// All members, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Blob, Score)> + ExactSizeIterator {
        self.range(0..self.len())
    }
}

impl PartialEq for SortedSet {
    fn eq(&self, other: &SortedSet) -> bool {
        self.0.scores == other.0.scores
    }
}

impl Eq for SortedSet {}

impl Hash for SortedSet {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.scores.hash(state);
    }
}
