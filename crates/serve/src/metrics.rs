//! What is told of a running service: one line now and then.

use std::fmt;

use history::Span;
use tcp::Counter;

/// What has happened so far at one server.
#[derive(Default)]
pub(crate) struct NodeCounters {
    pub(crate) accepted: Counter,
    /// Because there were too many.
    pub(crate) refused: Counter,
    pub(crate) commands: Counter,
}

/// What has happened so far at all of them.
#[derive(Default)]
pub(crate) struct Counters {
    /// Because of what they sent, or did not read.
    pub(crate) dropped: Counter,
    pub(crate) received: Counter,
    pub(crate) sent: Counter,
    pub(crate) faults: Counter,
}

/// All that a line says.
pub(crate) struct Metrics<'a> {
    pub(crate) now: Span,
    pub(crate) since: Span,
    pub(crate) accepted: u64,
    pub(crate) refused: u64,
    pub(crate) commands: u64,
    pub(crate) commands_before: u64,
    pub(crate) clients: usize,
    pub(crate) keys: usize,
    pub(crate) client_memory: usize,
    pub(crate) counters: &'a Counters,
}

impl fmt::Display for Metrics<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counters = self.counters;
        let commands = self.commands;
        let per_second = (commands - self.commands_before) * 1_000 / self.since.as_millis().max(1);
        write!(
            f,
            "{}s: {} clients ({} accepted, {} refused, {} dropped), {commands} commands \
             ({per_second}/s), {} keys, {} in, {} out, {} waiting, {} faults",
            self.now.as_millis() / 1_000,
            self.clients,
            self.accepted,
            self.refused,
            counters.dropped.get(),
            self.keys,
            Size(counters.received.get()),
            Size(counters.sent.get()),
            Size(self.client_memory as u64),
            counters.faults.get(),
        )
    }
}

/// An amount of bytes, rounded down to whole ones of the largest unit that has ten of them.
struct Size(u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
        match units.iter().find(|(_, shift)| self.0 >= 10 << shift) {
            Some((unit, shift)) => write!(f, "{}{unit}", self.0 >> shift),
            None => write!(f, "{}B", self.0),
        }
    }
}
