//! Which of several caches a client asks.
//!
//! *Replicas* are each on their own; nothing is copied between them. A client keeps to the one that
//! it has chosen until that fails to answer. It leaves a replica that has failed alone until that
//! answers again: it neither reads from it nor *deletes* from it. So what a replica misses while it
//! is down has to be told to it again by somebody else.
//!
//! The masters of a *cluster* have different entries. A client that does not know who has an entry
//! asks anyone, is told, and remembers it.

use history::{Key, NodeId};
use im::OrdMap;
use sim::Context;

use crate::config::Topology;
use crate::{Message, Timer};

/// A client's view of the caches.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Route {
    topology: Topology,
    caches: Vec<NodeId>,
    failed: Vec<NodeId>,
    chosen: Option<NodeId>,
    /// Who has which entry in the cluster, as far as it knows.
    masters: OrdMap<Key, NodeId>,
}

impl Route {
    pub(crate) fn new(topology: Topology, caches: Vec<NodeId>) -> Route {
        Route { topology, caches, failed: Vec::new(), chosen: None, masters: OrdMap::new() }
    }

    /// The cache to ask.
    pub(crate) fn choose(&mut self, cx: &mut Context<'_, Message, Timer>, key: Key) -> NodeId {
        if let Some(master) = self.masters.get(&key) {
            return *master;
        }
        if let Some(chosen) = self.chosen {
            return chosen;
        }
        let live = self.live();
        let chosen = live[cx.choose("cache", live.len() as u64) as usize];
        self.chosen = Some(chosen);
        chosen
    }

    /// The caches that have to forget an entry.
    pub(crate) fn holders(
        &mut self,
        cx: &mut Context<'_, Message, Timer>,
        key: Key,
    ) -> Vec<NodeId> {
        match self.topology {
            Topology::Replicas => self.live(),
            Topology::Cluster => vec![self.choose(cx, key)],
        }
    }

    /// Those that have not failed: all, if all have.
    pub(crate) fn live(&self) -> Vec<NodeId> {
        let live = self.caches.iter().filter(|cache| !self.failed.contains(cache));
        let live: Vec<NodeId> = live.copied().collect();
        if live.is_empty() { self.caches.clone() } else { live }
    }

    /// An entry is with this master.
    pub(crate) fn learn(&mut self, key: Key, master: NodeId) {
        self.masters.insert(key, master);
    }

    /// A cache did not answer. Whether it is to be asked again whether it is there.
    pub(crate) fn fail(&mut self, cache: NodeId) -> bool {
        if self.chosen == Some(cache) {
            self.chosen = None;
        }
        let is_news = self.topology == Topology::Replicas
            && self.caches.len() > 1
            && !self.failed.contains(&cache);
        if is_news {
            self.failed.push(cache);
        }
        is_news
    }

    /// A cache answers again.
    pub(crate) fn recover(&mut self, cache: NodeId) {
        self.failed.retain(|failed| *failed != cache);
    }

    pub(crate) fn failed(&self) -> &[NodeId] {
        &self.failed
    }
}
