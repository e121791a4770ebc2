//! What caches may be told.

use std::collections::BTreeMap;

use history::{Key, Names, NodeId, Observation, Time, Version};

use super::told::words;

/// Nobody fills in an entry with a row that has been invalidated in that cache: a *stale set*.
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
    /// Which cache.
    pub cache: NodeId,
    /// Which entry.
    pub key: Key,
    /// What it was filled in with.
    pub state: Observation,
    /// When.
    pub at: Time,
    /// To which version the row was known to have changed.
    pub invalidated: Version,
    /// Since when.
    pub since: Time,
}

impl Fills {
    /// Has seen nothing yet.
    #[must_use]
    pub fn new() -> Fills {
        Fills::default()
    }

    /// The first stale set.
    #[must_use]
    pub fn broken(&self) -> Option<&StaleFill> {
        self.broken.as_ref()
    }

    /// A cache forgot an entry, since its row had changed to this version.
    pub fn invalidated(&mut self, at: Time, cache: NodeId, key: Key, version: Version) {
        let known = self.invalidated.entry((cache, key)).or_insert((version, at));
        if known.0 < version {
            *known = (version, at);
        }
    }

    /// A cache took this for an entry.
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
    /// In a sentence.
    #[must_use]
    pub fn summary(&self, names: &Names) -> String {
        let (cache, key) = (names.node(self.cache), names.key(self.key));
        let (version, invalidated) = (self.state.version, self.invalidated);
        format!("a stale set: {cache} took {version} for {key}, which it knew to be {invalidated}")
    }

    /// What happened, and when.
    #[must_use]
    pub fn steps(&self, names: &Names) -> Vec<(Time, String)> {
        let (cache, key) = (names.node(self.cache), names.key(self.key));
        let (invalidated, state) = (self.invalidated, words(self.state, names));
        vec![
            (self.since, format!("{cache} forgets {key}, which is {invalidated} now.")),
            (self.at, format!("{cache} takes {state} for {key}, though that is older.")),
        ]
    }
}
