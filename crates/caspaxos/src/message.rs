//! What the processes say to each other, and to themselves.

use history::{Action, Key, NodeId, Observation};
use serde::{Deserialize, Serialize};

use crate::{Ballot, Configuration, Order, Report};

/// What the processes say to each other.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Message {
    /// A client asks a proposer to change a register.
    Change {
        /// By which it will know the answer.
        ticket: u32,
        /// Which register.
        key: Key,
        /// How.
        action: Action,
    },
    /// The proposer answers.
    Changed {
        /// Of what was asked.
        ticket: u32,
        /// What became of it.
        answer: Answer,
    },
    /// A proposer asks an acceptor.
    Request {
        /// Which register.
        key: Key,
        /// The ballot of the attempt.
        ballot: Ballot,
        /// How often deletions have made the proposer start afresh: an acceptor can reject messages
        /// of an age that a deletion has ended.
        age: u32,
        /// What it is asked.
        request: Request,
    },
    /// The acceptor answers.
    Reply {
        /// Which register.
        key: Key,
        /// The ballot of the request.
        ballot: Ballot,
        /// The answer.
        reply: Reply,
    },
    /// The operator gives a proposer its acceptors.
    Configure(Configuration),
    /// The operator wants a client to finish what it is at, and stop.
    Stop,
    /// The orchestrator asks for something.
    Order {
        /// By which it will know the report.
        number: u32,
        /// What.
        order: Order,
    },
    /// Somebody tells the orchestrator what became of an order.
    Report {
        /// Of which.
        number: u32,
        /// What.
        report: Report,
    },
    /// A proposer tells the orchestrator that a register was deleted.
    Deleted {
        /// Which register.
        key: Key,
        /// The ballot under which a quorum has accepted that it is empty.
        tombstone: Ballot,
    },
}

impl Message {
    /// How many bytes its lists take.
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

/// What a proposer asks of an acceptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// To promise not to accept anything below this ballot, and to tell what it has accepted.
    Prepare,
    /// To accept this state.
    Accept(Observation),
    /// To tell what it has accepted, without any promise.
    Query,
}

/// What an acceptor answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// It promises, and has accepted this before: the zero ballot if nothing.
    Promised {
        /// Under which ballot.
        accepted: Ballot,
        /// Which state.
        state: Observation,
    },
    /// It will not promise: it has promised this already.
    PrepareConflict {
        /// Its promise.
        promised: Ballot,
    },
    /// It has accepted.
    Accepted,
    /// It will not accept: it has promised this.
    AcceptConflict {
        /// Its promise.
        promised: Ballot,
    },
    /// Its Redis server answered with an error. What the command was for did not happen.
    PrepareError,
    /// Its Redis server answered with an error.
    AcceptError,
    /// It has accepted this: the zero ballot if nothing.
    Held {
        /// Under which ballot.
        accepted: Ballot,
        /// Which state.
        state: Observation,
    },
    /// Its Redis server answered with an error.
    QueryError,
}

/// What a proposer answers to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It is done, and the register is like this.
    Ok(Observation),
    /// The change was refused: the register is like this, and was committed so again.
    Refused(Observation),
    /// The key's lock is taken. Nothing happened.
    Busy,
    /// There was no quorum of promises. The register is as it was.
    NotPrepared,
    /// There was no quorum of acceptances: the change may or may not take effect, now or later.
    Unknown,
}

/// What the processes say to themselves, later.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Timer {
    /// A client tries.
    Try,
    /// A client stops waiting for a proposer's answer.
    LosePatience,
    /// A proposer stops waiting for answers about a key.
    GiveUp(Key),
    /// An acceptor's server has something to do.
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
