//! Caches in front of a database, as a system that scenarios can run.

use std::sync::Arc;

use history::{Key, Names, NodeId};
use redis_node::{NO_SERVER, ServerConfig};
use scenario::{Checker, Deployment, Problem, RegisterKind, RumorChecker, System, work_left};
use sim::{Event, Fate, Kind, NodeSpec, Role};

use crate::auditor::Auditor;
use crate::batch_reader::{BatchReader, Batches};
use crate::cache::Cache;
use crate::checks;
use crate::client::{Client, Plan, Work};
use crate::cluster::Slots;
use crate::config::{Config, Topology, key_name};
use crate::database::Database;
use crate::dialect::{Dialect, Rules};
use crate::process::Part;
use crate::relay::Relay;
use crate::rounds::Rounds;
use crate::{Answer, Message, Process, Protocol, QueryResult};

/// Caches in front of a database.
#[derive(Debug)]
pub struct LeaseCache;

impl System for LeaseCache {
    const NAME: &'static str = "lease";
    const SHARED_SECTIONS: &'static [&'static str] = &[ServerConfig::SECTION];
    const MARKS: &'static [&'static str] = &[
        "hit",
        "miss",
        "told-to-wait",
        "waited-in-vain",
        "served-outdated",
        "filled",
        "fill-refused",
        "fill-lost",
        "second-lease",
        "two-leases-refused",
        "invalidated",
        "invalidation-lost",
        "unknown-update",
        "cache-silent",
        "cache-error",
        "moved",
        "cross-slot",
        "relayed",
        "weighted",
        "batch-split",
        "waited-together",
        "filled-together",
        "client-done",
        "audited",
        "update-reply-lost",
        "invalidation-reply-lost",
    ];

    type Process = Process;
    type Nemesis = Rounds;
    type Config = Config;

    fn complete(config: Config) -> Result<Config, Problem> {
        config.complete()
    }

    fn deploy(config: &Config, intensity: u64) -> Deployment<Process, Rounds> {
        Stage::new(config).deploy(intensity)
    }

    fn checkers(config: &Config, names: &Names) -> Vec<Box<dyn Checker<Process>>> {
        let mut checkers: Vec<Box<dyn Checker<Process>>> =
            vec![Box::new(RumorChecker::new(RegisterKind::Kept))];
        checkers.extend(checks::all(config, names));
        checkers
    }

    fn mark(event: &Event<Protocol>) -> Option<&'static str> {
        match &event.kind {
            Kind::Send { fate: Fate::Dropped(_), message, .. } => match message {
                Message::Result { result: QueryResult::Updated { .. }, .. } => {
                    Some("update-reply-lost")
                }
                Message::Answer { answer: Answer::Deleted(_), .. } => {
                    Some("invalidation-reply-lost")
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn no_fail_over(process: &Process) -> Option<&'static str> {
        match &process.0 {
            Part::Cache(cache) => cache.server().no_fail_over(),
            _ => Some(NO_SERVER),
        }
    }

    fn unfinished(process: &Process) -> Option<String> {
        match &process.0 {
            Part::Client(client) => client.unfinished(),
            Part::BatchReader(reader) => reader.unfinished(),
            Part::Auditor(auditor) if auditor.missing() > 0 => {
                Some(work_left(u64::from(auditor.missing()), ["audit", "audits"]))
            }
            _ => None,
        }
    }
}

const CLIENT: Role = Role(0);
const DATABASE: Role = Role(1);
const CACHE: Role = Role(2);
const AUDITOR: Role = Role(3);
const RELAY: Role = Role(4);

/// Assembles the nodes, in the order of their ids. Clients come last, so that one more client does
/// not change the other ids.
struct Stage<'a> {
    config: &'a Config,
    nodes: Vec<NodeSpec<Process>>,
    keys: Vec<Key>,
    key_names: Vec<String>,
}

