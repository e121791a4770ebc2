//! A Redis server as a node of a simulated world.
//!
//! A [`Server`] is a [`Database`] behind connections. A node that sends it a [`Request`] has a
//! connection from then on, until the connection breaks or one of the two crashes. Above
//! `maxclients` connections, new ones are refused. Commands are executed one at a time, in the
//! order in which they arrive. Each takes the server's service time, and then the reply leaves.
//! Keys expire by the wall clock of the server's own node.
//!
//! Invariants
//! 1. A reply is sent only after the command has been executed, and by then it is as durable as
//!    [`Durability`] says.
//! 2. A connection that breaks loses its state: its transaction, and its watched keys.
//!
//! What a crash leaves depends on [`Durability`]; a failover replaces the server by its replica,
//! which may lack the last writes, because replication is asynchronous. Scripts are never durable:
//! a server that restarts loads its configured scripts again, as an init script would.
//!
//! The server is a part of a system's process, and uses the context of that process. A system that
//! speaks raw Redis uses [`Message`]s. A protocol with its own messages calls [`Server::evalsha`],
//! as its client library would. Many systems store a [register]: a version and a value.

#![deny(clippy::float_arithmetic)]

mod config;
mod persistence;
pub mod register;
pub mod text;
mod wire;

use std::sync::Arc;

use history::{NodeId, Span};
use im::OrdMap;
use redis::{Blob, Connection, Database, ErrorReply, Reply, Script, Sha1, UnixTime};
use sim::{Context, Keep, LocalTime, Protocol};

pub use crate::config::{Scripts, ServerConfig};
use crate::persistence::Copy;
pub use crate::persistence::{Durability, Timer};
pub use crate::wire::{Message, Request, Response};

/// Why a node without a Redis server cannot fail over.
pub const NO_SERVER: &str = "it is no Redis server";

/// A Redis server.
///
/// ```
/// use history::NodeId;
/// use redis::{Blob, Reply};
/// use redis_node::{Message, Request, Response, Server, ServerConfig, Timer};
/// use sim::{Effect, Sandbox, Types};
///
/// let mut server = Server::new(ServerConfig::default(), []);
/// let mut sandbox = Sandbox::<Types<Message, Timer>>::default();
/// let client = NodeId(7);
/// let line = ["INCR", "visits"].map(Blob::from).to_vec();
/// server.serve(&mut sandbox.context(), client, Request { id: 1, line });
/// let message = Message::Response(Response { id: 1, reply: Reply::Integer(1) });
/// assert_eq!(sandbox.take_effects(), [Effect::Send { to: client, message }]);
/// ```
#[derive(Clone, Debug, Hash)]
pub struct Server {
    config: ServerConfig,
    /// The texts of the scripts that are loaded whenever it starts.
    scripts: Arc<[&'static str]>,
    /// Boxed, because it is large.
    database: Box<Database>,
    connections: OrdMap<NodeId, Connection>,
    /// The number of the next connection.
    next_connection: u64,
    /// The data on its disk, if it can differ from the data in memory.
    disk: Option<Box<Copy>>,
    replica: Option<Box<Copy>>,
}

impl Server {
    /// An empty server. It loads these scripts whenever it starts.
    ///
    /// # Panics
    /// If two of the scripts have the same text.
    #[must_use]
    pub fn new(config: ServerConfig, scripts: impl IntoIterator<Item = Script>) -> Server {
        let scripts: Vec<Script> = scripts.into_iter().collect();
        let library = Arc::new(config.scripts.library(&scripts));
        let texts = scripts.iter().map(|script| script.source).collect();
        Server::start(config, texts, Database::new(library))
    }

    /// What the server holds.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Why the server cannot fail over, or `None` if it has a replica.
    ///
    /// A node without a server has [`NO_SERVER`] instead.
    #[must_use]
    pub fn no_fail_over(&self) -> Option<&'static str> {
        match self.config.replication_lag {
            Some(_) => None,
            None => Some("it has no replica; set `replication_lag` in the section [redis]"),
        }
    }

    /// Executes a command line for a client, and replies after the service time, unless the client
    /// wants no reply.
    pub fn serve<P>(
        &mut self,
        cx: &mut Context<'_, P>,
        client: NodeId,
        Request { id, line }: Request,
    ) where
        P: Protocol<Message: From<Response>, Timer: From<Timer>>,
    {
        let reply = self.execute(cx, client, &line);
        if self.connections.get(&client).is_none_or(Connection::wants_reply) {
            cx.send(client, Response { id, reply }.into());
        }
    }

    /// Executes a command line for a client. What is sent after this leaves after the service time.
    pub fn execute<P: Protocol<Timer: From<Timer>>>(
        &mut self,
        cx: &mut Context<'_, P>,
        client: NodeId,
        line: &[Blob],
    ) -> Reply {
        let reply = match self.connect(client) {
            Ok(()) => self.call(unix_time(cx.now()), client, line),
            Err(refusal) => Reply::Error(refusal),
        };
        let is_script = line.first().is_some_and(|name| is_script(name));
        self.work(cx, if is_script { self.config.script_time } else { Span::ZERO });
        reply
    }

