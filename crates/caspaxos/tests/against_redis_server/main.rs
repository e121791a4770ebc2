//! The scripts in Lua, on a real `redis-server` and in memory, against their native twins: the same
//! requests to all, and the same replies and stored keys expected.
//!
//! Without a `redis-server` on the machine the test says so and passes.

// There is one client for a real server in the workspace; its crate is below this one.
#[path = "../../../redis/tests/against_redis_server/server.rs"]
#[expect(dead_code, reason = "that crate's tests need more of it")]
mod server;

use std::collections::BTreeMap;
use std::sync::Arc;

use caspaxos::acceptor::{AGED_ACCEPT, AGED_PREPARE, ERASE, REJECT};
use caspaxos::scripts::{ACCEPT, PREPARE, QUERY};
use caspaxos::variants::{ERASE_BY_VALUE, ERASE_DESPITE_PROMISE, gryadka_v2};
use redis::{Blob, Database, Reply, Script, ScriptLibrary, UnixTime};
use server::Server;
use sim::{Choices, Seeded, StreamId};

const SEQUENCES: usize = 300;
const STEPS: usize = 20;

/// The keys of one register, and the age of a proposer.
const KEYS: [&str; 4] = ["key1/promise", "key1/ballot", "key1/value", "age/7"];

#[test]
fn the_lua_and_its_native_twin_do_the_same() {
    compare([PREPARE, ACCEPT, QUERY]);
}

#[test]
fn so_do_those_of_the_second_version() {
    compare([gryadka_v2::PREPARE, gryadka_v2::ACCEPT, QUERY]);
}

#[test]
fn so_do_those_of_registers_that_can_be_deleted() {
    let seen = compare([AGED_PREPARE, AGED_ACCEPT, QUERY, REJECT, ERASE]);
    assert!(seen.is_none_or(|seen| seen["erased"] > 50));
}

#[test]
fn so_do_those_that_erase_too_much() {
    for erase in [ERASE_BY_VALUE, ERASE_DESPITE_PROMISE] {
        let seen = compare([AGED_PREPARE, AGED_ACCEPT, QUERY, REJECT, erase]);
        assert!(seen.is_none_or(|seen| seen["erased"] > 50));
    }
}

/// Prepare, accept and query, and if registers can be deleted reject and erase. How often each
/// first word of a reply was seen; none without a server.
fn compare<const N: usize>(scripts: [Script; N]) -> Option<BTreeMap<String, u32>> {
    let mut pair = Pair::start(scripts.to_vec())?;
    let mut dice = Dice::new("twins");
    let mut seen = BTreeMap::new();
    for sequence in 0..SEQUENCES {
        pair.both(&["FLUSHALL"]);
        for step in 0..STEPS {
            let line = dice.line(&pair);
            let reply = pair.compare(&line).unwrap_or_else(|difference| {
                panic!("sequence {sequence}, step {step}, {line:?}:\n{difference}")
            });
            *seen.entry(first_word(&reply)).or_insert(0) += 1;
        }
    }
    for word in ["ok", "fail", "ERR"] {
        assert!(seen[word] > 300, "the requests are too much of a kind: {seen:?}");
    }
    Some(seen)
}

/// What a script's reply says first, or what an error is called.
fn first_word(reply: &Reply) -> String {
    match reply {
        Reply::Array(parts) => parts.first().map_or_else(String::new, first_word),
        Reply::Bulk(word) | Reply::Status(word) => word.to_string(),
        Reply::Error(error) => String::from_utf8_lossy(error.code()).into_owned(),
        Reply::Nil | Reply::Integer(_) => String::new(),
    }
}

/// A real server, one in memory, and one in memory that runs the Lua.
struct Pair {
    scripts: Vec<Script>,
    server: Server,
    database: Database,
    in_lua: Database,
}

impl Pair {
    #[expect(clippy::print_stdout, reason = "a skipped test must say so")]
    fn start(scripts: Vec<Script>) -> Option<Pair> {
        let Some(server) = Server::start() else {
            println!("skipped: there is no redis-server on this machine");
            return None;
        };
        let library = ScriptLibrary::new(scripts.iter().copied());
        let database = Database::new(Arc::new(library.clone()));
        let in_lua = Database::new(Arc::new(library.in_lua()));
        let mut pair = Pair { scripts, server, database, in_lua };
        for script in pair.scripts.clone() {
            let sha = pair.both(&["SCRIPT", "LOAD", script.source]);
            assert_eq!(sha, Reply::Bulk(sha_of(&script)));
        }
        Some(pair)
    }

    fn both(&mut self, words: &[&str]) -> Reply {
        let line: Vec<Blob> = words.iter().copied().map(Blob::from).collect();
        let real = self.server.call(&line);
        for database in [&mut self.database, &mut self.in_lua] {
            assert_eq!(real, database.call(UnixTime::default(), &line), "{words:?}");
        }
        real
    }

