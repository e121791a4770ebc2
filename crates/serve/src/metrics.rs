//! Metrics of a running service, as one line per interval.

use std::fmt;

use history::Span;
use tcp::Counter;

/// The counters of one server.
#[derive(Default)]
pub(crate) struct NodeCounters {
    pub(crate) accepted: Counter,
    /// Clients refused because of `maxclients`.
    pub(crate) refused: Counter,
    pub(crate) commands: Counter,
}

/// The counters of all servers together.
#[derive(Default)]
pub(crate) struct Counters {
    /// Clients dropped because of what they sent, or did not read.
    pub(crate) dropped: Counter,
    pub(crate) received: Counter,
    pub(crate) sent: Counter,
    pub(crate) faults: Counter,
}

/// The contents of a line.
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

/// A number of bytes, rounded down. Its unit is the largest of which it has at least ten.
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
