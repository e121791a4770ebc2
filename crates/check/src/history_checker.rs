//! What the checkers of histories have in common.

use history::{Entry, Names, NodeId, Object, Time};

/// Something that is wrong with a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// In one sentence.
    pub summary: String,
    /// What happened, in sentences, each with its time.
    pub steps: Vec<(Time, String)>,
    /// The clients that had a part in it.
    pub clients: Vec<NodeId>,
}

/// Judges what clients observed of objects of one kind, one entry of the history after the other.
pub trait HistoryChecker: Clone + 'static {
    /// The kind of objects whose history it judges.
    type Object: Object;

    /// Looks at the next entry.
    fn step(&mut self, entry: &Entry<Self::Object>);

    /// The first thing that is wrong.
    fn finding(&self, names: &Names) -> Option<Found>;

    /// What it measured, by names that end in the unit: `age_p99_ns`.
    fn measures(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }
}
