//! What stands in a scenario file, whatever the system.

use std::collections::BTreeMap;

use history::{Bytes, Span};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sim::{Limits, LinkRule, Order, Report, Transport};

use crate::units::{Amount, Count, Drift, Latency, SignedSpan};

/// A scenario with all defaults filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// What it is called: its file's path below `scenarios/`, without `.toml`.
    pub name: String,
    /// What does not depend on the system.
    pub general: General,
    /// The sections of its system, by their names: its own, and those that it shares with others.
    pub sections: BTreeMap<String, Value>,
    /// What a seed has drawn of its [swarm](General::swarm): values by their paths. Nothing, as
    /// long as no seed has drawn.
    pub drawn: BTreeMap<String, Value>,
}

/// The part of a scenario file that does not depend on the system.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct General {
    /// What it shows, in a sentence.
    pub about: String,
    /// Which system it runs. The system's own section has that name.
    pub system: String,
    /// How much is done: for most systems, successful writes per client.
    pub intensity: u64,
    /// What is expected of a run.
    #[serde(default)]
    pub expect: Expect,
    /// When a run is given up.
    #[serde(default)]
    pub limits: LimitSection,
    /// How messages fare. Of several rules for a link the last applies; without one, messages
    /// arrive at once.
    #[serde(default)]
    pub link: Vec<Link>,
    /// Clocks that go wrong. The others are right.
    #[serde(default)]
    pub clock: Vec<Clock>,
    /// What goes wrong, and when: tracks that run side by side.
    #[serde(default)]
    pub nemesis: Vec<Track>,
    /// What each seed draws anew: for paths such as `link.0.loss` the values to choose from.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub swarm: BTreeMap<String, Vec<Value>>,
    /// When the faults come to an end, and how soon everybody has to get on then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<RecoverySection>,
}

/// What is expected of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expect {
    /// What each checker is to find; those that are not named are to hold.
    pub checkers: BTreeMap<String, Expected>,
    /// How operations may end.
    pub outcomes: Vec<Ending>,
    /// What a run must have reached to mean anything, such as `ballot-conflict`.
    pub marks: Vec<String>,
    /// What at least one run of so many seeds in a row must have reached.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub batch_marks: BTreeMap<String, u64>,
    /// In how many seeds in a row at least one must show the expected violation.
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
    /// Nobody can tell.
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

/// When a run is given up as inconclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitSection {
    /// After so many events.
    pub events: u64,
    /// After so much virtual time.
    pub virtual_time: Span,
    /// After so many events without virtual time passing.
    pub events_at_once: u64,
    /// With so many messages and timers under way.
    pub in_flight: usize,
    /// When the world and the checkers hold more memory than that.
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

/// How messages between two nodes, or two kinds of nodes, fare: one way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Senders: a node, a role, or `*`.
    pub from: String,
    /// Receivers: a node, a role, or `*`.
    pub to: String,
    /// Single messages, or a connection.
    #[serde(default)]
    pub transport: Transport,
    /// How long a message takes.
    #[serde(default)]
    pub delay: Latency,
    /// How often a message is lost; on a stream, how often the connection breaks.
    #[serde(default)]
    pub loss: Amount,
    /// Whether the sender of a lost message is told.
    #[serde(default)]
    pub report: Report,
    /// How often a message arrives twice.
    #[serde(default)]
    pub duplicate: Amount,
    /// Whether messages can overtake each other.
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

/// Steps of the nemesis, one after the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Track {
    /// What it is called. What chance decides for a track depends on its name, by default its place
    /// among the tracks of the file: a track with a name keeps its draws when others come and go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The steps.
    pub steps: Vec<Step>,
    /// Whether it begins again after the last step.
    #[serde(default)]
    pub repeat: bool,
    /// Whether it is followed at all. To be set from outside, or drawn.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub on: bool,
}

fn yes() -> bool {
    true
}

/// The end of all faults: the nemesis stops, the network is sound, and nodes that were down or held
/// up go on. But of a role that is named only a majority, drawn by chance, is there; the others are
/// cut off for good. Each client that is not done yet must then begin and finish an operation soon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecoverySection {
    /// When it comes.
    pub wait: Wait,
    /// Of which role only a majority comes back; of all roles everybody does, if none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// How much later every client must have finished an operation.
    pub within: Span,
    /// Whether the run is over when they have.
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

/// What a step of the nemesis waits for, from when the step before it was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Wait {
    /// So much virtual time passes.
    After(Span),
    /// So much virtual time has passed since the run began.
    At(Span),
    /// The clients together succeed in so many writes.
    Writes(Count),
    /// Each client that has written anything succeeds in so many more writes.
    WritesEach(Count),
    /// Events of this kind happen so many times.
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
    /// This mark is reached so many times.
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

/// Something that the nemesis does. Where two ends are named, each is a node, a role, or `*`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Nothing passes between these, in either direction.
    Cut(String, String),
    /// Takes back a cut.
    Heal(String, String),
    /// Nothing passes from the first to the second.
    CutOneWay(String, String),
    /// Takes back a one-way cut.
    HealOneWay(String, String),
    /// What the first sends to the second is kept back.
    Hold(String, String),
    /// What was kept back is sent on its way.
    Release(String, String),
    /// A node starts, or starts again.
    Start(String),
    /// A node crashes, and keeps what it had made durable.
    Crash(String),
    /// A node crashes, and keeps nothing.
    Wipe(String),
    /// A node crashes, and what its replica has is what it will have when it starts.
    FailOver(String),
    /// A node handles nothing for a while.
    Pause(String),
    /// A paused node goes on.
    Resume(String),
    /// Each step of a node takes so much longer.
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
