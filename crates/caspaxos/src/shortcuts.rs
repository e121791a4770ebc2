//! What people leave out of the deletion of a register or of a change of membership: each is wrong.
//!
//! Nothing but the scenarios that show it wrong, and the [orchestrator](crate::orchestrator), which
//! leaves it out for them, depends on this.

use serde::{Deserialize, Serialize};

/// Something that is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shortcut {
    /// Registers are erased as soon as a tombstone has been accepted by a quorum, without anything
    /// in between.
    NaiveErasing,
    /// The tombstone is committed again by a quorum only, not by all acceptors.
    QuorumOfTombstones,
    /// Proposers are not told of deletions: they keep what they know, their ballots and their age.
    ForgetNothing,
    /// Proposers keep their ballots, though they forget the register and come of age.
    NoFastForward,
    /// Acceptors are not told which ages are over.
    NoAges,
    /// A register is erased if its value is that of a tombstone, of whatever deletion.
    EraseByValue,
    /// A register is erased even if something was promised since the tombstone was accepted.
    EraseDespitePromise,
    /// Keys are not committed again after a change to an even number of acceptors.
    NoRescan,
    /// A proposer that is removed is turned off, and what it has sent is still heard.
    RetiredAreHeard,
    /// Compare-and-set compares versions, as in Gryadka, though versions begin anew.
    CompareVersions,
}

/// Erases by value. It has no native twin.
pub(crate) const ERASE_BY_VALUE: &str = include_str!("scripts/shortcuts/erase_by_value.lua");

/// Erases by ballot, and does not look at the promise. It has no native twin.
pub(crate) const ERASE_DESPITE_PROMISE: &str =
    include_str!("scripts/shortcuts/erase_despite_promise.lua");
