//! A complete system in one file: a lock with a time to live on a single Redis server, and clients
//! that can be paused while they hold it.
//!
//! Each client acquires the lock (`SET lock ME NX PX ttl`), reads a register, writes on top of the
//! state that it read, and releases the lock. The lock should keep other clients out between the
//! read and the write. It does, unless the client pauses for longer than the lock lives.
//!
//! There are two checkers. `exclusion` checks that no two clients rely on the lock at a time.
//! `rumor` checks that no client observes an old version of the register.
//!
//! ```text
//! cargo run --example ttl-lock -- run ttl-lock/paused.i
//! cargo run --example ttl-lock -- record ttl-lock/paused.i -o paused.jsonl
//! ```

use std::process::ExitCode;

use check::lock::Exclusion;
use history::lock::{self, Grant, Lock};
use history::{Action, Completion, Key, Names, NodeId, Observation, OpId, Register, Span, Value};
use redis::Reply;
use redis_node::{Message, NO_SERVER, Request, Response, Server, ServerConfig};
use scenario::{
    Checker, Deployment, OverHistory, Problem, RegisterKind, Registry, RumorChecker, System,
};
use serde::{Deserialize, Serialize};
use sim::{Context, Input, Keep, NodeSpec, Process, Role, Types};

fn main() -> ExitCode {
    rumormill::main(registry())
}

/// The system and its two scenarios.
pub(crate) fn registry() -> Registry {
    Registry::new()
        .with_system::<TtlLock>()
        .with_scenario("ttl-lock/paused.i", "ttl-lock.rs", scenario_text("violates", "400ms"))
        .with_scenario("ttl-lock/patient", "ttl-lock.rs", scenario_text("holds", "40ms"))
}

fn scenario_text(exclusion: &str, sleep: &str) -> String {
    format!(
        r#"
        about = "A client sleeps for {sleep} while it holds a lock that lives for 100ms"
        system = "ttl-lock"
        intensity = 20
        link = [{{ from = "*", to = "*", delay = "1ms..3ms" }}]
        [expect]
        checkers.exclusion = "{exclusion}"
        marks = ["locked", "node-paused"]
        [[nemesis]]
        repeat = true
        steps = [
            {{ wait = {{ event = {{ kind = "mark", node = "c1" }} }}, do = [{{ pause = "c1" }}] }},
            {{ wait = {{ after = "{sleep}" }}, do = [{{ resume = "c1" }}] }},
        ]
        [ttl-lock]
        ttl = "100ms"
        "#
    )
}

/// The `[ttl-lock]` section of a scenario.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// How long the lock lives.
    ttl: Span,
    /// The server: the section `[redis]`, the same for each system.
    #[serde(default)]
    redis: ServerConfig,
}

/// The timers of clients and server.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Timer {
    /// A client tries again.
    Retry,
    /// The server continues its work.
    Server(redis_node::Timer),
}

history::one_of! {
    /// The lock and the register.
    pub(crate) enum Shared(Ask, Seen) {
        Lock(Lock),
        Register(Register),
    }
}

/// The messages, timers and objects of the system.
pub(crate) type Protocol = Types<Message, Timer, Shared>;

const LOCK: Key = Key(0);
const REGISTER: Key = Key(1);

impl From<redis_node::Timer> for Timer {
    fn from(timer: redis_node::Timer) -> Timer {
        Timer::Server(timer)
    }
}

/// The process of a node.
#[derive(Clone, Debug, Hash)]
pub(crate) enum Node {
    /// Redis.
    Server(Server),
    /// A client that acquires the lock.
    Client(Client),
}

/// Acquires the lock, reads, writes and releases the lock, once for each write.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Client {
    server: NodeId,
    ttl: Span,
    missing: u64,
    /// The command whose reply it waits for, and its operation.
    waiting: Option<(Step, OpId)>,
}

#[derive(Clone, Copy, Debug, Hash)]
enum Step {
    Lock,
    Read,
    Write(Observation),
    Unlock,
}

type Cx<'a> = Context<'a, Protocol>;

impl Client {
    fn call(&mut self, cx: &mut Cx<'_>, step: Step, op: OpId, request: Request) {
        self.waiting = Some((step, op));
        cx.send(self.server, request.into());
    }

    fn lock(&mut self, cx: &mut Cx<'_>) {
        if self.missing > 0 {
            let action = lock::Action::TryAcquire { lease: Some(self.ttl) };
            let op = cx.invoke(LOCK, |_| Ask::Lock(action)).op;
            let line = format!("SET lock {} NX PX {}", cx.me(), self.ttl.as_millis());
            self.call(cx, Step::Lock, op, Request::words(0, &line));
        }
    }

