//! Reads without a write: what enough acceptors agree on needs not be committed again.
//!
//! Ordinarily a read is a change that changes nothing: it is accepted anew, which takes writes and
//! deposes whoever led. But a proposer can also just ask what acceptors have accepted (a *query*).
//! If those that tell of the same ballot and state contain an accept quorum, then that state is
//! chosen. If they contain a prepare quorum as well, then nothing newer was chosen before the query
//! began: it would have been accepted by one of these. So they contain both, and the read is
//! answered with that state; or else it goes on as a change.
//!
//! That holds if whatever is accepted after a state was chosen descends from it. The ordinary rules
//! do not care so much: a leader that does not know whether its last state was accepted goes on
//! from the one before. Where proposers read by queries they must not
//! ([`AfterUnknown`](crate::leadership::AfterUnknown)).
//!
//! With majorities for both one of the two seems enough. It is not when quorums are flexible: those
//! that contain a prepare quorum only may agree on a state that was never chosen, and those that
//! contain an accept quorum only on one that is out of date.

use history::{NodeId, Observation};

use crate::quorum::Standing;
use crate::{Ballot, Configuration, Quorum};

/// How a proposer reads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reads {
    /// By committing the state again.
    #[default]
    Commit,
    /// By a query, if a prepare and an accept quorum agree.
    Quorum,
    /// By a query, if one of each of these agree, whatever the quorums of the two phases are.
    Agreement(Vec<Quorum>),
}

impl Reads {
    /// A query by these rules; none if reads are committed.
    pub(crate) fn query(&self, configuration: &Configuration) -> Option<Query> {
        let quorums = match self {
            Reads::Commit => return None,
            Reads::Quorum => vec![configuration.prepare.clone(), configuration.accept.clone()],
            Reads::Agreement(quorums) => quorums.clone(),
        };
        Some(Query { quorums, held: Vec::new() })
    }
}

/// A query under way.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Query {
    /// Those that agree have to contain one of each.
    quorums: Vec<Quorum>,
    /// What each acceptor has accepted.
    held: Vec<(NodeId, (Ballot, Observation))>,
}

impl Query {
    /// All nodes that are in some quorum.
    pub(crate) fn nodes(&self) -> Vec<NodeId> {
        let mut nodes: Vec<NodeId> = Vec::new();
        for node in self.quorums.iter().flat_map(|quorum| &quorum.nodes) {
            if !nodes.contains(node) {
                nodes.push(*node);
            }
        }
        nodes
    }

    /// An acceptor tells what it has accepted.
    pub(crate) fn hold(&mut self, acceptor: NodeId, accepted: Ballot, state: Observation) {
        self.held.push((acceptor, (accepted, state)));
    }

    /// What enough of them agree on.
    pub(crate) fn agreed(&self) -> Option<Observation> {
        let mut told = self.held.iter().map(|(_, told)| *told);
        told.find(|told| self.suffice(Some(*told), &[])).map(|(_, state)| state)
    }

    /// How it stands while these have not answered.
    pub(crate) fn standing(&self, waiting: &[NodeId]) -> Standing {
        let hope = || {
            let mut told = self.held.iter().map(|(_, told)| Some(*told));
            self.suffice(None, waiting) || told.any(|told| self.suffice(told, waiting))
        };
        match self.agreed() {
            Some(_) => Standing::Reached,
            None if hope() => Standing::Open,
            None => Standing::Impossible,
        }
    }

    /// Whether these, and those that told the same, contain one of each quorum.
    fn suffice(&self, told: Option<(Ballot, Observation)>, more: &[NodeId]) -> bool {
        let tells = |node: &NodeId| {
            more.contains(node)
                || self.held.iter().any(|(holder, held)| holder == node && Some(*held) == told)
        };
        let has =
            |quorum: &Quorum| quorum.nodes.iter().filter(|node| tells(node)).count() >= quorum.size;
        self.quorums.iter().all(has)
    }
}

#[cfg(test)]
mod tests {
    use history::{Value, Version};

    use super::*;

    const NODES: [NodeId; 4] = [NodeId(5), NodeId(6), NodeId(7), NodeId(8)];

    /// One that needs two of four to promise, and three to accept.
    fn query() -> Query {
        let quorum = |size| Quorum { nodes: NODES.to_vec(), size };
        let configuration = Configuration { prepare: quorum(2), accept: quorum(3) };
        Reads::Quorum.query(&configuration).expect("reads are queries")
    }

    fn told(version: u64) -> (Ballot, Observation) {
        let state = Observation { version: Version(version), value: Value(version) };
        (Ballot { eon: version, id: 1, era: 1 }, state)
    }

    fn hold(query: &mut Query, node: NodeId, version: u64) {
        let (ballot, state) = told(version);
        query.hold(node, ballot, state);
    }

    #[test]
    fn it_takes_the_larger_quorum() {
        let mut query = query();
        assert_eq!(query.nodes(), NODES);
        hold(&mut query, NODES[0], 1);
        hold(&mut query, NODES[1], 1);
        assert_eq!(query.standing(&NODES[2..]), Standing::Open);
        hold(&mut query, NODES[3], 1);
        assert_eq!(query.standing(&NODES[2..3]), Standing::Reached);
        assert_eq!(query.agreed(), Some(told(1).1));
    }

    #[test]
    fn it_is_lost_as_soon_as_too_few_can_agree() {
        let mut query = query();
        hold(&mut query, NODES[0], 1);
        hold(&mut query, NODES[1], 2);
        assert_eq!(query.standing(&NODES[2..]), Standing::Open);
        assert_eq!(query.standing(&NODES[2..3]), Standing::Impossible);
        hold(&mut query, NODES[2], 3);
        assert_eq!(query.standing(&NODES[3..]), Standing::Impossible);
        assert_eq!(query.agreed(), None);
    }

    #[test]
    fn the_same_state_under_another_ballot_is_no_agreement() {
        let mut query = query();
        let (ballot, state) = told(1);
        for (node, era) in NODES.into_iter().zip([1, 1, 2, 2]) {
            query.hold(node, Ballot { era, ..ballot }, state);
        }
        assert_eq!(query.agreed(), None);
    }

    #[test]
    fn that_nothing_was_written_can_be_agreed_on_too() {
        let mut query = query();
        for node in &NODES[..3] {
            query.hold(*node, Ballot::ZERO, Observation::EMPTY);
        }
        assert_eq!(query.agreed(), Some(Observation::EMPTY));
    }
}
