//! What the processes say to each other, and to themselves.

use std::fmt;

use history::{Key, NodeId, Observation, Span, Value, Version};
use serde::{Deserialize, Serialize};

/// A question: which of its operation's questions, and which operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ticket {
    /// The operation, counted from 0 for each client.
    pub op: u32,
    /// The question, counted from 1 for each operation.
    pub step: u32,
}

/// What a client holds that may fill in an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(pub u64);

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What the processes say to each other.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Message {
    /// Somebody asks a cache.
    Call {
        /// By which it will know the answer.
        ticket: Ticket,
        /// About which entry.
        key: Key,
        /// What.
        call: Call,
    },
    /// Somebody asks a cache many things of one kind with one command.
    Calls {
        /// By which it will know the answers.
        ticket: Ticket,
        /// About which entries, and what.
        calls: Vec<(Key, Call)>,
    },
    /// The cache answers.
    Answer {
        /// Of the question.
        ticket: Ticket,
        /// About which entry.
        key: Key,
        /// What it has done.
        answer: Answer,
    },
    /// The cache answers all of them.
    Answers {
        /// Of the questions.
        ticket: Ticket,
        /// About which entries, and what it has done.
        answers: Vec<(Key, Answer)>,
    },
    /// Somebody has the database execute a transaction.
    Query {
        /// By which it will know the answer.
        ticket: Ticket,
        /// What.
        query: Query,
    },
    /// The database has executed it.
    Result {
        /// Of the question.
        ticket: Ticket,
        /// What came of it.
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
    /// How many bytes its lists take.
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

/// What is asked of a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Call {
    /// The entry, or a lease on filling it in.
    Get {
        /// That nobody else has.
        token: Token,
    },
    /// To fill in the entry.
    Set {
        /// The lease.
        token: Token,
        /// The row.
        state: Observation,
        /// How long it is to stay; for ever if none.
        ttl: Option<Span>,
    },
    /// To forget the entry, since its row has changed.
    Delete {
        /// To this version.
        version: Version,
    },
    /// Whether it is there, and how much memory it uses.
    Stats,
}

/// What a cache answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The entry is this.
    Found(Observation),
    /// There is none: whoever asked may fill it in.
    Granted(Token),
    /// There is none, and somebody else is filling it in.
    Wait,
    /// There is none, but there was this. Whoever asked may fill it in, if there is a token.
    Outdated(Observation, Option<Token>),
    /// The entry is filled in with this.
    Stored(Observation),
    /// The lease is not valid: nothing was filled in.
    Refused,
    /// The entry is forgotten, since its row has changed to this version.
    Deleted(Version),
    /// It is there, and uses so many bytes of memory.
    Stats(u64),
    /// Another master of the cluster has the entry.
    Moved(NodeId),
    /// The keys of the command are in different slots of the cluster.
    CrossSlot,
    /// The server's reply was an error, or none that its command has.
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
    /// Writes a row, and what has to be invalidated because of it.
    Update {
        /// Which row.
        key: Key,
        /// Its new value.
        value: Value,
    },
    /// Reads the first rows of the outbox.
    SelectOutbox,
    /// Deletes these rows of the outbox.
    DeleteOutbox(Vec<u64>),
}

/// What came of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QueryResult {
    /// The row is this.
    Row {
        /// Which.
        key: Key,
        /// Its version and value.
        state: Observation,
    },
    /// The rows are these.
    Rows(Vec<(Key, Observation)>),
    /// The row is written, and is this now.
    Updated {
        /// Which.
        key: Key,
        /// Its version and value.
        state: Observation,
    },
    /// What has to be invalidated.
    Outbox(Vec<OutboxRow>),
    /// Done.
    Deleted,
}

/// A row of the outbox: something that has to be invalidated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OutboxRow {
    /// Its number.
    pub id: u64,
    /// The row that has changed.
    pub key: Key,
    /// To this version.
    pub version: Version,
}

/// What the processes say to themselves, later.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Timer {
    /// A client begins its next operation.
    Next,
    /// Somebody stops waiting for the answer to a question.
    GiveUp(Ticket),
    /// A client that was told to wait asks again.
    AskAgain(Ticket),
    /// The relay looks into the outbox.
    Look,
    /// A client asks caches how they are.
    Poll,
    /// A cache's server has something to do.
    Server(redis_node::Timer),
}

/// What the processes exchange: messages, timers, and operations on registers.
pub type Protocol = sim::Types<Message, Timer>;

impl From<redis_node::Timer> for Timer {
    fn from(timer: redis_node::Timer) -> Timer {
        Timer::Server(timer)
    }
}
