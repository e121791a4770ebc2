//! The nodes and keys of an orchestrator, and the steps of each job.

use std::collections::VecDeque;

use history::{Key, NodeId};
use serde::{Deserialize, Serialize};

use super::{Cx, Orchestrator, Step};
use crate::Configuration;

/// The nodes and keys of an orchestrator.
#[derive(Clone, Debug, Default, Hash)]
pub struct Cast {
    /// The present acceptors.
    pub acceptors: Vec<NodeId>,
    /// The acceptors that join, in this order.
    pub spare_acceptors: VecDeque<NodeId>,
    /// The present proposers.
    pub proposers: Vec<NodeId>,
    /// The proposers that are added, in this order.
    pub spare_proposers: VecDeque<NodeId>,
    /// All keys.
    pub keys: Vec<Key>,
    /// Whether registers are deleted. Then acceptors check ages.
    pub deletes: bool,
}

/// A change of membership by the orchestrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrchestratedChange {
    /// A new acceptor joins.
    AddAcceptor,
    /// One of the acceptors, drawn by chance, leaves.
    RemoveAcceptor,
    /// A new acceptor joins, and one of the others, drawn by chance, leaves.
    ReplaceAcceptor,
    /// A new proposer is turned on.
    AddProposer,
    /// One of the proposers, drawn by chance, is turned off for good.
    RemoveProposer,
}

/// A job of the orchestrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Job {
    Change(OrchestratedChange),
    /// Start a sweeper.
    Sweep(NodeId),
}

impl Orchestrator {
    /// The steps of a job, by the rules.
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
                let settled = Configuration::majorities(&self.cast.acceptors);
                [Step::Configure(settled)].into()
            }
            Job::Change(OrchestratedChange::RemoveProposer) => {
                let place = cx.choose("leaving-proposer", self.cast.proposers.len() as u64);
                let proposer = self.cast.proposers.remove(place as usize);
                self.rules.after_removal(&self.cast, proposer).into()
            }
        }
    }

    fn add_acceptor(&mut self) -> VecDeque<Step> {
        self.cast.acceptors.extend(self.cast.spare_acceptors.pop_front());
        self.rules.after_change(&self.cast).into()
    }

    fn remove_acceptor(&mut self, place: usize) -> VecDeque<Step> {
        self.cast.acceptors.remove(place);
        self.rules.after_change(&self.cast).into()
    }
}
