//! Which of several caches a client asks. Each is on its own; nothing is copied between them.
//!
//! A client keeps to the cache that it has chosen until that fails to answer. It leaves a cache
//! that has failed alone until that answers again: it neither reads from it nor *deletes* from it.
//! So what a cache misses while it is down has to be told to it again by somebody else.

use history::NodeId;
use sim::Context;

use crate::{Message, Timer};

/// A client's view of the caches.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Route {
    caches: Vec<NodeId>,
    failed: Vec<NodeId>,
    chosen: Option<NodeId>,
}

impl Route {
    pub(crate) fn new(caches: Vec<NodeId>) -> Route {
        Route { caches, failed: Vec::new(), chosen: None }
    }

    /// The cache to ask: any, if all have failed.
    pub(crate) fn choose(&mut self, cx: &mut Context<'_, Message, Timer>) -> NodeId {
        if let Some(chosen) = self.chosen {
            return chosen;
        }
        let live = self.live();
        let chosen = live[cx.choose("cache", live.len() as u64) as usize];
        self.chosen = Some(chosen);
        chosen
    }

    /// Those that have not failed: all, if all have.
    pub(crate) fn live(&self) -> Vec<NodeId> {
        let live = self.caches.iter().filter(|cache| !self.failed.contains(cache));
        let live: Vec<NodeId> = live.copied().collect();
        if live.is_empty() { self.caches.clone() } else { live }
    }

    /// A cache did not answer. Whether that is news.
    pub(crate) fn fail(&mut self, cache: NodeId) -> bool {
        if self.chosen == Some(cache) {
            self.chosen = None;
        }
        let is_news = self.caches.len() > 1 && !self.failed.contains(&cache);
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