    /// Executes a command line that comes through a client's connection.
    fn call(&mut self, now: UnixTime, client: NodeId, line: &[Blob]) -> Reply {
        let connection = self.connections.get_mut(&client).expect("it is connected");
        let reply = connection.call(&mut self.database, now, line);
        if connection.is_closing() {
            self.disconnect(client);
        }
        reply
    }

    /// Executes `EVALSHA` for a client, outside of any transaction. What is sent after this leaves
    /// after the service time.
    pub fn evalsha<P: Protocol<Timer: From<Timer>>>(
        &mut self,
        cx: &mut Context<'_, P>,
        client: NodeId,
        sha: &Sha1,
        keys: &[Blob],
        arguments: &[Blob],
    ) -> Reply {
        let reply = match self.connect(client) {
            Ok(()) => self.database.evalsha(unix_time(cx.now()), sha, keys, arguments),
            Err(refusal) => Reply::Error(refusal),
        };
        self.work(cx, self.config.script_time);
        reply
    }

    /// A client's connection broke.
    pub fn disconnect(&mut self, client: NodeId) {
        if let Some(connection) = self.connections.remove(&client) {
            connection.close(&mut self.database);
        }
    }

    /// A timer of the server's has run out: the copy that it is about gets what was executed.
    pub fn renew(&mut self, timer: Timer) {
        let copy = match timer {
            Timer::Disk => &mut self.disk,
            Timer::Replica => &mut self.replica,
        };
        if let Some(copy) = copy {
            copy.renew(&self.database);
        }
    }

    /// The server after a crash, ready to start again.
    #[must_use]
    pub fn crash(self, keep: Keep) -> Server {
        let Server { config, scripts, mut database, disk, replica, .. } = self;
        let left = match (keep, config.durability) {
            (Keep::Durable, Durability::Always) => Some(*database.clone()),
            (Keep::Durable, _) => disk.map(|copy| copy.into_data()),
            (Keep::Replica, _) => replica.map(|copy| copy.into_data()),
            (Keep::Nothing, _) => None,
        };
        let left = left.unwrap_or_else(|| {
            operate(&mut database, &["FLUSHALL"]);
            *database
        });
        Server::start(config, scripts, left.restarted())
    }

    /// A server that starts with this data: without connections, with the parameters and scripts
    /// that it was configured with and no others. What `CONFIG SET` set is in no file.
    fn start(config: ServerConfig, scripts: Arc<[&'static str]>, mut database: Database) -> Server {
        database.configure(config.parameters());
        operate(&mut database, &["SCRIPT", "FLUSH"]);
        for text in &*scripts {
            operate(&mut database, &["SCRIPT", "LOAD", text]);
        }
        let copy = |lag| Box::new(Copy::new(lag, database.clone()));
        let (disk, replica) = (config.durability.lag(), config.replication_lag);
        let (disk, replica) = (disk.map(copy), replica.map(copy));
        Server {
            config,
            scripts,
            database: Box::new(database),
            connections: OrdMap::new(),
            next_connection: 1,
            disk,
            replica,
        }
    }

    fn connect(&mut self, client: NodeId) -> Result<(), ErrorReply> {
        if self.connections.contains_key(&client) {
            return Ok(());
        }
        if self.connections.len() >= self.database.config().maxclients as usize {
            return Err(ErrorReply::from_static("ERR max number of clients reached"));
        }
        self.connections.insert(client, Connection::new(self.next_connection));
        self.next_connection += 1;
        Ok(())
    }

    /// What executing a command takes, so much more than usual, and leaves to be done.
    fn work<P: Protocol<Timer: From<Timer>>>(&mut self, cx: &mut Context<'_, P>, more: Span) {
        for (copy, timer) in [(&mut self.disk, Timer::Disk), (&mut self.replica, Timer::Replica)] {
            if let Some(copy) = copy {
                copy.fall_behind(cx, timer);
            }
        }
        let takes = self.config.service_time + more;
        if takes > Span::ZERO {
            cx.busy(takes);
        }
    }
}

/// Whether a command of that name runs a script.
fn is_script(name: &[u8]) -> bool {
    let names: [&[u8]; 4] = [b"eval", b"evalsha", b"eval_ro", b"evalsha_ro"];
    names.iter().any(|script| name.eq_ignore_ascii_case(script))
}

/// Executes a command of the operator's. Time plays no part in it.
fn operate(database: &mut Database, line: &[&'static str]) {
    let line: Vec<Blob> = line.iter().copied().map(Blob::from_static).collect();
    database.call(UnixTime::default(), &line);
}

/// The server's own wall clock.
fn unix_time(now: LocalTime) -> UnixTime {
    UnixTime(now.wall.0)
}
