//! The `[caspaxos]` section of a scenario file, with the `[redis]` section of its servers.

mod orchestrator;

use history::{NodeId, Span};
use redis_node::ServerConfig;
use scenario::Problem;
use scenario::units::Latency;
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::reads::Reads;
use crate::system::membership::MembershipChange;
use crate::variants::Variant;

pub use self::orchestrator::OrchestratorConfig;

/// The maximum number of nodes of one kind.
const NODES_MAX: u16 = 1000;

/// The section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The number of acceptors: a0, a1, ...
    pub acceptors: u16,
    /// The number of proposers at a time: p1, p2, ...
    pub proposers: u16,
    /// The number of clients at a time: c1, c2, ...
    pub clients: u16,
    /// The number of keys that the clients use: key1, key2, ...
    pub keys: u16,
    /// The acceptors that promise, and the quorum. The default is a majority of all acceptors.
    pub prepare: QuorumConfig,
    /// The acceptors that accept, and the quorum. The default is a majority of all acceptors.
    pub accept: QuorumConfig,
    /// Allows quorums that need not meet.
    pub inconsistent: bool,
    /// How proposers read.
    pub reads: ReadsConfig,
    /// Replaces the rules of the protocol by those of a variant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<Variant>,
    /// How long a proposer waits for replies in each phase.
    pub timeout: Span,
    /// How long a client waits for a proposer's reply.
    pub client_timeout: Span,
    /// How long a client pauses before each try. From a range each pause is drawn anew, so that
    /// competing clients avoid each other.
    pub pause: Latency,
    /// Changes of membership while clients are at work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub membership: Option<MembershipConfig>,
    /// Deletions and changes of membership by an orchestrator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orchestrator: Option<OrchestratorConfig>,
    /// The servers of the acceptors: the section `[redis]`.
    pub redis: ServerConfig,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            acceptors: 3,
            proposers: 1,
            clients: 1,
            keys: 1,
            prepare: QuorumConfig::default(),
            accept: QuorumConfig::default(),
            inconsistent: false,
            reads: ReadsConfig::default(),
            variant: None,
            timeout: Span::from_millis(50),
            client_timeout: Span::from_secs(1),
            pause: Latency(Client::PAUSE),
            membership: None,
            orchestrator: None,
            redis: ServerConfig::default(),
        }
    }
}

/// Acceptors, and the number of them that must agree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuorumConfig {
    /// The names of the acceptors.
    pub nodes: Vec<String>,
    /// The number of acceptors that must agree.
    pub size: usize,
}

/// How proposers read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadsConfig {
    /// A read commits the state again.
    #[default]
    Commit,
    /// A query answers the read if a prepare and an accept quorum agree.
    Quorum,
}

impl From<ReadsConfig> for Reads {
    fn from(config: ReadsConfig) -> Reads {
        match config {
            ReadsConfig::Commit => Reads::Commit,
            ReadsConfig::Quorum => Reads::Quorum,
        }
    }
}

/// Changes of membership, one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MembershipConfig {
    /// The changes.
    pub changes: Vec<MembershipChange>,
    /// Whether all keys are committed again half-way through each change. Without a rescan changes
    /// are not safe.
    #[serde(default = "default_rescan")]
    pub rescan: bool,
    /// The number of additional keys that are written once before and read once after all changes.
    #[serde(default)]
    pub cold_keys: u16,
}

fn default_rescan() -> bool {
    true
}

