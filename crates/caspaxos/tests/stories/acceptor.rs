//! An acceptor alone: proposers are played by the script.

use std::error::Error;

use caspaxos::acceptor::{Acceptor, Registers};
use caspaxos::{Ballot, Message, Request};
use goldenscript::Context;
use history::{Key, NodeId};
use redis::UnixTime;
use redis_node::{Durability, ServerConfig};
use sim::{Input, Keep};

use crate::actor::Actor;
use crate::words::{self, BallotText, KeyName, Node, State};

/// What a script can say. Requests are by p1 and about key1 if nothing else is said.
#[derive(goldenscript::Command)]
pub(crate) enum Command {
    /// An acceptor of its own kind, instead of one that keeps everything. Example: server
    /// durability=never max_clients=1
    Server {
        #[arg(key)]
        durability: Option<String>,
        #[arg(key)]
        max_clients: Option<u32>,
    },
    /// A proposer asks for a promise. Example: prepare "0,1,1" from=p2 key=key2
    Prepare {
        ballot: BallotText,
        #[arg(key)]
        from: Option<Node>,
        #[arg(key)]
        key: Option<KeyName>,
    },
    /// A proposer asks it to accept a state. Example: accept "0,1,1" "v1=7"
    Accept {
        ballot: BallotText,
        state: State,
        #[arg(key)]
        from: Option<Node>,
        #[arg(key)]
        key: Option<KeyName>,
    },
    /// A proposer asks what it has accepted. Example: query key=key2
    Query {
        #[arg(key)]
        key: Option<KeyName>,
    },
    /// A proposer's connection breaks. Example: disconnect p1
    Disconnect { proposer: Node },
    /// It crashes and starts again. Example: crash
    Crash,
    /// It crashes, loses its disk, and starts again. Example: wipe
    Wipe,
    /// What its Redis server holds. Example: keys
    Keys,
}

pub(crate) struct Stage(Actor<Acceptor>);

const ME: NodeId = NodeId(200);

impl Default for Stage {
    fn default() -> Stage {
        Stage::new(ServerConfig::default())
    }
}

impl goldenscript::Runner for Stage {
    type Command = Command;

    fn run(&mut self, command: &Command, _: &Context) -> Result<String, Box<dyn Error>> {
        Ok(match command {
            Command::Server { durability, max_clients } => {
                let config = ServerConfig {
                    durability: read_durability(durability.as_deref())?,
                    maxclients: max_clients.unwrap_or(10_000),
                    ..ServerConfig::default()
                };
                *self = Stage::new(config);
                String::new()
            }
            Command::Prepare { ballot, from, key } => {
                self.ask(*from, *key, ballot.0, Request::Prepare)
            }
            Command::Accept { ballot, state, from, key } => {
                self.ask(*from, *key, ballot.0, Request::Accept(state.0))
            }
            Command::Query { key } => self.ask(None, *key, Ballot::ZERO, Request::Query),
            Command::Disconnect { proposer: Node(peer) } => {
                words::tell(ME, &self.0.step(Input::ConnectionLost { peer: *peer, epoch: 0 }))
            }
            Command::Crash => words::tell(ME, &self.0.crash(Keep::Durable)),
            Command::Wipe => words::tell(ME, &self.0.crash(Keep::Nothing)),
            Command::Keys => stored(&self.0.process),
        })
    }
}

impl Stage {
    fn new(config: ServerConfig) -> Stage {
        Stage(Actor::new(ME, Acceptor::new(config, Registers::new(&words::key_names()))))
    }

    fn ask(
        &mut self,
        from: Option<Node>,
        key: Option<KeyName>,
        ballot: Ballot,
        request: Request,
    ) -> String {
        let from = from.map_or(NodeId(101), |node| node.0);
        let key = key.map_or(Key(0), |key| key.0);
        let message = Message::Request { key, ballot, age: 0, request };
        words::tell(ME, &self.0.step(Input::Message { from, message }))
    }
}

/// What an acceptor keeps when it crashes, by the word of the scenario files.
pub(crate) fn read_durability(word: Option<&str>) -> Result<Durability, String> {
    match word {
        None | Some("always") => Ok(Durability::Always),
        Some("never") => Ok(Durability::Never),
        Some(word) => Err(format!("there is no durability {word:?}")),
    }
}

/// The keys of an acceptor's Redis server, a line each.
pub(crate) fn stored(acceptor: &Acceptor) -> String {
    let entries = acceptor.server().database().keyspace().iter(UnixTime::default());
    let strings = entries.filter_map(|(key, entry)| Some((key, entry.value.as_string()?)));
    let lines: String =
        strings.map(|(key, value)| format!("{key} = {:?}\n", value.to_string())).collect();
    if lines.is_empty() { "no keys".to_owned() } else { lines }
}
