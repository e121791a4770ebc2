//! Steps and checks that people omit from the deletion of a register or from a change of
//! membership.
//!
//! Each shortcut is an implementation of [`Rules`] that deviates from the protocol in one decision,
//! and each is wrong. The type that implements it says why. A scenario names one:
//!
//! ```toml
//! [caspaxos.orchestrator]
//! deletions_one_in = 3
//! shortcut = "erase-by-value"
//! ```
//!
//! ```
//! use caspaxos::orchestrator::Step;
//! use caspaxos::rules::{Published, Rules};
//! use caspaxos::variants::Shortcut;
//! use caspaxos::Ballot;
//! use history::Key;
//!
//! let (key, tombstone) = (Key(0), Ballot { eon: 4, id: 8, era: 2 });
//! let wrong = Shortcut::NoAges.rules().after_commit(key, tombstone);
//! let mut right = Published.after_commit(key, tombstone);
//! right.retain(|step| *step != Step::Reject);
//! assert_eq!(wrong, right);
//! ```

mod deletion;
mod erase;
mod membership;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use self::erase::{ERASE_BY_VALUE, ERASE_DESPITE_PROMISE};
use crate::rules::Rules;

/// An omitted step or check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shortcut {
    /// Registers are erased as soon as a quorum has accepted the tombstone.
    NaiveErasing,
    /// The tombstone is committed again by a quorum only, not by all acceptors.
    QuorumOfTombstones,
    /// Proposers do not learn of deletions. They keep their state, their ballots and their age.
    ForgetNothing,
    /// Proposers keep their ballots, although they forget the register and begin a new age.
    NoFastForward,
    /// Acceptors do not reject ended ages.
    NoAges,
    /// A register is erased if its value is that of a tombstone, of any deletion.
    EraseByValue,
    /// A register is erased even if something was promised since the tombstone was accepted.
    EraseDespitePromise,
    /// Keys are not committed again after a change to an even number of acceptors.
    NoRescan,
    /// A removed proposer is turned off, and acceptors still accept its messages.
    RetiredAreHeard,
    /// Compare-and-set compares versions, as in Gryadka, although versions start over.
    CompareVersions,
}

impl Shortcut {
    /// The rules with this shortcut.
    #[must_use]
    pub fn rules(self) -> &'static dyn Rules {
        match self {
            Shortcut::NaiveErasing => &deletion::NaiveErasing,
            Shortcut::QuorumOfTombstones => &deletion::QuorumOfTombstones,
            Shortcut::ForgetNothing => &deletion::ForgetNothing,
            Shortcut::NoFastForward => &deletion::NoFastForward,
            Shortcut::NoAges => &deletion::NoAges,
            Shortcut::EraseByValue => &deletion::EraseByValue,
            Shortcut::EraseDespitePromise => &deletion::EraseDespitePromise,
            Shortcut::NoRescan => &membership::NoRescan,
            Shortcut::RetiredAreHeard => &membership::RetiredAreHeard,
            Shortcut::CompareVersions => &deletion::CompareVersions,
        }
    }
}
