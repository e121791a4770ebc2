//! Who was told what, and when.

use history::{Names, Observation, OpId, Time};

/// An operation that was told of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// What it was told.
    pub state: Observation,
    /// Which operation.
    pub op: OpId,
    /// When it returned.
    pub at: Time,
}

impl Told {
    /// In a sentence.
    pub(crate) fn in_words(&self, names: &Names) -> String {
        let Told { state, op, .. } = self;
        let client = names.node(op.client);
        match state.value.writer() == Some(*op) {
            true => {
                format!("{client} is told that it has written {}.", words(*state, names))
            }
            false => format!("{client} is told of {}.", words(*state, names)),
        }
    }
}

/// A version and who wrote it.
pub(crate) fn words(state: Observation, names: &Names) -> String {
    if state == Observation::EMPTY {
        return "the empty row".to_owned();
    }
    format!("{} by {}", state.version, names.value(state.value))
}
