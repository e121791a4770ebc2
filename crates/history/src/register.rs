//! The versioned register: a value that clients read, write, compare-and-set and delete.
//!
//! The register starts out empty, which is version 0 without a value. Each write that takes effect
//! makes version *n* into version *n + 1* and gives it a value that no other write uses: a value
//! tells which write it came from.
//!
//! A register can be deleted. Then it is empty again, as if it had never been written to, and the
//! next write makes version 1. A state is one for ever even so: values do not come back.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Object, OpId};

/// How many writes a register has seen. 0 is the empty register.
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

/// A value, unique to the write that put it there. 0 is no value, which only the empty register
/// has.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Value(pub u64);

impl Value {
    /// The value of the empty register.
    pub const NONE: Value = Value(0);

    /// The value that operation `op` writes: unique, and the same in every run in which that
    /// client gets to that operation.
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
    /// Which version.
    pub version: Version,
    /// The value of that version.
    pub value: Value,
}

impl Observation {
    /// The register that nobody has written to.
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

/// What a client asks of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Tell me what there is.
    Read,
    /// Put this value on top of whatever there is (last write wins).
    Write {
        /// The new value.
        value: Value,
    },
    /// Put this value there if the register still is what I saw; otherwise refuse.
    Cas {
        /// What the client had seen, at some earlier time.
        expected: Observation,
        /// The new value.
        value: Value,
    },
    /// Make the register empty again if it still is what I saw; otherwise refuse.
    Delete {
        /// What the client had seen, at some earlier time. Not an empty register.
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

    /// What the register has to be for this action to take effect, if that matters.
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
