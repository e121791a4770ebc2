//! Sorted sets.

/// Strings, each of them once, ordered by a score: the value of a sorted set. No command makes one
/// yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SortedSet {}

impl SortedSet {
    /// Whether there is no member.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        true
    }
}
