//! CASPaxos as a system that scenarios can run.

pub mod membership;
mod orchestration;
#[cfg(test)]
mod tests;

use history::{Key, Names, NodeId};
use redis_node::{NO_SERVER, ServerConfig};
use scenario::{Checker, Deployment, Problem, RegisterKind, RumorChecker, System, work_left};
use sim::{Event, Fate, Kind, NodeSpec, Role, Waiting};

use self::membership::{Cast, Membership, MembershipChange};
use crate::acceptor::{Acceptor, Registers};
use crate::client::Client;
use crate::config::QuorumConfig;
use crate::process::Part;
use crate::proposer::Proposer;
use crate::scripts::ScriptSet;
use crate::sweeper::{Sweep, Sweeper};
use crate::witness::AcceptorWitness;
use crate::{Config, Configuration, Message, OneValuePerBallot, Process, Protocol, Quorum, Reply};

/// CASPaxos on Redis.
#[derive(Debug)]
pub struct CasPaxos;

/// Whether clients delete registers, so that versions start over.
fn registers(config: &Config) -> RegisterKind {
    match &config.orchestrator {
        Some(orchestrator) if orchestrator.deletions_one_in > 0 => RegisterKind::Deletable,
        _ => RegisterKind::Kept,
    }
}

impl System for CasPaxos {
    const NAME: &'static str = "caspaxos";
    const SHARED_SECTIONS: &'static [&'static str] = &[ServerConfig::SECTION];
    const MARKS: &'static [&'static str] = &[
        "ballot-conflict",
        "one-round-trip",
        "lock-busy",
        "timeout",
        "unknown-outcome",
        "promise-reply-lost",
        "accept-reply-lost",
        "key-evicted",
        "server-error",
        "client-done",
        "swept",
        "quorum-read",
        "read-disagreement",
        "reconfigured",
        "membership-changed",
        "rescanned",
        "proposer-retired",
        "register-erased",
        "promised-meanwhile",
        "attempt-abandoned",
        "age-is-over",
        "orchestrator-resumed",
    ];

    type Process = Process;
    type Nemesis = Membership;
    type Config = Config;

    fn complete(config: Config) -> Result<Config, Problem> {
        config.complete()
    }

    fn deploy(config: &Config, intensity: u64) -> Deployment<Process, Membership> {
        Stage::new(config).deploy(intensity)
    }

    fn checkers(config: &Config, names: &Names) -> Vec<Box<dyn Checker<Process>>> {
        let registers = registers(config);
        let of_witness = names.clone();
        let rumor = RumorChecker::new(registers)
            .with_witness(move || Box::new(AcceptorWitness::new(of_witness.clone())));
        let one_value = OneValuePerBallot::new(names.clone());
        let one_value = match config.variant {
            None => one_value,
            Some(variant) => one_value.comparing(variant.compared()),
        };
        vec![Box::new(rumor), Box::new(one_value)]
    }

    #[inline]
    fn mark(event: &Event<Protocol>) -> Option<&'static str> {
        match &event.kind {
            Kind::Send {
                fate: Fate::Dropped(_), message: Message::Reply { reply, .. }, ..
            } => match reply {
                Reply::Promised { .. } => Some("promise-reply-lost"),
                Reply::Accepted => Some("accept-reply-lost"),
                _ => None,
            },
            _ => None,
        }
    }

    fn no_fail_over(process: &Process) -> Option<&'static str> {
        match &process.0 {
            Part::Acceptor(acceptor) => acceptor.server().no_fail_over(),
            _ => Some(NO_SERVER),
        }
    }

    fn unfinished(process: &Process) -> Option<String> {
        match &process.0 {
            Part::Client(client) if !client.is_done() => Some(match client.missing() {
                Some(missing) => work_left(missing, ["write", "writes"]),
                None => "has not been stopped".to_owned(),
            }),
            Part::Sweeper(sweeper) if sweeper.missing() > 0 => {
                Some(work_left(sweeper.missing() as u64, ["key", "keys"]))
            }
            Part::Orchestrator(orchestrator) if orchestrator.missing() > 0 => {
                Some(work_left(orchestrator.missing() as u64, ["job", "jobs"]))
            }
            _ => None,
        }
    }

    fn waits_for(process: &Process) -> Vec<Waiting> {
        match &process.0 {
            Part::Client(client) => client.waits_for().into_iter().collect(),
            Part::Sweeper(sweeper) => sweeper.waits_for().into_iter().collect(),
            Part::Proposer(proposer) => proposer.waits_for(),
            Part::Variant(proposer) => proposer.waits_for(),
            Part::Orchestrator(orchestrator) => orchestrator.waits_for(),
            Part::Acceptor(_) => Vec::new(),
        }
    }
}

