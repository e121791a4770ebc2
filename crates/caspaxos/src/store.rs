//! A key-value store for your own code: `get`, `set`, `cas` and `delete`.
//!
//! A [`Store`] is a proposer and its client in one. Like the proposer it does no I/O. Each
//! operation borrows the [`Acceptors`], which can be Redis servers behind your own connections, or
//! an [`InMemory`] cluster. An acceptor that is unreachable, or replies with an error, counts as
//! failed. Operations succeed as long as a quorum is left.
//!
//! ```
//! use caspaxos::store::{InMemory, Store, StoreError};
//! use history::{Value, Version};
//!
//! let mut cluster = InMemory::new(3, &["color", "size"]);
//! let mut here = Store::new(1, cluster.majorities(), &["color", "size"]);
//! let mut there = Store::new(2, cluster.majorities(), &["color", "size"]);
//!
//! // The last write wins.
//! let red = here.set(&mut cluster, "color", Value(1))?;
//! assert_eq!(red.version, Version(1));
//! assert_eq!(there.get(&mut cluster, "color")?, red);
//!
//! // Compare-and-set takes the expected version.
//! let green = there.cas(&mut cluster, "color", red.version, Value(2))?;
//! let late = here.cas(&mut cluster, "color", red.version, Value(3));
//! assert!(late.is_err(), "it led, and has been deposed");
//! let late = here.cas(&mut cluster, "color", red.version, Value(3));
//! assert_eq!(late, Err(StoreError::Refused(green)));
//!
//! // One of three acceptors can be lost.
//! cluster.stop(0);
//! assert_eq!(here.get(&mut cluster, "color")?, green);
//! assert_eq!(here.delete(&mut cluster, "color")?, Some(green));
//! assert_eq!(here.delete(&mut cluster, "color")?, None);
//! assert_eq!(here.get(&mut cluster, "color")?.value(), None);
//!
//! // Without a quorum nothing can be read or written.
//! cluster.stop(1);
//! assert_eq!(there.get(&mut cluster, "size"), Err(StoreError::Failed));
//! # Ok::<(), StoreError>(())
//! ```

mod in_memory;

use std::collections::VecDeque;

use history::{Action, Key, NodeId, Observation, Span, Value, Version};
use sim::{Effect, Input, Process, Sandbox};
use thiserror::Error;

pub use self::in_memory::InMemory;
use crate::proposer::Proposer;
use crate::reads::Reads;
use crate::{Answer, Configuration, Message, Protocol, Timer};

/// Sends requests to acceptors.
///
/// ```
/// use caspaxos::Message;
/// use caspaxos::store::Acceptors;
/// use history::NodeId;
///
/// struct Unreachable;
///
/// impl Acceptors for Unreachable {
///     fn call(&mut self, _: NodeId, _: Message) -> Option<Message> {
///         None
///     }
/// }
/// ```
pub trait Acceptors {
    /// Sends a [`Message::Request`] to an acceptor, and returns the reply. `None` means that no
    /// reply came; the request may have arrived.
    fn call(&mut self, acceptor: NodeId, request: Message) -> Option<Message>;
}

/// The state of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Held {
    /// The number of changes so far, deletions included. 0 if the key was never written.
    pub version: Version,
    value: Value,
}

impl Held {
    /// The value, if there is one.
    #[must_use]
    pub fn value(&self) -> Option<Value> {
        (self.value != Value::NONE).then_some(self.value)
    }
}

impl From<Observation> for Held {
    fn from(Observation { version, value }: Observation) -> Held {
        Held { version, value }
    }
}

/// Why an operation did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum StoreError {
    /// The key is not at the expected version. The operation had no effect.
    #[error("the key is at {} already", .0.version)]
    Refused(Held),
    /// There was no quorum, or a competitor came first. The operation had no effect. Try again.
    #[error("no quorum of acceptors has promised; nothing was changed")]
    Failed,
    /// The change may take effect now, later or never. Read before you write again.
    #[error("no quorum of acceptors has accepted; the change may take effect now, later or never")]
    Unknown,
    /// The store does not have this key.
    #[error("there is no such key")]
    NoSuchKey,
}

