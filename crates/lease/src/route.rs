//! Which cache a client reads, and which caches it invalidates.
//!
//! *Replicas* are independent caches; nothing is copied between them. A client draws one for each
//! operation, and uses it until the operation ends or the cache fails to reply. A client avoids a
//! failed replica until it replies again: it neither reads from it nor *deletes* from it. So
//! another node must repeat the invalidations that a replica missed while it was down.
//!
//! With [`Weights::Memory`] the weight of a replica is the memory that it uses, which each client
//! polls. A replica that restarted empty gets few reads until it has filled up. A nearly empty
//! replica has a weight of a hundredth of the total; otherwise it would never fill up. A replica
//! that did not reply to the poll is not drawn, but is still invalidated.
//!
//! The masters of a *cluster* have different entries. A client that does not know the master of an
//! entry asks any of them, learns the right one, and remembers it.

use history::{Key, NodeId};
use im::OrdMap;
use sim::{Context, Delay};

use crate::client::Plan;
use crate::config::{Topology, Weights};
use crate::{Call, Message, Protocol, Ticket, Timer};

type Cx<'a> = Context<'a, Protocol>;

/// A client's view of the caches.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Route {
    topology: Topology,
    weights: Weights,
    /// The time between two polls of the caches.
    poll: Delay,
    caches: Vec<NodeId>,
    failed: Vec<NodeId>,
    chosen: Option<NodeId>,
    /// The known masters of entries in the cluster.
    masters: OrdMap<Key, NodeId>,
    /// The reported memory of each cache.
    used: OrdMap<NodeId, u64>,
    /// The polled caches that have not replied.
    silent: Vec<NodeId>,
    /// Whether the next poll is scheduled.
    is_polling: bool,
}

impl Route {
    pub(crate) fn new(plan: &Plan) -> Route {
        Route {
            topology: plan.topology,
            weights: plan.weights,
            poll: plan.poll,
            caches: plan.caches.clone(),
            failed: Vec::new(),
            chosen: None,
            masters: OrdMap::new(),
            used: OrdMap::new(),
            silent: Vec::new(),
            is_polling: false,
        }
    }

    /// The cache to read.
    pub(crate) fn choose(&mut self, cx: &mut Cx<'_>, key: Key) -> NodeId {
        if let Some(master) = self.masters.get(&key) {
            return *master;
        }
        if let Some(chosen) = self.chosen {
            return chosen;
        }
        let chosen = self.draw(cx);
        self.chosen = Some(chosen);
        chosen
    }

    /// Any of the caches.
    pub(crate) fn draw(&self, cx: &mut Cx<'_>) -> NodeId {
        let weighted = self.weighted();
        if weighted.windows(2).any(|two| two[0].1 != two[1].1) {
            cx.mark("weighted");
        }
        let mut place = cx.choose("cache", weighted.iter().map(|(_, weight)| weight).sum());
        let is_it = |(_, weight): &&(NodeId, u64)| {
            let is_it = place < *weight;
            place = place.saturating_sub(*weight);
            is_it
        };
        weighted.iter().find(is_it).map_or(self.caches[0], |(cache, _)| *cache)
    }

    /// The caches that can be drawn, and their weights.
    fn weighted(&self) -> Vec<(NodeId, u64)> {
        let live = self.live();
        let used = |cache: &NodeId| Some((*cache, *self.used.get(cache)?));
        let known: Vec<(NodeId, u64)> = match self.weights {
            Weights::Equal => Vec::new(),
            Weights::Memory => live.iter().filter_map(used).collect(),
        };
        match known.iter().map(|(_, used)| used).sum::<u64>() {
            0 => live.into_iter().map(|cache| (cache, 1)).collect(),
            all => {
                let least = all.div_ceil(100);
                known.into_iter().map(|(cache, used)| (cache, used.max(least))).collect()
            }
        }
    }

    /// Ends an operation. The next one draws again.
    pub(crate) fn release(&mut self) {
        self.chosen = None;
    }

    /// The caches in which an entry must be invalidated.
    pub(crate) fn holders(&mut self, cx: &mut Cx<'_>, key: Key) -> Vec<NodeId> {
        match self.topology {
            Topology::Replicas => self.live(),
            Topology::Cluster => vec![self.choose(cx, key)],
        }
    }

    /// The caches that have not failed, or all if all have failed.
    fn live(&self) -> Vec<NodeId> {
        let live = self.caches.iter().filter(|cache| !self.failed.contains(cache));
        let live: Vec<NodeId> = live.copied().collect();
        if live.is_empty() { self.caches.clone() } else { live }
    }

    /// Records the master of an entry.
    pub(crate) fn learn(&mut self, key: Key, master: NodeId) {
        self.masters.insert(key, master);
    }

    // ---- polls ----

    /// At the start of a round, polls the caches if needed, and schedules the next poll.
    pub(crate) fn begin(&mut self, cx: &mut Cx<'_>) {
        if !self.asked().is_empty() {
            self.ask(cx);
            self.keep_polling(cx);
        }
    }

