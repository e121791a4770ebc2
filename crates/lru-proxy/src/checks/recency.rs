//! Checks least-recently-used eviction.
//!
//! The check is from outside: a key that was served from the cache must still be cached at the next
//! read, if fewer other keys were used in between than the capacity. Other causes of a miss excuse
//! the proxy: a write through it, its own crash, or half of the time to live. Half, because clocks
//! may differ.

use std::collections::{BTreeMap, BTreeSet};

use history::{Names, NodeId, Span, Time};
use redis::Blob;
use redis_node::{Request, Response};
use scenario::{Checker, Finding, story};
use sim::{Command, Event, Kind, Observer};

use crate::{Config, Message, Process, Protocol};

/// Checks the evictions of a proxy.
#[derive(Clone)]
pub(super) struct Recency {
    proxy: NodeId,
    capacity: usize,
    ttl: Span,
    names: Names,
    /// The open request of each client.
    asked: BTreeMap<NodeId, Asked>,
    /// The time of the last read of a key from the server.
    missed: BTreeMap<Blob, Time>,
    /// The keys served from the cache, and the other keys used since.
    served: BTreeMap<Blob, (Time, BTreeSet<Blob>)>,
    broken: Option<Gone>,
}

#[derive(Clone)]
struct Asked {
    id: u64,
    key: Blob,
    how: How,
}

/// The source of its reply, as far as it is known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    FromCache,
    FromServer,
    /// It is a write.
    Written,
}

/// A key that was evicted too early.
#[derive(Clone)]
struct Gone {
    key: Blob,
    served: Time,
    at: Time,
    others: usize,
}

impl Recency {
    pub(super) fn new(proxy: NodeId, config: &Config, names: Names) -> Recency {
        Recency {
            proxy,
            capacity: config.capacity,
            ttl: config.ttl,
            names,
            asked: BTreeMap::new(),
            missed: BTreeMap::new(),
            served: BTreeMap::new(),
            broken: None,
        }
    }

    fn request(&mut self, at: Time, from: NodeId, to: NodeId, request: &Request) {
        let (Some(name), Some(key)) = (request.line.first(), request.line.get(1)) else { return };
        let is_read = **name == b"GET"[..];
        if !is_read {
            self.served.remove(key);
        }
        if to == self.proxy {
            let how = if is_read { How::FromCache } else { How::Written };
            self.asked.insert(from, Asked { id: request.id, key: key.clone(), how });
        } else if is_read {
            self.miss(at, key);
        }
    }

    fn miss(&mut self, at: Time, key: &Blob) {
        // Some of the waiting clients may be served from the cache later. That excuses the proxy.
        for asked in self.asked.values_mut().filter(|asked| asked.key == *key) {
            if asked.how == How::FromCache {
                asked.how = How::FromServer;
            }
        }
        if let Some((served, others)) = self.served.remove(key)
            && others.len() < self.capacity
            && self.missed.get(key).is_some_and(|since| at < *since + Span(self.ttl.0 / 2))
        {
            let gone = Gone { key: key.clone(), served, at, others: others.len() };
            self.broken.get_or_insert(gone);
        }
        self.missed.insert(key.clone(), at);
    }

    fn response(&mut self, at: Time, to: NodeId, response: &Response) {
        let is_it = |asked: &Asked| asked.id == response.id;
        let Some(asked) = self.asked.remove(&to).filter(is_it) else {
            // No client waits for it any more, so the used key is unknown.
            return self.served.clear();
        };
        if asked.how == How::Written {
            self.served.remove(&asked.key);
            return;
        }
        for (known, (_, others)) in &mut self.served {
            if *known != asked.key {
                others.insert(asked.key.clone());
            }
        }
        if asked.how == How::FromCache {
            self.served.insert(asked.key, (at, BTreeSet::new()));
        }
    }
}

impl Observer<Protocol> for Recency {
    fn event(&mut self, event: &Event<Protocol>) {
        match &event.kind {
            Kind::Send { to, message: Message::Request(request), .. } => {
                self.request(event.at, event.node, *to, request);
            }
            Kind::Send { to, message: Message::Response(response), .. }
                if event.node == self.proxy =>
            {
                self.response(event.at, *to, response);
            }
            Kind::Nemesis(Command::Crash { node, .. }) if *node == self.proxy => {
                self.served.clear();
            }
            _ => (),
        }
    }
}

impl Checker<Process> for Recency {
    fn name(&self) -> &'static str {
        "recency"
    }

    fn finding(&self) -> Option<Finding> {
        let Gone { key, served, at, others } = self.broken.as_ref()?;
        let (proxy, room) = (self.names.node(self.proxy), self.capacity);
        let summary = format!(
            "{key} was evicted, although only {others} other keys were used since, of {room}"
        );
        let steps = vec![
            (*served, format!("{proxy} serves {key} from its cache.")),
            (*at, format!("{proxy} asks the server for {key}; {others} other keys were used.")),
        ];
        Some(Finding::invariant(summary, story(steps)))
    }
}