impl Config {
    /// Checks the section, and fills in the quorums.
    pub(crate) fn complete(mut self) -> Result<Config, Problem> {
        let counts = [
            ("acceptors", self.acceptors),
            ("proposers", self.proposers),
            ("clients", self.clients),
            ("keys", self.keys),
        ];
        if let Some((name, _)) = counts.iter().find(|(_, n)| !(1..=NODES_MAX).contains(n)) {
            return Err(Problem::new(*name, format!("this is 1 to {NODES_MAX}")));
        }
        if self.timeout == Span::ZERO {
            return Err(Problem::new("timeout", "a proposer must wait for longer than 0s"));
        }
        if self.client_timeout == Span::ZERO {
            return Err(Problem::new("client_timeout", "a client must wait for longer than 0s"));
        }
        if self.pause.0.min == Span::ZERO && self.pause.0.max == Span::ZERO {
            return Err(Problem::new("pause", "without a pause time can stand still"));
        }
        let acceptors = self.acceptor_names();
        self.prepare.complete("prepare", &acceptors)?;
        self.accept.complete("accept", &acceptors)?;
        if !self.inconsistent && !self.quorums_meet() {
            let (prepare, accept) = (self.prepare.size, self.accept.size);
            let message = format!(
                "{prepare} prepared and {accept} accepting acceptors need not have one in common, \
                 so nothing that is written is safe; `inconsistent = true` says that this is meant"
            );
            return Err(Problem::new("prepare.size", message));
        }
        if self.variant.is_some() && self.reads != ReadsConfig::Commit {
            return Err(Problem::new("reads", "a variant reads as it does"));
        }
        if let Some(membership) = &self.membership {
            membership.check(&self)?;
        }
        if let Some(orchestrator) = &self.orchestrator {
            orchestrator.check(&self)?;
        }
        self.redis.check()?;
        Ok(self)
    }

    /// Whether each prepare quorum has an acceptor in common with each accept quorum. Two quorums
    /// with the smallest overlap use the nodes outside the common ones first.
    fn quorums_meet(&self) -> bool {
        let common = self.prepare.nodes.iter().filter(|node| self.accept.nodes.contains(node));
        let common = common.count();
        let inside =
            |quorum: &QuorumConfig| quorum.size.saturating_sub(quorum.nodes.len() - common);
        inside(&self.prepare) + inside(&self.accept) > common
    }

    /// The names of the initial acceptors.
    pub(crate) fn acceptor_names(&self) -> Vec<String> {
        (0..self.acceptors).map(|number| format!("a{number}")).collect()
    }
}

impl QuorumConfig {
    fn complete(&mut self, path: &str, acceptors: &[String]) -> Result<(), Problem> {
        if self.nodes.is_empty() {
            self.nodes = acceptors.to_vec();
        }
        if self.size == 0 {
            self.size = self.nodes.len() / 2 + 1;
        }
        let nodes = format!("{path}.nodes");
        if let Some(unknown) = self.nodes.iter().find(|node| !acceptors.contains(node)) {
            let known = acceptors.join(", ");
            let message = format!("there is no acceptor {unknown:?}; there are: {known}");
            return Err(Problem::new(nodes, message));
        }
        if (1..self.nodes.len()).any(|i| self.nodes[..i].contains(&self.nodes[i])) {
            return Err(Problem::new(nodes, "an acceptor counts once"));
        }
        if self.size > self.nodes.len() {
            let message = format!("a quorum of {} acceptors is 1 to {0} of them", self.nodes.len());
            return Err(Problem::new(format!("{path}.size"), message));
        }
        Ok(())
    }
}

impl MembershipConfig {
    fn check(&self, config: &Config) -> Result<(), Problem> {
        if self.changes.is_empty() {
            return Err(Problem::new("membership.changes", "there is at least one change"));
        }
        if self.changes.len() > 100 {
            return Err(Problem::new("membership.changes", "there are at most 100 changes"));
        }
        if self.cold_keys > NODES_MAX {
            return Err(Problem::new("membership.cold_keys", format!("this is 0 to {NODES_MAX}")));
        }
        let all_acceptors = config.acceptor_names();
        let majority = QuorumConfig { size: all_acceptors.len() / 2 + 1, nodes: all_acceptors };
        if config.prepare != majority || config.accept != majority {
            let message = "changes of membership begin with majorities of all acceptors";
            return Err(Problem::new("prepare", message));
        }
        let mut size = i32::from(config.acceptors);
        for (number, change) in self.changes.iter().enumerate() {
            size += if *change == MembershipChange::Grow { 1 } else { -1 };
            if size < 1 {
                let path = format!("membership.changes.{number}");
                return Err(Problem::new(path, "that would leave no acceptor"));
            }
        }
        let nodes = self.nodes_at_most(config);
        if nodes > NodeId::WORLD.index() {
            let message = format!("each takes proposers and clients of its own: {nodes} nodes");
            return Err(Problem::new("membership.changes", message));
        }
        Ok(())
    }

