//! Quorums: which acceptors are asked, and how many answers suffice.

use history::NodeId;
use serde::{Deserialize, Serialize};

use crate::Ballot;

/// Acceptors, and how many of them it takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Quorum {
    /// Who is asked.
    pub nodes: Vec<NodeId>,
    /// How many have to agree.
    pub size: usize,
}

impl Quorum {
    /// A majority of these.
    #[must_use]
    pub fn majority(nodes: Vec<NodeId>) -> Quorum {
        let size = nodes.len() / 2 + 1;
        Quorum { nodes, size }
    }
}

/// Whom a proposer asks for promises, and whom to accept. The two need not be the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Configuration {
    /// For the first phase.
    pub prepare: Quorum,
    /// For the second phase.
    pub accept: Quorum,
}

impl Configuration {
    /// Majorities of the same acceptors.
    #[must_use]
    pub fn majorities(nodes: &[NodeId]) -> Configuration {
        let quorum = Quorum::majority(nodes.to_vec());
        Configuration { prepare: quorum.clone(), accept: quorum }
    }

    /// That of a proposer which is turned off: it asks nobody.
    #[must_use]
    pub fn nobody() -> Configuration {
        Configuration::majorities(&[])
    }
}

/// The answers to one round of requests.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Round {
    /// Who has not answered yet.
    waiting: Vec<NodeId>,
    /// How many more have to agree.
    missing: usize,
    /// The highest ballot among the conflicts so far.
    conflict: Option<Ballot>,
}

/// How a round stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is open.
    Open,
    /// The quorum is reached.
    Reached,
    /// It cannot be reached any more.
    Impossible,
}

impl Round {
    pub(crate) fn new(quorum: &Quorum) -> Round {
        Round { waiting: quorum.nodes.clone(), missing: quorum.size, conflict: None }
    }

    /// Of questions to these, whose answers are counted elsewhere.
    pub(crate) fn asking(nodes: Vec<NodeId>) -> Round {
        Round { missing: nodes.len(), waiting: nodes, conflict: None }
    }

    /// Who has not answered yet.
    pub(crate) fn waiting(&self) -> &[NodeId] {
        &self.waiting
    }

    /// Notes that this acceptor has answered. False if it has before, or was not asked: the network
    /// may deliver an answer twice, and an acceptor counts once.
    #[must_use]
    pub(crate) fn hear(&mut self, acceptor: NodeId) -> bool {
        let place = self.waiting.iter().position(|waiting| *waiting == acceptor);
        place.map(|place| self.waiting.swap_remove(place)).is_some()
    }

    /// The acceptor that was heard agrees.
    pub(crate) fn agree(&mut self) {
        self.missing = self.missing.saturating_sub(1);
    }

    /// The acceptor that was heard has promised a higher ballot.
    pub(crate) fn object(&mut self, seen: Ballot) {
        self.conflict = self.conflict.max(Some(seen));
    }

    /// Nobody who is still silent will be waited for.
    pub(crate) fn give_up(&mut self) {
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
        assert!(round.hear(NodeId(6)));
        round.agree();
        assert_eq!(round.standing(), Standing::Open);
        assert!(round.hear(NodeId(5)));
        round.agree();
        assert_eq!(round.standing(), Standing::Reached);
    }

    #[test]
    fn an_acceptor_counts_once() {
        let mut round = round();
        assert!(round.hear(NodeId(6)));
        assert!(!round.hear(NodeId(6)));
        assert!(!round.hear(NodeId(9)), "it was not asked");
    }

    #[test]
    fn a_round_is_lost_as_soon_as_too_few_are_left() {
        let mut round = round();
        assert!(round.hear(NodeId(5)));
        assert_eq!(round.standing(), Standing::Open);
        assert!(round.hear(NodeId(6)));
        assert_eq!(round.standing(), Standing::Impossible);
    }
}
