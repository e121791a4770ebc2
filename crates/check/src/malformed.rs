//! Histories that no clients can have produced.

use history::{Observation, OpId, Time, Value};
use thiserror::Error;

/// A list of steps that is not a history. It is a mistake of the program that recorded the steps,
/// and says nothing about the system under test. A [`Violation`](crate::Violation) is a mistake of
/// the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Malformed {
    /// The steps are not in order of time.
    #[error("a step at {at} comes after a step at {before}")]
    TimeRunsBack {
        /// The time of the step.
        at: Time,
        /// The time of the step before it.
        before: Time,
    },
    /// Operation ids count the invocations of a client, so they must grow. This one does not, or is
    /// used twice.
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
    /// A value belongs to one write of a key. A value from [`Value::of`] belongs to the operation
    /// that it names.
    #[error("{op} writes the value {value}, which is another write's")]
    ValueReused {
        /// The write.
        op: OpId,
        /// The value of another write.
        value: Value,
    },
    /// A compare-and-set expects a version that is newer than every observed version, or the newest
    /// observed version with another value.
    ///
    /// A client can only expect what it has observed. Other clients may have observed newer
    /// versions since.
    #[error("{op} expects {expected}, which no client had seen")]
    NeverTold {
        /// The compare-and-set.
        op: OpId,
        /// Its expectation.
        expected: Observation,
    },
    /// A compare-and-set or a deletion does not expect the last state that its client saw. This
    /// rule holds where registers can be deleted.
    #[error("{op} expects {expected}, which is not what its client saw last")]
    NotToldLast {
        /// The operation invoked.
        op: OpId,
        /// Its expectation.
        expected: Observation,
    },
    /// A deletion, although the checker was created for registers that cannot be deleted.
    #[error("{op} deletes a register, and registers here cannot be deleted")]
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
    /// An unconditional write of a register that can be deleted. It could belong to any
    /// incarnation.
    #[error("{op} writes unconditionally to a register that can be deleted")]
    WriteOfDeletable {
        /// The write.
        op: OpId,
    },
    /// The operation returns although it was not invoked, has already returned, or was lost with
    /// its client.
    #[error("{op} returns, but is not open")]
    NotOpen {
        /// The operation that returns.
        op: OpId,
    },
    /// A read or an unconditional write is refused, although it expects nothing.
    #[error("{op} is refused, but expected nothing")]
    RefusedWithoutExpectation {
        /// The operation that returns.
        op: OpId,
    },
}
