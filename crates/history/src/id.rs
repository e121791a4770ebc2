//! Ids for the nodes, keys and operations of a run. They are small integers, so that events stay
//! small. The tables in [`Names`](crate::Names) map them to names.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A node of the simulated world: a client, a proposer, a server. Numbered from 0 in the order in
/// which the nodes were added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub u16);

impl NodeId {
    /// The world itself: the node of events that belong to no node in particular, such as a
    /// partition.
    pub const WORLD: NodeId = NodeId(u16::MAX);

    /// The position of this node in a table of nodes.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}

/// A key that clients operate on. Numbered from 0 in the order of the scenario's key table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(pub u32);

impl Key {
    /// The position of this key in a table of keys.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "k{}", self.0)
    }
}

/// One operation: the client that invoked it, and the zero-based index of the operation among that
/// client's.
///
/// It does not depend on what other clients did, so an operation keeps its name when a client is
/// added to a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OpId {
    /// The client that invoked it.
    pub client: NodeId,
    /// Counted from 0 for each client.
    pub ordinal: u32,
}

impl fmt::Display for OpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.client, self.ordinal)
    }
}
