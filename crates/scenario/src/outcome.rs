//! The outcome of a run.

use std::collections::BTreeMap;

use history::Fingerprint;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Ending;

/// The outcome of a run.
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
    /// Whether the verdict is as expected. Null if a single run cannot decide it.
    pub as_expected: Option<bool>,
    /// The number of events.
    pub events: u64,
    /// The number of delivered messages.
    pub delivered: u64,
    /// The virtual time of the run, in nanoseconds.
    pub virtual_ns: u64,
    /// The digest of its events.
    pub digest: Fingerprint,
    /// How the clients' operations ended.
    pub operations: Operations,
    /// The marks that were reached, and how often.
    pub marks: BTreeMap<String, u64>,
    /// The measures of the checkers, such as the age of reads.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub measures: BTreeMap<String, u64>,
    /// The values that the seed drew from the scenario's swarm, by path.
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
    /// The reason, if the run is vacuous or inconclusive.
    pub void: Option<String>,
}

/// What was found in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// No rule was broken.
    Holds,
    /// Clients observed a broken rule.
    Violation,
    /// An internal rule was broken.
    Invariant,
    /// Clients wait forever.
    Liveness,
    /// The announced operations make no sense, such as two returns of one operation.
    Malformed,
    /// No rule was broken, but the run did not reach its required marks.
    Vacuous,
    /// The run reached a limit.
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
    /// The client does not know whether it took effect.
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
    /// The actions of nodes that made it possible, in sentences, if the system can explain them.
    #[serde(default)]
    pub causes: Vec<String>,
}
