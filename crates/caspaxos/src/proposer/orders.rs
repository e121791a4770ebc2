//! The orders of the orchestrator to a proposer.
//!
//! A proposer's age, floor and configuration survive a crash. With an older one it could write
//! below a tombstone, or use acceptors that have left. So the proposer stores them before it
//! reports the order.

use history::{Action, Key, NodeId, Observation};
use sim::Context;

use super::{Asker, Attempt, Phase, Proposer};
use crate::change::{Changed, Comparing};
use crate::leadership::Leadership;
use crate::order::{Accepting, Order, Report};
use crate::{Answer, Ballot, Configuration, Message, Protocol, Quorum};

type Cx<'a> = Context<'a, Protocol>;

/// The sender and the number of the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ordered {
    orchestrator: NodeId,
    number: u32,
}

impl<L: Leadership> Proposer<L> {
    /// Allows deletions. The proposer then compares whole states, because versions start over after
    /// a deletion. It notifies the orchestrator of each deletion, so that the orchestrator collects
    /// the tombstones.
    #[must_use]
    pub fn with_deletions(self, orchestrator: NodeId, comparing: Comparing) -> Proposer<L> {
        Proposer { collector: Some(orchestrator), comparing, ..self }
    }

    pub(super) fn apply(&mut self, cx: &mut Cx<'_>, from: NodeId, number: u32, order: Order) {
        let ordered = Ordered { orchestrator: from, number };
        match order {
            Order::Commit { key, by } => return self.commit(cx, ordered, key, by),
            Order::Forget { key, tombstone } => self.forget(cx, key, tombstone),
            Order::Configure { epoch, configuration } => self.configure(cx, epoch, configuration),
            Order::Retire => self.retire(cx),
            Order::Reject(_) | Order::Erase { .. } | Order::Sweep => return,
        }
        ordered.report(cx, Report::Age(self.age));
    }

    /// Commits a register again. If its lock is taken, the orchestrator repeats the order.
    fn commit(&mut self, cx: &mut Cx<'_>, ordered: Ordered, key: Key, by: Accepting) {
        if !self.is_off() && !self.attempts.contains_key(&key) {
            self.begin(cx, Asker::Orchestrator(ordered, by), key, Action::Read);
        }
    }

    /// Forgets a register and begins a new age. All earlier messages have an older age, and all
    /// later messages about this register are above the tombstone.
    fn forget(&mut self, cx: &mut Cx<'_>, key: Key, tombstone: Ballot) {
        self.age += 1;
        self.abandon(cx, key);
        self.leadership.forget(key, tombstone);
    }

    /// Uses other acceptors from now on, unless the order is an old one that arrives late. Promises
    /// of the former acceptors do not hold among the new ones, so the proposer starts over.
    fn configure(&mut self, cx: &mut Cx<'_>, epoch: u64, configuration: Configuration) {
        if epoch > self.epoch {
            (self.epoch, self.configuration) = (epoch, configuration);
            cx.mark("reconfigured");
            self.abandon_all(cx);
        }
    }

    fn retire(&mut self, cx: &mut Cx<'_>) {
        if !self.is_off() {
            self.age += 1;
            self.epoch = u64::MAX;
            self.configuration = Configuration::empty();
            cx.mark("proposer-retired");
            self.abandon_all(cx);
        }
    }

    fn abandon_all(&mut self, cx: &mut Cx<'_>) {
        let keys: Vec<Key> = self.attempts.keys().copied().collect();
        keys.into_iter().for_each(|key| self.abandon(cx, key));
        self.leadership.abdicate();
    }

    /// Ends the attempt at a key. Its accepts may still take effect.
    fn abandon(&mut self, cx: &mut Cx<'_>, key: Key) {
        if let Some(Attempt { phase, timer, .. }) = self.attempts.get(&key) {
            cx.mark("attempt-abandoned");
            cx.cancel_timer(*timer);
            let answer = match phase {
                Phase::Query { .. } | Phase::Prepare { .. } => Answer::NotPrepared,
                Phase::Accept { .. } => Answer::Unknown,
            };
            self.answer(cx, key, answer);
        }
    }

    /// Notifies the orchestrator of an accepted state if it ordered the commit, or if the state is
    /// a tombstone.
    pub(super) fn notify_orchestrator(
        &self,
        cx: &mut Cx<'_>,
        (key, ballot): (Key, Ballot),
        asker: Asker,
        (action, state, changed): (Action, Observation, Changed),
    ) {
        match (asker, action, changed) {
            (Asker::Orchestrator(ordered, _), ..) => {
                ordered.report(cx, Report::Committed { ballot, state });
            }
            (_, Action::Delete { .. }, Changed::To(_)) => {
                if let Some(collector) = self.collector {
                    cx.send(collector, Message::Deleted { key, tombstone: ballot });
                }
            }
            _ => (),
        }
    }

    /// Whether the proposer is turned off: not yet added, or removed.
    pub(super) fn is_off(&self) -> bool {
        self.configuration == Configuration::empty()
    }
}

impl Ordered {
    pub(super) fn report(self, cx: &mut Cx<'_>, report: Report) {
        cx.send(self.orchestrator, Message::Report { number: self.number, report });
    }
}

impl Accepting {
    /// The number of a quorum's acceptors that must accept.
    pub(super) fn of(self, quorum: &Quorum) -> Quorum {
        let nodes = quorum.nodes.clone();
        match self {
            Accepting::Quorum => Quorum { nodes, size: quorum.size },
            Accepting::All => Quorum { size: nodes.len(), nodes },
        }
    }
}
