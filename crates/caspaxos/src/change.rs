//! The change functions that a proposer applies to a register's state.
//!
//! The state of a register is a version and a value ([`Observation`]). A read does not change it. A
//! last-write-wins write replaces any state. A compare-and-set replaces the state only if its
//! version is still the expected one, and is refused otherwise. As in Gryadka only the version is
//! compared. The checker verifies that a version has one value. A deletion compares the whole
//! state, because versions start over after it, and leaves an empty register.
//!
//! ```
//! use caspaxos::change::{Changed, apply};
//! use history::{Action, Observation, Value, Version};
//!
//! let write = Action::Cas { expected: Observation::EMPTY, value: Value(7) };
//! let first = Observation { version: Version(1), value: Value(7) };
//! assert_eq!(apply(&write, Observation::EMPTY), Changed::To(first));
//! assert_eq!(apply(&write, first), Changed::Refused);
//! ```

use history::{Action, Observation};

/// The result of a change function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Changed {
    /// The new state, which may equal the old one.
    To(Observation),
    /// The change is refused.
    Refused,
}

/// The parts of a state that compare-and-set compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparing {
    /// The version, as in Gryadka.
    Versions,
    /// The version and the value, for registers that can be deleted: their versions come again.
    States,
}

/// Applies a change to the present state. Compare-and-set compares versions.
#[must_use]
pub fn apply(action: &Action, present: Observation) -> Changed {
    apply_comparing(Comparing::Versions, action, present)
}

/// Applies a change to the present state.
#[must_use]
pub fn apply_comparing(comparing: Comparing, action: &Action, present: Observation) -> Changed {
    let is_present = |expected: Observation| match comparing {
        Comparing::Versions => expected.version == present.version,
        Comparing::States => expected == present,
    };
    let on_top = |value| Observation { version: present.version.next(), value };
    match *action {
        Action::Read => Changed::To(present),
        Action::Write { value } => Changed::To(on_top(value)),
        Action::Cas { expected, value } if is_present(expected) => Changed::To(on_top(value)),
        Action::Delete { expected } if is_present(expected) => Changed::To(Observation::EMPTY),
        Action::Cas { .. } | Action::Delete { .. } => Changed::Refused,
    }
}
