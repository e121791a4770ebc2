//! A counter with bounded staleness: a system of one's own, with its own kind of object, its own
//! checker, and two scenarios. `protocol.rs` is the system itself; this file is what the simulator
//! needs to run it and to judge it.
//!
//! ```text
//! cargo run -- run counter/fresh counter/cut-off.i
//! cargo run -- record counter/cut-off.i -o stale.jsonl
//! cargo run -- replay stale.jsonl
//! ```

mod protocol;

use std::process::ExitCode;

use history::{Completion, Names, OpId, Span, Time};
use redis_node::{Server, ServerConfig};
use scenario::{Checker, Deployment, Finding, Problem, Registry, System, Verdict, story};
use serde::{Deserialize, Serialize};
use sim::{Event, Kind, NodeSpec, Observer, Role};

use crate::protocol::{Action, Node, Protocol};

fn main() -> ExitCode {
    let fresh = include_str!("../scenarios/fresh.toml");
    let cut_off = include_str!("../scenarios/cut-off.i.toml");
    let registry = Registry::new().with_system::<CounterSystem>();
    let registry = registry.with_scenario("counter/fresh", "scenarios/fresh.toml", fresh);
    rumormill::main(registry.with_scenario("counter/cut-off.i", "cut-off.i.toml", cut_off))
}

/// The `[counter]` section of a scenario, and `[redis]`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// How often the reader asks the server.
    poll: Span,
    /// How stale a read may be.
    bound: Span,
    #[serde(default)]
    redis: ServerConfig,
}

struct CounterSystem;

impl System for CounterSystem {
    const NAME: &'static str = "counter";
    const SHARED_SECTIONS: &'static [&'static str] = &["redis"];

    type Process = Node;
    type Nemesis = ();
    type Config = Config;

    fn complete(config: Config) -> Result<Config, Problem> {
        match config.poll {
            Span::ZERO => Err(Problem::new("poll", "the reader cannot poll all the time")),
            _ => Ok(config),
        }
    }

    fn deploy(config: &Config, intensity: u64) -> Deployment<Node, ()> {
        let server = Node::Server(Box::new(Server::new(config.redis.clone(), [])));
        let reader = Node::Reader { poll: config.poll, seen: 0, idle: 0 };
        let client = Node::Client { left: 2 * intensity, open: None };
        let nodes = vec![
            NodeSpec::new("redis", Role(0), server),
            NodeSpec::new("reader", Role(1), reader),
            NodeSpec::new("c1", Role(2), client.clone()),
            NodeSpec::new("c2", Role(2), client),
        ];
        let (roles, keys) = (vec!["server", "reader", "client"], vec!["counter".to_owned()]);
        Deployment { nodes, roles, keys, nemesis: () }
    }

    fn checkers(config: &Config, names: &Names) -> Vec<Box<dyn Checker<Node>>> {
        let (names, bound) = (names.clone(), config.bound);
        vec![Box::new(Staleness { names, bound, ..Staleness::default() })]
    }

    fn unfinished(process: &Node) -> Option<String> {
        match process {
            Node::Client { left, .. } if *left > 0 => {
                Some(format!("still has {left} operations to finish"))
            }
            _ => None,
        }
    }
}

/// Checks that each read shows every increment that had returned `bound` before the read began.
#[derive(Clone, Default)]
struct Staleness {
    names: Names,
    bound: Span,
    /// The counts that increments have returned, each with the time, in order of time.
    known: Vec<(Time, OpId, u64)>,
    /// When each open operation began, and what it asks.
    open: Vec<(OpId, Time, Action)>,
    /// The oldest increment that a read has missed: how long it had been there.
    worst: Span,
    stale: Option<(String, Vec<(Time, String)>)>,
}

impl Observer<Protocol> for Staleness {
    fn event(&mut self, event: &Event<Protocol>) {
        match &event.kind {
            Kind::Invoke(invoke) => self.open.push((invoke.op, event.at, invoke.action)),
            Kind::Return(ended) => {
                let place = self.open.iter().position(|(op, ..)| *op == ended.op);
                let (op, began, action) = self.open.swap_remove(place.expect("it began"));
                match (action, ended.completion) {
                    (Action::Increment, Completion::Ok(count)) => {
                        self.known.push((event.at, op, count));
                    }
                    (Action::Read, Completion::Ok(count)) => {
                        self.read(op, (began, event.at), count);
                    }
                    _ => (),
                }
            }
            _ => (),
        }
    }
}

impl Staleness {
    fn read(&mut self, op: OpId, (began, ended): (Time, Time), count: u64) {
        let missed = self.known.iter().find(|(at, _, known)| *at < began && *known > count);
        let Some((at, writer, known)) = missed else { return };
        let age = began.since(*at);
        self.worst = self.worst.max(age);
        if age > self.bound && self.stale.is_none() {
            let (reader, writer) = (self.names.op(op), self.names.op(*writer));
            let summary =
                format!("{reader} read {count}, {age} after {writer} had made it {known}");
            let steps = vec![
                (*at, format!("increment {writer} returns: the count is {known}")),
                (began, format!("{reader} asks the reader")),
                (ended, format!("{reader} reads {count}; it may be {} old", self.bound)),
            ];
            self.stale = Some((summary, steps));
        }
    }
}

impl Checker<Node> for Staleness {
    fn name(&self) -> &'static str {
        "staleness"
    }

    fn finding(&self) -> Option<Finding> {
        let (summary, steps) = self.stale.clone()?;
        Some(Finding { verdict: Verdict::Violation, summary, story: story(steps) })
    }

    fn measures(&self) -> Vec<(&'static str, u64)> {
        vec![("staleness_max_ns", self.worst.0)]
    }
}
