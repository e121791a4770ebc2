//! Which cache a client asks, and which it tells to forget.
//!
//! Caches that are *replicas* stand for themselves; nothing is copied between them. A client draws
//! one for each operation, and keeps to it until the operation ends or the cache fails to answer.
//! It leaves a replica that has failed alone until that answers again: it neither reads from it nor
//! *deletes* from it. So what a replica misses while it is down has to be told to it again by
//! somebody else.
//!
//! Replicas may count for as much as they use memory ([`Weights::Memory`]), which each client asks
//! them for now and then: one that has restarted with nothing is asked little, until it has filled
//! up. One that uses hardly anything counts for a hundredth of all, or it would never fill up; one
//! that did not say is not drawn, but is still told to forget.
//!
//! The masters of a *cluster* have different entries. A client that does not know who has an entry
//! asks anyone, is told, and remembers it.

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
    /// How long it is until a client asks caches how they are, again.
    poll: Delay,
    caches: Vec<NodeId>,
    failed: Vec<NodeId>,
    chosen: Option<NodeId>,
    /// Who has which entry in the cluster, as far as it knows.
    masters: OrdMap<Key, NodeId>,
    /// How much memory caches said to use.
    used: OrdMap<NodeId, u64>,
    /// Who was asked that and has not answered.
    silent: Vec<NodeId>,
    /// Whether it is going to ask again.
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

    /// The cache to ask.
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

    /// One of the caches, whichever has been chosen.
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

    /// Those that can be drawn, and how much they count.
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

    /// Its operation has ended: for the next one, it draws again.
    pub(crate) fn release(&mut self) {
        self.chosen = None;
    }

    /// The caches that have to forget an entry.
    pub(crate) fn holders(&mut self, cx: &mut Cx<'_>, key: Key) -> Vec<NodeId> {
        match self.topology {
            Topology::Replicas => self.live(),
            Topology::Cluster => vec![self.choose(cx, key)],
        }
    }

    /// Those that have not failed: all, if all have.
    fn live(&self) -> Vec<NodeId> {
        let live = self.caches.iter().filter(|cache| !self.failed.contains(cache));
        let live: Vec<NodeId> = live.copied().collect();
        if live.is_empty() { self.caches.clone() } else { live }
    }

    /// An entry is with this master.
    pub(crate) fn learn(&mut self, key: Key, master: NodeId) {
        self.masters.insert(key, master);
    }

    // ---- how caches are ----

    /// A round begins: it asks caches how they are, if there is anything to ask, and again later.
    pub(crate) fn begin(&mut self, cx: &mut Cx<'_>) {
        if !self.asked().is_empty() {
            self.ask(cx);
            self.keep_polling(cx);
        }
    }

    /// A cache did not answer.
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

    /// It is time to ask caches how they are, if there is still work to be done.
    pub(crate) fn poll(&mut self, cx: &mut Cx<'_>, has_work: bool) {
        self.is_polling = false;
        if has_work {
            self.begin(cx);
        }
    }

    /// A cache says that it is there, and how much memory it uses.
    pub(crate) fn hear(&mut self, cache: NodeId, used_memory: u64) {
        self.failed.retain(|failed| *failed != cache);
        self.silent.retain(|silent| *silent != cache);
        self.used.insert(cache, used_memory);
    }

    /// Whom there is something to ask.
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

    /// How many of all answers, which are so many, each cache is drawn with.
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
        assert_eq!(shares(&route, 3), [1, 1, 1], "nobody has said anything");
        route.hear(CACHES[0], 600);
        route.hear(CACHES[1], 400);
        assert_eq!(shares(&route, 1_000), [600, 400, 0], "one has not said anything");
        route.hear(CACHES[2], 0);
        assert_eq!(shares(&route, 1_010), [600, 400, 10], "one uses nothing: a hundredth");
        for cache in CACHES {
            route.hear(cache, 0);
        }
        assert_eq!(shares(&route, 3), [1, 1, 1]);
    }

    #[test]
    fn one_that_has_failed_is_neither_asked_nor_told_until_it_answers() {
        let mut sandbox = Sandbox::default();
        let mut cx = sandbox.context();
        let mut route = route(Weights::Equal);
        assert_eq!(route.choose(&mut cx, Key(0)), CACHES[0]);
        route.fail(&mut cx, CACHES[0]);
        assert_eq!(route.choose(&mut cx, Key(0)), CACHES[1], "another one");
        assert_eq!(route.holders(&mut cx, Key(0)), CACHES[1..]);
        route.hear(CACHES[0], 0);
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
            route.hear(cache, 100);
        }
        route.poll(&mut sandbox.context(), true);
        route.hear(CACHES[0], 100);
        route.hear(CACHES[1], 300);
        route.poll(&mut sandbox.context(), true);
        assert_eq!(shares(&route, 400), [100, 300, 0]);
    }
}
