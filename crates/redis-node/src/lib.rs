//! A Redis server as a node of a simulated world.
//!
//! A [`Server`] is a [`Database`] behind connections. Whoever sends it a [`Request`] has a
//! connection from then on, until that breaks or one of both crashes; above `maxclients` of them,
//! newcomers are refused. Commands are executed one at a time, in the order in which they arrive,
//! each for as long as the server's service time; the reply leaves after that. Keys expire by the
//! wall clock of the server's own node.
//!
//! Invariants
//! 1. A reply is sent only after the command has been executed, and by then it is as durable as
//!    [`Durability`] says.
//! 2. What a connection had is gone when it breaks.
//!
//! What a crash leaves depends on [`Durability`]. Scripts are never durable: a server that
//! restarts loads those that it was configured with again, as an init script would.
//!
//! The server is a part of a system's process, which lends it its context. Systems that speak raw
//! Redis let [`Request`] and [`Response`] be among their messages; a protocol with messages of its
//! own calls [`Server::evalsha`] as its client library would.

#![deny(clippy::float_arithmetic)]

use std::sync::Arc;

use history::{NodeId, Span};
use im::OrdSet;
use redis::{Blob, Database, ErrorReply, Reply, ScriptLibrary, Sha1, UnixTime};
use serde::{Deserialize, Serialize};
use sim::{Context, Keep, LocalTime};

/// A command line on its way to a server.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Request {
    /// By which the client will know the reply.
    pub id: u64,
    /// The command and its arguments.
    pub line: Vec<Blob>,
}

/// A reply on its way back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Response {
    /// Of the request that it answers.
    pub id: u64,
    /// What the server says.
    pub reply: Reply,
}

/// What of its data a server still has after a crash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Durability {
    /// All that it had replied to: `appendonly yes`, `appendfsync always`.
    #[default]
    Always,
    /// Nothing: `appendonly no`, `save ""`.
    Never,
}

/// How a server is set up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServerConfig {
    /// What survives a crash.
    pub durability: Durability,
    /// How long each command takes.
    pub service_time: Span,
    /// How many clients can be connected at a time; Redis's default is 10,000.
    pub max_clients: usize,
    /// The texts of the scripts that are loaded whenever it starts.
    pub scripts: Vec<&'static str>,
}

impl Default for ServerConfig {
    fn default() -> ServerConfig {
        ServerConfig {
            durability: Durability::Always,
            service_time: Span::ZERO,
            max_clients: 10_000,
            scripts: Vec::new(),
        }
    }
}

/// A Redis server.
///
/// ```
/// use std::sync::Arc;
///
/// use history::NodeId;
/// use redis::{Blob, Reply};
/// use redis_node::{Request, Response, Server, ServerConfig};
/// use sim::{Effect, Sandbox};
///
/// let mut server = Server::new(ServerConfig::default(), Arc::default());
/// let mut sandbox = Sandbox::<Response, ()>::default();
/// let client = NodeId(7);
/// let line = ["INCR", "visits"].map(Blob::from).to_vec();
/// server.serve(&mut sandbox.context(), client, Request { id: 1, line });
/// let message = Response { id: 1, reply: Reply::Integer(1) };
/// assert_eq!(sandbox.take_effects(), [Effect::Send { to: client, message }]);
/// ```
#[derive(Clone, Debug, Hash)]
pub struct Server {
    config: ServerConfig,
    database: Database,
    connected: OrdSet<NodeId>,
}

impl Server {
    /// An empty server that can run the scripts of `library`.
    #[must_use]
    pub fn new(config: ServerConfig, library: Arc<ScriptLibrary>) -> Server {
        let server = Server { config, database: Database::new(library), connected: OrdSet::new() };
        server.start()
    }

    /// What the server holds.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Executes a command line for a client, and replies after the service time.
    pub fn serve<M: From<Response>, T>(
        &mut self,
        cx: &mut Context<'_, M, T>,
        client: NodeId,
        Request { id, line }: Request,
    ) {
        let reply = match self.connect(client) {
            Ok(()) => self.database.call(unix_time(cx.now()), &line),
            Err(refusal) => Reply::Error(refusal),
        };
        self.work(cx);
        cx.send(client, Response { id, reply }.into());
    }

    /// Executes `EVALSHA` for a client. What is sent after this leaves after the service time.
    pub fn evalsha<M, T>(
        &mut self,
        cx: &mut Context<'_, M, T>,
        client: NodeId,
        sha: &Sha1,
        keys: &[Blob],
        arguments: &[Blob],
    ) -> Reply {
        let reply = match self.connect(client) {
            Ok(()) => self.database.evalsha(unix_time(cx.now()), sha, keys, arguments),
            Err(refusal) => Reply::Error(refusal),
        };
        self.work(cx);
        reply
    }

    /// A client's connection broke.
    pub fn disconnect(&mut self, client: NodeId) {
        self.connected.remove(&client);
    }

    /// What is left after a crash, ready to start again.
    #[must_use]
    pub fn crash(self, keep: Keep) -> Server {
        let durable = keep == Keep::Durable && self.config.durability == Durability::Always;
        let mut server = Server { connected: OrdSet::new(), ..self };
        server.operate(&["SCRIPT", "FLUSH"]);
        if !durable {
            server.operate(&["FLUSHALL"]);
        }
        server.start()
    }

    /// Loads the scripts that it was configured with.
    fn start(mut self) -> Server {
        for text in self.config.scripts.clone() {
            self.operate(&["SCRIPT", "LOAD", text]);
        }
        self
    }

    /// Executes a command of the operator's. Time plays no part in it.
    fn operate(&mut self, line: &[&'static str]) {
        let line: Vec<Blob> = line.iter().copied().map(Blob::from_static).collect();
        self.database.call(UnixTime::default(), &line);
    }

    fn connect(&mut self, client: NodeId) -> Result<(), ErrorReply> {
        if self.connected.contains(&client) {
            return Ok(());
        }
        if self.connected.len() >= self.config.max_clients {
            return Err(ErrorReply::from_static("ERR max number of clients reached"));
        }
        self.connected.insert(client);
        Ok(())
    }

    fn work<M, T>(&self, cx: &mut Context<'_, M, T>) {
        if self.config.service_time > Span::ZERO {
            cx.busy(self.config.service_time);
        }
    }
}

/// The server's own wall clock.
fn unix_time(now: LocalTime) -> UnixTime {
    UnixTime(now.wall.0)
}
