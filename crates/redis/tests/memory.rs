//! The memory limit: evictions, refusals, and that copies behave the same.

use std::sync::Arc;

use redis::{Blob, Connection, Database, Reply, Script, ScriptLibrary, Sha1, UnixTime};

/// Long enough to take memory of its own.
const VALUE: &str = "0123456789012345678901234567890123456789";

struct Server {
    database: Database,
    now_ms: u64,
}

impl Server {
    fn new(policy: &str) -> Server {
        let mut server = Server { database: Database::default(), now_ms: 1_000_000 };
        server.call(&format!("CONFIG SET maxmemory-policy {policy}"));
        server
    }

    fn call(&mut self, line: &str) -> Reply {
        let words: Vec<Blob> = line.split(' ').map(Blob::from).collect();
        self.database.call(UnixTime::from_millis(self.now_ms), &words)
    }

    /// Ten keys with a value each, in a limit that holds just them.
    fn fill(&mut self) {
        for number in 0..10 {
            self.call(&format!("SET key:{number} {VALUE}"));
        }
        self.limit();
    }

    /// A limit that holds just what there is.
    fn limit(&mut self) {
        let used = self.info("used_memory");
        assert_eq!(self.call(&format!("CONFIG SET maxmemory {used}")), Reply::ok());
    }

    fn info(&mut self, field: &str) -> String {
        let Reply::Bulk(text) = self.call("INFO") else {
            panic!("INFO is a string");
        };
        let text = text.to_string();
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{field}:")));
        line.expect("the field is there").to_owned()
    }

    fn keys(&mut self) -> Vec<String> {
        let Reply::Array(keys) = self.call("KEYS *") else {
            panic!("KEYS is an array");
        };
        let text = |key: Reply| match key {
            Reply::Bulk(key) => key.to_string(),
            other => panic!("{other:?} is no key"),
        };
        keys.into_iter().map(text).collect()
    }

    fn evicted(&mut self, of: &[&str]) -> Vec<String> {
        let keys = self.keys();
        let gone = of.iter().filter(|key| !keys.iter().any(|there| there == *key));
        gone.map(|key| (*key).to_owned()).collect()
    }
}

const TEN: [&str; 10] =
    ["key:0", "key:1", "key:2", "key:3", "key:4", "key:5", "key:6", "key:7", "key:8", "key:9"];

fn is_out_of_memory(reply: &Reply) -> bool {
    reply.as_error().is_some_and(|error| error.code() == b"OOM")
}

#[test]
fn without_eviction_commands_that_may_take_memory_are_refused() {
    let mut server = Server::new("noeviction");
    server.fill();
    assert_eq!(server.call("SET one more"), Reply::ok());
    for line in ["SET two more", "APPEND key:0 x", "RPUSH list x", "ZADD z 1 m", "INCR n"] {
        assert!(is_out_of_memory(&server.call(line)), "{line}");
    }
    for line in ["GET one", "EXPIRE one 10", "CONFIG GET maxmemory", "DEL one"] {
        assert!(server.call(line).as_error().is_none(), "{line}");
    }
    assert_eq!(server.call("SET two more"), Reply::ok());
    assert_eq!(server.info("evicted_keys"), "0");
}

#[test]
fn the_key_that_was_used_longest_ago_goes_first() {
    let mut server = Server::new("allkeys-lru");
    server.fill();
    server.call("GET key:0");
    server.call("APPEND key:1 x");
    server.call(&format!("SET another {VALUE}"));
    server.call("PING");
    assert_eq!(server.evicted(&TEN), ["key:2", "key:3"]);
    assert_eq!(server.info("evicted_keys"), "2");
}

#[test]
fn keys_that_last_stay_if_the_policy_says_so() {
    for policy in ["volatile-lru", "volatile-ttl"] {
        let mut server = Server::new(policy);
        server.fill();
        server.call("CONFIG SET maxmemory 0");
        server.call("EXPIRE key:7 100");
        server.call("EXPIRE key:3 200");
        server.limit();
        server.call("GET key:7");
        server.call(&format!("SET new:0 {VALUE}"));
        let first = if policy == "volatile-lru" { "key:3" } else { "key:7" };
        assert_eq!(server.evicted(&TEN), [first]);
        server.call(&format!("SET new:1 {VALUE}"));
        server.call(&format!("SET new:2 {VALUE}"));
        assert!(is_out_of_memory(&server.call("SET last x")));
        assert_eq!(server.evicted(&TEN), ["key:3", "key:7"]);
    }
}

#[test]
fn keys_of_all_databases_are_evicted() {
    let mut server = Server::new("allkeys-lru");
    server.call("SELECT 3");
    server.call(&format!("SET old {VALUE}"));
    server.call("SELECT 0");
    server.fill();
    server.call("SELECT 3");
    server.call("GET old");
    server.call(&format!("SET new {VALUE}"));
    server.call("PING");
    assert_eq!(server.keys(), ["new", "old"]);
    server.call("SELECT 0");
    assert_eq!(server.evicted(&TEN), ["key:0"]);
}

