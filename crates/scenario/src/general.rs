//! The part of a scenario file that all systems share.

use std::collections::BTreeMap;

use history::{Bytes, Span};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sim::{Limits, LinkRule, Order, Report, Transport};

use crate::units::{Amount, Count, Drift, Latency, SignedSpan};

/// A scenario with all defaults filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// The name: its file's path below `scenarios/`, without `.toml`.
    pub name: String,
    /// What does not depend on the system.
    pub general: General,
    /// The sections of its system, by their names: its own, and those that it shares with others.
    pub sections: BTreeMap<String, Value>,
    /// The values that a seed has drawn from the [swarm](General::swarm), by path. Empty before the
    /// draw.
    pub drawn: BTreeMap<String, Value>,
}

/// The part of a scenario file that does not depend on the system.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct General {
    /// A sentence on what the scenario shows.
    pub about: String,
    /// The name of the system, and of the system's own section.
    pub system: String,
    /// The amount of work: for most systems, successful writes per client.
    pub intensity: u64,
    /// What is expected of a run.
    #[serde(default)]
    pub expect: Expect,
    /// The limits of a run.
    #[serde(default)]
    pub limits: LimitSection,
    /// The rules for links. The last matching rule wins. Without a rule messages arrive
    /// immediately.
    #[serde(default)]
    pub link: Vec<Link>,
    /// The clocks that are wrong. The other clocks are right.
    #[serde(default)]
    pub clock: Vec<Clock>,
    /// The tracks of the nemesis, which run side by side.
    #[serde(default)]
    pub nemesis: Vec<Track>,
    /// The values that each seed draws: for each path, such as `link.0.loss`, the values to choose
    /// from.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub swarm: BTreeMap<String, Vec<Value>>,
    /// The end of all faults, and the time in which every client must then make progress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<RecoverySection>,
}

/// What is expected of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expect {
    /// The expectation of each checker. The default is `holds`.
    pub checkers: BTreeMap<String, Expected>,
    /// The allowed outcomes of operations.
    pub outcomes: Vec<Ending>,
    /// The marks that each run must reach, such as `ballot-conflict`.
    pub marks: Vec<String>,
    /// The marks that at least one of any N consecutive seeds must reach.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub batch_marks: BTreeMap<String, u64>,
    /// At least one of any N consecutive seeds must show the expected violation.
    pub within_seeds: u64,
}

impl Default for Expect {
    fn default() -> Expect {
        let outcomes = vec![Ending::Ok, Ending::Refused, Ending::Failed, Ending::Unknown];
        let (checkers, marks, batch_marks) = Default::default();
        Expect { checkers, outcomes, marks, batch_marks, within_seeds: 1 }
    }
}

/// A way in which an operation can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// It took effect.
    Ok,
    /// It found something else than it expected.
    Refused,
    /// It had no effect.
    Failed,
    /// The client does not know whether it took effect.
    Unknown,
}

/// What is expected of a [checker](crate::Checker).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expected {
    /// It finds nothing wrong.
    Holds,
    /// It finds a violation.
    Violates,
    /// It may find a violation.
    MayViolate,
    /// It does not watch.
    Off,
}

/// The limits of a run. A run that reaches one is inconclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitSection {
    /// The maximum number of events.
    pub events: u64,
    /// The maximum virtual time.
    pub virtual_time: Span,
    /// The maximum number of events at one moment of virtual time.
    pub events_at_once: u64,
    /// The maximum number of messages and timers in flight.
    pub in_flight: usize,
    /// The maximum memory of the world and the checkers.
    pub memory: Bytes,
}

impl Default for LimitSection {
    fn default() -> LimitSection {
        let Limits { events, time, events_at_once, in_flight, memory } = Limits::default();
        let memory = Bytes(memory);
        LimitSection { events, virtual_time: time, events_at_once, in_flight, memory }
    }
}

impl From<LimitSection> for Limits {
    fn from(section: LimitSection) -> Limits {
        let LimitSection { events, virtual_time: time, events_at_once, in_flight, memory } =
            section;
        Limits { events, time, events_at_once, in_flight, memory: memory.0 }
    }
}

