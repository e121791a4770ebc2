//! Histories that no clients can have made.

use history::{Observation, OpId, Time, Value};
use thiserror::Error;

/// A list of steps that is not a history: it says nothing of the system under test, but that
/// whoever wrote it down made a mistake. Not to be confused with a [`Violation`](crate::Violation),
/// which is the system's mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Malformed {
    /// The steps are not in the order of their times.
    #[error("a step at {at} stands after a step at {before}")]
    TimeRunsBack {
        /// The time of the step.
        at: Time,
        /// The time of the step before it.
        before: Time,
    },
    /// Operation ids count the invocations of a client, so they grow; this one does not, or has
    /// been used before.
    #[error("{op} is invoked after a later operation of that client, or twice")]
    OutOfOrder {
        /// The operation invoked.
        op: OpId,
    },
    /// A write of no value. Only the empty register has none.
    #[error("{op} writes no value")]
    NoValue {
        /// The write.
        op: OpId,
    },
    /// A value belongs to one write of a key, and what [`Value::of`] makes belongs to the
    /// operation of which it was made.
    #[error("{op} writes the value {value}, which is another write's")]
    ValueReused {
        /// The write.
        op: OpId,
        /// The value that is not its own.
        value: Value,
    },
    /// A compare-and-set expects a version that is newer than anything that any client had been
    /// told, or the newest version with another value than the one that was told.
    ///
    /// A client can only expect what it was told. What it expects may well be older than what
    /// others were told since.
    #[error("{op} expects {expected}, which nobody had been told")]
    NeverTold {
        /// The compare-and-set.
        op: OpId,
        /// Its expectation.
        expected: Observation,
    },
    /// A compare-and-set or a deletion expects something else than what its client was told last.
    /// That is asked for where registers can be deleted.
    #[error("{op} expects {expected}, which is not what its client was told last")]
    NotToldLast {
        /// The operation invoked.
        op: OpId,
        /// Its expectation.
        expected: Observation,
    },
    /// A deletion of a register where none can be deleted, by what the checker was told.
    #[error("{op} deletes a register, and registers here are kept for ever")]
    NotDeletable {
        /// The deletion.
        op: OpId,
    },
    /// A deletion that expects an empty register.
    #[error("{op} deletes an empty register")]
    NothingToDelete {
        /// The deletion.
        op: OpId,
    },
    /// An unconditional write of a register that can be deleted: it could belong to any
    /// incarnation.
    #[error("{op} writes unconditionally to a register that can be deleted")]
    WriteOfDeletable {
        /// The write.
        op: OpId,
    },
    /// An operation returns that was not invoked, or has returned before, or was lost with its
    /// client.
    #[error("{op} returns, but is not open")]
    NotOpen {
        /// The operation that returns.
        op: OpId,
    },
    /// A read or an unconditional write has nothing to be refused for.
    #[error("{op} is refused, but expected nothing")]
    RefusedWithoutExpectation {
        /// The operation that returns.
        op: OpId,
    },
}
