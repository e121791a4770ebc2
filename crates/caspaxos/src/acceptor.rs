//! An acceptor: a Redis server with the prepare, accept and query scripts, and nothing else.
//!
//! In a real deployment the proposer's client library calls `EVALSHA` and reads the reply. Here the
//! acceptor does both, so that messages are small and readable in a recording. The server does the
//! same work.
//!
//! ```
//! use caspaxos::acceptor::{Acceptor, Registers};
//! use caspaxos::{Ballot, Message, Reply, Request};
//! use history::{Key, NodeId, Observation};
//! use redis_node::ServerConfig;
//! use sim::{Effect, Input, Process, Sandbox};
//!
//! let registers = Registers::new(&["key1".to_owned()]);
//! let mut acceptor = Acceptor::new(ServerConfig::default(), registers);
//! let mut sandbox = Sandbox::default();
//! let (key, ballot) = (Key(0), Ballot { eon: 0, id: 7, era: 1 });
//! let message = Message::Request { key, ballot, age: 0, request: Request::Prepare };
//! acceptor.handle(&mut sandbox.context(), Input::Message { from: NodeId(9), message });
//! let reply = Reply::Promised { accepted: Ballot::ZERO, state: Observation::EMPTY };
//! let message = Message::Reply { key, ballot, reply };
//! assert_eq!(sandbox.take_effects(), [Effect::Send { to: NodeId(9), message }]);
//! ```

mod orders;

use std::sync::Arc;

use history::{Key, NodeId, Observation};
use redis::{Blob, Reply as RedisReply, Sha1};
use redis_node::text::Text;
use redis_node::{Server, ServerConfig, register};
use sim::{Context, Input, Keep};

use self::orders::{AGE_IS_OVER, Aged};
pub use self::orders::{AGED_ACCEPT, AGED_PREPARE, ERASE, REJECT};
pub(crate) use self::orders::{ERASED, delete_register};
use crate::scripts::{FAIL, OK, ScriptSet};
use crate::{Ballot, Message, Protocol, Reply, Request, Timer};

type Cx<'a> = Context<'a, Protocol>;

/// An acceptor.
#[derive(Clone, Debug, Hash)]
pub struct Acceptor {
    server: Server,
    registers: Arc<Registers>,
}

/// What all acceptors share: the Redis keys of the registers, and the scripts.
#[derive(Debug, Hash)]
pub struct Registers {
    /// The Redis keys of each register: promise, ballot and value.
    keys: Vec<[Blob; 3]>,
    prepare: Sha1,
    accept: Sha1,
    query: Sha1,
    /// The scripts for deletions, if registers can be deleted.
    aged: Option<Aged>,
}

impl Registers {
    /// Registers for keys of these names.
    #[must_use]
    pub fn new(names: &[String]) -> Arc<Registers> {
        Registers::of_scripts(names, &ScriptSet::GRYADKA_V1)
    }

    /// Registers with other scripts.
    pub(crate) fn of_scripts(names: &[String], set: &ScriptSet) -> Arc<Registers> {
        let keys = names.iter().map(|name| {
            ["promise", "ballot", "value"].map(|part| Blob::format(format_args!("{name}/{part}")))
        });
        let phases = [set.prepare, set.accept, set.query];
        let [prepare, accept, query] = phases.map(|script| script.sha());
        let aged = set.orders.as_ref().map(Aged::new);
        Arc::new(Registers { keys: keys.collect(), prepare, accept, query, aged })
    }
}

impl sim::Process for Acceptor {
    type Protocol = Protocol;

    fn handle(&mut self, cx: &mut Cx<'_>, input: Input<Protocol>) {
        match input {
            Input::Message { from, message: Message::Request { key, ballot, age, request } } => {
                self.serve(cx, (from, age), (key, ballot), request);
            }
            Input::Message { from, message: Message::Order { number, order } } => {
                self.apply(cx, from, number, &order);
            }
            Input::ConnectionLost { peer, .. } => self.server.disconnect(peer),
            Input::Timer(Timer::Server(timer)) => self.server.renew(timer),
            _ => (),
        }
    }

    fn crash(self, keep: Keep) -> Acceptor {
        Acceptor { server: self.server.crash(keep), registers: self.registers }
    }
}

impl Acceptor {
    /// An acceptor with an empty server.
    #[must_use]
    pub fn new(config: ServerConfig, registers: Arc<Registers>) -> Acceptor {
        Acceptor::of_scripts(config, registers, &ScriptSet::GRYADKA_V1)
    }

    /// An acceptor with the scripts of its registers.
    pub(crate) fn of_scripts(
        config: ServerConfig,
        registers: Arc<Registers>,
        set: &ScriptSet,
    ) -> Acceptor {
        Acceptor { server: Server::new(config, set.all()), registers }
    }

