//! The task of a client, and its settings.

use history::{Key, NodeId, Span};
use sim::Delay;

use crate::config::{AfterBackoff, Topology, TwoLeases, Weights, WhenUnknown};

/// The nodes and settings of a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Plan {
    /// Its operations.
    pub work: Work,
    /// The database.
    pub database: NodeId,
    /// The caches.
    pub caches: Vec<NodeId>,
    /// How entries are distributed over the caches.
    pub topology: Topology,
    /// The weight of each replica.
    pub weights: Weights,
    /// The pause before an operation.
    pub think: Delay,
    /// The timeout of a request.
    pub timeout: Span,
    /// The backoffs while another client fills in an entry.
    pub backoff: Vec<Span>,
    /// What it does after the last backoff.
    pub after_backoff: AfterBackoff,
    /// The time to live of its fills. `None` means no expiry.
    pub ttl: Option<Delay>,
    /// What it does after an update with an unknown outcome.
    pub when_unknown: WhenUnknown,
    /// What it does with two leases.
    pub two_leases: TwoLeases,
    /// When it asks for an entry again.
    pub ask_again: Option<Span>,
    /// The time between two polls of the caches.
    pub poll: Delay,
}

/// The operations of a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Work {
    /// Random operations in each round, on any of these rows.
    Mix {
        /// The number of operations in a round.
        operations: u64,
        /// The share of reads, in parts per million.
        reads_ppm: u32,
        /// The rows.
        keys: Vec<Key>,
    },
    /// These operations, in order, in each round.
    Program(Vec<(Kind, Key)>),
}

/// An operation's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Through the cache.
    Read,
    /// In the database.
    Update,
}
