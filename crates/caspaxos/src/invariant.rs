//! Checks every accept that is sent: a ballot has one value.

use std::collections::BTreeMap;
use std::hash::{Hash as _, Hasher};

use history::{Key, Names, NodeId, Observation, Time};
use scenario::{Checker, Finding};
use sim::{Event, Kind, Observer};

use crate::process::Process;
use crate::{Ballot, Message, Protocol, Request};

/// A (key, ballot) has at most one state.
///
/// The checker keeps one accept per key and proposer id. The ballots under which one id sends
/// accepts for a key only grow. An accept under an earlier ballot is already a violation: a ballot
/// was not raised for an attempt, or two proposers share an id.
#[derive(Clone, Debug)]
pub struct OneValuePerBallot {
    names: Names,
    compared: fn(Ballot) -> Ballot,
    last: BTreeMap<(Key, u32), Sent>,
    /// The time of each node's last start.
    started: BTreeMap<NodeId, Time>,
    broken: Option<Breach>,
}

/// Two accepts that contradict each other.
#[derive(Clone, Copy, Debug)]
struct Breach {
    key: Key,
    first: Sent,
    second: Sent,
    /// The time of the last start of the second accept's sender.
    started: Option<Time>,
}

/// An accept that was sent.
#[derive(Clone, Copy, Debug)]
struct Sent {
    at: Time,
    by: NodeId,
    ballot: Ballot,
    state: Observation,
}

impl OneValuePerBallot {
    /// A checker that has seen no event.
    #[must_use]
    pub fn new(names: Names) -> OneValuePerBallot {
        let (last, started) = (BTreeMap::new(), BTreeMap::new());
        OneValuePerBallot { names, compared: |ballot| ballot, last, started, broken: None }
    }

    /// A checker for a variant in which only a part of a ballot counts.
    pub(crate) fn comparing(self, compared: fn(Ballot) -> Ballot) -> OneValuePerBallot {
        OneValuePerBallot { compared, ..self }
    }
}

impl Observer<Protocol> for OneValuePerBallot {
    fn event(&mut self, event: &Event<Protocol>) {
        let message = match &event.kind {
            Kind::Send { message, .. } => message,
            Kind::Start => {
                self.started.insert(event.node, event.at);
                return;
            }
            _ => return,
        };
        let Message::Request { key, ballot, request: Request::Accept(state), .. } = *message else {
            return;
        };
        let ballot = (self.compared)(ballot);
        let sent = Sent { at: event.at, by: event.node, ballot, state };
        let last = self.last.entry((key, ballot.id)).or_insert(sent);
        if ballot < last.ballot || (ballot == last.ballot && state != last.state) {
            let started = self.started.get(&sent.by).copied();
            self.broken.get_or_insert(Breach { key, first: *last, second: sent, started });
        }
        *last = sent;
    }
}

impl Checker<Process> for OneValuePerBallot {
    fn name(&self) -> &'static str {
        "one-value-per-ballot"
    }

    fn identify(&self, mut into: &mut dyn Hasher) -> bool {
        // The times of accepts and starts are for the story only.
        for ((key, id), sent) in &self.last {
            (key, id, sent.ballot, sent.state).hash(&mut into);
        }
        true
    }

    fn finding(&self) -> Option<Finding> {
        let Breach { key, first, second, started } = self.broken?;
        let key = self.names.key(key);
        let tell = |sent: Sent| {
            let (by, state) = (self.names.node(sent.by), sent.state);
            let state = match state {
                Observation::EMPTY => "the empty register".to_owned(),
                Observation { version, value } => {
                    format!("{version} (value {})", self.names.value(value))
                }
            };
            let (at, ballot) = (sent.at, sent.ballot);
            format!("At {at} {by} sent an accept for {key} under ballot {ballot}: {state}.")
        };
        let (summary, why) = if first.ballot == second.ballot {
            let summary = format!("a ballot of {key} was used for more than one state");
            (summary, "A prepare that meets both cannot decide which state counts.")
        } else {
            let summary = format!("a ballot of {key} was used after a later one of the same id");
            (summary, "Nothing prevents its use for another state.")
        };
        let mut story = vec![tell(first), tell(second)];
        let (by, id) = (self.names.node(second.by), second.ballot.id);
        if first.by != second.by {
            let other = self.names.node(first.by);
            story.push(format!("{other} and {by} both use the id {id}."));
        } else if let Some(at) = started.filter(|at| *at >= first.at) {
            story.push(format!("{by} had started again at {at}, with id {id} as before."));
        }
        story.push(why.to_owned());
        Some(Finding::invariant(summary, story))
    }
}