const CLIENT: Role = Role(0);
const PROPOSER: Role = Role(1);
const ACCEPTOR: Role = Role(2);
const SWEEPER: Role = Role(3);
const ORCHESTRATOR: Role = Role(4);

/// Assembles the nodes, in the order of their ids. Clients come last, so that one more client does
/// not change the other ids.
struct Stage<'a> {
    config: &'a Config,
    nodes: Vec<NodeSpec<Process>>,
    hot_keys: Vec<Key>,
    all_keys: Vec<Key>,
    key_names: Vec<String>,
}

impl Stage<'_> {
    fn new(config: &Config) -> Stage<'_> {
        let cold = match (&config.membership, &config.orchestrator) {
            (Some(membership), _) => membership.cold_keys,
            (None, Some(orchestrator)) => orchestrator.cold_keys,
            (None, None) => 0,
        };
        let hot_names = (1..=config.keys).map(|number| format!("key{number}"));
        let key_names: Vec<String> =
            hot_names.chain((1..=cold).map(|number| format!("cold{number}"))).collect();
        let all_keys: Vec<Key> = (0..key_names.len() as u32).map(Key).collect();
        let hot_keys = all_keys[..usize::from(config.keys)].to_vec();
        Stage { config, nodes: Vec::new(), hot_keys, all_keys, key_names }
    }

    fn deploy(mut self, intensity: u64) -> Deployment<Process, Membership> {
        let nemesis = match &self.config.membership {
            None if self.config.orchestrator.is_some() => {
                let orchestrator = self.config.orchestrator.as_ref().expect("just seen");
                self.orchestrate(orchestrator, intensity);
                Membership::default()
            }
            None => {
                let acceptors = self.acceptors(self.config.acceptors);
                let proposers = self.proposers(&acceptors);
                self.clients(&proposers, Some(intensity), true);
                Membership::default()
            }
            Some(membership) => {
                let cast = self.cast(&membership.changes, membership.rescan);
                Membership::new(&membership.changes, intensity, cast)
            }
        };
        let roles = vec!["client", "proposer", "acceptor", "sweeper", "orchestrator"];
        Deployment { nodes: self.nodes, roles, keys: self.key_names, nemesis }
    }

    fn cast(&mut self, changes: &[MembershipChange], rescan: bool) -> Cast {
        let growths = changes.iter().filter(|change| **change == MembershipChange::Grow).count();
        let mut acceptors = self.acceptors(self.config.acceptors + growths as u16);
        let joining = acceptors.split_off(usize::from(self.config.acceptors));
        for acceptor in &joining {
            self.nodes[acceptor.index()].starts_at_once = false;
        }
        let generations = 1 + 2 * changes.len();
        let proposers: Vec<Vec<NodeId>> =
            (0..generations).map(|_| self.proposers(&acceptors)).collect();
        let clients: Vec<Vec<NodeId>> =
            proposers.iter().map(|proposers| self.clients(proposers, None, false)).collect();
        let cold: Vec<Key> = self.all_keys[self.hot_keys.len()..].to_vec();
        let writer = (!cold.is_empty()).then(|| self.sweeper(Sweep::Write, &proposers[0], cold));
        let rescanners = if rescan { changes.len() } else { 0 };
        let all = self.all_keys.clone();
        let rescanners = (0..rescanners)
            .map(|change| self.sweeper(Sweep::Read, &proposers[1 + 2 * change], all.clone()))
            .collect();
        let reader = Some(self.sweeper(Sweep::Read, &proposers[generations - 1], all));
        Cast { acceptors, joining, proposers, clients, writer, rescanners, reader }
    }

    fn add(&mut self, prefix: &str, first: usize, role: Role, part: Part) -> NodeId {
        let number = first + self.nodes.iter().filter(|node| node.role == role).count();
        self.nodes.push(NodeSpec::new(format!("{prefix}{number}"), role, Process(part)));
        NodeId((self.nodes.len() - 1) as u16)
    }

    fn acceptors(&mut self, count: u16) -> Vec<NodeId> {
        let set = match (&self.config.orchestrator, self.config.variant) {
            (Some(config), _) if config.deletions_one_in > 0 => {
                ScriptSet::aged(config.rules().erase_script())
            }
            (_, Some(variant)) => variant.scripts(),
            (_, None) => ScriptSet::GRYADKA_V1,
        };
        let registers = Registers::of_scripts(&self.key_names, &set);
        let acceptor = Acceptor::of_scripts(self.config.redis.clone(), registers, &set);
        let parts = (0..count).map(|_| Part::Acceptor(acceptor.clone()));
        parts.map(|part| self.add("a", 0, ACCEPTOR, part)).collect()
    }

    fn proposers(&mut self, acceptors: &[NodeId]) -> Vec<NodeId> {
        let quorum = |quorum: &QuorumConfig| {
            let node = |name: &String| {
                *acceptors
                    .iter()
                    .find(|acceptor| self.nodes[acceptor.index()].name == *name)
                    .expect("checked when the configuration was completed")
            };
            Quorum { nodes: quorum.nodes.iter().map(node).collect(), size: quorum.size }
        };
        let configuration = Configuration {
            prepare: quorum(&self.config.prepare),
            accept: quorum(&self.config.accept),
        };
        self.proposers_with(self.config.proposers, &configuration)
    }

    /// The proposers that are turned off at the start.
    fn spare_proposers(&mut self, count: u16) -> Vec<NodeId> {
        self.proposers_with(count, &Configuration::empty())
    }

    fn proposers_with(&mut self, count: u16, configuration: &Configuration) -> Vec<NodeId> {
        let mut proposers = Vec::new();
        for _ in 0..count {
            let id = 1 + self.nodes.iter().filter(|node| node.role == PROPOSER).count() as u32;
            let (configuration, timeout) = (configuration.clone(), self.config.timeout);
            let part = match self.config.variant {
                None => {
                    let proposer = Proposer::new(id, configuration, timeout);
                    Part::Proposer(proposer.reading(self.config.reads.into()))
                }
                Some(variant) => variant.proposer(id, configuration, timeout),
            };
            proposers.push(self.add("p", 1, PROPOSER, part));
        }
        proposers
    }

    fn clients(
        &mut self,
        proposers: &[NodeId],
        writes: Option<u64>,
        start_at_once: bool,
    ) -> Vec<NodeId> {
        let (keys, client_timeout) = (self.hot_keys.clone(), self.config.client_timeout);
        let client = Client::new(proposers.to_vec(), keys, writes, client_timeout);
        let client = client.with_pause(self.config.pause.0);
        let mut clients = Vec::new();
        for _ in 0..self.config.clients {
            let client = self.add("c", 1, CLIENT, Part::Client(client.clone()));
            self.nodes[client.index()].starts_at_once = start_at_once;
            clients.push(client);
        }
        clients
    }

    fn sweeper(&mut self, sweep: Sweep, proposers: &[NodeId], keys: Vec<Key>) -> NodeId {
        let sweeper = Sweeper::new(sweep, proposers.to_vec(), keys, self.config.client_timeout);
        let sweeper = self.add("s", 1, SWEEPER, Part::Sweeper(sweeper));
        self.nodes[sweeper.index()].starts_at_once = false;
        sweeper
    }
}
