//! The operation that a client is at, and the question that it waits with.

use history::{Key, NodeId, Observation, OpId, Span};
use sim::TimerId;

use super::Cx;
use crate::{Call, Message, Ticket, Timer, Token};

/// The operation that it is at.
#[derive(Clone, Debug, Hash)]
pub(super) struct Open {
    pub(super) op: OpId,
    pub(super) key: Key,
    /// How many questions it has asked.
    pub(super) step: u32,
    pub(super) timer: Unnamed,
    pub(super) stage: Stage,
}

/// What an operation waits for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    /// A cache to tell what the entry is.
    Get { cache: NodeId, waits: usize, tries: u32 },
    /// Somebody else to fill in the entry.
    Wait { waits: usize },
    /// The database to tell what the row is.
    Select { leases: Vec<Lease> },
    /// The cache to fill in the entry.
    Set { state: Observation },
    /// The database to write the row.
    Update,
    /// These caches to forget the entry, after the row was made this, if that is known.
    Delete { made: Option<Observation>, pending: Vec<NodeId> },
    /// Nothing: it has been left waiting.
    Hang,
}

/// What it may fill in an entry with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Lease {
    pub(crate) cache: NodeId,
    pub(crate) token: Token,
}

/// The timer that it has set, if any. What a timer is called makes no difference to anything: two
/// states that differ in nothing else are the same.
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

    /// The next question: whoever asks it waits for so long.
    pub(super) fn ask(&mut self, cx: &mut Cx<'_>, patience: Span) -> Ticket {
        self.stop_timer(cx);
        self.step += 1;
        let ticket = self.ticket();
        self.timer = Unnamed(Some(cx.set_timer(patience, Timer::GiveUp(ticket))));
        ticket
    }

    pub(super) fn call(&mut self, cx: &mut Cx<'_>, caches: &[NodeId], call: Call, patience: Span) {
        let ticket = self.ask(cx, patience);
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
