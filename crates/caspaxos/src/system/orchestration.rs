//! The nodes of a run with an orchestrator.

use history::{Key, NodeId};

use super::{ORCHESTRATOR, Stage};
use crate::OrchestratorConfig;
use crate::orchestrator::{Cast, Job, Orchestrator, Pace};
use crate::process::Part;
use crate::sweeper::Sweep;

impl Stage<'_> {
    pub(super) fn orchestrate(&mut self, config: &OrchestratorConfig, intensity: u64) {
        let mut acceptors = self.acceptors(self.config.acceptors + config.spare_acceptors());
        let mut proposers = self.proposers(&acceptors);
        let spare_proposers = self.spare_proposers(config.spare_proposers());
        let all_proposers: Vec<NodeId> =
            proposers.iter().chain(&spare_proposers).copied().collect();
        self.clients(&all_proposers, Some(intensity), true);
        let mut jobs: Vec<Job> = config.changes.iter().copied().map(Job::Change).collect();
        if config.cold_keys > 0 {
            let cold: Vec<Key> = self.all_keys[self.hot_keys.len()..].to_vec();
            let all = self.all_keys.clone();
            jobs.insert(0, Job::Sweep(self.ordered_sweeper(Sweep::Write, &all_proposers, cold)));
            jobs.push(Job::Sweep(self.ordered_sweeper(Sweep::Read, &all_proposers, all)));
        }
        let spare_acceptors = acceptors.split_off(usize::from(self.config.acceptors));
        let cast = Cast {
            acceptors,
            spare_acceptors: spare_acceptors.into(),
            proposers: std::mem::take(&mut proposers),
            spare_proposers: spare_proposers.into(),
            keys: self.all_keys.clone(),
            deletes: config.deletions_one_in > 0,
        };
        let pace = Pace { every: config.every, retry: config.retry };
        let orchestrator = Orchestrator::new(cast, jobs, pace, config.rules());
        let orchestrator =
            self.add("o", 1, ORCHESTRATOR, Part::Orchestrator(Box::new(orchestrator)));
        if config.deletions_one_in > 0 {
            self.let_delete(orchestrator, config);
        }
    }

    fn let_delete(&mut self, orchestrator: NodeId, config: &OrchestratorConfig) {
        let comparing = config.rules().comparing();
        for node in &mut self.nodes {
            match &mut node.process.0 {
                Part::Proposer(proposer) => {
                    *proposer = proposer.clone().with_deletions(orchestrator, comparing);
                }
                Part::Client(client) => {
                    *client = client.clone().with_deletions(config.deletions_one_in);
                }
                _ => (),
            }
        }
    }

    fn ordered_sweeper(&mut self, sweep: Sweep, proposers: &[NodeId], keys: Vec<Key>) -> NodeId {
        let sweeper = self.sweeper(sweep, proposers, keys);
        let node = &mut self.nodes[sweeper.index()];
        node.starts_at_once = true;
        if let Part::Sweeper(sweeper) = &mut node.process.0 {
            *sweeper = sweeper.clone().ordered();
        }
        sweeper
    }
}
