//! A cache: a Redis server with the scripts.

use std::sync::Arc;

use history::{Key, NodeId, Observation};
use redis::{Blob, Reply, Sha1, UnixTime};
use redis_node::{Server, ServerConfig};
use sim::{Context, Input, Keep, Sandbox};

use crate::cluster::Slots;
use crate::config::AtStart;
use crate::dialect::{Dialect, Request, Verb};
use crate::scripts;
use crate::{Answer, Call, Message, Protocol, Timer};

type Cx<'a> = Context<'a, Protocol>;

/// A cache.
#[derive(Clone, Debug, Hash)]
pub struct Cache {
    server: Server,
    dialect: Arc<Dialect>,
    /// The scripts by name, and their hashes.
    shas: Arc<Vec<(&'static str, Sha1)>>,
    at_start: AtStart,
    /// Its place in a cluster, if it is in one.
    slots: Option<Slots>,
}

impl sim::Process for Cache {
    type Protocol = Protocol;

    fn handle(&mut self, cx: &mut Cx<'_>, input: Input<Protocol>) {
        match input {
            Input::Start if self.at_start == AtStart::Flush => {
                let flush = [Blob::from_static("FLUSHALL")];
                self.server.execute(cx, NodeId::WORLD, &flush);
            }
            Input::Message { from, message: Message::Call { ticket, key, call } } => {
                let answer = self.call(cx, from, key, &call);
                cx.send(from, Message::Answer { ticket, key, answer });
            }
            Input::Message { from, message: Message::Calls { ticket, calls } } => {
                let answers = self.calls(cx, from, &calls);
                cx.send(from, Message::Answers { ticket, answers });
            }
            Input::ConnectionLost { peer, .. } => self.server.disconnect(peer),
            Input::Timer(Timer::Server(timer)) => self.server.renew(timer),
            _ => (),
        }
    }

    fn crash(self, keep: Keep) -> Cache {
        Cache { server: self.server.crash(keep), ..self }
    }
}

impl Cache {
    /// An empty cache.
    #[must_use]
    pub fn new(config: ServerConfig, dialect: Arc<Dialect>, at_start: AtStart) -> Cache {
        let server = Server::new(config, scripts::ALL);
        let shas = Arc::new(scripts::ALL.map(|script| (script.name, script.sha())).to_vec());
        Cache { server, dialect, shas, at_start, slots: None }
    }

    /// An empty cache that is a master of a cluster.
    #[must_use]
    pub fn in_cluster(self, slots: Slots) -> Cache {
        Cache { slots: Some(slots), ..self }
    }

    /// The cache's server.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The value of an entry, even if it has expired.
    #[must_use]
    pub fn entry(&self, key: Key) -> Option<Observation> {
        let name = self.dialect.entry_key(key)?;
        let mut entries = self.server.database().keyspace().iter(UnixTime::default());
        let (_, entry) = entries.find(|(known, _)| *known == name)?;
        self.dialect.stored(&entry.value)
    }

    /// Sets an entry to this value.
    pub(crate) fn preload(&mut self, key: Key, state: Observation) {
        let Some(line) = self.dialect.preload(key, state) else { return };
        let mut sandbox = Sandbox::<Protocol>::default();
        self.server.execute(&mut sandbox.context(), NodeId::WORLD, &line);
    }

    /// Executes many calls. Uses one command if there is one for many entries, and otherwise one
    /// command for each entry.
    fn calls(
        &mut self,
        cx: &mut Cx<'_>,
        client: NodeId,
        calls: &[(Key, Call)],
    ) -> Vec<(Key, Answer)> {
        let answers = match self.dialect.request_of_many(calls) {
            Some(request) => match self.execute(cx, client, &request) {
                Ok(reply) => self.dialect.answers_of_many(calls, &reply),
                Err(refusal) => vec![refusal; calls.len()],
            },
            None => calls.iter().map(|(key, call)| self.call(cx, client, *key, call)).collect(),
        };
        calls.iter().map(|(key, _)| *key).zip(answers).collect()
    }

    fn call(&mut self, cx: &mut Cx<'_>, client: NodeId, key: Key, call: &Call) -> Answer {
        let Some(request) = self.dialect.request(key, call) else {
            return Answer::Error;
        };
        match self.execute(cx, client, &request) {
            Ok(reply) => self.dialect.answer(call, &reply),
            Err(refusal) => refusal,
        }
    }

    /// The server's reply, or the cluster's if the command is not for this master.
    fn execute(
        &mut self,
        cx: &mut Cx<'_>,
        client: NodeId,
        request: &Request,
    ) -> Result<Reply, Answer> {
        let slots = self.slots.as_ref();
        if let Some(refusal) = slots.and_then(|slots| slots.refusal(&request.keys)) {
            return Err(refusal);
        }
        Ok(match request.verb {
            Verb::Command(_) => self.server.execute(cx, client, &request.line()),
            Verb::Script(script) => {
                let known = self.shas.iter().find(|(name, _)| *name == script.name);
                let (_, sha) = known.expect("all scripts are known");
                self.server.evalsha(cx, client, sha, &request.keys, &request.arguments)
            }
        })
    }
}