    /// The reply of both, if it is the same and leaves the same behind.
    fn compare(&mut self, line: &[Blob]) -> Result<Reply, String> {
        let before = self.stored();
        let real = self.server.call(line);
        let twin = self.database.call(UnixTime::default(), line);
        let in_lua = self.in_lua.call(UnixTime::default(), line);
        let after = self.stored();
        let same_keys = self.database.keyspace() == self.in_lua.keyspace();
        if real == twin && real == in_lua && after.0 == after.1 && same_keys {
            return Ok(real);
        }
        let (before, (lua, native)) = (before.0, after);
        Err(format!(
            "  stored before: {before:?}\n  Lua:    {real:?}, stored {lua:?}\n  native: {twin:?}, \
             stored {native:?}\n  Lua in memory: {in_lua:?}"
        ))
    }

    /// What stands under the keys, on each of the two.
    fn stored(&mut self) -> (Reply, Reply) {
        let line: Vec<Blob> = ["MGET"].iter().chain(&KEYS).copied().map(Blob::from).collect();
        let parts = KEYS.map(|key| {
            let line = [Blob::from("GET"), Blob::from(key)];
            self.database.call(UnixTime::default(), &line)
        });
        (self.server.call(&line), Reply::Array(parts.to_vec()))
    }
}

fn sha_of(script: &Script) -> Blob {
    Blob::from(script.sha().to_string())
}

/// Texts that are no ballots.
const NO_BALLOTS: [&str; 12] = [
    "", "1", "1,2", "1,2,3,4", "1,,3", ",,", "a,b,c", " 1,2,3", "1,2,3\n", "-1,2,3", "1.5,2,3",
    "0x1,2,3",
];

/// Draws requests.
struct Dice(Seeded, StreamId);

impl Dice {
    fn new(seed: &str) -> Dice {
        let mut choices = Seeded::new(seed);
        let stream = choices.stream("request", "dice");
        Dice(choices, stream)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0.draw(self.1, bound)
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len() as u64) as usize]
    }

    /// A call of one of the scripts, or sometimes a foreign write to its keys.
    fn line(&mut self, pair: &Pair) -> Vec<Blob> {
        let words = |words: &[&str]| words.iter().copied().map(Blob::from).collect::<Vec<Blob>>();
        let call = |script: &Script, keys: &[&str], arguments: Vec<Blob>| {
            let (sha, number) = (sha_of(script).to_string(), keys.len().to_string());
            [words(&[&["EVALSHA", &sha, &number], keys].concat()), arguments].concat()
        };
        let [prepare, accept, query, orders @ ..] = &pair.scripts[..] else {
            panic!("there are at least these");
        };
        let (keys, age) = match orders {
            [] => (&KEYS[..3], None),
            _ => (&KEYS[..], Some(self.age())),
        };
        match (self.below(20), orders) {
            (0, _) => words(&["DEL", self.pick(&KEYS)]),
            (1, _) => {
                let text = self.pick(&NO_BALLOTS);
                words(&["SET", self.pick(&KEYS), text])
            }
            (2, _) => call(query, keys, Vec::new()),
            (3, [reject, _]) => call(reject, &KEYS[3..], vec![self.age()]),
            (4..=6, [_, erase]) => call(erase, &KEYS[..3], vec![self.ballot(pair)]),
            (3..=9, _) => {
                call(prepare, keys, [Some(self.ballot(pair)), age].into_iter().flatten().collect())
            }
            _ => {
                let arguments = [Some(self.ballot(pair)), Some(self.value()), age];
                call(accept, keys, arguments.into_iter().flatten().collect())
            }
        }
    }

    /// Mostly one that is not over.
    fn age(&mut self) -> Blob {
        match self.below(30) {
            0 => Blob::from(self.pick(&NO_BALLOTS[2..])),
            1 => Blob::from("0003"),
            2..5 => Blob::format(format_args!("{}", self.below(12))),
            _ => Blob::format(format_args!("{}", 8 + self.below(3))),
        }
    }

    /// A ballot from so small a range that equal, lower and higher ones than the promise are all
    /// frequent; the promise itself; a very large one; or something that is none.
    fn ballot(&mut self, pair: &Pair) -> Blob {
        // The second version counts on from it, a step at a time.
        let largest = (1u64 << 53) - 1 - STEPS as u64;
        match self.below(60) {
            0..=2 => Blob::from(self.pick(&NO_BALLOTS)),
            3 => Blob::from("0,0,0"),
            4 => Blob::from("01,002,0003"),
            5 => Blob::format(format_args!("{largest},{},{largest}", u32::MAX)),
            6 => Blob::format(format_args!("{largest},{},{}", u32::MAX, largest - 1)),
            7..=16 => {
                let promise = Blob::from(KEYS[0]);
                let keyspace = pair.database.keyspace();
                let stored = keyspace.iter(UnixTime::default()).find(|(key, _)| **key == promise);
                let stored = stored.and_then(|(_, entry)| entry.value.as_string().cloned());
                stored.unwrap_or_else(|| Blob::from("0,0,1"))
            }
            _ => {
                let (eon, id, era) = (self.below(3), 1 + self.below(3), self.below(12));
                Blob::format(format_args!("{eon},{id},{era}"))
            }
        }
    }

    fn value(&mut self) -> Blob {
        match self.below(4) {
            0 => Blob::from(""),
            1 => Blob::copy_from_slice(&[0, 255, b'\r', b'\n']),
            2 => Blob::from("0:0"),
            _ => Blob::format(format_args!("{}:{}", self.below(9), self.below(u64::MAX))),
        }
    }
}
