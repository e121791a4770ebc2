//! Proposers and acceptors, and a network that does what the script says.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

use caspaxos::acceptor::{Acceptor, Registers};
use caspaxos::proposer::Proposer;
use caspaxos::reads::Reads;
use caspaxos::{Configuration, Message, Protocol, Quorum};
use goldenscript::Context;
use history::{Action, Key, NodeId, Span, Value};
use redis_node::ServerConfig;
use sim::{Effect, Input, Keep};

use crate::acceptor::{read_durability, stored};
use crate::actor::Actor;
use crate::words::{self, KeyName, Node, QuorumText};

/// What a script can say. Messages wait until the script says what becomes of them; those of one
/// link are taken in the order in which they were sent. The client is c1.
#[derive(goldenscript::Command)]
pub(crate) enum Command {
    /// So many acceptors, of which proposers take a majority. Example: acceptors 4
    /// durability=never
    Acceptors {
        count: u16,
        #[arg(key)]
        durability: Option<String>,
    },
    /// Whom a proposer asks. Example: configure p1 prepare="2 of a0 a1" accept="1 of a0 a1"
    Configure {
        proposer: Node,
        #[arg(key)]
        prepare: QuorumText,
        #[arg(key)]
        accept: QuorumText,
    },
    /// Proposers' reads are answered by a query where quorums agree. Example: query_reads p1 p2
    QueryReads { proposers: Vec<Node> },
    /// The client wants to know what there is. Example: read p1 key1
    Read { proposer: Node, key: KeyName },
    /// The client writes, whatever there is. Example: write p1 key1 7
    Write { proposer: Node, key: KeyName, value: u64 },
    /// The client writes on top of a version. Example: cas p1 key1 7 from=3
    Cas {
        proposer: Node,
        key: KeyName,
        value: u64,
        #[arg(key)]
        from: u64,
    },
    /// A message arrives. Example: deliver p1 a0
    Deliver { from: Node, to: Node },
    /// A message is lost, without a report. Example: lose p1 a0
    Lose { from: Node, to: Node },
    /// A message is there twice. Example: duplicate p1 a0
    Duplicate { from: Node, to: Node },
    /// A message arrives after all later ones. Example: delay p1 a0
    Delay { from: Node, to: Node },
    /// From now on, nothing that is sent to or from these nodes gets through. Example: cut a0 a1
    Cut { nodes: Vec<Node> },
    /// What is sent to and from these nodes gets through again. Example: heal a0 a1
    Heal { nodes: Vec<Node> },
    /// A proposer's request arrives at each of these, and the reply back. Example: round p1 a0 a1
    Round { proposer: Node, acceptors: Vec<Node> },
    /// All messages arrive, in the order in which they were sent, and the messages that follow from
    /// them. Only replies to the client are shown. Example: settle
    Settle,
    /// A proposer's time for answers about a key is over. Example: timeout p1 key2
    Timeout { proposer: Node, key: Option<KeyName> },
    /// A node crashes and starts again. What is under way to it is lost. Example: crash a0
    Crash { node: Node },
    /// A node crashes, loses its disk, and starts again. Example: wipe a0
    Wipe { node: Node },
    /// What an acceptor's Redis server holds. Example: keys a0
    Keys { acceptor: Node },
}

pub(crate) struct Stage {
    proposers: BTreeMap<NodeId, Actor<Proposer>>,
    acceptors: BTreeMap<NodeId, Actor<Acceptor>>,
    under_way: Vec<Parcel>,
    /// Those that nothing gets through to or from.
    cut: BTreeSet<Node>,
    next_ticket: u32,
}

struct Parcel {
    from: NodeId,
    to: NodeId,
    message: Message,
}

impl Default for Stage {
    /// Four proposers and three acceptors.
    fn default() -> Stage {
        let mut stage = Stage {
            proposers: BTreeMap::new(),
            acceptors: BTreeMap::new(),
            under_way: Vec::new(),
            cut: BTreeSet::new(),
            next_ticket: 0,
        };
        stage.build(3, &ServerConfig::default());
        stage
    }
}

impl goldenscript::Runner for Stage {
    type Command = Command;