#[test]
fn collections_count_with_all_that_is_in_them() {
    let mut server = Server::new("noeviction");
    let mut used: usize = 0;
    server.call("CONFIG SET maxmemory 1gb");
    for line in ["RPUSH l element", "SADD s element", "HSET h f element", "ZADD z 1 element"] {
        assert_eq!(server.call(line), Reply::Integer(1));
        let now: usize = server.info("used_memory").parse().expect("a number");
        assert!(now > used + "element".len(), "{line}");
        used = now;
    }
    for line in ["LPOP l", "SREM s element", "HDEL h f", "ZPOPMIN z"] {
        server.call(line);
        let now: usize = server.info("used_memory").parse().expect("a number");
        assert!(now < used, "{line}");
        used = now;
    }
    assert_eq!(used, 0);
}

#[test]
fn what_is_kept_while_there_is_a_limit_is_what_counting_gives() {
    let mut server = Server::new("noeviction");
    server.call("CONFIG SET maxmemory 1gb");
    let lines = [
        "SET a 1",
        "EXPIRE a 10",
        "APPEND a long",
        "RENAME a b",
        "COPY b c",
        "RPUSH l 1 2 3",
        "LTRIM l 1 1",
        "ZADD z 1 a 2 b",
        "ZRANGESTORE y z 0 0",
        "SET e x PX 10",
        "PERSIST b",
        "MSET k 1 l 2",
        "FLUSHDB",
        "SET after flush",
        "HSET h f v g w",
        "HDEL h f",
    ];
    for (number, line) in lines.into_iter().enumerate() {
        server.now_ms += 5;
        assert!(server.call(line).as_error().is_none(), "{line}");
        let kept = server.info("used_memory");
        let mut counted = Server { database: server.database.clone(), now_ms: server.now_ms };
        counted.call("CONFIG SET maxmemory 0");
        assert_eq!(counted.info("used_memory"), kept, "{number}: {line}");
    }
}

#[test]
fn a_transaction_for_which_there_is_no_memory_is_refused() {
    let mut server = Server::new("noeviction");
    server.fill();
    let now = UnixTime::from_millis(1);
    let mut connection = Connection::new(1);
    let mut call = |server: &mut Server, line: &str| {
        let words: Vec<Blob> = line.split(' ').map(Blob::from).collect();
        connection.call(&mut server.database, now, &words)
    };
    call(&mut server, "MULTI");
    assert_eq!(call(&mut server, "SET one more"), Reply::Status(Blob::from("QUEUED")));
    server.call(&format!("SET big {VALUE}"));
    let aborted = call(&mut server, "EXEC");
    assert_eq!(aborted.as_error().map(|error| error.code()), Some(&b"EXECABORT"[..]));
    call(&mut server, "MULTI");
    assert!(is_out_of_memory(&call(&mut server, "SET one more")));
    let aborted = call(&mut server, "EXEC");
    assert_eq!(aborted.as_error().map(|error| error.code()), Some(&b"EXECABORT"[..]));
    assert_eq!(server.call("EXISTS one"), Reply::Integer(0));
}

#[test]
fn a_copy_evicts_what_its_original_evicts() {
    let mut server = Server::new("allkeys-lru");
    server.fill();
    for number in [3, 1, 4, 1, 5, 9, 2, 6] {
        server.call(&format!("GET key:{number}"));
    }
    let mut copy = Server { database: server.database.clone(), now_ms: server.now_ms };
    for server in [&mut server, &mut copy] {
        for number in 0..5 {
            server.call(&format!("SET new:{number} {VALUE}"));
        }
    }
    assert_eq!(server.database, copy.database);
    assert!(server.keys().contains(&"key:6".to_owned()));
}

/// Writes two keys, one after the other.
const TWO: Script = Script {
    name: "two",
    source: "redis.call('SET', KEYS[1], ARGV[1]) return redis.call('SET', KEYS[2], ARGV[1])",
    native: |context| {
        let value = context.argument(1)?;
        context.set(context.key(1)?.clone(), value.clone())?;
        context.set(context.key(2)?.clone(), value.clone())?;
        Ok(Reply::ok())
    },
};

/// A full server that has loaded the script, and runs it natively or in Lua.
fn full_server(library: ScriptLibrary) -> Server {
    let mut server = Server::new("noeviction");
    server.database = Database::new(Arc::new(library));
    let load = ["SCRIPT", "LOAD", TWO.source].map(Blob::from);
    server.database.call(UnixTime::from_millis(1), &load);
    server.fill();
    server
}

/// Redis checks the limit once, when the script begins.
#[test]
fn a_script_that_begins_without_memory_takes_none_and_one_that_began_goes_on() {
    let two = format!("EVALSHA {} 2 one two more", Sha1::of(TWO.source.as_bytes()));
    let library = || ScriptLibrary::new([TWO]);
    for library in [library(), library().in_lua()] {
        let mut server = full_server(library);
        assert_eq!(server.call(&two), Reply::ok(), "the first write took what there was");
        assert!(is_out_of_memory(&server.call(&two)));
        server.call("DEL one two");
        assert_eq!(server.call(&two), Reply::ok());
    }
}

/// A script that has written continues, however much memory it takes.
#[test]
fn a_script_that_has_written_may_take_memory_that_there_is_not() {
    let script = "redis.call('DEL', 'nothing') return redis.call('SET', KEYS[1], 'more')";
    let mut server = full_server(ScriptLibrary::new([TWO]));
    server.call("SET one more");
    let set = ["EVAL", script, "1", "two"].map(Blob::from);
    assert_eq!(server.database.call(UnixTime::from_millis(1), &set), Reply::ok());
}
