//! The messages and timers of the processes.

use std::fmt;

use history::{Key, NodeId, Observation, Span, Value, Version};
use serde::{Deserialize, Serialize};

/// The id of a request: its operation, and its number in that operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ticket {
    /// The zero-based index of the operation among the client's.
    pub op: u32,
    /// The number of the request in the operation, from 1.
    pub step: u32,
}

/// A token: the right to fill in an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(pub u64);

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A message between processes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Message {
    /// A request to a cache.
    Call {
        /// Identifies the reply.
        ticket: Ticket,
        /// The entry.
        key: Key,
        /// The call or transaction.
        call: Call,
    },
    /// A request to a cache for many entries, in one command.
    Calls {
        /// Identify the replies.
        ticket: Ticket,
        /// The entries and calls.
        calls: Vec<(Key, Call)>,
    },
    /// A cache's reply.
    Answer {
        /// The ticket of the request.
        ticket: Ticket,
        /// The entry.
        key: Key,
        /// The answer.
        answer: Answer,
    },
    /// A cache's reply for many entries.
    Answers {
        /// The tickets of the request.
        ticket: Ticket,
        /// The entries and answers.
        answers: Vec<(Key, Answer)>,
    },
    /// A request to the database.
    Query {
        /// Identifies the reply.
        ticket: Ticket,
        /// The call or transaction.
        query: Query,
    },
    /// The database's reply.
    Result {
        /// The ticket of the request.
        ticket: Ticket,
        /// The result.
        result: QueryResult,
    },
    /// The operator wants clients to work until they have done this many rounds.
    Work(u32),
    /// The operator wants the auditor to compare caches and database.
    Audit,
    /// The operator wants the relay to stop.
    Stop,
}

impl Message {
    /// The size of its lists, in bytes.
    #[inline]
    pub(crate) fn payload(&self) -> usize {
        match self {
            Message::Calls { calls, .. } => size_of_val(&**calls),
            Message::Answers { answers, .. } => size_of_val(&**answers),
            Message::Query { query: Query::SelectMany(keys), .. } => size_of_val(&**keys),
            Message::Query { query: Query::DeleteOutbox(rows), .. } => size_of_val(&**rows),
            Message::Result { result: QueryResult::Rows(rows), .. } => size_of_val(&**rows),
            Message::Result { result: QueryResult::Outbox(rows), .. } => size_of_val(&**rows),
            _ => 0,
        }
    }
}

/// A call of a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Call {
    /// Get the entry, or a lease to fill it in.
    Get {
        /// A token that no other client has.
        token: Token,
    },
    /// Fill in the entry.
    Set {
        /// The lease.
        token: Token,
        /// The row.
        state: Observation,
        /// The time to live. `None` means no expiry.
        ttl: Option<Span>,
    },
    /// Drop the entry, because its row has changed.
    Delete {
        /// The new version of the row.
        version: Version,
    },
    /// Ask whether the cache is up, and how much memory it uses.
    Stats,
}

/// The answer of a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The value of the entry.
    Found(Observation),
    /// There is no entry. The client may fill it in.
    Granted(Token),
    /// There is no entry, and another client is filling it in.
    Wait,
    /// There is no entry, but this was its value. The client may fill it in if there is a token.
    Outdated(Observation, Option<Token>),
    /// The entry was filled in with this value.
    Stored(Observation),
    /// The lease is not valid, and the entry was not filled in.
    Refused,
    /// The entry was dropped, because its row has changed to this version.
    Deleted(Version),
    /// The cache is up, and uses this many bytes of memory.
    Stats(u64),
    /// Another master of the cluster has the entry's slot.
    Moved(NodeId),
    /// The keys of the command are in different slots of the cluster.
    CrossSlot,
    /// The server replied with an error, or with a reply that does not fit the command.
    Error,
}

/// A transaction.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Query {
    /// Reads a row.
    Select(Key),
    /// Reads many rows.
    SelectMany(Vec<Key>),
    /// Writes a row, and its invalidation into the outbox.
    Update {
        /// The row.
        key: Key,
        /// Its new value.
        value: Value,
    },
    /// Reads the first rows of the outbox.
    SelectOutbox,
    /// Deletes these rows of the outbox.
    DeleteOutbox(Vec<u64>),
}

/// The result of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QueryResult {
    /// A row.
    Row {
        /// The row.
        key: Key,
        /// Its version and value.
        state: Observation,
    },
    /// Several rows.
    Rows(Vec<(Key, Observation)>),
    /// The row was written.
    Updated {
        /// The row.
        key: Key,
        /// Its version and value.
        state: Observation,
    },
    /// Rows of the outbox.
    Outbox(Vec<OutboxRow>),
    /// The transaction was executed.
    Deleted,
}

/// A row of the outbox: an invalidation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OutboxRow {
    /// Its number.
    pub id: u64,
    /// The row that has changed.
    pub key: Key,
    /// The new version of the row.
    pub version: Version,
}

/// A timer of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Timer {
    /// A client begins its next operation.
    Next,
    /// A request times out.
    Timeout(Ticket),
    /// A backoff ends, and the client asks again.
    AskAgain(Ticket),
    /// The relay reads the outbox.
    Look,
    /// A client polls the caches.
    Poll,
    /// A cache's server continues its work.
    Server(redis_node::Timer),
}

/// What the processes exchange: messages, timers, and operations on registers.
pub type Protocol = sim::Types<Message, Timer>;

impl From<redis_node::Timer> for Timer {
    fn from(timer: redis_node::Timer) -> Timer {
        Timer::Server(timer)
    }
}
