//! A step: an order, the nodes that get it, and their reports so far.

use history::{Key, NodeId, Observation};

use super::Cast;
use crate::order::{Accepting, Order, Report};
use crate::{Ballot, Configuration};

/// An order to some nodes, which the orchestrator completes before the next step.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Some proposer commits a deleted register again.
    Commit {
        /// The register.
        key: Key,
        /// The ballot under which a quorum has accepted the empty state.
        tombstone: Ballot,
        /// The acceptors that must accept.
        by: Accepting,
    },
    /// All proposers forget a register, move past a ballot, and begin a new age.
    Forget {
        /// The register.
        key: Key,
        /// The ballot that they move past.
        tombstone: Ballot,
    },
    /// All acceptors reject messages that are older than the last reported ages.
    Reject,
    /// All acceptors erase a register.
    Erase {
        /// The register.
        key: Key,
        /// The ballot of its tombstone.
        tombstone: Ballot,
    },
    /// All proposers use these acceptors.
    Configure(Configuration),
    /// Some proposer commits a register again, so that a quorum of the acceptors has it.
    Rescan(Key),
    /// A proposer is turned off.
    Retire(NodeId),
    /// A sweeper goes over its keys.
    Sweep(NodeId),
}

impl Step {
    /// The nodes that get the order. For a commit, any one of them suffices.
    pub(super) fn nodes(&self, cast: &Cast) -> Vec<NodeId> {
        match self {
            Step::Commit { .. } | Step::Forget { .. } | Step::Configure(_) | Step::Rescan(_) => {
                cast.proposers.clone()
            }
            Step::Reject | Step::Erase { .. } => cast.acceptors.clone(),
            Step::Retire(node) | Step::Sweep(node) => vec![*node],
        }
    }

    /// The order of the step, in this epoch and with these reported ages.
    pub(super) fn order(&self, epoch: u64, ages: &[(NodeId, u32)]) -> Order {
        match self.clone() {
            Step::Commit { key, by, .. } => Order::Commit { key, by },
            Step::Rescan(key) => Order::Commit { key, by: Accepting::Quorum },
            Step::Forget { key, tombstone } => Order::Forget { key, tombstone },
            Step::Reject => Order::Reject(ages.to_vec()),
            Step::Erase { key, tombstone } => Order::Erase { key, tombstone },
            Step::Configure(configuration) => Order::Configure { epoch, configuration },
            Step::Retire(_) => Order::Retire,
            Step::Sweep(_) => Order::Sweep,
        }
    }
}

/// A step in progress.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Round {
    pub(super) number: u32,
    pub(super) step: Step,
    /// The nodes that have not reported.
    pub(super) waiting: Vec<NodeId>,
    /// The ages that were reported.
    pub(super) ages: Vec<(NodeId, u32)>,
    /// The committed state.
    pub(super) committed: Option<(Ballot, Observation)>,
    /// Whether an acceptor still holds the tombstone.
    pub(super) is_kept: bool,
}

impl Round {
    pub(super) fn new(number: u32, step: Step, waiting: Vec<NodeId>) -> Round {
        Round { number, step, waiting, ages: Vec::new(), committed: None, is_kept: false }
    }

    /// Handles a node's report, which may be a duplicate.
    pub(super) fn on_report(&mut self, from: NodeId, report: Report) {
        let Some(place) = self.waiting.iter().position(|waiting| *waiting == from) else {
            return;
        };
        match report {
            Report::Committed { ballot, state } => {
                self.committed = Some((ballot, state));
                self.waiting.clear();
                return;
            }
            Report::Age(age) => self.ages.push((from, age)),
            Report::Kept => self.is_kept = true,
            Report::Done => (),
        }
        self.waiting.remove(place);
    }
}
