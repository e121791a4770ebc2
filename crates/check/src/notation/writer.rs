//! From steps to lines.

use std::collections::BTreeMap;

use history::{
    Action, Completion, Entry, Invoke, Names, Observation, OpId, Return, Step, Value, Version,
};

pub(super) fn write(history: &[Entry], names: &Names) -> String {
    let mut writer = Writer { names, actions: BTreeMap::new(), text: String::new() };
    for entry in history {
        let line = match &entry.step {
            Step::Invoke(invoke) => writer.invoke(invoke),
            Step::Return(returned) => writer.end(returned),
            Step::Gone(client) => format!("{} gone", names.node(*client)),
        };
        writer.text += &format!("{} {line}\n", entry.at);
    }
    writer.text
}

struct Writer<'a> {
    names: &'a Names,
    /// The actions of the operations.
    actions: BTreeMap<OpId, Action>,
    text: String,
}

impl Writer<'_> {
    fn invoke(&mut self, invoke: &Invoke) -> String {
        let Invoke { op, key, action } = *invoke;
        self.actions.insert(op, action);
        let value = match action.written() {
            Some(value) if value != Value::of(op) => format!(" {}", self.names.value(value)),
            _ => String::new(),
        };
        let asks = match action {
            Action::Read => "read".to_owned(),
            Action::Write { .. } => format!("write{value}"),
            Action::Cas { expected, .. } => format!("cas {}{value}", self.observation(expected)),
            Action::Delete { expected } => format!("delete {}", self.observation(expected)),
        };
        let op = self.names.op(op);
        match self.names.key(key) {
            name if name == self.names.key(history::Key(0)) => format!("{op} {asks}"),
            name => format!("{op} {asks} on {name}"),
        }
    }

    fn end(&self, returned: &Return) -> String {
        let action = self.actions.get(&returned.op);
        let written = action.and_then(Action::written);
        let how = match (returned.completion, written) {
            (Completion::Ok(Observation::EMPTY), None)
                if matches!(action, Some(Action::Delete { .. })) =>
            {
                "deleted".to_owned()
            }
            (Completion::Ok(made), Some(value)) if made.value == value => {
                format!("made {}", made.version)
            }
            (Completion::Ok(made), Some(_)) => format!("made {}", self.observation(made)),
            (Completion::Ok(seen), None) => format!("saw {}", self.observation(seen)),
            (Completion::Refused(seen), _) => format!("refused {}", self.observation(seen)),
            (Completion::Failed, _) => "failed".to_owned(),
            (Completion::Unknown, _) => "unknown".to_owned(),
        };
        format!("{} {how}", self.names.op(returned.op))
    }

    fn observation(&self, seen: Observation) -> String {
        if seen == Observation::EMPTY {
            return "empty".to_owned();
        }
        let Observation { version: Version(version), value } = seen;
        format!("v{version}={}", self.names.value(value))
    }
}
