//! Counting what happened in a run, and the marks that every system has.
//!
//! | mark | reached when |
//! |---|---|
//! | `message-lost` | the network lost a message |
//! | `message-duplicated` | a message was made to arrive twice |
//! | `message-overtaken` | a message arrived after one that was sent later on the same link |
//! | `message-cut` | a partition swallowed a message |
//! | `message-held` | a message was kept back |
//! | `connection-lost` | a node learned that a connection broke |
//! | `node-crashed` | a node crashed |
//! | `node-paused` | a node was paused |
//! | `clock-stepped` | a wall clock jumped |

use std::collections::BTreeMap;

use history::{Completion, NodeId, Time};
use sim::{Command, Event, Fate, Kind, Loss, MessageId, Observer};

use crate::Operations;

/// The marks that any system's runs can reach.
pub(crate) const GENERAL_MARKS: [&str; 9] = [
    "message-lost",
    "message-duplicated",
    "message-overtaken",
    "message-cut",
    "message-held",
    "connection-lost",
    "node-crashed",
    "node-paused",
    "clock-stepped",
];

/// What happened in a run, in numbers.
#[derive(Clone, Debug)]
pub(crate) struct Tally<M, T> {
    pub(crate) delivered: u64,
    pub(crate) last: Time,
    pub(crate) operations: Operations,
    pub(crate) marks: BTreeMap<String, u64>,
    /// How many alarms the nemesis has asked for that have not rung yet.
    pub(crate) alarms: usize,
    /// The latest message that was delivered from a node to a node.
    latest: BTreeMap<(NodeId, NodeId), MessageId>,
    system_mark: fn(&Event<M, T>) -> Option<&'static str>,
}

impl<M, T> Tally<M, T> {
    pub(crate) fn new(system_mark: fn(&Event<M, T>) -> Option<&'static str>) -> Tally<M, T> {
        Tally {
            delivered: 0,
            last: Time::ZERO,
            operations: Operations::default(),
            marks: BTreeMap::new(),
            alarms: 0,
            latest: BTreeMap::new(),
            system_mark,
        }
    }

    fn mark(&mut self, name: &str) {
        match self.marks.get_mut(name) {
            Some(count) => *count += 1,
            None => {
                self.marks.insert(name.to_owned(), 1);
            }
        }
    }

    fn deliver(&mut self, from: NodeId, to: NodeId, id: MessageId) {
        self.delivered += 1;
        let latest = self.latest.entry((from, to)).or_insert(id);
        if *latest <= id {
            *latest = id;
        } else {
            self.mark("message-overtaken");
        }
    }
}

impl<M, T> Observer<M, T> for Tally<M, T> {
    fn event(&mut self, event: &Event<M, T>) {
        self.last = event.at;
        if let Some(mark) = (self.system_mark)(event) {
            self.mark(mark);
        }
        match &event.kind {
            Kind::Deliver { from, id } => self.deliver(*from, event.node, *id),
            Kind::Return(ended) => {
                let operations = &mut self.operations;
                *match ended.completion {
                    Completion::Ok(_) => &mut operations.ok,
                    Completion::Refused(_) => &mut operations.refused,
                    Completion::Failed => &mut operations.failed,
                    Completion::Unknown => &mut operations.unknown,
                } += 1;
            }
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
            _ => (),
        }
    }
}