    /// The number of nodes if each change is a growth.
    fn nodes_at_most(&self, config: &Config) -> usize {
        // Joining acceptors, two generations for each change, one sweeper for each change, and two
        // more sweepers.
        let (changes, pair) = (self.changes.len(), config.proposers + config.clients);
        let generations = (1 + 2 * changes) * usize::from(pair);
        usize::from(config.acceptors) + 2 * changes + 2 + generations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quorums(prepare: usize, accept: usize) -> Result<Config, Problem> {
        let quorum = |size| QuorumConfig { nodes: Vec::new(), size };
        Config { prepare: quorum(prepare), accept: quorum(accept), ..Config::default() }.complete()
    }

    #[test]
    fn majorities_of_all_are_the_default() {
        let config = Config::default().complete().unwrap();
        assert_eq!(config.prepare.nodes, ["a0", "a1", "a2"]);
        assert_eq!((config.prepare.size, config.accept.size), (2, 2));
        assert_eq!(config.clone().complete(), Ok(config), "twice changes nothing");
    }

    #[test]
    fn quorums_that_need_not_meet_are_refused() {
        for (prepare, accept) in [(1, 1), (2, 1), (1, 2)] {
            assert_eq!(quorums(prepare, accept).unwrap_err().path, "prepare.size");
        }
        for (prepare, accept) in [(2, 2), (1, 3), (3, 1)] {
            assert!(quorums(prepare, accept).is_ok(), "{prepare} and {accept}");
        }
        assert_eq!(quorums(4, 2).unwrap_err().path, "prepare.size");
    }

    #[test]
    fn a_variant_reads_as_it_does() {
        let variant = Some(Variant::GryadkaV2);
        assert!(Config { variant, ..Config::default() }.complete().is_ok());
        let config = Config { variant, reads: ReadsConfig::Quorum, ..Config::default() };
        assert_eq!(config.complete().unwrap_err().path, "reads");
    }

    #[test]
    fn changes_that_take_too_many_nodes_are_refused() {
        let changing = |proposers, changes| {
            let changes = [MembershipChange::Grow, MembershipChange::Shrink].repeat(changes);
            let membership = MembershipConfig { changes, rescan: true, cold_keys: 0 };
            let membership = Some(membership);
            Config { proposers, membership, ..Config::default() }.complete()
        };
        assert!(changing(300, 50).is_ok());
        assert_eq!(changing(400, 50).unwrap_err().path, "membership.changes");
    }

    fn changing(config: Config, changes: &[MembershipChange], cold_keys: u16) -> Config {
        let membership = MembershipConfig { changes: changes.to_vec(), rescan: true, cold_keys };
        Config { membership: Some(membership), ..config }
    }

    fn problem(config: Config) -> Option<String> {
        config.complete().err().map(|problem| problem.path)
    }

    #[test]
    fn as_many_nodes_are_counted_as_there_are() {
        use scenario::System as _;
        for (acceptors, proposers, clients, changes) in [(1, 1, 1, 1), (3, 2, 2, 3), (5, 3, 1, 2)] {
            let config = Config { acceptors, proposers, clients, ..Config::default() };
            let config = changing(config, &[MembershipChange::Grow].repeat(changes), 1);
            let config = config.complete().expect("it makes sense");
            let counted = config.membership.as_ref().expect("it is there").nodes_at_most(&config);
            assert_eq!(counted, crate::CasPaxos::deploy(&config, 1).nodes.len());
        }
    }

    #[test]
    fn changes_of_membership_are_held_to_what_they_can_be() {
        use MembershipChange::{Grow, Shrink};
        let of = |acceptors| Config { acceptors, ..Config::default() };
        let path = |path: &str| Some(format!("membership.{path}"));
        assert_eq!(problem(changing(of(3), &[], 0)), path("changes"));
        assert_eq!(problem(changing(of(3), &[Grow].repeat(100), NODES_MAX)), None);
        assert_eq!(problem(changing(of(3), &[Grow].repeat(101), 0)), path("changes"));
        assert_eq!(problem(changing(of(3), &[Grow], NODES_MAX + 1)), path("cold_keys"));
        assert_eq!(problem(changing(of(5), &[Grow], 0)), None);
        assert_eq!(problem(changing(of(2), &[Shrink], 0)), None);
        assert_eq!(problem(changing(of(1), &[Grow, Shrink], 0)), None);
        assert_eq!(problem(changing(of(1), &[Shrink], 0)), path("changes.0"));
        assert_eq!(problem(changing(of(1), &[Grow, Shrink, Shrink], 0)), path("changes.2"));
        // The maximum is 65,535 nodes.
        let large = |acceptors| Config { acceptors, proposers: 300, clients: 347, ..of(3) };
        assert_eq!(problem(changing(large(86), &[Grow, Shrink].repeat(25), 0)), None);
        assert_eq!(problem(changing(large(87), &[Grow, Shrink].repeat(25), 0)), path("changes"));
    }

    #[test]
    fn changes_of_membership_begin_with_majorities() {
        let all = QuorumConfig { nodes: Vec::new(), size: 3 };
        let changes = [MembershipChange::Grow];
        for config in [
            Config { prepare: all.clone(), ..Config::default() },
            Config { accept: all.clone(), ..Config::default() },
        ] {
            assert_eq!(problem(config.clone()), None);
            assert_eq!(problem(changing(config.clone(), &changes, 0)), Some("prepare".to_owned()));
            let orchestrator = Some(OrchestratorConfig::default());
            let config = Config { orchestrator, ..config };
            assert_eq!(problem(config), Some("prepare".to_owned()));
        }
    }

    #[test]
    fn without_a_pause_time_can_stand_still() {
        let pausing = |min, max| {
            let pause = Latency(sim::Delay { min: Span(min), max: Span(max) });
            problem(Config { pause, ..Config::default() })
        };
        assert_eq!(pausing(0, 0), Some("pause".to_owned()));
        assert_eq!((pausing(0, 5), pausing(5, 5), pausing(1, 9)), (None, None, None));
    }

    /// Compares the rule with its definition: every pair of quorums has an acceptor in common.
    #[test]
    fn quorums_meet_when_no_two_can_avoid_each_other() {
        let names = ["a0", "a1", "a2", "a3"];
        let list = |set: u32| {
            let members = (0..4).filter(move |place| set & 1 << place != 0);
            members.map(|place| names[place].to_owned()).collect::<Vec<String>>()
        };
        let subsets = |set: u32, size: usize| {
            (0..16u32).filter(move |part| part & !set == 0 && part.count_ones() as usize == size)
        };
        for (prepare, accept) in (1..16).flat_map(|set| (1..16).map(move |other| (set, other))) {
            let (prepare_nodes, accept_nodes) = (list(prepare), list(accept));
            for p in 1..=prepare_nodes.len() {
                for a in 1..=accept_nodes.len() {
                    let config = Config {
                        prepare: QuorumConfig { nodes: prepare_nodes.clone(), size: p },
                        accept: QuorumConfig { nodes: accept_nodes.clone(), size: a },
                        ..Config::default()
                    };
                    let meet = subsets(prepare, p)
                        .all(|prepare| subsets(accept, a).all(|accept| prepare & accept != 0));
                    assert_eq!(config.quorums_meet(), meet, "{config:?}");
                }
            }
        }
    }

    #[test]
    fn lists_that_share_some_acceptors_only() {
        let quorum = |nodes: &[&str], size| QuorumConfig {
            nodes: nodes.iter().map(|node| (*node).to_owned()).collect(),
            size,
        };
        let config =
            |prepare, accept| Config { acceptors: 4, prepare, accept, ..Config::default() };
        let small = quorum(&["a0", "a1", "a2"], 2);
        let all = |size| quorum(&["a0", "a1", "a2", "a3"], size);
        assert!(config(small.clone(), all(3)).complete().is_ok());
        assert!(config(small, all(2)).complete().is_err());
        assert!(config(quorum(&["a0"], 1), quorum(&["a1"], 1)).complete().is_err());
    }
}
