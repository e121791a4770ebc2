//! The timers of nodes. What nodes send to each other are [`Message`]s of Redis.

use redis_node::Message;
use serde::{Deserialize, Serialize};

/// A timer of a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Timer {
    /// A client continues.
    Next,
    /// A client's request has timed out.
    ClientTimeout(u64),
    /// The proxy's request has timed out.
    Timeout(u64),
    /// The next sweep is due.
    Redeem,
    /// The server continues its work.
    Server(redis_node::Timer),
}

/// What the processes exchange: messages, timers, and operations on registers.
pub type Protocol = sim::Types<Message, Timer>;

impl From<redis_node::Timer> for Timer {
    fn from(timer: redis_node::Timer) -> Timer {
        Timer::Server(timer)
    }
}
