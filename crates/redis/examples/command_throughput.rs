//! How many commands one thread runs in a second.
//!
//! ```text
//! cargo run --release -p rumormill-redis --example command_throughput
//! ```
//!
//! Keys are 16 bytes long, values 10. The order of the keys defeats the processor's caches.

#![expect(clippy::print_stdout, reason = "the figures are the point")]
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "it measures real time")]

use std::sync::Arc;
use std::time::Instant;

use redis::{
    Blob, Database, ErrorReply, Reply, Script, ScriptContext, ScriptLibrary, Sha1, UnixTime,
};

const COMMANDS: usize = 3_000_000;
const NOW: UnixTime = UnixTime::from_millis(1_700_000_000_000);

/// The script of an acceptor: compares the ballot, and writes a higher one.
const BALLOT: Script = Script {
    name: "ballot",
    source: "if redis.call('GET', KEYS[1]) == ARGV[1] then return 0 end \
             redis.call('SET', KEYS[1], ARGV[1]) return 1",
    native: ballot,
};

fn ballot(context: &mut ScriptContext<'_>) -> Result<Reply, ErrorReply> {
    let (key, ballot) = (context.key(1)?, context.argument(1)?);
    let promised = context.get(key)?;
    if promised.as_ref() == Some(ballot) {
        return Ok(Reply::Integer(0));
    }
    context.set(key.clone(), ballot.clone())?;
    Ok(Reply::Integer(1))
}

fn main() {
    let sha = Sha1::of(BALLOT.source.as_bytes());
    for key_count in [10, 10_000] {
        let mut database = Database::new(Arc::new(ScriptLibrary::new([BALLOT])));
        database.call(NOW, &["SCRIPT", "LOAD", BALLOT.source].map(Blob::from));
        let keys: Vec<Blob> =
            (0..key_count).map(|n| Blob::format(format_args!("key:{n:012}"))).collect();
        for key in &keys {
            database.call(NOW, &[Blob::from("SET"), key.clone(), Blob::from("0123456789")]);
        }
        let key = |n: usize| keys[n.wrapping_mul(7_919) % key_count].clone();
        let value = Blob::from("1234567890");
        let (get, set, incr) = (Blob::from("GET"), Blob::from("SET"), Blob::from("INCR"));
        let evalsha = [Blob::from("EVALSHA"), sha.to_hex(), Blob::from("1")];

        let ping = [Blob::from("PING")];
        measure(key_count, "PING", |_| database.call(NOW, &ping));
        measure(key_count, "GET", |n| database.call(NOW, &[get.clone(), key(n)]));
        measure(key_count, "SET, a value that is there", |n| {
            database.call(NOW, &[set.clone(), key(n), value.clone()])
        });
        measure(key_count, "SET, a value made for it", |n| {
            let value = Blob::format(format_args!("{:010}", n));
            database.call(NOW, &[set.clone(), key(n), value])
        });
        measure(key_count, "SET after a copy of it all", |n| {
            let before = database.clone();
            let reply = database.call(NOW, &[set.clone(), key(n), value.clone()]);
            drop(before);
            reply
        });
        measure(key_count, "INCR", |n| database.call(NOW, &[incr.clone(), key(n)]));
        measure(key_count, "EVALSHA as a command", |n| {
            let [name, sha, number] = evalsha.clone();
            let value = Blob::format(format_args!("{:010}", n));
            database.call(NOW, &[name, sha, number, key(n), value])
        });
        measure(key_count, "evalsha as a function", |n| {
            let value = Blob::format(format_args!("{:010}", n));
            database.evalsha(NOW, &sha, &[key(n)], &[value])
        });
    }
}

fn measure(key_count: usize, what: &str, mut command: impl FnMut(usize) -> Reply) {
    let start = Instant::now();
    let errors = (0..COMMANDS).filter(|n| command(*n).as_error().is_some()).count();
    assert_eq!(errors, 0, "{what}");
    let each_ns = start.elapsed().as_nanos() / COMMANDS as u128;
    let per_second = 1_000_000_000 / each_ns.max(1);
    println!("{key_count:>6} keys  {what:<27} {each_ns:>4} ns  {per_second:>10} per second");
}
