//! The timers of nodes. What nodes send to each other are [`Message`]s of Redis.

use redis_node::Message;
use serde::{Deserialize, Serialize};

/// What nodes say to themselves, later.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Timer {
    /// A client goes on.
    Next,
    /// A client has waited long enough for the reply to this request.
    Patience(u64),
    /// The proxy has waited long enough for the reply to this request.
    Timeout(u64),
    /// The redeemer comes.
    Redeem,
    /// The server has something to do.
    Server(redis_node::Timer),
}

/// What the processes exchange: messages, timers, and operations on registers.
pub type Protocol = sim::Types<Message, Timer>;

impl From<redis_node::Timer> for Timer {
    fn from(timer: redis_node::Timer) -> Timer {
        Timer::Server(timer)
    }
}
