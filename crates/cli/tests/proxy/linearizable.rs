//! Clients at the same time, all through the proxy: is it one register to them?

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use check::{check_history, explain};
use history::{
    Action, Completion, Entry, Invoke, Key, Names, NodeId, Observation, OpId, Return, Step, Time,
    Value, Version,
};
use redis::Reply;
use redis_node::register;

use crate::client::Client;
use crate::proxy::Proxy;
use crate::upstream::Upstream;

const KEYS: u16 = 3;
const READERS: u16 = 4;
const WRITES: u32 = 1_500;

/// What all clients did, in the order in which it happened.
#[derive(Default)]
struct Notes(Mutex<Vec<Entry>>);

impl Notes {
    fn add(&self, step: Step) {
        let mut entries = self.0.lock().unwrap();
        let at = Time(entries.len() as u64);
        entries.push(Entry { at, step });
    }
}

/// One client: a key has one writer, which writes `version:value`.
struct Worker<'a> {
    notes: &'a Notes,
    client: Client,
    me: NodeId,
    ordinal: u32,
}

impl Worker<'_> {
    fn operation(&mut self, key: u16, written: Option<Version>) {
        let op = OpId { client: self.me, ordinal: self.ordinal };
        self.ordinal += 1;
        let value = Value::of(op);
        let action = written.map_or(Action::Read, |_| Action::Write { value });
        self.notes.add(Step::Invoke(Invoke { op, key: Key(u32::from(key)), action }));
        let saw = match written {
            Some(version) => {
                let made = Observation { version, value };
                let line = format!("SET key{key} {}", register::text(made));
                assert_eq!(self.client.call(&line), Reply::ok());
                made
            }
            None => {
                let reply = self.client.call(&format!("GET key{key}"));
                register::of_reply(&reply).expect("writers write nothing else")
            }
        };
        self.notes.add(Step::Return(Return { op, completion: Completion::Ok(saw) }));
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "real clients at the same time")]
fn with_all_writes_through_it_it_is_linearizable() {
    let Some(upstream) = Upstream::start() else { return };
    let proxy = Proxy::start(upstream.address, &[]);
    let (notes, is_over) = (Notes::default(), AtomicBool::new(false));
    let worker = |number| {
        let (client, me) = (proxy.connect(), NodeId(number));
        Worker { notes: &notes, client, me, ordinal: 0 }
    };
    thread::scope(|scope| {
        let writers: Vec<_> = (0..KEYS)
            .map(|key| {
                let mut worker = worker(key);
                scope.spawn(move || {
                    for number in 1..=WRITES {
                        worker.operation(key, Some(Version(u64::from(number))));
                        worker.operation(key, None);
                    }
                })
            })
            .collect();
        for reader in 0..READERS {
            let (mut worker, is_over) = (worker(KEYS + reader), &is_over);
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    worker.operation((worker.ordinal % u32::from(KEYS)) as u16, None);
                }
            });
        }
        for writer in writers {
            writer.join().unwrap();
        }
        is_over.store(true, Ordering::Relaxed);
    });
    let history = notes.0.into_inner().unwrap();
    if let Some(violation) = check_history(&history).expect("a history") {
        let nodes = (0..KEYS + READERS).map(|number| format!("c{number}")).collect();
        let keys = (0..KEYS).map(|key| format!("key{key}")).collect();
        panic!("{}", explain(&history, &violation, &Names { nodes, keys }));
    }
    let (hits, misses) = (proxy.metric("hits_total"), proxy.metric("misses_total"));
    assert!(hits > 100 && misses > 100, "{hits} hits, {misses} misses");
}