    /// The acceptor's server.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Handles a proposer's request, and replies.
    fn serve(
        &mut self,
        cx: &mut Cx<'_>,
        (proposer, age): (NodeId, u32),
        (key, ballot): (Key, Ballot),
        request: Request,
    ) {
        let Registers { keys, prepare, accept, query, .. } = &*self.registers;
        let aged = self.registers.aged(key, proposer, age);
        let (keys, age) = match &aged {
            None => (&keys[key.index()][..], None),
            Some((keys, age)) => (&keys[..], Some(age)),
        };
        let server = &mut self.server;
        let evicted = server.database().evicted();
        let mut call = |script, arguments: &[Blob]| match age {
            None => server.evalsha(cx, proposer, script, keys, arguments),
            Some(age) => {
                let arguments: Vec<Blob> = arguments.iter().chain([age]).cloned().collect();
                server.evalsha(cx, proposer, script, keys, &arguments)
            }
        };
        let (told, read): (RedisReply, fn(&RedisReply) -> Reply) = match request {
            Request::Prepare => (call(prepare, &[ballot_text(ballot)]), read_promise),
            Request::Accept(state) => {
                (call(accept, &[ballot_text(ballot), register::text(state)]), read_acceptance)
            }
            Request::Query => (call(query, &[]), read_held),
        };
        let reply = read(&told);
        if server.database().evicted() > evicted {
            cx.mark("key-evicted");
        }
        if let Reply::PrepareError | Reply::AcceptError | Reply::QueryError = reply {
            let is_late = matches!(&told, RedisReply::Error(error) if *error == AGE_IS_OVER);
            cx.mark(if is_late { "age-is-over" } else { "server-error" });
        }
        cx.send(proposer, Message::Reply { key, ballot, reply });
    }
}

/// Reads the reply to a prepare. Any reply but the two of the script is an error.
fn read_promise(reply: &RedisReply) -> Reply {
    let RedisReply::Array(parts) = reply else {
        return Reply::PrepareError;
    };
    let promised = read_accepted(parts);
    let answer = promised.map(|(accepted, state)| Reply::Promised { accepted, state });
    let conflict = || read_conflict(parts).map(|promised| Reply::PrepareConflict { promised });
    answer.or_else(conflict).unwrap_or(Reply::PrepareError)
}

fn read_held(reply: &RedisReply) -> Reply {
    let held = match reply {
        RedisReply::Array(parts) => read_accepted(parts),
        _ => None,
    };
    held.map_or(Reply::QueryError, |(accepted, state)| Reply::Held { accepted, state })
}

/// The accepted state, and its ballot.
fn read_accepted(parts: &[RedisReply]) -> Option<(Ballot, Observation)> {
    match parts {
        [RedisReply::Bulk(ok), RedisReply::Bulk(ballot), RedisReply::Bulk(value)] if *ok == OK => {
            let accepted = Ballot::parse(ballot).ok()?;
            Some((accepted, read_state(accepted, value)?))
        }
        _ => None,
    }
}

fn read_acceptance(reply: &RedisReply) -> Reply {
    let RedisReply::Array(parts) = reply else {
        return Reply::AcceptError;
    };
    if let [RedisReply::Bulk(ok)] = &parts[..]
        && *ok == OK
    {
        return Reply::Accepted;
    }
    let conflict = read_conflict(parts).map(|promised| Reply::AcceptConflict { promised });
    conflict.unwrap_or(Reply::AcceptError)
}

fn read_conflict(parts: &[RedisReply]) -> Option<Ballot> {
    match parts {
        [RedisReply::Bulk(fail), RedisReply::Bulk(promise)] if *fail == FAIL => {
            Ballot::parse(promise).ok()
        }
        _ => None,
    }
}

fn ballot_text(Ballot { eon, id, era }: Ballot) -> Blob {
    let mut text = Text::<{ Ballot::TEXT_MAX }>::new();
    text.number(eon).byte(b',').number(u64::from(id)).byte(b',').number(era).blob()
}

/// Under the zero ballot there is no state, and the stored text has no meaning.
fn read_state(accepted: Ballot, text: &[u8]) -> Option<Observation> {
    if accepted == Ballot::ZERO {
        return Some(Observation::EMPTY);
    }
    register::parse(text)
}

#[cfg(test)]
mod tests {
    use history::{Value, Version};
    use sim::{Effect, Sandbox};

    use super::*;
    use crate::order::{Order, Report};

