//! The rules by which registers are deleted and the membership changes.
//!
//! The [`orchestrator`](crate::orchestrator) carries out steps. Which steps a deletion takes, in
//! which order, and what a change of membership consists of, its *rules* say. They also say what an
//! acceptor checks before it erases a register, and what compare-and-set compares. All nodes of a
//! run follow the same rules.
//!
//! The methods of [`Rules`] are the protocol's own answers, and [`Published`] takes each of them as
//! it is. The numbers below are those of the four steps of a deletion in
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

/// What is done for a deletion and for a change of membership. A value of it has no state: two of
/// the same name are the same rules.
pub trait Rules: Debug + Send + Sync {
    /// A quorum has accepted that a register is empty, and the client has its answer. The register
    /// is committed again by *all* acceptors (1). After that no acceptor holds anything older than
    /// the tombstone, which could be read when the tombstone is gone.
    fn after_deletion(&self, key: Key, tombstone: Ballot) -> Step {
        Step::Commit { key, tombstone, by: Accepting::All }
    }

    /// The register was committed again under this ballot, and is still empty. All proposers forget
    /// it and move past the ballot (2), so that nothing is written below the tombstone. All
    /// acceptors reject what proposers sent before that (3), so that nothing which is still under
    /// way revives the register. Then all acceptors erase it (4).
    fn after_commit(&self, key: Key, tombstone: Ballot) -> Vec<Step> {
        vec![Step::Forget { key, tombstone }, Step::Reject, Step::Erase { key, tombstone }]
    }

    /// The script by which an acceptor erases a register (4). Its argument is the tombstone's
    /// ballot. The protocol's script erases only what was accepted under that ballot, and only if
    /// nothing was promised since: an acceptor must not forget a promise.
    fn erase_script(&self) -> Script {
        ERASE
    }

    /// What compare-and-set compares where registers are deleted: all of the state. Versions begin
    /// anew after a deletion, so the same version can be that of another life.
    fn comparing(&self) -> Comparing {
        Comparing::States
    }

    /// One acceptor more, or one less, than before: `cast` has those of now. All proposers use
    /// majorities of them. If their number has become even, all keys are committed again.
    fn after_change(&self, cast: &Cast) -> Vec<Step> {
        let mut steps = vec![Step::Configure(Configuration::majorities(&cast.acceptors))];
        if cast.acceptors.len().is_multiple_of(2) {
            steps.extend(cast.keys.iter().map(|key| Step::Rescan(*key)));
        }
        steps
    }

    /// A proposer is removed, and `cast` has the others. It is turned off. Where registers are
    /// deleted, acceptors then reject what it has sent: it is not asked to forget any more.
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
    /// Their name is all that there is to them.
    fn hash<H: Hasher>(&self, state: &mut H) {
        format!("{self:?}").hash(state);
    }
}