    /// Records that a cache did not reply.
    pub(crate) fn fail(&mut self, cx: &mut Cx<'_>, cache: NodeId) {
        if self.chosen == Some(cache) {
            self.chosen = None;
        }
        let has_others = self.topology == Topology::Replicas && self.caches.len() > 1;
        if has_others && !self.failed.contains(&cache) {
            self.failed.push(cache);
            self.keep_polling(cx);
        }
    }

    /// Polls the caches, if there is work left.
    pub(crate) fn poll(&mut self, cx: &mut Cx<'_>, has_work: bool) {
        self.is_polling = false;
        if has_work {
            self.begin(cx);
        }
    }

    /// Records a cache's reply to a poll, and its memory.
    pub(crate) fn on_reply(&mut self, cache: NodeId, used_memory: u64) {
        self.failed.retain(|failed| *failed != cache);
        self.silent.retain(|silent| *silent != cache);
        self.used.insert(cache, used_memory);
    }

    /// The caches to poll.
    fn asked(&self) -> &[NodeId] {
        match self.weights {
            Weights::Equal => &self.failed,
            Weights::Memory => &self.caches,
        }
    }

    fn ask(&mut self, cx: &mut Cx<'_>) {
        let asked = self.asked().to_vec();
        for silent in std::mem::replace(&mut self.silent, asked.clone()) {
            self.used.remove(&silent);
        }
        for cache in asked {
            let (ticket, key) = (Ticket { op: u32::MAX, step: 0 }, Key(0));
            cx.send(cache, Message::Call { ticket, key, call: Call::Stats });
        }
    }

    fn keep_polling(&mut self, cx: &mut Cx<'_>) {
        if !self.is_polling {
            self.is_polling = true;
            let after = cx.draw("poll", self.poll);
            cx.set_timer(after, Timer::Poll);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use sim::{Effect, Sandbox};

    use super::*;
    use crate::Config;
    use crate::system::plan;

    const CACHES: [NodeId; 3] = [NodeId(1), NodeId(2), NodeId(3)];

    fn route(weights: Weights) -> Route {
        let config = Config { weights, ..Config::default() };
        Route::new(&Arc::new(plan(&config, NodeId(0), CACHES.to_vec(), Vec::new(), 1)))
    }

    /// The share of each cache among this many answers of chance.
    fn shares(route: &Route, answers: u64) -> Vec<u64> {
        let mut drawn = BTreeMap::new();
        for answer in 0..answers {
            let mut sandbox = Sandbox::default();
            sandbox.answers = vec![answer];
            *drawn.entry(route.draw(&mut sandbox.context())).or_default() += 1;
        }
        CACHES.iter().map(|cache| drawn.get(cache).copied().unwrap_or_default()).collect()
    }

    #[test]
    fn replicas_count_for_as_much_as_they_use_memory() {
        let mut route = route(Weights::Memory);
        assert_eq!(shares(&route, 3), [1, 1, 1], "no cache has replied");
        route.on_reply(CACHES[0], 600);
        route.on_reply(CACHES[1], 400);
        assert_eq!(shares(&route, 1_000), [600, 400, 0], "one has not said anything");
        route.on_reply(CACHES[2], 0);
        assert_eq!(shares(&route, 1_010), [600, 400, 10], "one uses nothing: a hundredth");
        for cache in CACHES {
            route.on_reply(cache, 0);
        }
        assert_eq!(shares(&route, 3), [1, 1, 1]);
    }

    #[test]
    fn a_failed_cache_is_neither_read_nor_invalidated_until_it_replies() {
        let mut sandbox = Sandbox::default();
        let mut cx = sandbox.context();
        let mut route = route(Weights::Equal);
        assert_eq!(route.choose(&mut cx, Key(0)), CACHES[0]);
        route.fail(&mut cx, CACHES[0]);
        assert_eq!(route.choose(&mut cx, Key(0)), CACHES[1], "another one");
        assert_eq!(route.holders(&mut cx, Key(0)), CACHES[1..]);
        route.on_reply(CACHES[0], 0);
        assert_eq!(route.choose(&mut cx, Key(0)), CACHES[1], "it keeps to that");
        assert_eq!(route.holders(&mut cx, Key(0)), CACHES);
        route.release();
        assert_eq!(route.choose(&mut cx, Key(0)), CACHES[0]);
    }

    #[test]
    fn one_that_no_longer_says_how_it_is_is_not_drawn() {
        let mut sandbox = Sandbox::default();
        let mut route = route(Weights::Memory);
        route.begin(&mut sandbox.context());
        let effects = sandbox.take_effects();
        let asked = effects.iter().filter(|effect| matches!(effect, Effect::Send { .. }));
        assert_eq!(asked.count(), 3);
        for cache in CACHES {
            route.on_reply(cache, 100);
        }
        route.poll(&mut sandbox.context(), true);
        route.on_reply(CACHES[0], 100);
        route.on_reply(CACHES[1], 300);
        route.poll(&mut sandbox.context(), true);
        assert_eq!(shares(&route, 400), [100, 300, 0]);
    }
}