/// A key-value store.
#[derive(Clone, Debug)]
pub struct Store {
    proposer: Proposer,
    sandbox: Sandbox<Protocol>,
    keys: Vec<String>,
    operations: u64,
}

impl Store {
    /// Creates a store whose proposer has this id. The id must be unique and not 0. The acceptors
    /// must have the same keys, in the same order.
    #[must_use]
    pub fn new(id: u32, configuration: Configuration, keys: &[&str]) -> Store {
        // No reply comes late, because calls to acceptors are synchronous.
        let proposer = Proposer::new(id, configuration, Span::from_secs(1));
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        Store { proposer, sandbox: Sandbox::default(), keys, operations: 0 }
    }

    /// Sets how the store reads.
    #[must_use]
    pub fn reading(self, reads: Reads) -> Store {
        Store { proposer: self.proposer.reading(reads), ..self }
    }

    /// Returns the state of a key.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn get(&mut self, acceptors: &mut impl Acceptors, key: &str) -> Result<Held, StoreError> {
        self.change(acceptors, key, Action::Read)
    }

    /// Writes a value on top of any state: the last write wins. [`Value::NONE`] is not a value.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn set(
        &mut self,
        acceptors: &mut impl Acceptors,
        key: &str,
        value: Value,
    ) -> Result<Held, StoreError> {
        self.change(acceptors, key, Action::Write { value })
    }

    /// Writes a value if the key is still at that version.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn cas(
        &mut self,
        acceptors: &mut impl Acceptors,
        key: &str,
        expected: Version,
        value: Value,
    ) -> Result<Held, StoreError> {
        // Only versions are compared: a version has one value.
        let expected = Observation { version: expected, value: Value::NONE };
        self.change(acceptors, key, Action::Cas { expected, value })
    }

    /// Deletes the value, if there is one, and returns the former state. The register stays, and
    /// its version grows. A deletion is a `get` and a `cas`, so it is refused if another store
    /// writes in between.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn delete(
        &mut self,
        acceptors: &mut impl Acceptors,
        key: &str,
    ) -> Result<Option<Held>, StoreError> {
        let held = self.get(acceptors, key)?;
        if held.value().is_none() {
            return Ok(None);
        }
        self.cas(acceptors, key, held.version, Value::NONE)?;
        Ok(Some(held))
    }

    /// Runs a change of the proposer, from its first request to its reply.
    fn change(
        &mut self,
        acceptors: &mut impl Acceptors,
        key: &str,
        action: Action,
    ) -> Result<Held, StoreError> {
        let place = self.keys.iter().position(|known| known == key);
        let key = Key(place.ok_or(StoreError::NoSuchKey)? as u32);
        // A proposer handles each ticket of a client once, so the client changes when the tickets
        // run out.
        let (from, ticket) = (NodeId((self.operations >> 32) as u16), self.operations as u32);
        self.operations = self.operations.wrapping_add(1);
        let message = Message::Change { ticket, key, action };
        let mut inputs = VecDeque::from([Input::Message { from, message }]);
        loop {
            // A reply to another request counts as no reply.
            let input = inputs.pop_front().unwrap_or(Input::Timer(Timer::RoundTimeout(key)));
            self.proposer.handle(&mut self.sandbox.context(), input);
            for effect in self.sandbox.take_effects() {
                match effect {
                    Effect::Send { message: Message::Changed { answer, .. }, .. } => {
                        return outcome(answer);
                    }
                    Effect::Send { to, message } => {
                        inputs.push_back(match acceptors.call(to, message.clone()) {
                            Some(message) => Input::Message { from: to, message },
                            None => Input::Undelivered { to, message },
                        });
                    }
                    _ => (),
                }
            }
        }
    }
}

fn outcome(answer: Answer) -> Result<Held, StoreError> {
    match answer {
        Answer::Ok(state) => Ok(state.into()),
        Answer::Refused(state) => Err(StoreError::Refused(state.into())),
        Answer::Busy | Answer::NotPrepared => Err(StoreError::Failed),
        Answer::Unknown => Err(StoreError::Unknown),
    }
}
