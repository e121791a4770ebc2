//! The scripts on a real `redis-server`, in memory in Lua, and their native twins: the same calls
//! to all, and the same replies and stored keys expected. And on a real cluster.
//!
//! Without a `redis-server` on the machine the tests say so and pass.

// There is one client for a real server in the workspace; its crate is below this one.
#[path = "../../../redis/tests/against_redis_server/server.rs"]
#[expect(dead_code, reason = "that crate's tests need more of it")]
mod server;

mod cluster;
mod stories;

use std::collections::BTreeMap;
use std::sync::Arc;

use history::{Key, Observation, Span, Value, Version};
use lease::dialect::{Dialect, Rules};
use lease::{Answer, Call, Discipline, Token, scripts};
use redis::{Blob, Database, Reply, ScriptLibrary, UnixTime};
use sim::{Choices, Seeded, StreamId};

use server::Server;

const SEQUENCES: usize = 60;
const STEPS: usize = 25;
const KEYS: u64 = 2;

pub(crate) const DISCIPLINES: [Discipline; 5] = [
    Discipline::None,
    Discipline::NewestMiss,
    Discipline::SingleHolder,
    Discipline::SharedToken,
    Discipline::StaleValues,
];

/// Entries of two rows. Blocks last for as long as a test.
pub(crate) fn dialect(discipline: Discipline) -> Dialect {
    let names = ["key1", "key2"].map(str::to_owned);
    Dialect::new(Rules::of(discipline), &names)
}

#[test]
fn the_lua_and_its_native_twin_do_the_same() {
    let Some(mut servers) = Servers::start() else { return };
    for discipline in DISCIPLINES {
        let dialect = dialect(discipline);
        let mut dice = Dice::new(&format!("{discipline:?}"));
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        for sequence in 0..SEQUENCES {
            servers.all(&[Blob::from("FLUSHALL")]);
            for step in 0..STEPS {
                let (key, call) = dice.call();
                let line = dialect.request(key, &call).expect("a known entry").line();
                let reply = servers.compare(&line).unwrap_or_else(|difference| {
                    panic!("{discipline:?} {sequence}.{step}, {call:?}:\n{difference}")
                });
                let answer = dialect.answer(&call, &reply);
                assert_ne!(answer, Answer::Error, "{call:?} gave {reply:?}");
                let word = format!("{answer:?}");
                let word = word.split('(').next().expect("a word").to_owned();
                *seen.entry(word).or_default() += 1;
            }
        }
        for word in ["Found", "Stored", "Deleted"] {
            assert!(seen.get(word) > Some(&50), "too much of a kind: {discipline:?}, {seen:?}");
        }
    }
}

#[test]
fn one_command_does_to_many_entries_what_many_do_to_one_each() {
    let Some(mut servers) = Servers::start() else { return };
    let dialect = dialect(Discipline::SharedToken);
    let keys = [Key(0), Key(1)];
    let state = |number| Observation { version: Version(number), value: Value(number) };
    let mut call = |calls: [Call; 2]| {
        let calls = keys.into_iter().zip(calls).collect::<Vec<_>>();
        let line = dialect.request_of_many(&calls).expect("known entries").line();
        let reply = servers.compare(&line).unwrap_or_else(|difference| panic!("{difference}"));
        dialect.answers_of_many(&calls, &reply)
    };
    let get = Call::Get { token: Token(0) };
    let set = |token, number| Call::Set { token: Token(token), state: state(number), ttl: None };
    let delete = Call::Delete { version: Version(9) };
    assert_eq!(call([get, get]), [1, 2].map(|cas| Answer::Granted(Token(cas))));
    assert_eq!(call([set(1, 5), set(7, 6)]), [Answer::Stored(state(5)), Answer::Refused]);
    assert_eq!(call([get, get]), [Answer::Found(state(5)), Answer::Granted(Token(2))], "shared");
    assert_eq!(call([delete, delete]), [Answer::Deleted(Version(9)); 2]);
    assert_eq!(call([set(1, 5), set(2, 6)]), [Answer::Refused; 2], "nothing is there");
}

/// A real server, one in memory, and one in memory that runs the Lua.
struct Servers {
    server: Server,
    database: Database,
    in_lua: Database,
}

impl Servers {
    #[expect(clippy::print_stdout, reason = "a skipped test must say so")]
    fn start() -> Option<Servers> {
        let Some(server) = Server::start() else {
            println!("skipped: there is no redis-server on this machine");
            return None;
        };
        let library = ScriptLibrary::new(scripts::ALL);
        let database = Database::new(Arc::new(library.clone()));
        let in_lua = Database::new(Arc::new(library.in_lua()));
        let mut servers = Servers { server, database, in_lua };
        for script in scripts::ALL {
            servers.all(&["SCRIPT", "LOAD", script.source].map(Blob::from));
        }
        Some(servers)
    }

    /// Runs the command on all of them.
    fn all(&mut self, line: &[Blob]) -> (Reply, Reply, Reply) {
        let real = self.server.call(line);
        let native = self.database.call(UnixTime::default(), line);
        (real, native, self.in_lua.call(UnixTime::default(), line))
    }

    /// The common reply, if all replies and all stored keys are equal.
    fn compare(&mut self, line: &[Blob]) -> Result<Reply, String> {
        let (real, native, in_lua) = self.all(line);
        let same_keys = self.database.keyspace() == self.in_lua.keyspace();
        if real != native || real != in_lua || !same_keys {
            return Err(format!("  real: {real:?}\n  native: {native:?}\n  Lua: {in_lua:?}"));
        }
        let counter = "next-lease";
        for name in ["{key1}", "lease:{key1}", "block:{key1}", "outdated:{key1}", counter] {
            let (real, native, _) = self.all(&["GET", name].map(Blob::from));
            if real != native {
                return Err(format!("  {name} is {real:?} there and {native:?} here"));
            }
        }
        Ok(real)
    }
}

/// Calls by chance, of few tokens, so that they meet.
struct Dice {
    choices: Seeded,
    stream: StreamId,
}

impl Dice {
    fn new(seed: &str) -> Dice {
        let mut choices = Seeded::new(seed);
        let stream = choices.stream("call", "test");
        Dice { choices, stream }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.choices.draw(self.stream, bound)
    }

    fn call(&mut self) -> (Key, Call) {
        let key = Key(self.below(KEYS) as u32);
        let token = Token(1 + self.below(3));
        let version = Version(1 + self.below(9));
        let call = match self.below(8) {
            0..3 => Call::Get { token },
            3 => Call::Delete { version },
            _ => {
                let state = Observation { version, value: Value(self.below(1000)) };
                let ttl = [None, Some(Span::from_secs(1000))][self.below(2) as usize];
                Call::Set { token, state, ttl }
            }
        };
        (key, call)
    }
}
