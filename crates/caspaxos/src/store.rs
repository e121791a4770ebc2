//! A key-value store, for code of your own: `get`, `set`, `cas` and `delete`.
//!
//! A [`Store`] is a proposer and its client in one. Like the proposer it does no I/O: it is lent
//! the [`Acceptors`] for each operation, which can be Redis servers behind connections of yours, or
//! an [`InMemory`] cluster. One that is unreachable, or answers with an error, is one that failed;
//! as long as a quorum is left, that is not noticed.
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
//! // Compare-and-set wants to know what it is put on top of.
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

/// How acceptors are reached.
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
    /// Asks an acceptor: what it replies to a [`Message::Request`], or none if no reply came. That
    /// does not tell whether the request arrived.
    fn call(&mut self, acceptor: NodeId, request: Message) -> Option<Message>;
}

/// What is stored under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Held {
    /// How many changes there have been: 0 if there has never been anything. Deletions count.
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
    /// There is something else than was expected. Nothing was changed.
    #[error("the key is at {} already", .0.version)]
    Refused(Held),
    /// There was no quorum, or a competitor came first. Nothing was changed: try again.
    #[error("no quorum of acceptors has promised; nothing was changed")]
    Failed,
    /// The change may have taken effect, may do so later, or never: read before anything else.
    #[error("no quorum of acceptors has accepted; the change may take effect now, later or never")]
    Unknown,
    /// The store was not made for such a key.
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
    /// A store whose proposer has this id, which no other may ever have, and which is not 0. The
    /// acceptors know its keys by the same names, in the same order.
    #[must_use]
    pub fn new(id: u32, configuration: Configuration, keys: &[&str]) -> Store {
        // No answer comes late: the acceptors are called, and then they have answered or not.
        let proposer = Proposer::new(id, configuration, Span::from_secs(1));
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        Store { proposer, sandbox: Sandbox::default(), keys, operations: 0 }
    }

    /// The same store, which reads like that.
    #[must_use]
    pub fn reading(self, reads: Reads) -> Store {
        Store { proposer: self.proposer.reading(reads), ..self }
    }

    /// What there is.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn get(&mut self, acceptors: &mut impl Acceptors, key: &str) -> Result<Held, StoreError> {
        self.change(acceptors, key, Action::Read)
    }

    /// Puts a value there, whatever there is: the last write wins. [`Value::NONE`] is no value.
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

    /// Puts a value there if the key still is at that version.
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

    /// Deletes the value, if there is one, and tells what it was. The register stays, and its
    /// version goes on. This is a `get` and a `cas`: refused if somebody comes in between.
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

    /// Has the proposer make a change, from its first request to its answer.
    fn change(
        &mut self,
        acceptors: &mut impl Acceptors,
        key: &str,
        action: Action,
    ) -> Result<Held, StoreError> {
        let place = self.keys.iter().position(|known| known == key);
        let key = Key(place.ok_or(StoreError::NoSuchKey)? as u32);
        // A proposer hears each ticket of a client once, so the client changes when they run out.
        let (from, ticket) = (NodeId((self.operations >> 32) as u16), self.operations as u32);
        self.operations = self.operations.wrapping_add(1);
        let message = Message::Change { ticket, key, action };
        let mut inputs = VecDeque::from([Input::Message { from, message }]);
        loop {
            // If acceptors answer with something else than was asked, that is no answer.
            let input = inputs.pop_front().unwrap_or(Input::Timer(Timer::GiveUp(key)));
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
