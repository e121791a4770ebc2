//! Quorums: the acceptors of a phase, and the number of them that must agree.

use history::NodeId;
use serde::{Deserialize, Serialize};

use crate::Ballot;

/// Acceptors, and the number of them that must agree.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Quorum {
    /// The acceptors.
    pub nodes: Vec<NodeId>,
    /// The number that must agree.
    pub size: usize,
}

impl Quorum {
    /// A majority of these acceptors.
    #[must_use]
    pub fn majority(nodes: Vec<NodeId>) -> Quorum {
        let size = nodes.len() / 2 + 1;
        Quorum { nodes, size }
    }
}

/// The prepare and accept quorums of a proposer. The two may differ.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Configuration {
    /// The quorum of the first phase.
    pub prepare: Quorum,
    /// The quorum of the second phase.
    pub accept: Quorum,
}

impl Configuration {
    /// Majorities of the same acceptors.
    #[must_use]
    pub fn majorities(nodes: &[NodeId]) -> Configuration {
        let quorum = Quorum::majority(nodes.to_vec());
        Configuration { prepare: quorum.clone(), accept: quorum }
    }

    /// The configuration of a proposer that is turned off. It has no acceptors.
    #[must_use]
    pub fn empty() -> Configuration {
        Configuration::majorities(&[])
    }
}

/// The replies to one round of requests.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Round {
    /// The acceptors that have not replied.
    waiting: Vec<NodeId>,
    /// The number of acceptors that must still agree.
    missing: usize,
    /// The highest ballot among the conflicts so far.
    conflict: Option<Ballot>,
}

/// The state of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The round is undecided.
    Open,
    /// The quorum is reached.
    Reached,
    /// The quorum can no longer be reached.
    Impossible,
}

impl Round {
    pub(crate) fn new(quorum: &Quorum) -> Round {
        Round { waiting: quorum.nodes.clone(), missing: quorum.size, conflict: None }
    }

    /// A round of requests whose replies are counted elsewhere.
    pub(crate) fn asking(nodes: Vec<NodeId>) -> Round {
        Round { missing: nodes.len(), waiting: nodes, conflict: None }
    }

    /// The acceptors that have not replied.
    pub(crate) fn waiting(&self) -> &[NodeId] {
        &self.waiting
    }

    /// Records the reply of an acceptor. Returns false if it has replied before, or was not asked.
    /// The network may duplicate a reply, and an acceptor counts once.
    #[must_use]
    pub(crate) fn count(&mut self, acceptor: NodeId) -> bool {
        let place = self.waiting.iter().position(|waiting| *waiting == acceptor);
        place.map(|place| self.waiting.swap_remove(place)).is_some()
    }

    /// The acceptor agrees.
    pub(crate) fn agree(&mut self) {
        self.missing = self.missing.saturating_sub(1);
    }

    /// The acceptor has promised a higher ballot.
    pub(crate) fn object(&mut self, seen: Ballot) {
        self.conflict = self.conflict.max(Some(seen));
    }

    /// Stops waiting for the acceptors that have not replied.
    pub(crate) fn time_out(&mut self) {
        self.waiting.clear();
    }

    /// The highest ballot among the conflicts so far.
    pub(crate) fn conflict(&self) -> Option<Ballot> {
        self.conflict
    }

    pub(crate) fn standing(&self) -> Standing {
        match self.missing {
            0 => Standing::Reached,
            missing if missing > self.waiting.len() => Standing::Impossible,
            _ => Standing::Open,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round() -> Round {
        Round::new(&Quorum::majority(vec![NodeId(5), NodeId(6), NodeId(7)]))
    }

    #[test]
    fn two_of_three_are_a_quorum() {
        let mut round = round();
        assert!(round.count(NodeId(6)));
        round.agree();
        assert_eq!(round.standing(), Standing::Open);
        assert!(round.count(NodeId(5)));
        round.agree();
        assert_eq!(round.standing(), Standing::Reached);
    }

    #[test]
    fn an_acceptor_counts_once() {
        let mut round = round();
        assert!(round.count(NodeId(6)));
        assert!(!round.count(NodeId(6)));
        assert!(!round.count(NodeId(9)), "it was not asked");
    }

    #[test]
    fn a_round_is_lost_as_soon_as_too_few_are_left() {
        let mut round = round();
        assert!(round.count(NodeId(5)));
        assert_eq!(round.standing(), Standing::Open);
        assert!(round.count(NodeId(6)));
        assert_eq!(round.standing(), Standing::Impossible);
    }
}
