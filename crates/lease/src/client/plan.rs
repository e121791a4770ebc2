//! What a client is to do, and how it goes about it.

use history::{Key, NodeId, Span};
use sim::Delay;

use crate::config::{AfterWaits, Topology, TwoLeases, Weights, WhenUnknown};

/// A client's surroundings, and how it deals with them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Plan {
    /// What it does.
    pub work: Work,
    /// Where rows are.
    pub database: NodeId,
    /// Where entries are.
    pub caches: Vec<NodeId>,
    /// Which of them has which.
    pub topology: Topology,
    /// How much each of them counts, if any will do.
    pub weights: Weights,
    /// How long it does nothing before an operation.
    pub think: Delay,
    /// How long it waits for an answer.
    pub patience: Span,
    /// How long it waits for others to fill in an entry, each time.
    pub waits: Vec<Span>,
    /// What it does then.
    pub after_waits: AfterWaits,
    /// How long what it fills in is to stay; for ever if none.
    pub ttl: Option<Delay>,
    /// What it does about an update that may have taken effect.
    pub when_unknown: WhenUnknown,
    /// What it does with two leases.
    pub two_leases: TwoLeases,
    /// When it asks for an entry once more.
    pub ask_again: Option<Span>,
    /// How long it is until it asks caches how they are, again.
    pub poll: Delay,
}

/// What a client does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Work {
    /// So many operations a round, of which so many are reads, on any of these rows.
    Mix {
        /// How many operations.
        operations: u64,
        /// How many of them are reads, in parts per million.
        reads_ppm: u32,
        /// Which rows.
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
