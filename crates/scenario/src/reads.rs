//! What reads through a cache are promised, held against the event stream.

use check::cache::{Ages, Promise, Reads, Sample, StaleRead};
use history::{Names, Time};
use sim::{Event, Observer};

use crate::watch::history_entry;
use crate::{Broken, Invariant};

/// An invariant of any system whose clients read: what they see keeps these promises.
#[derive(Clone, Debug)]
pub struct ReadWatch {
    reads: Vec<Reads>,
    ages: Option<Ages>,
    names: Names,
}

impl ReadWatch {
    /// Has seen nothing yet.
    #[must_use]
    pub fn new(promises: Vec<Promise>, names: Names) -> ReadWatch {
        ReadWatch { reads: promises.into_iter().map(Reads::new).collect(), ages: None, names }
    }

    /// The same, which also measures how old what reads see is.
    #[must_use]
    pub fn with_ages(self) -> ReadWatch {
        ReadWatch { ages: Some(Ages::default()), ..self }
    }

    /// The first read that broke a promise.
    #[must_use]
    pub fn stale(&self) -> Option<&StaleRead> {
        self.reads.iter().find_map(Reads::broken)
    }
}

impl<M, T> Observer<M, T> for ReadWatch {
    fn event(&mut self, event: &Event<M, T>) {
        if let Some(entry) = history_entry(event) {
            self.reads.iter_mut().for_each(|reads| reads.step(&entry));
            self.ages.iter_mut().for_each(|ages| ages.step(&entry));
        }
    }
}

impl<M, T> Invariant<M, T> for ReadWatch {
    fn broken(&self) -> Option<Broken> {
        let stale = self.stale()?;
        Some(Broken { summary: stale.summary(&self.names), story: tell(stale.steps(&self.names)) })
    }

    fn measures(&self) -> Vec<(&'static str, u64)> {
        let Some(ages) = &self.ages else { return Vec::new() };
        let age = ["age_p50_ns", "age_p99_ns", "age_max_ns"];
        let versions = ["versions_behind_p50", "versions_behind_p99", "versions_behind_max"];
        percentiles(age, ages.age_ns()).chain(percentiles(versions, ages.versions())).collect()
    }
}

/// What happened, in order.
#[must_use]
pub fn tell(mut steps: Vec<(Time, String)>) -> Vec<String> {
    steps.sort_by_key(|(at, _)| *at);
    steps.into_iter().map(|(at, what)| format!("At {at} {what}")).collect()
}

/// The median, the 99th percentile, and the largest number, as measures by these names.
pub fn percentiles(
    names: [&'static str; 3],
    sample: &Sample,
) -> impl Iterator<Item = (&'static str, u64)> {
    let numbers = [sample.percentile(50), sample.percentile(99), sample.max()];
    names.into_iter().zip(numbers).filter_map(|(name, number)| Some((name, number?)))
}