    fn on_response(&mut self, cx: &mut Cx<'_>, response: &Response) {
        let Some((step, op)) = self.waiting.take() else { return };
        match step {
            Step::Lock if response.reply == Reply::Nil => {
                cx.complete(op, Completion::Refused(Seen::Lock(Grant::default())));
                cx.set_timer(Span::from_millis(5), Timer::Retry);
            }
            Step::Lock => {
                cx.mark("locked");
                // The mistake: the client relies on the lock until it releases it.
                let grant = Grant { valid_for: None, token: None };
                cx.complete(op, Completion::Ok(Seen::Lock(grant)));
                let read = cx.invoke(REGISTER, |_| Ask::Register(Action::Read)).op;
                self.call(cx, Step::Read, read, Request::get_register(0, "register"));
            }
            Step::Read => {
                let seen = response.register().expect("clients write nothing else");
                cx.complete(op, Completion::Ok(Seen::Register(seen)));
                let action = |op| Action::Cas { expected: seen, value: Value::of(op) };
                let action = |op| Ask::Register(action(op));
                let write = cx.invoke(REGISTER, action).op;
                let made = Observation { version: seen.version.next(), value: Value::of(write) };
                let request = Request::set_register(0, "register", made);
                // A pause here, between the check and the action, breaks the lock.
                cx.yield_now();
                self.call(cx, Step::Write(made), write, request);
            }
            Step::Write(made) => {
                cx.complete(op, Completion::Ok(Seen::Register(made)));
                self.missing -= 1;
                let release = cx.invoke(LOCK, |_| Ask::Lock(lock::Action::Release)).op;
                self.call(cx, Step::Unlock, release, Request::words(0, "DEL lock"));
            }
            Step::Unlock => {
                cx.complete(op, Completion::Ok(Seen::Lock(Grant::default())));
                self.lock(cx);
            }
        }
    }
}

impl Process for Node {
    type Protocol = Protocol;

    fn handle(&mut self, cx: &mut Cx<'_>, input: Input<Protocol>) {
        match (self, input) {
            (Node::Server(server), Input::Message { from, message: Message::Request(request) }) => {
                server.serve(cx, from, request);
            }
            (Node::Server(server), Input::Timer(Timer::Server(timer))) => server.renew(timer),
            (Node::Client(client), Input::Start | Input::Timer(Timer::Retry)) => client.lock(cx),
            (Node::Client(client), Input::Message { message: Message::Response(response), .. }) => {
                client.on_response(cx, &response);
            }
            _ => (),
        }
    }

    fn crash(self, keep: Keep) -> Node {
        match self {
            Node::Server(server) => Node::Server(server.crash(keep)),
            Node::Client(client) => Node::Client(Client { waiting: None, ..client }),
        }
    }
}

/// The system.
pub(crate) struct TtlLock;

impl System for TtlLock {
    const NAME: &'static str = "ttl-lock";
    const SHARED_SECTIONS: &'static [&'static str] = &[ServerConfig::SECTION];
    const MARKS: &'static [&'static str] = &["locked"];

    type Process = Node;
    type Nemesis = ();
    type Config = Config;

    fn complete(config: Config) -> Result<Config, Problem> {
        if config.ttl.as_millis() == 0 {
            return Err(Problem::new("ttl", "Redis counts in milliseconds: this is at least 1ms"));
        }
        config.redis.check()?;
        Ok(config)
    }

    fn deploy(config: &Config, intensity: u64) -> Deployment<Node, ()> {
        let server = Server::new(config.redis.clone(), []);
        let mut nodes = vec![NodeSpec::new("redis", Role(0), Node::Server(server))];
        for name in ["c1", "c2"] {
            let client =
                Client { server: NodeId(0), ttl: config.ttl, missing: intensity, waiting: None };
            nodes.push(NodeSpec::new(name, Role(1), Node::Client(client)));
        }
        let roles = vec!["server", "client"];
        let keys = vec!["lock".to_owned(), "register".to_owned()];
        Deployment { nodes, roles, keys, nemesis: () }
    }

    fn checkers(_: &Config, names: &Names) -> Vec<Box<dyn Checker<Node>>> {
        vec![
            Box::new(OverHistory::new("exclusion", Exclusion::new(), names).observed()),
            Box::new(RumorChecker::new(RegisterKind::Kept)),
        ]
    }

    fn no_fail_over(process: &Node) -> Option<&'static str> {
        match process {
            Node::Server(server) => server.no_fail_over(),
            Node::Client(_) => Some(NO_SERVER),
        }
    }

    fn unfinished(process: &Node) -> Option<String> {
        match process {
            Node::Client(client) if client.missing > 0 => {
                Some(format!("still has {} writes to finish", client.missing))
            }
            _ => None,
        }
    }
}
