//! The `[caspaxos.orchestrator]` section: deletions and changes of membership, while clients are at
//! work.

use history::Span;
use scenario::Problem;
use serde::{Deserialize, Serialize};

use super::{Config, NODES_MAX, QuorumConfig};
use crate::orchestrator::OrchestratedChange;
use crate::rules::{Published, Rules};
use crate::variants::Shortcut;

/// The tasks of an orchestrator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrchestratorConfig {
    /// Clients delete instead of writing once in this many times. 0 means never.
    pub deletions_one_in: u64,
    /// Changes of membership, one after the other.
    pub changes: Vec<OrchestratedChange>,
    /// How long the orchestrator waits between two changes.
    pub every: Span,
    /// How long the orchestrator waits for reports before it repeats an order.
    pub retry: Span,
    /// The number of additional keys that are written once before and read once after all changes.
    pub cold_keys: u16,
    /// The step or check that it omits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shortcut: Option<Shortcut>,
}

impl Default for OrchestratorConfig {
    fn default() -> OrchestratorConfig {
        OrchestratorConfig {
            deletions_one_in: 0,
            changes: Vec::new(),
            every: Span::from_millis(100),
            retry: Span::from_millis(30),
            cold_keys: 0,
            shortcut: None,
        }
    }
}

impl OrchestratorConfig {
    /// The rules of deletions and changes of membership.
    pub(crate) fn rules(&self) -> &'static dyn Rules {
        self.shortcut.map_or(&Published, Shortcut::rules)
    }

    /// The number of acceptors besides the initial ones.
    pub(crate) fn spare_acceptors(&self) -> u16 {
        use OrchestratedChange::{AddAcceptor, ReplaceAcceptor};
        let join = |change: &&_| matches!(change, AddAcceptor | ReplaceAcceptor);
        self.changes.iter().filter(join).count() as u16
    }

    /// The number of proposers besides the initial ones.
    pub(crate) fn spare_proposers(&self) -> u16 {
        let is_addition = |change: &&_| **change == OrchestratedChange::AddProposer;
        self.changes.iter().filter(is_addition).count() as u16
    }

    pub(super) fn check(&self, config: &Config) -> Result<(), Problem> {
        let wrong = |path: &str, message: &str| Err(Problem::new(path, message));
        if config.membership.is_some() {
            return wrong("orchestrator", "changes are made by it or by `membership`, not by both");
        }
        if config.variant.is_some() {
            return wrong("orchestrator", "proposers by other rules take no orders");
        }
        if self.changes.len() > 100 {
            return wrong("orchestrator.changes", "there are at most 100 changes");
        }
        if self.cold_keys > NODES_MAX {
            let message = format!("this is 0 to {NODES_MAX}");
            return Err(Problem::new("orchestrator.cold_keys", message));
        }
        if self.cold_keys > 0 && self.deletions_one_in > 0 {
            return wrong("orchestrator.cold_keys", "where keys are deleted, none is cold");
        }
        if self.every == Span::ZERO || self.retry == Span::ZERO {
            return wrong("orchestrator.retry", "the orchestrator must wait for longer than 0s");
        }
        let all_acceptors = config.acceptor_names();
        let majority = QuorumConfig { size: all_acceptors.len() / 2 + 1, nodes: all_acceptors };
        if config.prepare != majority || config.accept != majority {
            return wrong("prepare", "an orchestrator begins with majorities of all acceptors");
        }
        self.check_changes(config)
    }

    /// At least one node must remain.
    fn check_changes(&self, config: &Config) -> Result<(), Problem> {
        let (mut acceptors, mut proposers) = (config.acceptors, config.proposers);
        for (number, change) in self.changes.iter().enumerate() {
            match change {
                OrchestratedChange::AddAcceptor => acceptors += 1,
                OrchestratedChange::RemoveAcceptor => acceptors -= 1,
                OrchestratedChange::ReplaceAcceptor => (),
                OrchestratedChange::AddProposer => proposers += 1,
                OrchestratedChange::RemoveProposer => proposers -= 1,
            }
            if acceptors == 0 || proposers == 0 {
                let path = format!("orchestrator.changes.{number}");
                return Err(Problem::new(path, "this would remove the last node"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MembershipConfig;

    fn problem(orchestrator: OrchestratorConfig) -> Option<String> {
        let config = Config { orchestrator: Some(orchestrator), ..Config::default() };
        config.complete().err().map(|problem| problem.path)
    }

    #[test]
    fn the_last_node_cannot_be_removed() {
        use OrchestratedChange::{AddProposer, RemoveAcceptor, RemoveProposer};
        let changes = |changes: &[_]| OrchestratorConfig {
            changes: changes.to_vec(),
            ..OrchestratorConfig::default()
        };
        assert_eq!(problem(changes(&[RemoveAcceptor, RemoveAcceptor])), None);
        let path = Some("orchestrator.changes.2".to_owned());
        assert_eq!(problem(changes(&[RemoveAcceptor; 3])), path);
        assert_eq!(problem(changes(&[AddProposer, RemoveProposer, RemoveProposer])), path);
    }

    #[test]
    fn it_is_held_to_what_it_can_be() {
        use OrchestratedChange::{AddAcceptor, AddProposer, RemoveProposer, ReplaceAcceptor};
        let default = OrchestratorConfig::default;
        let path = |path: &str| Some(format!("orchestrator.{path}"));
        let changes =
            |changes: Vec<OrchestratedChange>| OrchestratorConfig { changes, ..default() };
        assert_eq!(problem(changes([AddAcceptor, AddProposer].repeat(50))), None);
        assert_eq!(problem(changes([ReplaceAcceptor].repeat(101))), path("changes"));
        assert_eq!(
            problem(changes(vec![AddProposer, RemoveProposer, RemoveProposer])),
            path("changes.2")
        );
        let cold = |cold_keys| OrchestratorConfig { cold_keys, ..default() };
        assert_eq!(
            (problem(cold(NODES_MAX)), problem(cold(NODES_MAX + 1))),
            (None, path("cold_keys"))
        );
        let deleting = OrchestratorConfig { deletions_one_in: 1, ..default() };
        assert_eq!(problem(deleting), None);
        for waiting in [
            OrchestratorConfig { every: Span::ZERO, ..default() },
            OrchestratorConfig { retry: Span::ZERO, ..default() },
        ] {
            assert_eq!(problem(waiting), path("retry"));
        }
        let all = [AddAcceptor, ReplaceAcceptor, AddProposer];
        let all = changes(all.to_vec());
        assert_eq!((all.spare_acceptors(), all.spare_proposers()), (2, 1));
        let five = Config { acceptors: 5, orchestrator: Some(default()), ..Config::default() };
        assert!(five.complete().is_ok(), "three of five are a majority");
        let variant = Some(crate::variants::Variant::GryadkaV2);
        let config = Config { variant, orchestrator: Some(default()), ..Config::default() };
        assert_eq!(config.complete().unwrap_err().path, "orchestrator");
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let (cold_keys, deletions_one_in) = (1, 1);
        let both =
            OrchestratorConfig { cold_keys, deletions_one_in, ..OrchestratorConfig::default() };
        assert_eq!(problem(both), Some("orchestrator.cold_keys".to_owned()));
        let membership = MembershipConfig { changes: Vec::new(), rescan: true, cold_keys: 0 };
        let (membership, orchestrator) = (Some(membership), Some(OrchestratorConfig::default()));
        let config = Config { membership, orchestrator, ..Config::default() };
        assert!(config.complete().is_err());
    }
}
