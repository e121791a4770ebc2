//! The differences between two logs.

use std::path::Path;

use serde_json::Value;

use crate::{LogError, LogReader};

/// A difference between two logs.
#[derive(Clone, Debug, PartialEq)]
pub enum Difference {
    /// A field of the header, by its path, such as `scenario.general.intensity`.
    Header {
        /// The path.
        path: String,
        /// The value in the first log. Null if the log does not have the field.
        left: Value,
        /// In the second log.
        right: Value,
    },
    /// The first event that differs. `None` if a log has ended.
    Event {
        /// The zero-based index of the event.
        seq: u64,
        /// In the first log.
        left: Option<Value>,
        /// In the second log.
        right: Option<Value>,
    },
    /// A field of the footer, by its path.
    Footer {
        /// The path.
        path: String,
        /// In the first log.
        left: Value,
        /// In the second log.
        right: Value,
    },
}

/// Returns the differences between two logs: fields of the header, the first event, and fields of
/// the footer.
///
/// # Errors
/// If one of them cannot be read, is not a log, is damaged, or is incomplete.
pub fn diff(left: &Path, right: &Path) -> Result<Vec<Difference>, LogError> {
    let (mut a, mut b) = (LogReader::open(left)?, LogReader::open(right)?);
    let mut differences = Vec::new();
    compare(&json(a.header()), &json(b.header()), String::new(), &mut |path, left, right| {
        differences.push(Difference::Header { path, left, right });
    });
    loop {
        let seq = a.events();
        let (left, right) = (a.next_line()?, b.next_line()?);
        if left == right {
            if left.is_none() {
                break;
            }
            continue;
        }
        let value = |line: Option<&str>| line.and_then(|line| serde_json::from_str(line).ok());
        differences.push(Difference::Event { seq, left: value(left), right: value(right) });
        while a.next_line()?.is_some() {}
        while b.next_line()?.is_some() {}
        break;
    }
    let footer = |log: &LogReader| json(log.footer().expect("the events end with the footer"));
    compare(&footer(&a), &footer(&b), String::new(), &mut |path, left, right| {
        differences.push(Difference::Footer { path, left, right });
    });
    Ok(differences)
}

/// Returns the fields, at any depth, in which two values differ: the path of each, its left value,
/// and its right value.
#[must_use]
pub fn differing_fields(left: &Value, right: &Value) -> Vec<(String, Value, Value)> {
    let mut fields = Vec::new();
    compare(left, right, String::new(), &mut |path, left, right| fields.push((path, left, right)));
    fields
}

fn json(item: &impl serde::Serialize) -> Value {
    serde_json::to_value(item).expect("headers and footers are JSON")
}

/// Calls `differ` for each field, at any depth, in which two values differ.
fn compare(a: &Value, b: &Value, path: String, differ: &mut impl FnMut(String, Value, Value)) {
    let (Value::Object(left), Value::Object(right)) = (a, b) else {
        if a != b {
            differ(path, a.clone(), b.clone());
        }
        return;
    };
    let added = right.keys().filter(|key| !left.contains_key(*key));
    for key in left.keys().chain(added) {
        let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let field = |object: &serde_json::Map<String, Value>| {
            object.get(key).cloned().unwrap_or(Value::Null)
        };
        compare(&field(left), &field(right), inner, differ);
    }
}
