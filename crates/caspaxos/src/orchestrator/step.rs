//! A step: an order, to which nodes it is given, and what they have reported so far.

use history::{Key, NodeId, Observation};

use super::Cast;
use crate::order::{Accepting, Order, Report};
use crate::{Ballot, Configuration};

/// What an orchestrator does before it goes on: an order to certain nodes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Some proposer commits a register again that was deleted.
    Commit {
        /// Which register.
        key: Key,
        /// The ballot under which a quorum has accepted that it is empty.
        tombstone: Ballot,
        /// Who has to accept.
        by: Accepting,
    },
    /// All proposers forget a register, move past a ballot, and come of age.
    Forget {
        /// Which register.
        key: Key,
        /// The ballot that they move past.
        tombstone: Ballot,
    },
    /// All acceptors reject what is older than the ages that proposers reported last.
    Reject,
    /// All acceptors erase a register.
    Erase {
        /// Which register.
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
    /// Those who are asked. To commit is the business of any one of them.
    pub(super) fn nodes(&self, cast: &Cast) -> Vec<NodeId> {
        match self {
            Step::Commit { .. } | Step::Forget { .. } | Step::Configure(_) | Step::Rescan(_) => {
                cast.proposers.clone()
            }
            Step::Reject | Step::Erase { .. } => cast.acceptors.clone(),
            Step::Retire(node) | Step::Sweep(node) => vec![*node],
        }
    }

    /// The order that is given, in this epoch, and after these ages were reported.
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

/// A step that has been begun.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Round {
    pub(super) number: u32,
    pub(super) step: Step,
    /// Who has not reported yet.
    pub(super) waiting: Vec<NodeId>,
    /// The ages that were reported.
    pub(super) ages: Vec<(NodeId, u32)>,
    /// What was committed.
    pub(super) committed: Option<(Ballot, Observation)>,
    /// Whether somebody holds the tombstone still.
    pub(super) is_kept: bool,
}

impl Round {
    pub(super) fn new(number: u32, step: Step, waiting: Vec<NodeId>) -> Round {
        Round { number, step, waiting, ages: Vec::new(), committed: None, is_kept: false }
    }

    /// Somebody reports, perhaps not for the first time.
    pub(super) fn hear(&mut self, from: NodeId, report: Report) {
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
