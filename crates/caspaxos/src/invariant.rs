//! One value per ballot, held against every accept that is sent.

use std::collections::BTreeMap;

use history::{Key, Names, NodeId, Observation, Time};
use scenario::{Broken, Invariant};
use sim::{Event, Kind, Observer};

use crate::{Ballot, Message, Request, Timer};

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
    broken: Option<(Key, Sent, Sent)>,
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
        OneValuePerBallot { names, compared: |ballot| ballot, last: BTreeMap::new(), broken: None }
    }

    /// The same for a variant in which only a part of a ballot counts.
    pub(crate) fn comparing(self, compared: fn(Ballot) -> Ballot) -> OneValuePerBallot {
        OneValuePerBallot { compared, ..self }
    }
}

impl Observer<Message, Timer> for OneValuePerBallot {
    fn event(&mut self, event: &Event<Message, Timer>) {
        let Kind::Send { message, .. } = &event.kind else {
            return;
        };
        let Message::Request { key, ballot, request: Request::Accept(state), .. } = *message else {
            return;
        };
        let ballot = (self.compared)(ballot);
        let sent = Sent { at: event.at, by: event.node, ballot, state };
        let last = self.last.entry((key, ballot.id)).or_insert(sent);
        if ballot < last.ballot || (ballot == last.ballot && state != last.state) {
            self.broken.get_or_insert((key, *last, sent));
        }
        *last = sent;
    }
}

impl Invariant<Message, Timer> for OneValuePerBallot {
    fn broken(&self) -> Option<Broken> {
        let (key, first, second) = self.broken?;
        let key = self.names.key(key);
        let tell = |sent: Sent| {
            let (by, state) = (self.names.node(sent.by), sent.state);
            let (version, value) = (state.version, self.names.value(state.value));
            format!(
                "At {} {by} sent an accept for {key} under ballot {}: {version} by {value}.",
                sent.at, sent.ballot
            )
        };
        let (summary, why) = if first.ballot == second.ballot {
            let summary = format!("a ballot of {key} was used for more than one state");
            (summary, "A prepare that meets both cannot tell which of them counts.")
        } else {
            let summary = format!("a ballot of {key} was used after a later one of the same id");
            (summary, "Nothing keeps it from being used for another state than the first time.")
        };
        Some(Broken { summary, story: vec![tell(first), tell(second), why.to_owned()] })
    }
}
