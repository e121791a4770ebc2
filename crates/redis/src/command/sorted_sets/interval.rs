//! Intervals of a sorted set by rank, by score, or by member. Each converts to a range of ranks.

use std::ops::Range;

use crate::value::strtod;
use crate::{Blob, ErrorReply, Score, SortedSet, integer};

/// The kinds of intervals.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// Ranks, both inclusive. Negative ranks count from the end.
    Rank,
    /// Scores. A `(` makes an end exclusive.
    Score,
    /// Members, which must all have the same score. `[` makes an end inclusive and `(` exclusive.
    /// `-` and `+` are before and after all members.
    Name,
}

/// An interval of a sorted set.
pub(super) enum Interval<'a> {
    Ranks(i64, i64),
    Scores(End<Score>, End<Score>),
    Names(NameEnd<'a>, NameEnd<'a>),
}

/// One end of an interval.
#[derive(Clone, Copy)]
pub(super) enum End<T> {
    Included(T),
    Excluded(T),
}

#[derive(Clone, Copy)]
pub(super) enum NameEnd<'a> {
    BeforeAll,
    At(End<&'a [u8]>),
    AfterAll,
}

/// The direction of a command: of the ranks in its interval, and of the members in its reply.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Forward,
    Reverse,
}

impl<'a> Interval<'a> {
    /// The interval from `first` to `last`. In reverse, the greater score or member comes first.
    pub(super) fn parse(
        by: By,
        direction: Direction,
        first: &'a Blob,
        last: &'a Blob,
    ) -> Result<Interval<'a>, ErrorReply> {
        let (min, max) = match direction {
            Direction::Forward => (first, last),
            Direction::Reverse => (last, first),
        };
        match by {
            By::Rank => Ok(Interval::Ranks(integer::parse(first)?, integer::parse(last)?)),
            By::Score => parse_score(min)
                .zip(parse_score(max))
                .map(|(min, max)| Interval::Scores(min, max))
                .ok_or(ErrorReply::from_static("ERR min or max is not a float")),
            By::Name => parse_name(min)
                .zip(parse_name(max))
                .map(|(min, max)| Interval::Names(min, max))
                .ok_or(ErrorReply::from_static("ERR min or max not valid string range item")),
        }
    }

    /// The ascending ranks of the members in the interval.
    pub(super) fn ranks(&self, set: &SortedSet, direction: Direction) -> Range<usize> {
        let (start, end) = match self {
            Interval::Ranks(first, last) => return ranks(set.len(), *first, *last, direction),
            Interval::Scores(min, max) => {
                let before = |end: End<Score>| match end {
                    End::Included(bound) => {
                        set.partition_point(|_, score| score.order(bound).is_le())
                    }
                    End::Excluded(bound) => {
                        set.partition_point(|_, score| score.order(bound).is_lt())
                    }
                };
                (before(min.other_side()), before(*max))
            }
            Interval::Names(min, max) => {
                let before = |end: NameEnd<'_>| match end {
                    NameEnd::BeforeAll => 0,
                    NameEnd::At(End::Included(bound)) => {
                        set.partition_point(|name, _| **name <= *bound)
                    }
                    NameEnd::At(End::Excluded(bound)) => {
                        set.partition_point(|name, _| **name < *bound)
                    }
                    NameEnd::AfterAll => set.len(),
                };
                let min = match min {
                    NameEnd::At(end) => NameEnd::At(end.other_side()),
                    NameEnd::BeforeAll | NameEnd::AfterAll => *min,
                };
                (before(min), before(*max))
            }
        };
        start..end.max(start)
    }
}

impl<T: Copy> End<T> {
    /// The complement: the start of the interval right after one that ends here.
    const fn other_side(&self) -> End<T> {
        match *self {
            End::Included(bound) => End::Excluded(bound),
            End::Excluded(bound) => End::Included(bound),
        }
    }
}

fn ranks(len: usize, first: i64, last: i64, direction: Direction) -> Range<usize> {
    // A number of members always fits in `i64`.
    let signed_len = i64::try_from(len).unwrap_or(i64::MAX);
    let from_the_start = |rank: i64| if rank < 0 { rank.saturating_add(signed_len) } else { rank };
    let first = usize::try_from(from_the_start(first).max(0)).unwrap_or(usize::MAX).min(len);
    let end = usize::try_from(from_the_start(last).saturating_add(1).max(0)).unwrap_or(usize::MAX);
    let end = end.min(len).max(first);
    match direction {
        Direction::Forward => first..end,
        Direction::Reverse => len - end..len - first,
    }
}

/// Reads a number as C's `strtod` does. It is less strict than a score: an empty text is 0, and
/// leading blanks are allowed. A zero byte ends the text.
fn parse_score(text: &[u8]) -> Option<End<Score>> {
    let (text, is_excluded) = match text {
        [b'(', rest @ ..] => (rest, true),
        _ => (text, false),
    };
    let read = strtod(text);
    let bound = Score::new(read.number).filter(|_| matches!(text[read.len..], [] | [0, ..]))?;
    Some(if is_excluded { End::Excluded(bound) } else { End::Included(bound) })
}

fn parse_name(text: &[u8]) -> Option<NameEnd<'_>> {
    match text {
        [b'-'] | [b'-', 0, ..] => Some(NameEnd::BeforeAll),
        [b'+'] | [b'+', 0, ..] => Some(NameEnd::AfterAll),
        [b'[', name @ ..] => Some(NameEnd::At(End::Included(name))),
        [b'(', name @ ..] => Some(NameEnd::At(End::Excluded(name))),
        _ => None,
    }
}
