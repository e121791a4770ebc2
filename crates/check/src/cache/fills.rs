//! What caches may store.

use std::collections::BTreeMap;

use history::{Key, Names, NodeId, Observation, Time, Version};

use super::observed::words;

/// Checks that no fill stores a row that has already been invalidated in that cache. Such a fill is
/// a *stale set*.
///
/// ```
/// use check::cache::Fills;
/// use history::{Key, NodeId, Observation, Time, Value, Version};
///
/// let (cache, key) = (NodeId(3), Key(0));
/// let mut fills = Fills::new();
/// fills.invalidated(Time(10), cache, key, Version(2));
/// fills.filled(Time(20), cache, key, Observation { version: Version(1), value: Value(7) });
/// assert!(fills.broken().is_some());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Fills {
    invalidated: BTreeMap<(NodeId, Key), (Version, Time)>,
    broken: Option<StaleFill>,
}

/// A stale set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StaleFill {
    /// The cache.
    pub cache: NodeId,
    /// The entry.
    pub key: Key,
    /// The row that was stored.
    pub state: Observation,
    /// The time of the fill.
    pub at: Time,
    /// The version that the cache knew to be the row's newest.
    pub invalidated: Version,
    /// The time at which the cache learned of that version.
    pub since: Time,
}

impl Fills {
    /// A checker that has seen no step.
    #[must_use]
    pub fn new() -> Fills {
        Fills::default()
    }

    /// The first stale set.
    #[must_use]
    pub fn broken(&self) -> Option<&StaleFill> {
        self.broken.as_ref()
    }

    /// Records that a cache dropped an entry because its row changed to this version.
    pub fn invalidated(&mut self, at: Time, cache: NodeId, key: Key, version: Version) {
        let known = self.invalidated.entry((cache, key)).or_insert((version, at));
        if known.0 < version {
            *known = (version, at);
        }
    }

    /// Records that a cache stored this as an entry.
    pub fn filled(&mut self, at: Time, cache: NodeId, key: Key, state: Observation) {
        let Some(&(invalidated, since)) = self.invalidated.get(&(cache, key)) else {
            return;
        };
        if state.version < invalidated {
            let stale = StaleFill { cache, key, state, at, invalidated, since };
            self.broken.get_or_insert(stale);
        }
    }
}

impl StaleFill {
    /// Returns the violation in one sentence.
    #[must_use]
    pub fn summary(&self, names: &Names) -> String {
        let (cache, key) = (names.node(self.cache), names.key(self.key));
        let (version, invalidated) = (self.state.version, self.invalidated);
        format!("a stale set: {cache} took {version} for {key}, which it knew to be {invalidated}")
    }

    /// Returns the steps that led to the violation, each with its time.
    #[must_use]
    pub fn steps(&self, names: &Names) -> Vec<(Time, String)> {
        let (cache, key) = (names.node(self.cache), names.key(self.key));
        let (invalidated, state) = (self.invalidated, words(self.state, names));
        vec![
            (self.since, format!("{cache} drops {key}, because its row is {invalidated} now.")),
            (self.at, format!("{cache} stores {state} for {key}, although that is older.")),
        ]
    }
}