impl Stage<'_> {
    fn new(config: &Config) -> Stage<'_> {
        let keys: Vec<Key> = (0..u32::from(config.keys)).map(Key).collect();
        let key_names = keys.iter().copied().map(key_name).collect();
        Stage { config, nodes: Vec::new(), keys, key_names }
    }

    fn add(&mut self, name: String, role: Role, part: Part) -> NodeId {
        self.nodes.push(NodeSpec::new(name, role, Process(part)));
        NodeId((self.nodes.len() - 1) as u16)
    }

    fn deploy(mut self, intensity: u64) -> Deployment<Process, Rounds> {
        let config = self.config;
        let database = Database::new(config.outbox.is_some(), config.query_time);
        let database = self.add("db".to_owned(), DATABASE, Part::Database(database));
        let caches = self.caches();
        let auditor = Auditor::new(
            database,
            caches.clone(),
            self.keys.clone(),
            (config.settle, config.timeout),
            config.rounds,
        );
        let auditor = self.add("auditor".to_owned(), AUDITOR, Part::Auditor(auditor));
        let relay = config.outbox.map(|every| {
            let relay = Relay::new(database, caches.clone(), every);
            self.add("relay".to_owned(), RELAY, Part::Relay(relay))
        });
        let clients = self.clients(database, caches, intensity);
        let roles = vec!["client", "database", "cache", "auditor", "relay"];
        let nemesis = Rounds::new(clients, auditor, relay, config.rounds);
        Deployment { nodes: self.nodes, roles, keys: self.key_names, nemesis }
    }

    fn caches(&mut self) -> Vec<NodeId> {
        let config = self.config;
        let rules = Rules {
            discipline: config.discipline,
            block: config.block,
            stale_for: config.stale_for,
            deleted_block: config.deleted_block,
        };
        let dialect = Dialect::new(rules, &self.key_names);
        let cache = Cache::new(config.redis.clone(), Arc::new(dialect), config.at_start);
        let first = self.nodes.len() as u16;
        let masters: Vec<NodeId> = (first..first + config.caches).map(NodeId).collect();
        for me in 0..masters.len() {
            let cache = match config.topology {
                Topology::Replicas => cache.clone(),
                Topology::Cluster => {
                    cache.clone().in_cluster(Slots { masters: masters.clone(), me })
                }
            };
            self.add(format!("r{}", me + 1), CACHE, Part::Cache(cache));
        }
        masters
    }

    fn clients(&mut self, database: NodeId, caches: Vec<NodeId>, operations: u64) -> Vec<NodeId> {
        let config = self.config;
        let plan = plan(config, database, caches, self.keys.clone(), operations);
        let plan = Arc::new(plan);
        let client = Client::new(Arc::clone(&plan));
        let batches =
            Batches { count: operations, size: config.batch.into(), keys: self.keys.clone() };
        let reader = BatchReader::new(plan, batches);
        let mut nodes = Vec::new();
        for number in 1..=config.clients {
            nodes.push(self.add(format!("c{number}"), CLIENT, Part::Client(client.clone())));
        }
        for number in 1..=config.batch_readers {
            let part = Part::BatchReader(reader.clone());
            nodes.push(self.add(format!("b{number}"), CLIENT, part));
        }
        nodes
    }
}

/// The plan of a client with this many operations in a round.
pub(crate) fn plan(
    config: &Config,
    database: NodeId,
    caches: Vec<NodeId>,
    keys: Vec<Key>,
    operations: u64,
) -> Plan {
    Plan {
        work: Work::Mix { operations, reads_ppm: config.reads.0.ppm(), keys },
        database,
        caches,
        topology: config.topology,
        weights: config.weights,
        think: config.think.0,
        timeout: config.timeout,
        backoff: config.backoff.clone(),
        after_backoff: config.after_backoff,
        ttl: config.ttl.map(|ttl| ttl.0),
        when_unknown: config.when_unknown,
        two_leases: config.two_leases,
        ask_again: config.ask_again,
        poll: config.poll.0,
    }
}
