//! The trait of all checkers of histories.

use history::{Entry, Names, NodeId, Object, Time};

/// A violation in a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The violation in one sentence.
    pub summary: String,
    /// The steps that led to the violation, each with its time.
    pub steps: Vec<(Time, String)>,
    /// The clients that took part in it.
    pub clients: Vec<NodeId>,
}

/// Checks a history of objects of one kind, one entry at a time.
pub trait HistoryChecker: Clone + 'static {
    /// The kind of objects whose history it checks.
    type Object: Object;

    /// Processes the next entry.
    fn step(&mut self, entry: &Entry<Self::Object>);

    /// Returns the first violation.
    fn finding(&self, names: &Names) -> Option<Found>;

    /// Returns the measures of the checker. A name ends in its unit: `age_p99_ns`.
    fn measures(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }
}
