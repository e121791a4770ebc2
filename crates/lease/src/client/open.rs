//! The open operation of a client, and its open request.

use history::{Key, NodeId, Observation, OpId, Span};
use sim::TimerId;

use super::Cx;
use crate::{Call, Message, Ticket, Timer, Token};

/// The open operation.
#[derive(Clone, Debug, Hash)]
pub(super) struct Open {
    pub(super) op: OpId,
    pub(super) key: Key,
    /// The number of requests so far.
    pub(super) step: u32,
    pub(super) timer: Unnamed,
    pub(super) stage: Stage,
}

/// What an operation waits for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    /// A cache's reply with the entry.
    Get { cache: NodeId, backoffs: usize, tries: u32 },
    /// A fill by another client.
    Wait { backoffs: usize },
    /// The row from the database.
    Select { leases: Vec<Lease> },
    /// The fill of the cache.
    Set { state: Observation },
    /// The update of the row.
    Update,
    /// The invalidations in these caches, after the row got this version, if it is known.
    Delete { made: Option<Observation>, pending: Vec<NodeId> },
    /// Nothing: the client waits forever.
    Hang,
}

/// The lease for the fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Lease {
    pub(crate) cache: NodeId,
    pub(crate) token: Token,
}

/// The timer that it has set, if any. States that differ only in the names of timers are equal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unnamed(pub(crate) Option<TimerId>);

impl std::hash::Hash for Unnamed {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.is_some().hash(state);
    }
}

impl Open {
    pub(super) fn ticket(&self) -> Ticket {
        Ticket { op: self.op.ordinal, step: self.step }
    }

    /// Begins the next request, with this timeout.
    pub(super) fn ask(&mut self, cx: &mut Cx<'_>, timeout: Span) -> Ticket {
        self.stop_timer(cx);
        self.step += 1;
        let ticket = self.ticket();
        self.timer = Unnamed(Some(cx.set_timer(timeout, Timer::Timeout(ticket))));
        ticket
    }

    pub(super) fn call(&mut self, cx: &mut Cx<'_>, caches: &[NodeId], call: Call, timeout: Span) {
        let ticket = self.ask(cx, timeout);
        for cache in caches {
            cx.send(*cache, Message::Call { ticket, key: self.key, call });
        }
    }

    pub(super) fn stop_timer(&mut self, cx: &mut Cx<'_>) {
        if let Some(timer) = self.timer.0.take() {
            cx.cancel_timer(timer);
        }
    }
}
