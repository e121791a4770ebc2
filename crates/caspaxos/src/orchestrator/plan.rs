//! Which steps a deletion takes, and which a change of membership.

use std::collections::VecDeque;

use history::{Key, NodeId};

use super::{Cx, Orchestrator, Step};
use crate::order::Accepting;
use crate::{Ballot, Configuration, OrchestratedChange, Shortcut};

/// The nodes that it has to do with.
#[derive(Clone, Debug, Default, Hash)]
pub(crate) struct Cast {
    pub(crate) acceptors: Vec<NodeId>,
    /// Those that join, in this order.
    pub(crate) spare_acceptors: VecDeque<NodeId>,
    pub(crate) proposers: Vec<NodeId>,
    /// Those that are added, in this order.
    pub(crate) spare_proposers: VecDeque<NodeId>,
    /// All keys that there are.
    pub(crate) keys: Vec<Key>,
    /// Whether registers are deleted: then acceptors know of ages.
    pub(crate) deletes: bool,
}

/// Something to be done at its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Job {
    Change(OrchestratedChange),
    /// Have a sweeper go over its keys.
    Sweep(NodeId),
}

impl Orchestrator {
    /// What it takes to erase a register that was deleted.
    pub(super) fn collection(&self, key: Key, tombstone: Ballot) -> VecDeque<Step> {
        let by = match self.shortcut {
            Some(Shortcut::NaiveErasing) => return [Step::Erase { key, tombstone }].into(),
            Some(Shortcut::QuorumOfTombstones) => Accepting::Quorum,
            _ => Accepting::Everybody,
        };
        [Step::Commit { key, tombstone, by }].into()
    }

    /// What follows when it has been committed again, and is still empty.
    pub(super) fn after_commit(&self, key: Key, tombstone: Ballot) -> VecDeque<Step> {
        let (forget, erase) = (Step::Forget { key, tombstone }, Step::Erase { key, tombstone });
        match self.shortcut {
            Some(Shortcut::ForgetNothing) => [erase].into(),
            _ => [forget, erase].into(),
        }
    }

    /// Has acceptors told of the ages that proposers have come to.
    pub(super) fn rejection(&self, ages: Vec<(NodeId, u32)>) -> Option<Step> {
        let is_told = self.cast.deletes && self.shortcut != Some(Shortcut::NoAges);
        is_told.then_some(Step::Reject(ages))
    }

    pub(super) fn plan(&mut self, cx: &mut Cx<'_>, job: Job) -> VecDeque<Step> {
        match job {
            Job::Sweep(sweeper) => [Step::Sweep(sweeper)].into(),
            Job::Change(OrchestratedChange::AddAcceptor) => self.add_acceptor(),
            Job::Change(OrchestratedChange::RemoveAcceptor) => {
                let place = cx.choose("leaving-acceptor", self.cast.acceptors.len() as u64);
                self.remove_acceptor(place as usize)
            }
            Job::Change(OrchestratedChange::ReplaceAcceptor) => {
                let place = cx.choose("leaving-acceptor", self.cast.acceptors.len() as u64);
                let mut steps = self.add_acceptor();
                steps.extend(self.remove_acceptor(place as usize));
                steps
            }
            Job::Change(OrchestratedChange::AddProposer) => {
                self.cast.proposers.extend(self.cast.spare_proposers.pop_front());
                [self.settle()].into()
            }
            Job::Change(OrchestratedChange::RemoveProposer) => {
                let place = cx.choose("leaving-proposer", self.cast.proposers.len() as u64);
                let proposer = self.cast.proposers.remove(place as usize);
                [Step::Retire(proposer)].into()
            }
        }
    }

    fn add_acceptor(&mut self) -> VecDeque<Step> {
        self.cast.acceptors.extend(self.cast.spare_acceptors.pop_front());
        self.move_over()
    }

    fn remove_acceptor(&mut self, place: usize) -> VecDeque<Step> {
        self.cast.acceptors.remove(place);
        self.move_over()
    }

    /// To a set of acceptors that has one more than the last, or one less.
    fn move_over(&self) -> VecDeque<Step> {
        let mut steps = VecDeque::from([self.settle()]);
        let is_even = self.cast.acceptors.len().is_multiple_of(2);
        if is_even && self.shortcut != Some(Shortcut::NoRescan) {
            steps.extend(self.cast.keys.iter().map(|key| Step::Rescan(*key)));
        }
        steps
    }

    /// Proposers use majorities of the acceptors that there are.
    fn settle(&self) -> Step {
        Step::Configure(Configuration::majorities(&self.cast.acceptors))
    }
}
