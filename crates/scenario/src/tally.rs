//! Counts the events of a run, and the marks that every system has.
//!
//! | mark | reached when |
//! |---|---|
//! | `message-lost` | the network lost a message |
//! | `message-duplicated` | the network duplicated a message |
//! | `message-reordered` | a message arrived after one that was sent later on the same link |
//! | `message-cut` | a partition dropped a message |
//! | `message-held` | the nemesis held a message |
//! | `connection-lost` | a node learned that a connection broke |
//! | `node-crashed` | a node crashed |
//! | `node-paused` | a node was paused |
//! | `clock-stepped` | a wall clock jumped |
//! | `recovered` | the recovery ended all faults |

use std::collections::BTreeMap;
use std::marker::PhantomData;

use history::{NodeId, Time};
use sim::{Command, Event, Fate, Kind, Loss, MessageId, Observer};

use crate::{Operations, ProtocolOf, System};

/// The marks that any system's runs can reach.
pub(crate) const GENERAL_MARKS: [&str; 10] = [
    "message-lost",
    "message-duplicated",
    "message-reordered",
    "message-cut",
    "message-held",
    "connection-lost",
    "node-crashed",
    "node-paused",
    "clock-stepped",
    "recovered",
];

/// What happened in a run, in numbers.
#[derive(Debug)]
pub(crate) struct Tally<S> {
    pub(crate) delivered: u64,
    pub(crate) last: Time,
    pub(crate) operations: Operations,
    /// How often each mark was reached. They are few, and the frequent ones find their way to the
    /// front: to look through them is quickest.
    marks: Vec<(&'static str, u64)>,
    /// A mark that was reached and is not one that the system is said to have.
    pub(crate) undeclared: Option<String>,
    /// How many alarms the nemesis has asked for that have not rung yet.
    pub(crate) alarms: usize,
    /// The latest message that was delivered to a node from each other, by their numbers.
    latest: Vec<Vec<MessageId>>,
    system: PhantomData<fn() -> S>,
}

// A derive would ask that `S` can be cloned.
impl<S> Clone for Tally<S> {
    fn clone(&self) -> Tally<S> {
        Tally {
            delivered: self.delivered,
            last: self.last,
            operations: self.operations,
            marks: self.marks.clone(),
            undeclared: self.undeclared.clone(),
            alarms: self.alarms,
            latest: self.latest.clone(),
            system: PhantomData,
        }
    }
}

impl<S: System> Tally<S> {
    /// Counts the general marks, and those that the system is said to have.
    pub(crate) fn new() -> Tally<S> {
        Tally {
            delivered: 0,
            last: Time::ZERO,
            operations: Operations::default(),
            marks: GENERAL_MARKS.iter().chain(S::MARKS).map(|name| (*name, 0)).collect(),
            undeclared: None,
            alarms: 0,
            latest: Vec::new(),
            system: PhantomData,
        }
    }

    fn mark(&mut self, name: &str) {
        let Some(place) = self.marks.iter().position(|(known, _)| *known == name) else {
            return self.miss(name);
        };
        self.marks[place].1 += 1;
        self.marks.swap(place, place.saturating_sub(1));
    }

    #[cold]
    fn miss(&mut self, name: &str) {
        self.undeclared.get_or_insert_with(|| name.to_owned());
    }

    /// The marks that were reached, and how often.
    pub(crate) fn marks(&self) -> BTreeMap<String, u64> {
        let reached = self.marks.iter().filter(|(_, count)| *count > 0);
        reached.map(|(name, count)| ((*name).to_owned(), *count)).collect()
    }

    fn deliver(&mut self, from: NodeId, to: NodeId, id: MessageId) {
        self.delivered += 1;
        let of_receiver = place(&mut self.latest, to, Vec::new());
        let latest = place(of_receiver, from, MessageId(0));
        if *latest <= id {
            *latest = id;
        } else {
            self.mark("message-reordered");
        }
    }
}

/// Where something is kept for a node; something else, if there is nothing yet.
fn place<T: Clone>(all: &mut Vec<T>, node: NodeId, nothing: T) -> &mut T {
    if all.len() <= node.index() {
        all.resize(node.index() + 1, nothing);
    }
    &mut all[node.index()]
}

impl<S: System> Observer<ProtocolOf<S>> for Tally<S> {
    fn event(&mut self, event: &Event<ProtocolOf<S>>) {
        self.last = event.at;
        if let Some(mark) = S::mark(event) {
            self.mark(mark);
        }
        match &event.kind {
            Kind::Deliver { from, id } => self.deliver(*from, event.node, *id),
            Kind::Return(ended) => self.operations.add(&ended.completion),
            Kind::Send { fate, .. } | Kind::Release { fate, .. } => match fate {
                Fate::Dropped(Loss::Partition) => self.mark("message-cut"),
                Fate::Dropped(_) => self.mark("message-lost"),
                Fate::Duplicated(..) => self.mark("message-duplicated"),
                Fate::Held => self.mark("message-held"),
                Fate::Delivered(_) => (),
            },
            Kind::Nemesis(Command::Wake { .. }) => self.alarms += 1,
            // A recording may say anything.
            Kind::Alarm(_) => self.alarms = self.alarms.saturating_sub(1),
            Kind::ConnectionLost { .. } => self.mark("connection-lost"),
            Kind::Mark(name) => self.mark(name),
            Kind::Nemesis(Command::Crash { .. }) => self.mark("node-crashed"),
            Kind::Nemesis(Command::Pause(_)) => self.mark("node-paused"),
            Kind::Nemesis(Command::StepClock { .. }) => self.mark("clock-stepped"),
            Kind::Nemesis(Command::Mend) => self.mark("recovered"),
            _ => (),
        }
    }
}
