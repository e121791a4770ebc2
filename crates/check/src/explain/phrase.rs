//! Sentences about operations, in the names of clients and keys.

use std::collections::BTreeSet;

use history::{Action, Completion, Key, Names, NodeId, Observation, OpId, Value, Version};

use crate::chronicle::{End, Operation};

/// Turns operations into sentences, and remembers which operations it has mentioned.
pub(super) struct Speaker<'a> {
    names: &'a Names,
    key: Key,
    spoken_of: BTreeSet<OpId>,
}

impl<'a> Speaker<'a> {
    pub(super) fn new(names: &'a Names, key: Key) -> Speaker<'a> {
        Speaker { names, key, spoken_of: BTreeSet::new() }
    }

    pub(super) fn spoken_of(&self) -> &BTreeSet<OpId> {
        &self.spoken_of
    }

    pub(super) fn key(&self) -> String {
        self.names.key(self.key).into_owned()
    }

    pub(super) fn client(&self, client: NodeId) -> String {
        self.names.node(client).into_owned()
    }

    pub(super) fn op(&self, op: OpId) -> String {
        self.names.op(op)
    }

    pub(super) fn value(&self, value: Value) -> String {
        self.names.value(value)
    }

    /// `v17 (value c2#31)`.
    pub(super) fn state(&self, seen: Observation) -> String {
        match seen {
            Observation::EMPTY => "an empty register".to_owned(),
            Observation { version, value: Value::NONE } => format!("{version} without a value"),
            Observation { version, value } => format!("{version} (value {})", self.value(value)),
        }
    }

    /// `a read of key1 (c1#40)`: the request, with the operation's id.
    pub(super) fn deed(&mut self, operation: &Operation) -> String {
        self.spoken_of.insert(operation.id);
        let (key, op) = (self.key(), self.op(operation.id));
        match operation.action {
            Action::Read => format!("a read of {key} ({op})"),
            Action::Write { value } => format!("a write of {key} ({})", self.tag(operation, value)),
            Action::Cas { expected, value } => {
                let (expected, tag) = (version_of(expected.version), self.tag(operation, value));
                format!("a compare-and-set of {key} that expected {expected} (new {tag})")
            }
            Action::Delete { expected } => {
                format!("a deletion of {key} that expected {} ({op})", self.state(expected))
            }
        }
    }

    /// A value made by [`Value::of`] names its operation; any other value does not.
    fn tag(&self, operation: &Operation, value: Value) -> String {
        match value.writer() {
            Some(writer) if writer == operation.id => format!("value {}", self.value(value)),
            _ => format!("{}, value {}", self.op(operation.id), self.value(value)),
        }
    }

    /// The request and the outcome of an operation, in one sentence.
    pub(super) fn describe(&mut self, operation: &Operation) -> String {
        let (Some(written), End::Returned(returned, Completion::Ok(made))) =
            (operation.action.written(), operation.end)
        else {
            return self.describe_from_start(operation, "");
        };
        if made.value != written {
            return self.describe_from_start(operation, "");
        }
        self.spoken_of.insert(operation.id);
        let (client, key) = (self.client(operation.id.client), self.key());
        let (at, version, tag) = (returned.at, made.version, self.tag(operation, written));
        let what = match operation.action {
            Action::Cas { expected, .. } => {
                let from = version_of(expected.version);
                format!("compare-and-set on {key} from {from} to {version} ({tag})")
            }
            Action::Read | Action::Delete { .. } | Action::Write { .. } => {
                format!("write of {version} ({tag}) on {key}")
            }
        };
        format!("{client} learned at {at} that its {what} succeeded.")
    }

    /// Like `describe`, with the time of the invocation and a remark on it.
    pub(super) fn describe_from_start(&mut self, operation: &Operation, remark: &str) -> String {
        let deed = self.deed(operation);
        let client = self.client(operation.id.client);
        let began = format!("{client} began {deed} at {}", operation.began.at);
        let end = self.end(operation);
        match (remark, operation.end) {
            ("", End::Returned(..)) => format!("{began} and {end}."),
            ("", End::Open | End::Gone(_)) => format!("{began}, and {end}."),
            _ => format!("{began}, {remark}, and {end}."),
        }
    }

    fn end(&self, operation: &Operation) -> String {
        let (moment, completion) = match operation.end {
            End::Open => return "it had not returned".to_owned(),
            End::Gone(moment) => {
                return format!("was gone at {} without learning the outcome", moment.at);
            }
            End::Returned(moment, completion) => (moment, completion),
        };
        let at = moment.at;
        match completion {
            Completion::Ok(seen) if operation.action == Action::Read => {
                format!("saw {} at {at}", self.state(seen))
            }
            Completion::Ok(Observation::EMPTY) => {
                format!("learned at {at} that the register is empty now")
            }
            Completion::Ok(made) => format!("learned at {at} that it made {}", self.state(made)),
            Completion::Refused(seen) => {
                format!("was refused at {at}, because it found {}", self.state(seen))
            }
            Completion::Failed => format!("learned at {at} that it failed, without any effect"),
            Completion::Unknown => format!("ended it at {at} with an unknown outcome"),
        }
    }
}

/// `v16`, or `an empty register` for version 0.
pub(super) fn version_of(version: Version) -> String {
    match version {
        Version(0) => "an empty register".to_owned(),
        version => version.to_string(),
    }
}

/// `v17`, `v17 and v18`, `v17, v18 and v19`.
pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => "nothing".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
