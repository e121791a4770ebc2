//! Several promises to the same reads.

use history::{Entry, Names, Register};

use super::{Ages, Promise, Reads, StaleRead};
use crate::{Found, HistoryChecker};

/// Checks what reads observe against several promises, and can measure the age of the versions that
/// they saw.
#[derive(Clone, Debug)]
pub struct ReadPromises {
    reads: Vec<Reads>,
    ages: Option<Ages>,
}

impl ReadPromises {
    /// A checker that has seen no step.
    #[must_use]
    pub fn new(promises: impl IntoIterator<Item = Promise>) -> ReadPromises {
        ReadPromises { reads: promises.into_iter().map(Reads::new).collect(), ages: None }
    }

    /// Makes this checker measure ages too.
    #[must_use]
    pub fn with_ages(self) -> ReadPromises {
        ReadPromises { ages: Some(Ages::default()), ..self }
    }

    /// The first read that broke a promise.
    #[must_use]
    pub fn stale(&self) -> Option<&StaleRead> {
        self.reads.iter().find_map(Reads::broken)
    }
}

impl HistoryChecker for ReadPromises {
    type Object = Register;

    fn step(&mut self, entry: &Entry) {
        self.reads.iter_mut().for_each(|reads| reads.step(entry));
        self.ages.iter_mut().for_each(|ages| ages.step(entry));
    }

    fn finding(&self, names: &Names) -> Option<Found> {
        let stale = self.stale()?;
        let (summary, steps) = (stale.summary(names), stale.steps(names));
        Some(Found { summary, steps, clients: vec![stale.op.client] })
    }

    fn measures(&self) -> Vec<(&'static str, u64)> {
        let Some(ages) = &self.ages else { return Vec::new() };
        let age = ages.age_ns().measures(["age_p50_ns", "age_p99_ns", "age_max_ns"]);
        let names = ["versions_behind_p50", "versions_behind_p99", "versions_behind_max"];
        age.chain(ages.versions().measures(names)).collect()
    }
}
