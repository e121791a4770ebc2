//! The versioned register: a value that clients read, write, compare-and-set and delete.
//!
//! The register starts out empty, which is version 0 without a value. Each write that takes effect
//! turns version *n* into version *n + 1*. The new version gets a value that no other write uses,
//! so a value identifies its write.
//!
//! A register can be deleted. Then it is empty again, and the next write makes version 1. A state
//! stays unique even so, because values do not come back.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Object, OpId};

/// The number of writes that a register has seen. 0 is the empty register.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Version(pub u64);

impl Version {
    /// The version that a write on top of this one makes.
    #[must_use]
    pub fn next(self) -> Version {
        Version(self.0 + 1)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

/// A value, unique to its write. 0 means no value, which only the empty register has.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Value(pub u64);

impl Value {
    /// The value of the empty register.
    pub const NONE: Value = Value(0);

    /// The value that operation `op` writes. It is unique, and the same in every run in which that
    /// client reaches that operation.
    ///
    /// ```
    /// # use history::{NodeId, OpId, Value};
    /// let op = OpId { client: NodeId(3), ordinal: 17 };
    /// assert_eq!(Value::of(op).writer(), Some(op));
    /// assert_eq!(Value::NONE.writer(), None);
    /// ```
    #[must_use]
    pub fn of(op: OpId) -> Value {
        Value(((u64::from(op.client.0) + 1) << 32) | u64::from(op.ordinal))
    }

    /// The operation that wrote this value, if it was made by [`Value::of`].
    #[must_use]
    pub fn writer(self) -> Option<OpId> {
        let client = u16::try_from((self.0 >> 32).checked_sub(1)?).ok()?;
        let ordinal = (self.0 & u64::from(u32::MAX)) as u32;
        Some(OpId { client: crate::NodeId(client), ordinal })
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.writer() {
            None if *self == Value::NONE => write!(f, "nothing"),
            None => write!(f, "{}", self.0),
            Some(op) => write!(f, "{op}"),
        }
    }
}

/// What an operation saw of a register: a version and its value.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Observation {
    /// The version.
    pub version: Version,
    /// The value of that version.
    pub value: Value,
}

impl Observation {
    /// The empty register.
    pub const EMPTY: Observation = Observation { version: Version(0), value: Value::NONE };
}

impl fmt::Display for Observation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Observation::EMPTY {
            return write!(f, "empty");
        }
        write!(f, "{}={}", self.version, self.value)
    }
}

/// An action on a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Read the register.
    Read,
    /// Write this value on top of any state (last write wins).
    Write {
        /// The new value.
        value: Value,
    },
    /// Write this value if the register is still in the expected state. Otherwise refuse.
    Cas {
        /// A state that the client has seen before.
        expected: Observation,
        /// The new value.
        value: Value,
    },
    /// Make the register empty if it is still in the expected state. Otherwise refuse.
    Delete {
        /// A state that the client has seen before. Not an empty register.
        expected: Observation,
    },
}

impl Action {
    /// The value that this action would put into the register.
    #[must_use]
    pub fn written(&self) -> Option<Value> {
        match *self {
            Action::Read | Action::Delete { .. } => None,
            Action::Write { value } | Action::Cas { value, .. } => Some(value),
        }
    }

    /// The state that the action expects, if it expects one.
    #[must_use]
    pub fn expected(&self) -> Option<Observation> {
        match *self {
            Action::Read | Action::Write { .. } => None,
            Action::Cas { expected, .. } | Action::Delete { expected } => Some(expected),
        }
    }
}

/// The register as a kind of [`Object`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Register {}

impl Object for Register {
    type Action = Action;
    type Observation = Observation;

    #[inline]
    fn is_write(action: &Action) -> bool {
        action.written().is_some()
    }
}
