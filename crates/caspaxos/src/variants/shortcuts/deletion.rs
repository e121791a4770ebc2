//! Deletions that omit a step or a check. Each type says what goes wrong.

use history::{Key, NodeId};
use redis::Script;

use super::{ERASE_BY_VALUE, ERASE_DESPITE_PROMISE};
use crate::change::Comparing;
use crate::orchestrator::{Cast, Step};
use crate::rules::Rules;
use crate::{Accepting, Ballot};

/// Erases a register as soon as a quorum has accepted its tombstone. The acceptors outside of that
/// quorum may still hold an older state. It is read again when the tombstone is gone.
#[derive(Debug)]
pub(super) struct NaiveErasing;

impl Rules for NaiveErasing {
    fn after_deletion(&self, key: Key, tombstone: Ballot) -> Step {
        Step::Erase { key, tombstone }
    }

    fn erase_script(&self) -> Script {
        ERASE_DESPITE_PROMISE
    }
}

/// Commits the tombstone again by a quorum, not by all acceptors. An acceptor outside of that
/// quorum may hold an older state. Once the tombstone is erased, that state has the highest ballot,
/// and comes back.
#[derive(Debug)]
pub(super) struct QuorumOfTombstones;

impl Rules for QuorumOfTombstones {
    fn after_deletion(&self, key: Key, tombstone: Ballot) -> Step {
        Step::Commit { key, tombstone, by: Accepting::Quorum }
    }
}

/// Does not notify proposers of the deletion. A leader continues from the state that it remembers,
/// under a promise that the acceptors have erased. Its earlier messages do the same.
#[derive(Debug)]
pub(super) struct ForgetNothing;

impl Rules for ForgetNothing {
    fn after_commit(&self, key: Key, tombstone: Ballot) -> Vec<Step> {
        vec![Step::Erase { key, tombstone }]
    }
}

/// Makes proposers forget the register, but not move past the tombstone. An acceptor that has
/// erased it accepts a new state under a low ballot. Another acceptor that still has the tombstone
/// shows a higher ballot, so the tombstone wins over the new state.
#[derive(Debug)]
pub(super) struct NoFastForward;

impl Rules for NoFastForward {
    fn after_commit(&self, key: Key, tombstone: Ballot) -> Vec<Step> {
        let forget = Step::Forget { key, tombstone: Ballot::ZERO };
        vec![forget, Step::Reject, Step::Erase { key, tombstone }]
    }
}

/// Does not make acceptors reject ended ages. An accept that was sent before the deletion arrives
/// at an acceptor that has erased the register, and nothing there is higher than its ballot.
#[derive(Debug)]
pub(super) struct NoAges;

impl Rules for NoAges {
    fn after_commit(&self, key: Key, tombstone: Ballot) -> Vec<Step> {
        vec![Step::Forget { key, tombstone }, Step::Erase { key, tombstone }]
    }

    fn after_removal(&self, _: &Cast, proposer: NodeId) -> Vec<Step> {
        vec![Step::Retire(proposer)]
    }
}

/// Erases any tombstone. An order that arrives late erases the tombstone of a later deletion, which
/// not all acceptors have accepted yet.
#[derive(Debug)]
pub(super) struct EraseByValue;

impl Rules for EraseByValue {
    fn erase_script(&self) -> Script {
        ERASE_BY_VALUE
    }
}

/// Erases a tombstone together with a promise that was given since. The acceptor can then accept an
/// older ballot than it has promised.
#[derive(Debug)]
pub(super) struct EraseDespitePromise;

impl Rules for EraseDespitePromise {
    fn erase_script(&self) -> Script {
        ERASE_DESPITE_PROMISE
    }
}

/// Compares versions only. A client that has read a version before the deletion overwrites the same
/// version of the register's next incarnation, which it has not seen.
#[derive(Debug)]
pub(super) struct CompareVersions;

impl Rules for CompareVersions {
    fn comparing(&self) -> Comparing {
        Comparing::Versions
    }
}
