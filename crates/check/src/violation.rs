//! What the rumor checker reports.

use std::fmt;

use history::{Key, Observation, OpId, Time, Value, Version};
use serde::{Deserialize, Serialize};

/// The first step at which a history is impossible.
///
/// Its `Display` is one sentence with ids. [`explain`](crate::explain) gives the whole story, with
/// the names of clients and keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The virtual time of that step.
    pub at: Time,
    /// The key whose operations cannot be put in any order.
    pub key: Key,
    /// The operation that returned in that step. It need not be the one at fault.
    pub op: OpId,
    /// Which rule is broken.
    pub reason: Reason,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { at, key, op, reason } = self;
        write!(f, "at {at}, {op} on {key}: {reason}")
    }
}

/// Which rule a history breaks.
///
/// [`Rumor`](crate::Rumor) forgets what no open operation can touch. For a value that it does not
/// know it can only report [`Reason::NotWritten`]. [`check_history`](crate::check_history) and
/// [`explain`](crate::explain) have the whole history, and say why no write can have made the
/// value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The operation saw or made a version that was no longer the newest when it was invoked.
    OlderThanRumor {
        /// The state that it saw or made.
        claimed: Observation,
        /// The state that was known when it was invoked.
        rumor: Observation,
        /// The first operation that observed it.
        reported_to: OpId,
    },
    /// The operation saw or made a version that already had another value.
    TwoValues {
        /// The version.
        version: Version,
        /// Its first value.
        first: Value,
        /// The first operation that observed it.
        reported_to: OpId,
        /// The value in the operation's reply.
        second: Value,
    },
    /// One write took effect twice: its value is in two versions.
    TwoVersions {
        /// The write.
        writer: OpId,
        /// Its value.
        value: Value,
        /// Where the value was first seen.
        first: Version,
        /// Where the operation saw or made it.
        second: Version,
    },
    /// The operation saw a value that no write of the key can have put there.
    NotWritten {
        /// The state that it saw.
        seen: Observation,
    },
    /// The operation saw a value whose write was invoked only later.
    WrittenLater {
        /// The state that it saw.
        seen: Observation,
        /// The write of that value.
        writer: OpId,
    },
    /// The operation saw the value of a write that had failed or been refused.
    ValueOfDenied {
        /// The state that it saw.
        seen: Observation,
        /// The write of that value.
        writer: OpId,
    },
    /// The operation saw a version that was already overwritten when the write of its value was
    /// invoked.
    WrittenTooLate {
        /// The state that it saw.
        seen: Observation,
        /// The write of that value.
        writer: OpId,
        /// The version that was known when that write was invoked.
        rumor: Version,
    },
    /// The operation saw the value of a compare-and-set in a version that does not follow the one
    /// that it expected.
    NotWhatItExpected {
        /// The state that it saw.
        seen: Observation,
        /// The compare-and-set of that value.
        writer: OpId,
        /// The state that it expected.
        expected: Observation,
    },
    /// The operation saw the value of a write that must have made an earlier version, because no
    /// other write can have made that.
    NeededEarlier {
        /// The state that it saw.
        seen: Observation,
        /// The write of that value.
        writer: OpId,
    },
    /// The operation failed or was refused, and yet its value had been seen.
    DeniedButSeen {
        /// Where its value was seen.
        seen: Observation,
        /// The first operation that saw it.
        seen_by: OpId,
    },
    /// The compare-and-set was refused although the state was the expected one.
    RefusedAlthoughCurrent {
        /// The state that it expected and found.
        expected: Observation,
    },
    /// No register can give this reply to the operation.
    Nonsense {
        /// The reply.
        answer: Observation,
    },
    /// The state of a register was known, and then the register was empty, or another incarnation
    /// had begun; but no client can have deleted it in between.
    NotDeleted {
        /// The newest state that was known of the incarnation.
        state: Observation,
        /// The first operation that observed it.
        reported_to: OpId,
        /// The later state of the register.
        other: Observation,
        /// The operation that observed it.
        other_reported_to: OpId,
    },
    /// A deleted register has its old state again.
    Revived {
        /// The newest state that is known of the incarnation.
        state: Observation,
        /// The state of the register in between.
        other: Observation,
        /// The operation that observed it.
        reported_to: OpId,
    },
    /// A state was replaced or deleted twice.
    TwoSuccessors {
        /// The state.
        state: Observation,
        /// Its first successor.
        first: Observation,
        /// The operation that observed it.
        reported_to: OpId,
        /// Its second successor, which the operation returned.
        second: Observation,
    },
    /// A compare-and-set or a deletion took effect, although the expected state was already gone
    /// for good when it was invoked.
    Outdated {
        /// The state that it made.
        made: Observation,
        /// The compare-and-set or deletion.
        writer: OpId,
        /// The state that it expected.
        expected: Observation,
    },
    /// A version that must have existed, because a newer one is known, but that no write can have
    /// made.
    MissingVersion {
        /// The version without a writer.
        version: Version,
        /// The newest version known.
        newest: Version,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Reason::OlderThanRumor { claimed, rumor, reported_to } => write!(
                f,
                "it returned {claimed}, but {rumor} was known before it began (reported to \
                 {reported_to})"
            ),
            Reason::TwoValues { version, first, reported_to, second } => {
                write!(
                    f,
                    "{version} has two values, {first} (reported to {reported_to}) and {second}"
                )
            }
            Reason::TwoVersions { writer, first, second, .. } => {
                write!(f, "{writer} took effect twice, as {first} and as {second}")
            }
            Reason::NotWritten { seen } => {
                write!(f, "it saw {seen}, which no write can have put there")
            }
            Reason::WrittenLater { seen, writer } => {
                write!(f, "it saw {seen}, but {writer} was only invoked later")
            }
            Reason::ValueOfDenied { seen, writer } => {
                write!(f, "it saw {seen}, but {writer} had failed or been refused")
            }
            Reason::WrittenTooLate { seen, writer, rumor } => {
                write!(f, "it saw {seen}, but {rumor} was known before {writer} was invoked")
            }
            Reason::NotWhatItExpected { seen, writer, expected } => {
                write!(f, "it saw {seen}, but {writer} could only replace {expected}")
            }
            Reason::NeededEarlier { seen, writer } => {
                write!(f, "it saw {seen}, but only {writer} can have made an earlier version")
            }
            Reason::DeniedButSeen { seen, seen_by } => {
                write!(f, "it reported no effect, but {seen_by} had seen {seen}")
            }
            Reason::RefusedAlthoughCurrent { expected } => {
                write!(f, "it was refused by {expected}, which is what it expected")
            }
            Reason::Nonsense { answer } => {
                write!(f, "{answer} is no answer that a register can give it")
            }
            Reason::NotDeleted { state, reported_to, other, other_reported_to } => write!(
                f,
                "{state} was known (reported to {reported_to}) and then {other} (reported to \
                 {other_reported_to}), but no client can have deleted it in between"
            ),
            Reason::Revived { state, other, reported_to } => {
                write!(
                    f,
                    "{state} is there again, after {other} was known (reported to {reported_to})"
                )
            }
            Reason::TwoSuccessors { state, first, reported_to, second } => {
                write!(f, "{state} became {first} (reported to {reported_to}) and {second}")
            }
            Reason::Outdated { made, writer, expected } => {
                write!(f, "{writer} made {made} of {expected}, which was gone before it began")
            }
            Reason::MissingVersion { version, newest } => {
                write!(f, "no write can have made {version}, although {newest} is known")
            }
        }
    }
}