    fn run(&mut self, command: &Command, _: &Context) -> Result<String, Box<dyn Error>> {
        let told = match command {
            Command::Acceptors { count, durability } => {
                let durability = read_durability(durability.as_deref())?;
                self.build(*count, &ServerConfig { durability, ..ServerConfig::default() });
                return Ok(String::new());
            }
            Command::Configure { proposer, prepare, accept } => {
                let (prepare, accept) = (prepare.0.clone(), accept.0.clone());
                let message = Message::Configure(Configuration { prepare, accept });
                self.step(proposer.0, Input::Message { from: NodeId::WORLD, message })?;
                return Ok(String::new());
            }
            Command::QueryReads { proposers } => {
                for Node(proposer) in proposers {
                    let actor = self.proposers.get_mut(proposer).ok_or("no such proposer")?;
                    actor.process = actor.process.clone().reading(Reads::Quorum);
                }
                return Ok(String::new());
            }
            Command::Read { proposer, key } => self.ask(*proposer, *key, Action::Read)?,
            Command::Write { proposer, key, value } => {
                self.ask(*proposer, *key, Action::Write { value: Value(*value) })?
            }
            Command::Cas { proposer, key, value, from } => {
                self.ask(*proposer, *key, words::cas(*from, *value))?
            }
            Command::Deliver { from, to } => self.deliver(from.0, to.0)?,
            Command::Lose { from, to } => {
                let lost = self.take(from.0, to.0)?;
                format!("lost: {}", words::in_words(&lost.message))
            }
            Command::Duplicate { from, to } => {
                let Parcel { from, to, message } = self.take(from.0, to.0)?;
                let copy = Parcel { from, to, message: message.clone() };
                self.under_way.splice(0..0, [copy, Parcel { from, to, message }]);
                return Ok(String::new());
            }
            Command::Delay { from, to } => {
                let late = self.take(from.0, to.0)?;
                self.under_way.push(late);
                return Ok(String::new());
            }
            Command::Cut { nodes } => {
                self.cut.extend(nodes);
                return Ok(String::new());
            }
            Command::Heal { nodes } => {
                self.cut.retain(|node| !nodes.contains(node));
                return Ok(String::new());
            }
            Command::Round { proposer: Node(proposer), acceptors } => {
                let mut told = String::new();
                for Node(acceptor) in acceptors {
                    told += &self.deliver(*proposer, *acceptor)?;
                    told += &self.deliver(*acceptor, *proposer)?;
                }
                told
            }
            Command::Settle => self.settle()?,
            Command::Timeout { proposer, key } => {
                self.run_out(proposer.0, key.map_or(Key(0), |key| key.0))?
            }
            Command::Crash { node } => return self.crash(node.0, Keep::Durable),
            Command::Wipe { node } => return self.crash(node.0, Keep::Nothing),
            Command::Keys { acceptor } => {
                stored(&self.acceptors.get(&acceptor.0).ok_or("no such acceptor")?.process)
            }
        };
        Ok(if told.is_empty() { "nothing happens".to_owned() } else { told })
    }
}

impl Stage {
    fn build(&mut self, acceptors: u16, server: &ServerConfig) {
        let id = |kind: &str, number: u16| {
            let Node(id) = format!("{kind}{number}").parse().expect("a node");
            id
        };
        let names: Vec<NodeId> = (0..acceptors).map(|number| id("a", number)).collect();
        let registers = Registers::new(&words::key_names());
        let acceptor = Acceptor::new(server.clone(), registers);
        let majority = Quorum::majority(names.clone());
        let configuration = Configuration { prepare: majority.clone(), accept: majority };
        self.acceptors =
            names.iter().map(|name| (*name, Actor::new(*name, acceptor.clone()))).collect();
        let proposers = (1..=4).map(|number| {
            let name = id("p", number);
            let timeout = Span::from_millis(50);
            let proposer = Proposer::new(u32::from(number), configuration.clone(), timeout);
            (name, Actor::new(name, proposer))
        });
        self.proposers = proposers.collect();
    }

    fn ask(
        &mut self,
        Node(proposer): Node,
        KeyName(key): KeyName,
        action: Action,
    ) -> Result<String, String> {
        let Node(from) = "c1".parse()?;
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        let message = Message::Change { ticket, key, action };
        self.step(proposer, Input::Message { from, message })
    }

    fn take(&mut self, from: NodeId, to: NodeId) -> Result<Parcel, String> {
        let is_on_link = |parcel: &Parcel| parcel.from == from && parcel.to == to;
        let oldest = self.under_way.iter().position(is_on_link);
        oldest.map(|place| self.under_way.remove(place)).ok_or_else(|| {
            format!("nothing is under way from {} to {}", words::name(from), words::name(to))
        })
    }

    fn deliver(&mut self, from: NodeId, to: NodeId) -> Result<String, String> {
        let Parcel { from, to, message } = self.take(from, to)?;
        self.step(to, Input::Message { from, message })
    }

    fn settle(&mut self) -> Result<String, String> {
        let mut told = String::new();
        while let Some(Parcel { from, to, .. }) = self.under_way.first() {
            told += &self.deliver(*from, *to).map(|told| only_to_clients(&told))?;
        }
        Ok(told)
    }

    fn run_out(&mut self, proposer: NodeId, key: Key) -> Result<String, String> {
        let actor = self.proposers.get_mut(&proposer).ok_or("no such proposer")?;
        let timer = actor.take_timer(key)?;
        self.step(proposer, Input::Timer(timer))
    }

    fn crash(&mut self, node: NodeId, keep: Keep) -> Result<String, Box<dyn Error>> {
        self.under_way.retain(|parcel| parcel.to != node);
        let effects = match (self.proposers.get_mut(&node), self.acceptors.get_mut(&node)) {
            (Some(proposer), _) => proposer.crash(keep),
            (_, Some(acceptor)) => acceptor.crash(keep),
            (None, None) => return Err(format!("there is no {}", words::name(node)).into()),
        };
        Ok(words::tell(node, &effects))
    }

    fn step(&mut self, node: NodeId, input: Input<Protocol>) -> Result<String, String> {
        let effects = match (self.proposers.get_mut(&node), self.acceptors.get_mut(&node)) {
            (Some(proposer), _) => proposer.step(input),
            (_, Some(acceptor)) => acceptor.step(input),
            (None, None) => return Err(format!("there is no {}", words::name(node))),
        };
        for effect in &effects {
            if let Effect::Send { to, message } = effect
                && (self.proposers.contains_key(to) || self.acceptors.contains_key(to))
                && ![node, *to].iter().any(|end| self.cut.contains(&Node(*end)))
            {
                let message = message.clone();
                self.under_way.push(Parcel { from: node, to: *to, message });
            }
        }
        Ok(words::tell(node, &effects))
    }
}

fn only_to_clients(told: &str) -> String {
    told.lines().filter(|line| line.contains("-> c")).map(|line| format!("{line}\n")).collect()
}
