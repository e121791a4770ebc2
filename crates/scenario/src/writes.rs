//! Counting successful writes, which is what much of a nemesis's timing goes by.

use std::collections::{BTreeMap, BTreeSet};

use history::{Completion, NodeId, Object, OpId};
use sim::{Event, Kind, Protocol};

/// How many writes have succeeded so far.
#[derive(Clone, Debug, Default)]
pub struct WriteCount {
    open: BTreeSet<OpId>,
    total: u64,
    by_client: BTreeMap<NodeId, u64>,
}

impl WriteCount {
    /// Takes notice of an event.
    pub fn event<P: Protocol>(&mut self, event: &Event<P>) {
        match &event.kind {
            Kind::Invoke(invoke) if P::Object::is_write(&invoke.action) => {
                self.open.insert(invoke.op);
            }
            Kind::Return(ended) => {
                let is_write = self.open.remove(&ended.op);
                if is_write && let Completion::Ok(_) = ended.completion {
                    self.total += 1;
                    *self.by_client.entry(ended.op.client).or_default() += 1;
                }
            }
            _ => (),
        }
    }

    /// Of all clients together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Of one client.
    #[must_use]
    pub fn of(&self, client: NodeId) -> u64 {
        self.by_client.get(&client).copied().unwrap_or_default()
    }

    /// Of each client that has any.
    pub fn by_client(&self) -> impl Iterator<Item = (NodeId, u64)> {
        self.by_client.iter().map(|(client, writes)| (*client, *writes))
    }
}
