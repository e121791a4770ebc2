//! The orders of the [orchestrator](crate::orchestrator), and the reports on them.
//!
//! An order can be repeated, executed twice, and arrive late, without harm. Each report has the
//! number of its order, and the values that an order sets only grow.

use history::{Key, NodeId, Observation};
use serde::{Deserialize, Serialize};

use crate::{Ballot, Configuration};

/// An order of the orchestrator.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// A proposer commits a register again, in any state.
    Commit {
        /// The register.
        key: Key,
        /// The acceptors that must accept.
        by: Accepting,
    },
    /// A proposer forgets a register, moves past the ballot of a tombstone, and begins a new age.
    /// Its earlier messages have an older age.
    Forget {
        /// The register.
        key: Key,
        /// The ballot under which all acceptors have accepted the empty state.
        tombstone: Ballot,
    },
    /// A proposer uses these acceptors from now on.
    Configure {
        /// The number of the configuration. An earlier one never replaces a later one.
        epoch: u64,
        /// The acceptors.
        configuration: Configuration,
    },
    /// A proposer stops for good, and begins a new age.
    Retire,
    /// An acceptor rejects messages of older ages than these.
    Reject(Vec<(NodeId, u32)>),
    /// An acceptor erases a register if it holds the tombstone and has promised nothing since.
    Erase {
        /// The register.
        key: Key,
        /// The ballot of the tombstone.
        tombstone: Ballot,
    },
    /// A sweeper begins.
    Sweep,
}

/// The acceptors that must accept a state that is committed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Accepting {
    /// The quorum of every change.
    Quorum,
    /// All acceptors.
    All,
}

/// The result of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Report {
    /// The register was committed again.
    Committed {
        /// The ballot.
        ballot: Ballot,
        /// The state.
        state: Observation,
    },
    /// The proposer has begun this age or a later one.
    Age(u32),
    /// The order is done.
    Done,
    /// The acceptor still holds the tombstone, because it has promised a ballot since.
    Kept,
}
