//! A proposer alone: clients and acceptors are played by the script.

use std::collections::BTreeMap;
use std::error::Error;

use caspaxos::proposer::Proposer;
use caspaxos::reads::Reads;
use caspaxos::{Ballot, Configuration, Message, Protocol, Reply, Request};
use goldenscript::Context;
use history::{Action, Key, NodeId, Span, Value};
use sim::{Effect, Input, Keep};

use crate::actor::Actor;
use crate::words::{self, Accepted, BallotText, KeyName, Node, QuorumText};

/// What a script can say. Replies are to what the acceptor was asked last about the key, which is
/// key1 if nothing else is said, or else to the request of the ballot that is named.
#[derive(goldenscript::Command)]
pub(crate) enum Command {
    /// Whom it asks. Example: configure prepare="2 of a0 a1 a2" accept="3 of a0 a1 a2 a3"
    Configure {
        #[arg(key)]
        prepare: QuorumText,
        #[arg(key)]
        accept: QuorumText,
    },
    /// Reads are answered by a query where quorums agree. Example: query_reads
    QueryReads,
    /// A client wants to know what there is. Example: read c1 key1
    Read { client: Node, key: KeyName },
    /// A client writes, whatever there is. Example: write c1 key1 7
    Write { client: Node, key: KeyName, value: u64 },
    /// A client writes on top of a version. Example: cas c1 key1 7 from=3
    Cas {
        client: Node,
        key: KeyName,
        value: u64,
        #[arg(key)]
        from: u64,
    },
    /// The network brings a client's last question once more. Example: repeat c1
    Repeat { client: Node },
    /// Acceptors promise. Example: promise a0 a1 has="v3=7 under 0,2,1"
    Promise {
        acceptors: Vec<Node>,
        #[arg(key)]
        has: Option<Accepted>,
        #[arg(key)]
        key: Option<KeyName>,
        #[arg(key)]
        ballot: Option<BallotText>,
    },
    /// Acceptors report their accepted state. Example: tell a0 a1 has="v3=7 under 0,2,1"
    Tell {
        acceptors: Vec<Node>,
        #[arg(key)]
        has: Option<Accepted>,
    },
    /// Acceptors accept. Example: accept a0 a1
    Accept {
        acceptors: Vec<Node>,
        #[arg(key)]
        key: Option<KeyName>,
        #[arg(key)]
        ballot: Option<BallotText>,
    },
    /// Acceptors have promised a ballot that is too high. Example: conflict a0 promised="1,2,1"
    Conflict {
        acceptors: Vec<Node>,
        #[arg(key)]
        promised: BallotText,
        #[arg(key)]
        key: Option<KeyName>,
        #[arg(key)]
        ballot: Option<BallotText>,
    },
    /// The servers of acceptors answer with errors. Example: error a0
    Error { acceptors: Vec<Node> },
    /// Requests are reported lost. Example: undelivered a0 a1
    Undelivered { acceptors: Vec<Node> },
    /// A broken connection is reported. Example: disconnect a0
    Disconnect { acceptor: Node },
    /// The time for answers is over. Example: timeout key1
    Timeout { key: Option<KeyName> },
    /// The proposer crashes and starts again. Example: crash
    Crash,
}

pub(crate) struct Stage {
    proposer: Actor<Proposer>,
    /// The last question of each client.
    questions: BTreeMap<NodeId, Message>,
    next_ticket: u32,
    /// What each acceptor was asked last.
    requests: BTreeMap<(NodeId, Key), (Ballot, Request)>,
}

const ME: NodeId = NodeId(105);

impl Default for Stage {
    /// The proposer p5, whose id is 5, and three acceptors, of which it takes two.
    fn default() -> Stage {
        let QuorumText(quorum) = "2 of a0 a1 a2".parse().expect("a quorum");
        let configuration = Configuration { prepare: quorum.clone(), accept: quorum };
        let proposer = Proposer::new(5, configuration, Span::from_millis(50));
        Stage {
            proposer: Actor::new(ME, proposer),
            questions: BTreeMap::new(),
            next_ticket: 0,
            requests: BTreeMap::new(),
        }
    }
}

impl goldenscript::Runner for Stage {
    type Command = Command;

