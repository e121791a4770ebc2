//! Reads without a write: a state on which enough acceptors agree need not be committed again.
//!
//! By default a read is a change that keeps the state. The state is accepted again, which costs
//! writes and deposes the leader. But a proposer can also ask the acceptors for their accepted
//! states (a *query*). If the acceptors that report the same ballot and state contain an accept
//! quorum, that state is chosen. If they also contain a prepare quorum, no newer state was chosen
//! before the query began: one of these acceptors would have accepted it. If they contain both
//! quorums, the read returns that state. Otherwise the read continues as a change.
//!
//! This holds if every state that is accepted after a chosen state descends from it. The default
//! rules do not ensure that: a leader that does not know whether its last state was accepted
//! continues from the state before. If proposers read by query, a leader must not do that
//! ([`AfterUnknown`](crate::leadership::AfterUnknown)).
//!
//! With majorities, each of the two quorums implies the other. With flexible quorums it does not.
//! Acceptors that contain only a prepare quorum may agree on a state that was never chosen.
//! Acceptors that contain only an accept quorum may agree on an outdated state.

use history::{NodeId, Observation};

use crate::quorum::Standing;
use crate::{Ballot, Configuration, Quorum};

/// How a proposer reads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reads {
    /// A read commits the state again.
    #[default]
    Commit,
    /// A query answers the read if a prepare and an accept quorum agree.
    Quorum,
    /// A query answers the read if these quorums agree, for any quorums of the two phases.
    Agreement(Vec<Quorum>),
}

impl Reads {
    /// A query by these rules. `None` if reads commit.
    pub(crate) fn query(&self, configuration: &Configuration) -> Option<Query> {
        let quorums = match self {
            Reads::Commit => return None,
            Reads::Quorum => vec![configuration.prepare.clone(), configuration.accept.clone()],
            Reads::Agreement(quorums) => quorums.clone(),
        };
        Some(Query { quorums, held: Vec::new() })
    }
}

/// A query in progress.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Query {
    /// The acceptors that agree must contain one of each of these quorums.
    quorums: Vec<Quorum>,
    /// The accepted state of each acceptor.
    held: Vec<(NodeId, (Ballot, Observation))>,
}

impl Query {
    /// All nodes of the quorums.
    pub(crate) fn nodes(&self) -> Vec<NodeId> {
        let mut nodes: Vec<NodeId> = Vec::new();
        for node in self.quorums.iter().flat_map(|quorum| &quorum.nodes) {
            if !nodes.contains(node) {
                nodes.push(*node);
            }
        }
        nodes
    }

    /// Records the accepted state of an acceptor.
    pub(crate) fn hold(&mut self, acceptor: NodeId, accepted: Ballot, state: Observation) {
        self.held.push((acceptor, (accepted, state)));
    }

    /// The state on which enough acceptors agree.
    pub(crate) fn agreed(&self) -> Option<Observation> {
        let mut told = self.held.iter().map(|(_, told)| *told);
        told.find(|told| self.suffice(Some(*told), &[])).map(|(_, state)| state)
    }

    /// Whether the query can still succeed while these acceptors have not replied.
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

    /// Whether these acceptors, and those that reported the same, contain one of each quorum.
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

    /// A query with quorums of two of four to promise, and three to accept.
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
