//! The log of injected faults: one JSON object per line.

use std::io::Write;

use history::Span;
use redis::Blob;
use serde::Serialize;

use crate::fate::{Fault, Struck};
use crate::plan::{Delayed, Keep, Then};

/// Writes the log.
pub(crate) struct FaultLog(pub(crate) Box<dyn Write>);

/// The victim of a fault.
pub(crate) struct Victim<'a> {
    pub(crate) node: &'a str,
    pub(crate) command: Option<StruckCommand<'a>>,
}

/// The command that a fault struck.
pub(crate) struct StruckCommand<'a> {
    /// The zero-based number of its connection, in the order of acceptance.
    pub(crate) connection: u64,
    /// Its zero-based number on that connection.
    pub(crate) number: u64,
    pub(crate) line: &'a [Blob],
}

/// A line of the log.
#[derive(Serialize)]
struct Entry<'a> {
    at_ms: u64,
    node: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    fault: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    lasts: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep: Option<&'static str>,
}

/// The most bytes of a command's name in the log. All real names are shorter.
const NAME_MAX: usize = 32;

impl FaultLog {
    /// Writes a line and flushes it, so that a reader who follows the file sees it.
    pub(crate) fn write(
        &mut self,
        now: Span,
        victim: &Victim<'_>,
        struck: Struck,
    ) -> std::io::Result<()> {
        let name = |line: &[Blob]| {
            let name = line.first().map_or(&[][..], |name| name);
            String::from_utf8_lossy(&name[..name.len().min(NAME_MAX)]).into_owned()
        };
        let entry = Entry {
            at_ms: now.as_millis(),
            node: victim.node,
            connection: victim.command.as_ref().map(|command| command.connection),
            number: victim.command.as_ref().map(|command| command.number),
            command: victim.command.as_ref().map(|command| name(command.line)),
            fault: word(struck.fault),
            lasts: (struck.lasts > Span::ZERO).then_some(struck.lasts),
            keep: match struck.fault {
                Fault::Crash(Keep::Nothing) => Some("nothing"),
                Fault::Crash(Keep::Everything) => Some("everything"),
                Fault::Crash(Keep::AllButLastSecond) => Some("all-but-last-second"),
                _ => None,
            },
        };
        let mut line = serde_json::to_vec(&entry)?;
        line.push(b'\n');
        self.0.write_all(&line)?;
        self.0.flush()
    }
}

const fn word(fault: Fault) -> &'static str {
    match fault {
        Fault::Delay(Delayed::Command) => "delay-command",
        Fault::Delay(Delayed::Reply) => "delay-reply",
        Fault::DropReply(Then::Reset) => "drop-reply",
        Fault::DropReply(Then::Silence) => "drop-reply-and-silence",
        Fault::Reset => "reset",
        Fault::Stall => "stall",
        Fault::Crash(_) => "crash",
    }
}
