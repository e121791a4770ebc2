//! What the checkers of histories have in common.

use history::{Entry, Names, Time};

/// Judges what clients observed, one entry of the history after the other.
pub trait HistoryChecker {
    /// Looks at the next entry.
    fn step(&mut self, entry: &Entry);

    /// The first thing that is wrong: in one sentence, and what happened, each with its time.
    fn finding(&self, names: &Names) -> Option<(String, Vec<(Time, String)>)>;

    /// What it measured, by names that end in the unit: `age_p99_ns`.
    fn measures(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }
}
