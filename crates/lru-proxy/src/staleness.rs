//! How old may be what is read: bounded staleness, held against every read.

use std::collections::{BTreeMap, VecDeque};

use history::{Action, Completion, Invoke, Key, Names, NodeId, Observation, OpId, Span, Time};
use scenario::{Broken, Invariant};
use sim::{Event, Kind, Observer};

use crate::{Message, Timer};

/// A read sees every write that had been acknowledged by a bound before it began.
///
/// Memory is that of the reads under way and of the writes within the bound.
#[derive(Clone, Debug)]
pub struct BoundedStaleness {
    names: Names,
    bound: Span,
    /// By key, in the order of time, which is that of their versions: a key has one writer.
    written: BTreeMap<Key, VecDeque<Written>>,
    reads: BTreeMap<OpId, (Key, Time)>,
    writes: BTreeMap<OpId, Key>,
    broken: Option<Stale>,
}

/// A write that was acknowledged.
#[derive(Clone, Copy, Debug)]
struct Written {
    at: Time,
    by: NodeId,
    made: Observation,
}

/// A read that saw too little.
#[derive(Clone, Copy, Debug)]
struct Stale {
    key: Key,
    by: NodeId,
    began: Time,
    ended: Time,
    saw: Observation,
    missed: Written,
}

impl BoundedStaleness {
    /// Nothing that is older than `bound` may be read.
    #[must_use]
    pub fn new(names: Names, bound: Span) -> BoundedStaleness {
        let (written, reads, writes) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        BoundedStaleness { names, bound, written, reads, writes, broken: None }
    }

    fn invoke(&mut self, at: Time, Invoke { op, key, action }: Invoke) {
        match action {
            Action::Read => drop(self.reads.insert(op, (key, at))),
            _ => drop(self.writes.insert(op, key)),
        }
    }

    fn wrote(&mut self, key: Key, written: Written) {
        let oldest_read = self.reads.values().map(|(_, began)| *began).min();
        let (bound, horizon) = (self.bound, oldest_read.unwrap_or(written.at));
        let writes = self.written.entry(key).or_default();
        // Who has to see the second has to see no more because of the first.
        while writes.get(1).is_some_and(|second| second.at + bound < horizon) {
            writes.pop_front();
        }
        writes.push_back(written);
    }

    fn read(&mut self, key: Key, began: Time, ended: Time, by: NodeId, saw: Observation) {
        let writes = self.written.get(&key).into_iter().flatten();
        let due = writes.rev().find(|write| write.at + self.bound < began);
        if let Some(missed) = due.copied().filter(|due| saw.version < due.made.version) {
            self.broken.get_or_insert(Stale { key, by, began, ended, saw, missed });
        }
    }
}

impl Observer<Message, Timer> for BoundedStaleness {
    fn event(&mut self, event: &Event<Message, Timer>) {
        match &event.kind {
            Kind::Invoke(invoke) => self.invoke(event.at, *invoke),
            Kind::Return(ended) => {
                let (read, written) = (self.reads.remove(&ended.op), self.writes.remove(&ended.op));
                let Completion::Ok(seen) = ended.completion else { return };
                if let Some((key, began)) = read {
                    self.read(key, began, event.at, event.node, seen);
                }
                if let Some(key) = written {
                    self.wrote(key, Written { at: event.at, by: event.node, made: seen });
                }
            }
            _ => (),
        }
    }
}

impl Invariant<Message, Timer> for BoundedStaleness {
    fn broken(&self) -> Option<Broken> {
        let Stale { key, by, began, ended, saw, missed } = self.broken?;
        let (key, by, bound) = (self.names.key(key), self.names.node(by), self.bound);
        let age = began.since(missed.at);
        let tell = |seen: Observation| match seen {
            Observation::EMPTY => "nothing".to_owned(),
            seen => format!("{} by {}", seen.version, self.names.value(seen.value)),
        };
        let writer = self.names.node(missed.by);
        Some(Broken {
            summary: format!("{by} read of {key} what had been overwritten for {age}"),
            story: vec![
                format!(
                    "At {} {writer} was told that it had written {}.",
                    missed.at,
                    tell(missed.made)
                ),
                format!(
                    "At {began} {by} began to read {key}, and at {ended} it saw {}.",
                    tell(saw)
                ),
                format!("That had been out of date for {age}; allowed are {bound}."),
            ],
        })
    }
}