    #[test]
    fn what_a_script_never_says_is_an_error() {
        let bulk = |text: &'static str| RedisReply::Bulk(Blob::from_static(text));
        let answers = [
            RedisReply::Nil,
            bulk("ok"),
            RedisReply::Array(vec![]),
            RedisReply::Array(vec![bulk("so")]),
            RedisReply::Array(vec![bulk("so"), bulk("1,1,1")]),
            RedisReply::Array(vec![bulk("fail"), bulk("1,1")]),
            RedisReply::Array(vec![bulk("so"), bulk("1,1,1"), bulk("1:1")]),
            RedisReply::Array(vec![bulk("ok"), bulk("1,1"), bulk("1:1")]),
            RedisReply::Array(vec![bulk("ok"), bulk("1,1,1"), bulk("1")]),
            RedisReply::Array(vec![bulk("ok"), bulk("1,1,1"), bulk("1:")]),
        ];
        for answer in answers {
            assert_eq!(read_promise(&answer), Reply::PrepareError, "{answer:?}");
            assert_eq!(read_acceptance(&answer), Reply::AcceptError, "{answer:?}");
            assert_eq!(read_held(&answer), Reply::QueryError, "{answer:?}");
        }
    }

    /// The reaction of an acceptor whose registers can be deleted to an order, after these
    /// commands.
    fn carry_out(lines: &[&[&'static str]], order: Order) -> Vec<Effect<Protocol>> {
        let set = ScriptSet::aged(ERASE);
        let registers = Registers::of_scripts(&["key1".to_owned()], &set);
        let mut acceptor = Acceptor::of_scripts(ServerConfig::default(), registers, &set);
        let mut sandbox = Sandbox::default();
        for line in lines {
            let line: Vec<Blob> = line.iter().copied().map(Blob::from_static).collect();
            acceptor.server.execute(&mut sandbox.context(), NodeId(8), &line);
        }
        let message = Message::Order { number: 1, order };
        let input = Input::Message { from: NodeId(9), message };
        sim::Process::handle(&mut acceptor, &mut sandbox.context(), input);
        sandbox.take_effects()
    }

    /// The acceptor's report on the order.
    fn report(lines: &[&[&'static str]], order: Order) -> Option<Report> {
        carry_out(lines, order).into_iter().find_map(|effect| match effect {
            Effect::Send { message: Message::Report { report, .. }, .. } => Some(report),
            _ => None,
        })
    }

    #[test]
    fn an_order_that_the_server_refuses_is_not_reported() {
        let tombstone = Ballot { eon: 1, id: 1, era: 1 };
        let erase = || Order::Erase { key: Key(0), tombstone };
        assert_eq!(report(&[], erase()), Some(Report::Done), "there is none to be erased");
        let holds = ["MSET", "key1/promise", "1,1,1", "key1/ballot", "1,1,1", "key1/value", "0:0"];
        assert_eq!(report(&[&holds], erase()), Some(Report::Done));
        let promised = ["SET", "key1/promise", "1,2,1"];
        assert_eq!(report(&[&holds, &promised], erase()), Some(Report::Kept));
        let is_a_list = ["LPUSH", "key1/ballot", "no text"];
        assert_eq!(report(&[&is_a_list], erase()), None);

        let reject = || Order::Reject(vec![(NodeId(7), 3)]);
        assert_eq!(report(&[], reject()), Some(Report::Done));
        assert_eq!(report(&[&["LPUSH", "age/7", "no text"]], reject()), None);
    }

    #[test]
    fn only_a_tombstone_that_was_there_is_marked_as_erased() {
        let tombstone = Ballot { eon: 1, id: 1, era: 1 };
        let erase = || Order::Erase { key: Key(0), tombstone };
        let holds = ["MSET", "key1/promise", "1,1,1", "key1/ballot", "1,1,1", "key1/value", "0:0"];
        let promised = ["SET", "key1/promise", "1,2,1"];
        let marks = |commands: &[&[&'static str]]| {
            let is_mark = |effect: &Effect<_>| match effect {
                Effect::Mark(mark) => mark == "register-erased",
                _ => false,
            };
            carry_out(commands, erase()).iter().filter(|effect| is_mark(effect)).count()
        };
        assert_eq!(marks(&[&holds]), 1);
        assert_eq!(marks(&[]), 0, "there is no tombstone");
        assert_eq!(marks(&[&holds, &promised]), 0, "the tombstone stays");
    }

    #[test]
    fn stored_texts_read_back() {
        for number in [0, 1, 9, 10, 99, 12_345, u64::MAX] {
            let ballot = Ballot { eon: number, id: 7, era: number };
            assert_eq!(Ballot::parse(&ballot_text(ballot)), Ok(ballot));
            let state = Observation { version: Version(number), value: Value(number) };
            assert_eq!(
                read_state(Ballot { id: 1, ..Ballot::ZERO }, &register::text(state)),
                Some(state)
            );
        }
        assert_eq!(read_state(Ballot::ZERO, b"rubbish"), Some(Observation::EMPTY));
    }
}
