//! The age of the versions that reads saw.

use std::collections::{BTreeMap, VecDeque};

use history::{Completion, Entry, Key, OpId, Step, Time, Version};

use crate::Sample;

/// The number of versions remembered for each key. A read of an older version counts as a read of
/// the oldest remembered one.
const VERSIONS_MAX: usize = 1024;

/// Measures the age of the versions that reads saw. The age is the time for which a newer version
/// had been known when the read began, and the number of newer known versions.
#[derive(Clone, Debug, Default)]
pub struct Ages {
    /// The times at which the versions of a key became known.
    known: BTreeMap<Key, VecDeque<(Version, Time)>>,
    open: BTreeMap<OpId, (Key, Time, bool, Version)>,
    age_ns: Sample,
    versions: Sample,
}

impl Ages {
    /// For how many nanoseconds the versions had been outdated. A read of the newest version counts
    /// as 0.
    #[must_use]
    pub fn age_ns(&self) -> &Sample {
        &self.age_ns
    }

    /// By how many versions they were outdated. A read of the newest version counts as 0.
    #[must_use]
    pub fn versions(&self) -> &Sample {
        &self.versions
    }

    /// Processes the next step.
    pub fn step(&mut self, entry: &Entry) {
        match &entry.step {
            Step::Invoke(invoke) => {
                let known = self.known.get(&invoke.key).and_then(VecDeque::back);
                let newest = known.map(|(version, _)| *version).unwrap_or_default();
                let is_read = invoke.action.written().is_none();
                self.open.insert(invoke.op, (invoke.key, entry.at, is_read, newest));
            }
            Step::Return(returned) => {
                let Some((key, began, is_read, newest)) = self.open.remove(&returned.op) else {
                    return;
                };
                let (Completion::Ok(seen) | Completion::Refused(seen)) = returned.completion else {
                    return;
                };
                let known = self.known.entry(key).or_default();
                if is_read {
                    let newer = known.iter().find(|(version, _)| *version > seen.version);
                    let age = newer.map_or(0, |(_, at)| began.since(*at).0);
                    self.age_ns.add(age);
                    self.versions.add(newest.0.saturating_sub(seen.version.0));
                }
                if known.back().is_none_or(|(version, _)| *version < seen.version) {
                    known.push_back((seen.version, entry.at));
                    if known.len() > VERSIONS_MAX {
                        known.pop_front();
                    }
                }
            }
            Step::Gone(client) => self.open.retain(|op, _| op.client != *client),
        }
    }
}