    fn run(&mut self, command: &Command, _: &Context) -> Result<String, Box<dyn Error>> {
        let key1 = KeyName(Key(0));
        let told = match command {
            Command::Configure { prepare, accept } => {
                let (prepare, accept) = (prepare.0.clone(), accept.0.clone());
                let message = Message::Configure(Configuration { prepare, accept });
                self.step(Input::Message { from: NodeId::WORLD, message });
                return Ok(String::new());
            }
            Command::Read { client, key } => self.ask(*client, *key, Action::Read),
            Command::Write { client, key, value } => {
                self.ask(*client, *key, Action::Write { value: Value(*value) })
            }
            Command::Cas { client, key, value, from } => {
                self.ask(*client, *key, words::cas(*from, *value))
            }
            Command::Repeat { client: Node(from) } => {
                let message = self.questions.get(from).ok_or("it has not asked")?.clone();
                self.step(Input::Message { from: *from, message })
            }
            Command::Promise { acceptors, has, key, ballot } => {
                let Accepted { state, under } = has.unwrap_or(Accepted::NOTHING);
                let reply = |_| Reply::Promised { accepted: under, state };
                self.reply(acceptors, key.unwrap_or(key1), *ballot, reply)?
            }
            Command::QueryReads => {
                self.proposer.process = self.proposer.process.clone().reading(Reads::Quorum);
                return Ok(String::new());
            }
            Command::Tell { acceptors, has } => {
                let Accepted { state, under } = has.unwrap_or(Accepted::NOTHING);
                self.reply(acceptors, key1, None, |_| Reply::Held { accepted: under, state })?
            }
            Command::Accept { acceptors, key, ballot } => {
                self.reply(acceptors, key.unwrap_or(key1), *ballot, |_| Reply::Accepted)?
            }
            Command::Conflict { acceptors, promised: BallotText(promised), key, ballot } => {
                let promised = *promised;
                let reply = |request| match request {
                    Request::Prepare => Reply::PrepareConflict { promised },
                    Request::Accept(_) => Reply::AcceptConflict { promised },
                    Request::Query => Reply::QueryError,
                };
                self.reply(acceptors, key.unwrap_or(key1), *ballot, reply)?
            }
            Command::Error { acceptors } => {
                let reply = |request| match request {
                    Request::Prepare => Reply::PrepareError,
                    Request::Accept(_) => Reply::AcceptError,
                    Request::Query => Reply::QueryError,
                };
                self.reply(acceptors, key1, None, reply)?
            }
            Command::Undelivered { acceptors } => self.lose(acceptors)?,
            Command::Disconnect { acceptor: Node(peer) } => {
                self.step(Input::ConnectionLost { peer: *peer, epoch: 0 })
            }
            Command::Timeout { key } => self.run_out(key.unwrap_or(key1))?,
            Command::Crash => {
                self.proposer.crash(Keep::Durable);
                return Ok(String::new());
            }
        };
        Ok(if told.is_empty() { "nothing happens".to_owned() } else { told })
    }
}

impl Stage {
    fn ask(&mut self, Node(from): Node, KeyName(key): KeyName, action: Action) -> String {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        let message = Message::Change { ticket, key, action };
        self.questions.insert(from, message.clone());
        self.step(Input::Message { from, message })
    }

    fn reply(
        &mut self,
        acceptors: &[Node],
        KeyName(key): KeyName,
        ballot: Option<BallotText>,
        reply: impl Fn(Request) -> Reply,
    ) -> Result<String, String> {
        let mut told = String::new();
        for Node(from) in acceptors.iter().copied() {
            let asked = self.requests.get(&(from, key));
            let (last, request) = *asked.ok_or("it was not asked about that key")?;
            let (ballot, reply) = (ballot.map_or(last, |named| named.0), reply(request));
            let message = Message::Reply { key, ballot, reply };
            told += &self.step(Input::Message { from, message });
        }
        Ok(told)
    }

    fn lose(&mut self, acceptors: &[Node]) -> Result<String, String> {
        let mut told = String::new();
        for Node(to) in acceptors.iter().copied() {
            let key = Key(0);
            let asked = self.requests.get(&(to, key));
            let (ballot, request) = *asked.ok_or("it was not asked about key1")?;
            let message = Message::Request { key, ballot, age: 0, request };
            told += &self.step(Input::Undelivered { to, message });
        }
        Ok(told)
    }

    fn run_out(&mut self, KeyName(key): KeyName) -> Result<String, String> {
        let timer = self.proposer.take_timer(key)?;
        Ok(self.step(Input::Timer(timer)))
    }

    fn step(&mut self, input: Input<Protocol>) -> String {
        let effects = self.proposer.step(input);
        for effect in &effects {
            if let Effect::Send { to, message: Message::Request { key, ballot, request, .. } } =
                effect
            {
                self.requests.insert((*to, *key), (*ballot, *request));
            }
        }
        words::tell(ME, &effects)
    }
}
