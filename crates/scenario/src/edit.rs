//! Edits of a run: other answers of chance, and actions of the nemesis at chosen events.
//!
//! ```text
//! fate p1->a0 #17 = drop          as sim::Edit has it
//! event #204 = crash a1           after event 204, node a1 crashes
//! event #310 = start a1
//! event #17 = cut a1 p1           an action of scenario files, with what it takes after its name
//! ```

use std::fmt;
use std::str::FromStr;

use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::Action;

/// A change to one moment of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// A question of chance gets another answer.
    Answer(sim::Edit),
    /// The nemesis acts, beside what the scenario has it do.
    Order {
        /// After this event: its zero-based index in the run. The step that the event belongs to is
        /// finished first.
        event: u64,
        /// What it does.
        action: Action,
    },
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Edit::Answer(edit) => edit.fmt(f),
            Edit::Order { event, action } => write!(f, "event #{event} = {}", in_words(action)),
        }
    }
}

/// An action in one line: its name, and what it takes.
pub(crate) fn in_words(action: &Action) -> String {
    let json = serde_json::to_value(action).expect("an action is JSON");
    let (name, takes) = json.as_object().and_then(|fields| fields.iter().next()).expect("a name");
    let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let words: Vec<String> = match takes {
        Value::Array(ends) => ends.iter().map(word).collect(),
        // The node stands first.
        Value::Object(fields) => ["node", "by"].iter().map(|key| word(&fields[*key])).collect(),
        one => vec![word(one)],
    };
    format!("{name} {}", words.join(" "))
}

impl FromStr for Edit {
    type Err = String;

    fn from_str(text: &str) -> Result<Edit, String> {
        let Some(rest) = text.trim_start().strip_prefix("event ") else {
            return text
                .parse()
                .map(Edit::Answer)
                .map_err(|error: sim::ParseEditError| error.to_string());
        };
        let wrong = || {
            format!(
                "{text:?} is no edit: write `event #N = ACTION`, such as `event #17 = crash a1`"
            )
        };
        let (event, action) = rest.split_once('=').ok_or_else(wrong)?;
        let event = event.trim().strip_prefix('#').and_then(|number| number.parse().ok());
        let words: Vec<&str> = action.split_whitespace().collect();
        let (name, takes) = words.split_first().ok_or_else(wrong)?;
        let takes = match takes {
            [one] => json!({ *name: one }),
            [node, by] if ["slow", "step_clock"].contains(name) => {
                json!({ *name: { "node": node, "by": by } })
            }
            many => json!({ *name: many }),
        };
        let action = Action::deserialize(takes)
            .map_err(|error| format!("{text:?} is no edit: the action is wrong: {error}"))?;
        Ok(Edit::Order { event: event.ok_or_else(wrong)?, action })
    }
}

/// The edits of answers, and the orders.
pub(crate) fn split(edits: &[Edit]) -> (Vec<sim::Edit>, Vec<(u64, Action)>) {
    let (mut answers, mut orders) = (Vec::new(), Vec::new());
    for edit in edits {
        match edit {
            Edit::Answer(edit) => answers.push(edit.clone()),
            Edit::Order { event, action } => orders.push((*event, action.clone())),
        }
    }
    (answers, orders)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_read_as_they_are_written() {
        for text in [
            "fate p1->a0 #17 = duplicate after 7ms and 9ms",
            "backoff c1 #2 = 15",
            "event #204 = crash a1",
            "event #0 = cut a1 p1",
            "event #5 = slow a1 20ms",
            "event #5 = step_clock a1 -3s",
        ] {
            let edit: Edit = text.parse().expect("it is an edit");
            assert_eq!(edit.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_edit_is_refused_with_the_reason() {
        let why = |text: &str| text.parse::<Edit>().expect_err("it is none");
        assert!(why("event 17 = crash a1").contains("write `event #N = ACTION`"));
        assert!(why("event #17 crash a1").contains("write `event #N = ACTION`"));
        assert!(why("event #17 = explode a1").contains("unknown variant `explode`"));
        assert!(why("event #17 = cut a1").contains("the action is wrong"));
        assert!(why("fate p1->a0 #17 = lose").contains("the answer is no fate"));
    }
}