impl Reason {
    /// Returns the name of the rule, as in a serialized reason.
    ///
    /// ```
    /// # use check::Reason;
    /// # use history::Observation;
    /// let reason = Reason::Nonsense { answer: Observation::EMPTY };
    /// assert_eq!(reason.name(), "nonsense");
    /// ```
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Reason::OlderThanRumor { .. } => "older-than-rumor",
            Reason::TwoValues { .. } => "two-values",
            Reason::TwoVersions { .. } => "two-versions",
            Reason::NotWritten { .. } => "not-written",
            Reason::WrittenLater { .. } => "written-later",
            Reason::ValueOfDenied { .. } => "value-of-denied",
            Reason::WrittenTooLate { .. } => "written-too-late",
            Reason::NotWhatItExpected { .. } => "not-what-it-expected",
            Reason::NeededEarlier { .. } => "needed-earlier",
            Reason::DeniedButSeen { .. } => "denied-but-seen",
            Reason::RefusedAlthoughCurrent { .. } => "refused-although-current",
            Reason::Nonsense { .. } => "nonsense",
            Reason::NotDeleted { .. } => "not-deleted",
            Reason::Revived { .. } => "revived",
            Reason::TwoSuccessors { .. } => "two-successors",
            Reason::Outdated { .. } => "outdated",
            Reason::MissingVersion { .. } => "missing-version",
        }
    }
}
