//! Metrics in the text format of Prometheus.
//!
//! See <https://prometheus.io/docs/instrumenting/exposition_formats/>.

use std::cell::Cell;
use std::fmt::{self, Write as _};

use tcp::Counter;

use crate::shared::Shared;

/// The counters of the proxy.
#[derive(Default)]
pub(crate) struct Counters {
    hits: Counter,
    hits_while_lost: Counter,
    pub(crate) misses: Counter,
    pub(crate) fills: Counter,
    pub(crate) redeemed: Counter,
    pub(crate) passed_on: Counter,
    pub(crate) refused: Counter,
    pub(crate) unreachable: Counter,
    pub(crate) lost_replies: Counter,
    pub(crate) protocol_errors: Counter,
    pub(crate) accepted: Counter,
    pub(crate) turned_away: Counter,
    pub(crate) dropped: Counter,
    pub(crate) sent_bytes: Counter,
    pub(crate) own_connections: Counter,
    pub(crate) losses: Counter,
    /// The number of health checks that the server answered.
    pub(crate) answered: Counter,
    pub(crate) upstream_up: Cell<bool>,
    pub(crate) clients: Cell<usize>,
}

impl Counters {
    /// Counts a key served from the cache.
    pub(crate) fn hit(&self) {
        self.hits.add(1);
        if !self.upstream_up.get() {
            self.hits_while_lost.add(1);
        }
    }
}

/// The metrics as text.
pub(crate) fn exposition(shared: &Shared) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(shared, &mut text);
    text
}

fn write(shared: &Shared, text: &mut String) -> fmt::Result {
    let counters = &shared.counters;
    let cache = shared.cache.borrow();
    let counted = [
        ("hits", "GETs answered from the cache", &counters.hits),
        (
            "hits_while_upstream_lost",
            "GETs answered from the cache while the upstream was lost",
            &counters.hits_while_lost,
        ),
        ("misses", "GETs sent to the upstream", &counters.misses),
        ("fills", "Values added to the cache", &counters.fills),
        ("redeemed", "Expired entries that the redeemer removed", &counters.redeemed),
        ("passed_on", "Commands passed on to the upstream, without GETs", &counters.passed_on),
        ("refused", "Commands that the proxy does not pass on", &counters.refused),
        ("unreachable", "Commands not executed: the upstream was lost", &counters.unreachable),
        ("lost_replies", "Commands whose reply was lost with the upstream", &counters.lost_replies),
        ("protocol_errors", "Clients that violated the protocol", &counters.protocol_errors),
        ("clients_accepted", "Clients that connected", &counters.accepted),
        (
            "clients_turned_away",
            "Clients refused because there were too many",
            &counters.turned_away,
        ),
        ("clients_dropped", "Clients that took too much memory", &counters.dropped),
        ("sent_bytes", "Bytes sent to clients", &counters.sent_bytes),
        (
            "upstream_own_connections",
            "Connections to the upstream for a single client",
            &counters.own_connections,
        ),
        ("upstream_losses", "How often the upstream was lost, or not reached", &counters.losses),
    ];
    for (name, help, counter) in counted {
        row(text, &format!("{name}_total"), "counter", help, counter.get())?;
    }
    row(text, "evicted_total", "counter", "Entries removed to make room", cache.evicted())?;
    let up = u64::from(counters.upstream_up.get());
    for (name, help, value) in [
        ("upstream_up", "Whether the upstream is connected", up),
        ("clients", "Clients connected now", counters.clients.get() as u64),
        ("client_memory_bytes", "Memory that clients take", shared.memory.in_use() as u64),
        ("entries", "Entries in the cache", cache.len() as u64),
        ("cache_bytes", "Memory that entries take", cache.bytes() as u64),
    ] {
        row(text, name, "gauge", help, value)?;
    }
    Ok(())
}

fn row(text: &mut String, name: &str, kind: &str, help: &str, value: u64) -> fmt::Result {
    let name = format!("rumormill_proxy_{name}");
    writeln!(text, "# HELP {name} {help}.\n# TYPE {name} {kind}\n{name} {value}")
}
