//! The rules by which registers are deleted and the membership changes.
//!
//! The [`orchestrator`](crate::orchestrator) executes steps. Its *rules* define the steps of a
//! deletion and of a change of membership, and their order. The rules also define what an acceptor
//! checks before it erases a register, and what compare-and-set compares. All nodes of a run follow
//! the same rules.
//!
//! The default methods of [`Rules`] are the protocol's rules, and [`Published`] uses all of them.
//! The numbers below are those of the four steps of a deletion in
//! [`orchestrator`](crate::orchestrator).
//!
//! ```
//! use caspaxos::orchestrator::Step;
//! use caspaxos::rules::{Published, Rules};
//! use caspaxos::{Accepting, Ballot};
//! use history::Key;
//!
//! let (key, tombstone) = (Key(0), Ballot { eon: 4, id: 8, era: 2 });
//! let by = Accepting::All;
//! assert_eq!(Published.after_deletion(key, tombstone), Step::Commit { key, tombstone, by });
//! let (forget, erase) = (Step::Forget { key, tombstone }, Step::Erase { key, tombstone });
//! assert_eq!(Published.after_commit(key, tombstone), [forget, Step::Reject, erase]);
//! ```

use std::fmt::Debug;
use std::hash::{Hash, Hasher};

use history::{Key, NodeId};
use redis::Script;

use crate::acceptor::ERASE;
use crate::change::Comparing;
use crate::orchestrator::{Cast, Step};
use crate::{Accepting, Ballot, Configuration};

/// The rules of deletions and of changes of membership. An implementation has no state: two values
/// with the same name are the same rules.
pub trait Rules: Debug + Send + Sync {
    /// The step after a quorum has accepted the empty state and the client has its reply. The
    /// register is committed again by *all* acceptors (1). After that no acceptor holds a state
    /// older than the tombstone, which could be read when the tombstone is gone.
    fn after_deletion(&self, key: Key, tombstone: Ballot) -> Step {
        Step::Commit { key, tombstone, by: Accepting::All }
    }

    /// The steps after the register was committed again under this ballot, and is still empty. All
    /// proposers forget it and move past the ballot (2), so that no proposer writes below the
    /// tombstone. All acceptors reject the earlier messages of proposers (3), so that no message in
    /// flight revives the register. Then all acceptors erase it (4).
    fn after_commit(&self, key: Key, tombstone: Ballot) -> Vec<Step> {
        vec![Step::Forget { key, tombstone }, Step::Reject, Step::Erase { key, tombstone }]
    }

    /// The script that erases a register on an acceptor (4). Its argument is the tombstone's
    /// ballot. The protocol's script erases only a state that was accepted under that ballot, and
    /// only if the acceptor has promised nothing since: an acceptor must not forget a promise.
    fn erase_script(&self) -> Script {
        ERASE
    }

    /// What compare-and-set compares where registers are deleted: the whole state. Versions start
    /// over after a deletion, so the same version can come from another incarnation.
    fn comparing(&self) -> Comparing {
        Comparing::States
    }

    /// The steps after one acceptor has joined or left. `cast` has the present acceptors. All
    /// proposers use majorities of them. If their number has become even, all keys are committed
    /// again.
    fn after_change(&self, cast: &Cast) -> Vec<Step> {
        let mut steps = vec![Step::Configure(Configuration::majorities(&cast.acceptors))];
        if cast.acceptors.len().is_multiple_of(2) {
            steps.extend(cast.keys.iter().map(|key| Step::Rescan(*key)));
        }
        steps
    }

    /// The steps that remove a proposer. `cast` has the others. The proposer is turned off. Where
    /// registers are deleted, acceptors then reject its messages, because it no longer gets orders
    /// to forget.
    fn after_removal(&self, cast: &Cast, proposer: NodeId) -> Vec<Step> {
        let mut steps = vec![Step::Retire(proposer)];
        if cast.deletes {
            steps.push(Step::Reject);
        }
        steps
    }
}

/// The protocol's rules, which are safe.
#[derive(Clone, Copy, Debug)]
pub struct Published;

impl Rules for Published {}

impl Hash for dyn Rules {
    /// Rules with the same name are equal.
    fn hash<H: Hasher>(&self, state: &mut H) {
        format!("{self:?}").hash(state);
    }
}
