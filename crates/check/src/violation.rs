//! What the rumor checker reports.

use std::fmt;

use history::{Key, Observation, OpId, Time, Value, Version};
use serde::{Deserialize, Serialize};

/// The first step at which a history has become impossible.
///
/// Its `Display` is one sentence in ids; [`explain`](crate::explain) tells the whole story with
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
/// [`Rumor`](crate::Rumor) forgets what nothing open can touch, so of a value that it does not
/// know it can only say [`Reason::NotWritten`]. [`check_history`](crate::check_history) and
/// [`explain`](crate::explain) have the whole history and say why nobody can have written it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The operation saw or made a version that was no longer the newest when it was invoked.
    OlderThanRumor {
        /// What it saw or made.
        claimed: Observation,
        /// What was known when it was invoked.
        rumor: Observation,
        /// The first operation that was told of it.
        told_by: OpId,
    },
    /// The operation saw or made a version that already had another value.
    TwoValues {
        /// The version.
        version: Version,
        /// Its first value.
        first: Value,
        /// The first operation that was told of that.
        told_by: OpId,
        /// The value in the operation's answer.
        second: Value,
    },
    /// One write took effect twice: its value stands in two versions.
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
        /// What it saw.
        seen: Observation,
    },
    /// The operation saw a value whose write was invoked only later.
    WrittenLater {
        /// What it saw.
        seen: Observation,
        /// The write of that value.
        writer: OpId,
    },
    /// The operation saw the value of a write that had failed or been refused.
    ValueOfDenied {
        /// What it saw.
        seen: Observation,
        /// The write of that value.
        writer: OpId,
    },
    /// The operation saw a version that was already overwritten when the write of its value was
    /// invoked.
    WrittenTooLate {
        /// What it saw.
        seen: Observation,
        /// The write of that value.
        writer: OpId,
        /// The version that was known when that write was invoked.
        rumor: Version,
    },
    /// The operation saw the value of a compare-and-set in a version that does not follow the one
    /// that it expected.
    NotWhatItExpected {
        /// What it saw.
        seen: Observation,
        /// The compare-and-set of that value.
        writer: OpId,
        /// What that expected.
        expected: Observation,
    },
    /// The operation saw the value of a write that must have made an earlier version, because
    /// nothing else can have.
    NeededEarlier {
        /// What it saw.
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
    /// The compare-and-set was refused by exactly what it expected.
    RefusedAlthoughCurrent {
        /// What it expected and found.
        expected: Observation,
    },
    /// The answer is not one that any register can give to this operation.
    Nonsense {
        /// The answer.
        answer: Observation,
    },
    /// The state of a register was known, and then the register was empty, or another incarnation
    /// had begun; but nobody can have deleted it in between.
    NotDeleted {
        /// The newest state that was known of the incarnation.
        state: Observation,
        /// The first operation that was told of it.
        told_by: OpId,
        /// What the register was then.
        other: Observation,
        /// The operation that was told of that.
        other_told_by: OpId,
    },
    /// A register that had been deleted is there again, as it was.
    Revived {
        /// The newest state that is known of the incarnation.
        state: Observation,
        /// What the register was in between.
        other: Observation,
        /// The operation that was told of that.
        told_by: OpId,
    },
    /// A state was replaced or deleted twice.
    TwoSuccessors {
        /// The state.
        state: Observation,
        /// What came after it.
        first: Observation,
        /// The operation that was told of that.
        told_by: OpId,
        /// What came after it, too, as the operation was told.
        second: Observation,
    },
    /// A compare-and-set or a deletion took effect, though what it expected was already gone for
    /// good when it was invoked.
    Outdated {
        /// What it made.
        made: Observation,
        /// The compare-and-set or deletion.
        writer: OpId,
        /// What it expected.
        expected: Observation,
    },
    /// A version that somebody must have made, since a newer one is known, but that no write can
    /// have made.
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
            Reason::OlderThanRumor { claimed, rumor, told_by } => write!(
                f,
                "it was told of {claimed}, but {rumor} was known before it began (to {told_by})"
            ),
            Reason::TwoValues { version, first, told_by, second } => {
                write!(f, "{version} has two values, {first} (as {told_by} was told) and {second}")
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
                write!(f, "it had no effect, it was told, but {seen_by} had seen {seen}")
            }
            Reason::RefusedAlthoughCurrent { expected } => {
                write!(f, "it was refused by {expected}, which is what it expected")
            }
            Reason::Nonsense { answer } => {
                write!(f, "{answer} is no answer that a register can give it")
            }
            Reason::NotDeleted { state, told_by, other, other_told_by } => write!(
                f,
                "{state} was known (to {told_by}) and then {other} (to {other_told_by}), but \
                 nobody can have deleted it in between"
            ),
            Reason::Revived { state, other, told_by } => {
                write!(f, "{state} is there again, after {other} was known (to {told_by})")
            }
            Reason::TwoSuccessors { state, first, told_by, second } => {
                write!(f, "{state} became {first} (as {told_by} was told) and {second}")
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
    /// The name of the rule, as it stands in a serialized reason.
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
