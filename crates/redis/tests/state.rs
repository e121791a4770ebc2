//! A database as a value: equality and copies.

#![expect(clippy::disallowed_types, reason = "hashes are compared within one process only")]

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use redis::{Blob, Database, Reply, Script, ScriptLibrary, UnixTime};

const SCRIPT: Script =
    Script { name: "nothing", source: "return 0", native: |_| Ok(Reply::Integer(0)) };

fn run(database: &mut Database, line: &str) -> Reply {
    let words: Vec<Blob> = line.split(' ').map(Blob::from).collect();
    database.call(UnixTime::from_millis(1_000), &words)
}

fn hash(database: &Database) -> u64 {
    let mut hasher = DefaultHasher::new();
    database.hash(&mut hasher);
    hasher.finish()
}

#[test]
fn the_way_to_a_state_does_not_count() {
    let mut up = Database::default();
    let mut down = Database::new(Arc::new(ScriptLibrary::new([SCRIPT])));
    for n in 0..1_000 {
        run(&mut up, &format!("SET key:{n} {n} EX 10"));
        run(&mut down, &format!("SET key:{0} {0} PX 10000", 999 - n));
    }
    run(&mut down, "SET another one");
    assert_ne!(up, down);
    run(&mut down, "DEL another");
    assert_eq!(up, down);
    assert_eq!(hash(&up), hash(&down));
    for line in ["KEYS key:?7*", "RANDOMKEY", "SCAN 0 COUNT 100", "SCAN 70000000000000"] {
        assert_eq!(run(&mut up, line), run(&mut down, line), "{line}");
    }
}

#[test]
fn values_expiries_and_loaded_scripts_count() {
    let library = Arc::new(ScriptLibrary::new([SCRIPT]));
    let mut original = Database::new(library);
    run(&mut original, "SET k v");
    for line in ["SET k w", "EXPIRE k 10", "SET l v"] {
        let mut other = original.clone();
        run(&mut other, line);
        assert_ne!(other, original, "{line}");
    }
    let mut other = original.clone();
    let load = ["SCRIPT", "LOAD", SCRIPT.source].map(Blob::from);
    other.call(UnixTime::default(), &load);
    assert_ne!(other, original);
}

#[test]
fn a_copy_and_its_original_go_their_own_ways() {
    let mut original = Database::default();
    for n in 0..1_000 {
        run(&mut original, &format!("SET key:{n} 1"));
    }
    let mut copy = original.clone();
    run(&mut copy, "INCR key:500");
    run(&mut original, "DEL key:501");
    assert_eq!(run(&mut original, "GET key:500"), Reply::Bulk(Blob::from("1")));
    assert_eq!(run(&mut copy, "EXISTS key:501"), Reply::Integer(1));
}
