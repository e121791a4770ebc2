//! The messages and timers of the processes.

use history::{Action, Key, NodeId, Observation};
use serde::{Deserialize, Serialize};

use crate::{Ballot, Configuration, Order, Report};

/// A message between processes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Message {
    /// A client asks a proposer to change a register.
    Change {
        /// Identifies the reply.
        ticket: u32,
        /// The register.
        key: Key,
        /// The change.
        action: Action,
    },
    /// A proposer replies to a client.
    Changed {
        /// The ticket of the request.
        ticket: u32,
        /// The outcome.
        answer: Answer,
    },
    /// A proposer sends a request to an acceptor.
    Request {
        /// The register.
        key: Key,
        /// The ballot of the attempt.
        ballot: Ballot,
        /// The proposer's age, which grows with each deletion. An acceptor can reject messages of
        /// an age that a deletion has ended.
        age: u32,
        /// The request.
        request: Request,
    },
    /// An acceptor replies to a proposer.
    Reply {
        /// The register.
        key: Key,
        /// The ballot of the request.
        ballot: Ballot,
        /// The reply.
        reply: Reply,
    },
    /// The operator gives a proposer its acceptors.
    Configure(Configuration),
    /// The operator tells a client to finish its open operation and stop.
    Stop,
    /// The orchestrator gives an order.
    Order {
        /// Identifies the report.
        number: u32,
        /// The order or report.
        order: Order,
    },
    /// A node reports the result of an order to the orchestrator.
    Report {
        /// The number of the order.
        number: u32,
        /// The order or report.
        report: Report,
    },
    /// A proposer notifies the orchestrator that a register was deleted.
    Deleted {
        /// The register.
        key: Key,
        /// The ballot under which a quorum has accepted the empty state.
        tombstone: Ballot,
    },
}

impl Message {
    /// The size of its lists, in bytes.
    #[inline]
    pub(crate) fn payload(&self) -> usize {
        match self {
            Message::Configure(configuration)
            | Message::Order { order: Order::Configure { configuration, .. }, .. } => {
                let Configuration { prepare, accept } = configuration;
                size_of::<NodeId>() * (prepare.nodes.len() + accept.nodes.len())
            }
            Message::Order { order: Order::Reject(ages), .. } => size_of_val(&**ages),
            _ => 0,
        }
    }
}

/// A proposer's request to an acceptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// Promise to accept nothing below this ballot, and report the accepted state.
    Prepare,
    /// Accept this state.
    Accept(Observation),
    /// Report the accepted state, without a promise.
    Query,
}

/// An acceptor's reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// The acceptor promises. It reports its accepted state, with the zero ballot if there is none.
    Promised {
        /// The ballot of the accepted state.
        accepted: Ballot,
        /// The accepted state.
        state: Observation,
    },
    /// The acceptor does not promise, because it has promised this ballot.
    PrepareConflict {
        /// The promised ballot.
        promised: Ballot,
    },
    /// The acceptor has accepted the state.
    Accepted,
    /// The acceptor does not accept, because it has promised this ballot.
    AcceptConflict {
        /// The promised ballot.
        promised: Ballot,
    },
    /// The acceptor's Redis server replied with an error. The command had no effect.
    PrepareError,
    /// The acceptor's Redis server replied with an error.
    AcceptError,
    /// The acceptor reports its accepted state, with the zero ballot if there is none.
    Held {
        /// The ballot of the accepted state.
        accepted: Ballot,
        /// The accepted state.
        state: Observation,
    },
    /// The acceptor's Redis server replied with an error.
    QueryError,
}

/// A proposer's reply to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The change took effect, and this is the register's state.
    Ok(Observation),
    /// The change was refused. This is the register's state, which was committed again.
    Refused(Observation),
    /// The key's lock is taken. The operation had no effect.
    Busy,
    /// There was no quorum of promises. The operation had no effect.
    NotPrepared,
    /// There was no quorum of acceptances. The change may take effect now, later or never.
    Unknown,
}

/// A timer of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Timer {
    /// A client begins a try.
    Try,
    /// A client stops waiting for a proposer's reply.
    CallTimeout,
    /// A proposer stops waiting for replies about a key.
    RoundTimeout(Key),
    /// An acceptor's server continues its work.
    Server(redis_node::Timer),
    /// The orchestrator begins the next change.
    Change,
}

/// What the processes exchange: messages, timers, and operations on registers.
pub type Protocol = sim::Types<Message, Timer>;

impl From<redis_node::Timer> for Timer {
    fn from(timer: redis_node::Timer) -> Timer {
        Timer::Server(timer)
    }
}
