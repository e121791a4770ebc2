//! How many rounds a second one acceptor's scripts make on one thread, natively and in Lua:
//! `cargo run --release -p rumormill-caspaxos --example scripts`. A round is a prepare and an
//! accept.

#![expect(clippy::print_stdout, reason = "the figures are the point")]
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "it measures real time")]

use std::sync::Arc;
use std::time::Instant;

use caspaxos::scripts::{ACCEPT, PREPARE};
use redis::{Blob, Database, Reply, ScriptLibrary, UnixTime};

const NOW: UnixTime = UnixTime::from_millis(1_700_000_000_000);

fn main() {
    let library = || ScriptLibrary::new([PREPARE, ACCEPT]);
    measure("native", library(), 1_000_000);
    measure("Lua", library().in_lua(), 200_000);
}

fn measure(what: &str, library: ScriptLibrary, rounds: u32) {
    let mut database = Database::new(Arc::new(library));
    for script in [PREPARE, ACCEPT] {
        database.call(NOW, &["SCRIPT", "LOAD", script.source].map(Blob::from));
    }
    let [prepare, accept] = [PREPARE, ACCEPT].map(|script| script.sha());
    let keys = ["key1/promise", "key1/ballot", "key1/value"].map(Blob::from);
    let value = Blob::from("a value of a register");
    let start = Instant::now();
    for round in 1..=rounds {
        let ballot = Blob::format(format_args!("{round},1,1"));
        let replies = [
            database.evalsha(NOW, &prepare, &keys, std::slice::from_ref(&ballot)),
            database.evalsha(NOW, &accept, &keys, &[ballot, value.clone()]),
        ];
        let ok = |reply: &Reply| match reply {
            Reply::Array(parts) => parts[0] == Reply::Bulk(Blob::from("ok")),
            _ => false,
        };
        assert!(replies.iter().all(ok), "{replies:?}");
    }
    let each_ns = start.elapsed().as_nanos() / u128::from(rounds);
    println!("{what:<8} {each_ns:>6} ns a round {:>10} rounds a second", 1_000_000_000 / each_ns);
}
