//! Which operation observed which version, and when.

use history::{Names, Observation, OpId, Time};

/// An operation that observed a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The version and value that it observed.
    pub state: Observation,
    /// The operation.
    pub op: OpId,
    /// The time of its return.
    pub at: Time,
}

impl Observed {
    /// Returns the observation in one sentence.
    pub(crate) fn in_words(&self, names: &Names) -> String {
        let Observed { state, op, .. } = self;
        let client = names.node(op.client);
        match state.value.writer() == Some(*op) {
            true => {
                format!("{client} learns that it has written {}.", words(*state, names))
            }
            false => format!("{client} sees {}.", words(*state, names)),
        }
    }
}

/// A version and its writer.
pub(crate) fn words(state: Observation, names: &Names) -> String {
    if state == Observation::EMPTY {
        return "the empty row".to_owned();
    }
    format!("{} by {}", state.version, names.value(state.value))
}
