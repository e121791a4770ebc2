//! Least recently used: what has to go for want of room is what was used longest ago.
//!
//! Seen from outside: a key that was served from the cache is still there when it is asked for
//! again, if in between fewer other keys were used than there is room for. Whatever else may have
//! taken it away excuses the proxy: a write that came through it, its own crash, half the time to
//! live (half, since clocks may differ).

use std::collections::{BTreeMap, BTreeSet};

use history::{Names, NodeId, Span, Time};
use redis::Blob;
use redis_node::{Request, Response};
use scenario::{Checker, Finding, story};
use sim::{Command, Event, Kind, Observer};

use crate::{Config, Message, Process, Protocol};

/// Holds a proxy to it.
#[derive(Clone)]
pub(super) struct Recency {
    proxy: NodeId,
    capacity: usize,
    ttl: Span,
    names: Names,
    /// What clients wait for: one thing at a time.
    asked: BTreeMap<NodeId, Asked>,
    /// When the server was last asked for a key.
    missed: BTreeMap<Blob, Time>,
    /// What was last served from the cache, and which other keys have been used since.
    served: BTreeMap<Blob, (Time, BTreeSet<Blob>)>,
    broken: Option<Gone>,
}

#[derive(Clone)]
struct Asked {
    id: u64,
    key: Blob,
    how: How,
}

/// How it is answered, as far as is known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    FromCache,
    FromServer,
    /// It is a write.
    Written,
}

/// A key that is no longer there, and should be.
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
        // Of all who wait for it, some may be served from the cache later: that excuses the proxy.
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
            // Nobody waits for it any more, so nobody knows which key was used.
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
        let summary = format!("{key} had to go, though {others} others were used since, of {room}");
        let steps = vec![
            (*served, format!("{proxy} serves {key} from its cache.")),
            (*at, format!("{proxy} asks the server for {key}; {others} other keys were used.")),
        ];
        Some(Finding::invariant(summary, story(steps)))
    }
}
