//! Events as text for people. This works for any system: messages are shown as JSON.

use history::{Names, NodeId, Span};
use serde_json::Value;

/// Returns an event of a log as one line of text.
#[must_use]
pub fn in_words(event: &Value, names: &Names) -> String {
    let at = Span(event["at"].as_u64().unwrap_or_default());
    let node = |value: &Value| {
        let number = value.as_u64().and_then(|number| u16::try_from(number).ok());
        names.node(NodeId(number.unwrap_or(u16::MAX))).into_owned()
    };
    let me = node(&event["node"]);
    let (kind, fields) = match &event["kind"] {
        Value::String(kind) => (kind.as_str(), &Value::Null),
        Value::Object(kind) => {
            kind.iter().next().map_or(("", &Value::Null), |(k, v)| (k.as_str(), v))
        }
        _ => ("", &Value::Null),
    };
    let what = match kind {
        "send" => {
            let (to, id) = (node(&fields["to"]), &fields["id"]);
            format!("sends #{id} to {to}, {}: {}", fate(&fields["fate"]), fields["message"])
        }
        "deliver" => format!("receives #{} from {}", fields["id"], node(&fields["from"])),
        "lose" => {
            format!(
                "does not get #{} from {}: {}",
                fields["id"],
                node(&fields["from"]),
                fields["why"]
            )
        }
        "timer" => format!("timer {} runs out: {}", fields["id"], fields["timer"]),
        "chose" => {
            format!(
                "chose {} below {} for {} #{}",
                fields["answer"], fields["bound"], fields["purpose"], fields["ordinal"]
            )
        }
        _ if fields.is_null() => kind.to_owned(),
        _ => format!("{kind} {fields}"),
    };
    format!("{at} {me} {what}")
}

fn fate(fate: &Value) -> String {
    let time = |value: &Value| Span(value.as_u64().unwrap_or_default()).to_string();
    match fate.as_object().and_then(|fate| fate.iter().next()) {
        Some((kind, at)) if kind == "delivered" => format!("arriving after {}", time(at)),
        Some((kind, at)) if kind == "duplicated" => {
            format!("arriving after {} and {}", time(&at[0]), time(&at[1]))
        }
        Some((kind, why)) if kind == "dropped" => format!("lost ({why})"),
        _ => fate.to_string(),
    }
}
