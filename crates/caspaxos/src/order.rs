//! Orders: what the [orchestrator](crate::orchestrator) asks of the others, and what they report.
//!
//! Each of them can be given and carried out again, and arrive late, without harm: the number of an
//! order tells which of them a report is about, and what an order sets only grows.

use history::{Key, NodeId, Observation};
use serde::{Deserialize, Serialize};

use crate::{Ballot, Configuration};

/// What the orchestrator asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Asks a proposer to commit a register again, whatever its state is.
    Commit {
        /// Which register.
        key: Key,
        /// Who has to accept.
        by: Accepting,
    },
    /// Asks a proposer to forget what it knows of a register, to go past the ballot of a tombstone,
    /// and to come of age: nothing that it sent before is of that age.
    Forget {
        /// Which register.
        key: Key,
        /// The ballot under which all acceptors have accepted that it is empty.
        tombstone: Ballot,
    },
    /// Asks a proposer to use these acceptors from now on.
    Configure {
        /// The number of the configuration. An earlier one never replaces a later one.
        epoch: u64,
        /// The acceptors.
        configuration: Configuration,
    },
    /// Asks a proposer to stop for good, and to come of age.
    Retire,
    /// Asks an acceptor to reject what proposers sent before they came of age.
    Reject(Vec<(NodeId, u32)>),
    /// Asks an acceptor to erase a register if it holds the tombstone and has promised nothing
    /// since.
    Erase {
        /// Which register.
        key: Key,
        /// The ballot of the tombstone.
        tombstone: Ballot,
    },
    /// Asks a sweeper to begin.
    Sweep,
}

/// Who has to accept what is committed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Accepting {
    /// The quorum of every change.
    Quorum,
    /// All acceptors.
    All,
}

/// What became of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Report {
    /// The register was committed again.
    Committed {
        /// Under which ballot.
        ballot: Ballot,
        /// In which state.
        state: Observation,
    },
    /// The proposer has come of age: this one, or a later one.
    Age(u32),
    /// It is done.
    Done,
    /// The register still holds the tombstone, for something has been promised since.
    Kept,
}
