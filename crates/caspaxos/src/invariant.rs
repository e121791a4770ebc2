//! One value per ballot, held against every accept that is sent.

use std::collections::BTreeMap;
use std::hash::{Hash as _, Hasher};

use history::{Key, Names, NodeId, Observation, Time};
use scenario::{Checker, Finding};
use sim::{Event, Kind, Observer};

use crate::process::Process;
use crate::{Ballot, Message, Protocol, Request};

/// A (key, ballot) carries at most one state.
///
/// Remembering all ballots for ever is not needed: those under which one proposer id sends accepts
/// for a key only grow, and to go back to an earlier one is a breach already, which tells of
/// ballots that are not raised on every attempt, or of an id that two proposers have. So what is
/// kept is one accept per key and id.
#[derive(Clone, Debug)]
pub struct OneValuePerBallot {
    names: Names,
    compared: fn(Ballot) -> Ballot,
    last: BTreeMap<(Key, u32), Sent>,
    /// When each node started last.
    started: BTreeMap<NodeId, Time>,
    broken: Option<Breach>,
}

/// Two accepts that do not go together.
#[derive(Clone, Copy, Debug)]
struct Breach {
    key: Key,
    first: Sent,
    second: Sent,
    /// When the sender of the second had started last.
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
    /// Has seen nothing yet.
    #[must_use]
    pub fn new(names: Names) -> OneValuePerBallot {
        let (last, started) = (BTreeMap::new(), BTreeMap::new());
        OneValuePerBallot { names, compared: |ballot| ballot, last, started, broken: None }
    }

    /// The same for a variant in which only a part of a ballot counts.
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
            (summary, "A prepare that meets both cannot tell which of them counts.")
        } else {
            let summary = format!("a ballot of {key} was used after a later one of the same id");
            (summary, "Nothing keeps it from being used for another state than the first time.")
        };
        let mut story = vec![tell(first), tell(second)];
        let (by, id) = (self.names.node(second.by), second.ballot.id);
        if first.by != second.by {
            let other = self.names.node(first.by);
            story.push(format!("{other} and {by} both take {id} for their id."));
        } else if let Some(at) = started.filter(|at| *at >= first.at) {
            story.push(format!("{by} had started again at {at}, with id {id} as before."));
        }
        story.push(why.to_owned());
        Some(Finding::invariant(summary, story))
    }
}
