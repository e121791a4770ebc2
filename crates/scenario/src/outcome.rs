//! What came of a run.

use std::collections::BTreeMap;

use history::Fingerprint;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Ending;

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Which scenario.
    pub scenario: String,
    /// Which seed.
    pub seed: String,
    /// What was found.
    pub verdict: Verdict,
    /// What was expected to be found, in words.
    pub expected: String,
    /// Whether that is as expected; null if a single run cannot tell.
    pub as_expected: Option<bool>,
    /// How many events there were.
    pub events: u64,
    /// How many messages were delivered.
    pub delivered: u64,
    /// How long it took, in nanoseconds of virtual time.
    pub virtual_ns: u64,
    /// The digest of its events.
    pub digest: Fingerprint,
    /// How the clients' operations ended.
    pub operations: Operations,
    /// The marks that were reached, and how often.
    pub marks: BTreeMap<String, u64>,
    /// What the checkers measured, such as how old what reads saw was.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub measures: BTreeMap<String, u64>,
    /// What the seed drew of the scenario's swarm: values by their paths.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub drawn: BTreeMap<String, Value>,
    /// Which answers of the seed were edited, as text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<String>,
    /// Which edits had no effect and why, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits_without_effect: Vec<String>,
    /// What was violated and how, if something was.
    pub violation: Option<Violation>,
    /// Why the run means nothing, if it means nothing.
    pub void: Option<String>,
}

/// What was found in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing wrong.
    Holds,
    /// Clients observed what they never should.
    Violation,
    /// Something inside that must always be true was not.
    Invariant,
    /// Clients were left waiting for ever.
    Liveness,
    /// The system's account of its own operations makes no sense: two ends of one operation, say.
    Malformed,
    /// Nothing wrong, but what should have gone wrong did not, so that it means nothing.
    Vacuous,
    /// A limit was reached before the run was over.
    Inconclusive,
}

impl Verdict {
    /// As it is written in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Holds => "holds",
            Verdict::Violation => "violation",
            Verdict::Invariant => "invariant",
            Verdict::Liveness => "liveness",
            Verdict::Malformed => "malformed",
            Verdict::Vacuous => "vacuous",
            Verdict::Inconclusive => "inconclusive",
        }
    }
}

/// How the clients' operations ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operations {
    /// They took effect.
    pub ok: u64,
    /// They found something else than they expected, and changed nothing.
    pub refused: u64,
    /// They had no effect.
    pub failed: u64,
    /// Nobody can tell.
    pub unknown: u64,
}

impl Operations {
    /// How many ended in this way.
    #[must_use]
    pub fn of(&self, ending: Ending) -> u64 {
        match ending {
            Ending::Ok => self.ok,
            Ending::Refused => self.refused,
            Ending::Failed => self.failed,
            Ending::Unknown => self.unknown,
        }
    }
}

/// What was violated, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The checker.
    pub by: String,
    /// In a sentence.
    pub summary: String,
    /// What happened, in order, in sentences.
    pub story: Vec<String>,
    /// The operations that cannot be put in any order: each comes before the next, for the reason
    /// given, and the last before the first.
    pub cycle: Vec<String>,
    /// What the nodes did that made it possible, in sentences, if the system can tell.
    #[serde(default)]
    pub causes: Vec<String>,
}
