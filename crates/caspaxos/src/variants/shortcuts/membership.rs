//! Changes of membership that omit a step. Each type says what goes wrong.

use history::NodeId;

use crate::Configuration;
use crate::orchestrator::{Cast, Step};
use crate::rules::Rules;

/// Commits no key again. A key that no client writes to stays where a majority of the old acceptors
/// accepted it. Two changes later, a majority need not contain any of these.
#[derive(Debug)]
pub(super) struct NoRescan;

impl Rules for NoRescan {
    fn after_change(&self, cast: &Cast) -> Vec<Step> {
        vec![Step::Configure(Configuration::majorities(&cast.acceptors))]
    }
}

/// Turns a proposer off, but acceptors still accept its earlier messages. A later deletion does not
/// give this proposer a new age, so an old accept revives the register.
#[derive(Debug)]
pub(super) struct RetiredAreHeard;

impl Rules for RetiredAreHeard {
    fn after_removal(&self, _: &Cast, proposer: NodeId) -> Vec<Step> {
        vec![Step::Retire(proposer)]
    }
}
