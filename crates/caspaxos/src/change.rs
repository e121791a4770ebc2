//! Change functions: what a proposer applies to a register's state.
//!
//! The state of a register is a version and a value ([`Observation`]). Reading leaves it as it is;
//! last-write-wins puts a value on top of whatever there is; compare-and-set does that only if the
//! version is still the one that was seen, and is refused otherwise. As in Gryadka only the version
//! is compared: that it has one value is what the checker is there to find out. A deletion, after
//! which versions begin anew, compares all that was seen, and leaves an empty register.
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

/// What a change function makes of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Changed {
    /// This state, which may be the same.
    To(Observation),
    /// It will not change such a state.
    Refused,
}

/// What compare-and-set compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparing {
    /// The version, as in Gryadka.
    Versions,
    /// The version and the value: where registers are deleted, versions come again.
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