/// The rule for messages in one direction, between nodes or roles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Senders: a node, a role, or `*`.
    pub from: String,
    /// Receivers: a node, a role, or `*`.
    pub to: String,
    /// The transport: single messages, or a connection.
    #[serde(default)]
    pub transport: Transport,
    /// The delay of a message.
    #[serde(default)]
    pub delay: Latency,
    /// The probability that a message is lost. On a stream, the connection breaks.
    #[serde(default)]
    pub loss: Amount,
    /// Whether a loss is reported to the sender.
    #[serde(default)]
    pub report: Report,
    /// The probability that a message is duplicated.
    #[serde(default)]
    pub duplicate: Amount,
    /// Whether messages can be reordered.
    #[serde(default)]
    pub order: Order,
}

impl Link {
    /// The rule for the simulator.
    #[must_use]
    pub fn rule(&self) -> LinkRule {
        LinkRule {
            transport: self.transport,
            delay: self.delay.0,
            loss: self.loss.0,
            report: self.report,
            duplicate: self.duplicate.0,
            order: self.order,
        }
    }
}

/// A node whose clock is wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// Which node.
    pub node: String,
    /// How far ahead its wall clock is when the run begins.
    #[serde(default)]
    pub offset: SignedSpan,
    /// How much faster than true time its clocks run.
    #[serde(default)]
    pub drift: Drift,
}

/// A track of the nemesis: steps in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Track {
    /// The name, which decides the draws of the track. The default is its place in the file. A
    /// track with a name keeps its draws when other tracks are added or removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The steps.
    pub steps: Vec<Step>,
    /// Whether it begins again after the last step.
    #[serde(default)]
    pub repeat: bool,
    /// Whether the track is active. For `--set` and `swarm`.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub on: bool,
}

fn yes() -> bool {
    true
}

/// The end of all faults. The nemesis stops, the network heals, and nodes that were down, paused or
/// slow run again. If a role is named, only a random majority of it comes back, and the others are
/// cut off for good. Each unfinished client must then begin and finish an operation in time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecoverySection {
    /// The start of the recovery.
    pub wait: Wait,
    /// The role of which only a majority comes back. Without it all nodes come back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The time in which every client must finish an operation.
    pub within: Span,
    /// Whether the run ends after that.
    #[serde(default)]
    pub ends_run: bool,
}

/// A step of the nemesis: wait, then act.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What it waits for.
    pub wait: Wait,
    /// What it does then.
    #[serde(default, rename = "do")]
    pub actions: Vec<Action>,
}

/// What a step of the nemesis waits for, starting when the previous step is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Wait {
    /// This much virtual time has passed.
    After(Span),
    /// This much virtual time has passed since the start of the run.
    At(Span),
    /// The clients together succeed in this many writes.
    Writes(Count),
    /// Each client that has written succeeds in this many more writes.
    WritesEach(Count),
    /// This many events of this kind happen.
    Event {
        /// The kind, as it is called in a recording: `deliver`, `start`, `mark`...
        kind: String,
        /// At this node; at any, if none is named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<String>,
        /// How many times.
        #[serde(default = "once")]
        times: Count,
    },
    /// This mark is reached this many times.
    Mark {
        /// Which.
        name: String,
        /// How many times.
        #[serde(default = "once")]
        times: Count,
    },
}

fn once() -> Count {
    Count { min: 1, max: 1 }
}

/// An action of the nemesis. Each end of a link is a node, a role, or `*`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// No message passes between these nodes, in either direction.
    Cut(String, String),
    /// Undoes a cut.
    Heal(String, String),
    /// No message passes from the first to the second.
    CutOneWay(String, String),
    /// Undoes a one-way cut.
    HealOneWay(String, String),
    /// Messages from the first to the second are held.
    Hold(String, String),
    /// Held messages are released.
    Release(String, String),
    /// A node starts, or starts again.
    Start(String),
    /// A node crashes, and keeps what it had made durable.
    Crash(String),
    /// A node crashes, and keeps nothing.
    Wipe(String),
    /// A node crashes, and starts with the state of its replica.
    FailOver(String),
    /// A node handles no input until it resumes.
    Pause(String),
    /// A paused node resumes.
    Resume(String),
    /// Each step of a node takes this much longer.
    Slow {
        /// Which node.
        node: String,
        /// How much; `0s` makes it as fast as ever.
        by: Span,
    },
    /// A node's wall clock jumps.
    StepClock {
        /// Which node.
        node: String,
        /// How far ahead; negative is back.
        by: SignedSpan,
    },
}
