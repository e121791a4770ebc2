//! Rule 4: versions that no client observed, and the unconditional writes that can have made them.
//!
//! A write can have made a missing version if it had noted an older one. Each write makes one
//! version. So a write that can make a version can also make every newer missing one, and greedy
//! matching decides: the *i*-th oldest note must lie below the *i*-th oldest missing version, for
//! each *i*.
//!
//! If as many writes have noted a version below a missing one as versions up to there are missing,
//! each of these writes is needed for one of these versions. Once no operation can return those
//! versions any more, both are settled and forgotten.

use history::Version;

#[derive(Clone, Debug)]
pub(super) struct Gaps {
    /// The missing versions that no compare-and-set can have made, ascending.
    missing: Vec<Version>,
    /// The versions that the writes of unknown outcome had noted, ascending.
    notes: Vec<Version>,
    /// The number of missing versions that no operation could return at the last check.
    settled: usize,
    /// Up to here, notes and missing versions have not changed since the last check.
    unchanged: usize,
}

impl Gaps {
    pub(super) fn new() -> Gaps {
        Gaps { missing: Vec::new(), notes: Vec::new(), settled: 0, unchanged: usize::MAX }
    }

    pub(super) fn len(&self) -> usize {
        self.missing.len() + self.notes.len()
    }

    /// An unconditional write begins, having noted the newest version.
    pub(super) fn write_began(&mut self, noted: Version) {
        // It can make none of the versions that are missing now.
        debug_assert!(self.notes.last().is_none_or(|last| *last <= noted));
        self.notes.push(noted);
    }

    /// The outcome of a write became known.
    pub(super) fn write_gone(&mut self, noted: Version) {
        let index = self.notes.partition_point(|other| *other < noted);
        self.notes.remove(index);
        self.unchanged = self.unchanged.min(index);
    }

    /// There is a version that only an unconditional write can have made.
    pub(super) fn missing(&mut self, version: Version) {
        if let Err(index) = self.missing.binary_search(&version) {
            self.missing.insert(index, version);
            self.unchanged = self.unchanged.min(index);
        }
    }

    /// A version that was missing is observed.
    pub(super) fn found(&mut self, version: Version) {
        // The other missing versions are as easy to fill as before.
        if let Ok(index) = self.missing.binary_search(&version) {
            self.missing.remove(index);
        }
    }

    /// The oldest version that no write can have made, when the writes are dealt out to the
    /// missing versions in ascending order.
    pub(super) fn unfillable(&self) -> Option<Version> {
        let fillable = |index: usize| {
            let noted = self.notes.get(index);
            noted.is_some_and(|noted| *noted < self.missing[index])
        };
        let unfillable = (self.unchanged..self.missing.len()).find(|index| !fillable(*index));
        unfillable.map(|index| self.missing[index])
    }

    /// Forgets what is settled, given that no operation can return a version below `oldest` any
    /// more. Returns a version if something was settled: every write that had noted less than it is
    /// accounted for.
    pub(super) fn settle(&mut self, oldest: Version) -> Option<Version> {
        let settled = match self.missing.last() {
            None => 0,
            Some(last) if *last < oldest => self.missing.len(),
            Some(_) => self.missing.partition_point(|missing| *missing < oldest),
        };
        let all_needed = |count: &usize| {
            let next_note = self.notes.get(*count);
            next_note.is_none_or(|noted| *noted >= self.missing[*count - 1])
        };
        let first_new = self.unchanged.min(self.settled + 1).max(1);
        let done = (first_new..=settled).rev().find(all_needed).unwrap_or(0);
        self.settled = settled - done;
        self.unchanged = usize::MAX;
        let last = self.missing.drain(..done).next_back()?;
        self.notes.drain(..done);
        Some(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gaps(missing: &[u64], notes: &[u64]) -> Gaps {
        let mut gaps = Gaps::new();
        notes.iter().for_each(|noted| gaps.write_began(Version(*noted)));
        missing.iter().for_each(|version| gaps.missing(Version(*version)));
        gaps
    }

    #[test]
    fn a_write_makes_one_version_above_the_one_it_noted() {
        assert_eq!(gaps(&[3], &[2]).unfillable(), None);
        assert_eq!(gaps(&[3], &[3]).unfillable(), Some(Version(3)));
        assert_eq!(gaps(&[3, 4], &[2]).unfillable(), Some(Version(4)));
        assert_eq!(gaps(&[3, 4], &[2, 3]).unfillable(), None);
        assert_eq!(gaps(&[3, 4], &[3, 3]).unfillable(), Some(Version(3)));
    }

    #[test]
    fn what_can_only_be_put_together_in_one_way_is_forgotten() {
        let mut one_too_many = gaps(&[3, 5], &[1, 2, 4]);
        assert_eq!(one_too_many.settle(Version(6)), None);
        one_too_many.write_gone(Version(2));
        assert_eq!(one_too_many.settle(Version(6)), Some(Version(5)));
        assert_eq!(one_too_many.len(), 0);
    }

    #[test]
    fn a_version_that_may_still_be_returned_is_kept() {
        let mut gaps = gaps(&[3, 5], &[1, 4]);
        assert_eq!(gaps.settle(Version(4)), Some(Version(3)));
        assert_eq!(gaps.settle(Version(4)), None);
        assert_eq!(gaps.settle(Version(6)), Some(Version(5)));
    }
}
