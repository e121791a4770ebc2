use history::Bytes;
use redis::{EvictionPolicy, Reply};
use redis_node::ServerConfig;
use sim::Keep;

use crate::stage::{Stage, ok, replies, text};

/// There is room for two keys of one byte with a value of ten, and for no third.
fn small(maxmemory_policy: EvictionPolicy) -> Stage {
    let maxmemory = Bytes(1_000);
    Stage::new(ServerConfig { maxmemory, maxmemory_policy, ..ServerConfig::default() })
}

const VALUE: &str = "0123456789";

fn set(key: &str) -> String {
    format!("SET {key} {VALUE}")
}

/// A lock that no client has released and that has not expired is gone.
#[test]
fn a_lock_is_evicted_while_its_owner_believes_in_it() {
    let lock = format!("SET lock {VALUE} NX PX 60000");
    let stage = small(EvictionPolicy::AllKeysLru)
        .client(&[(0, &lock), (90, "PTTL lock"), (100, "GET lock")])
        .client(&[(10, &set("a")), (20, &set("b")), (30, "PING"), (40, &lock)]);
    let all = stage.run();
    let replies: Vec<&Reply> = all[1].iter().map(|(_, reply)| reply).collect();
    assert_eq!(*replies[3], ok(), "another client has the lock too");
    assert_eq!(all[0][2].1, text(VALUE), "and its first owner does not know");
}

#[test]
fn what_was_used_longest_ago_is_evicted() {
    let lines = [set("a"), set("b"), "GET a".to_owned(), set("c"), "KEYS *".to_owned()];
    let lines: Vec<(u64, &str)> = (0..).map(|n| n * 10).zip(lines.iter().map(|l| &**l)).collect();
    let replies = replies(small(EvictionPolicy::AllKeysLru).client(&lines));
    assert_eq!(replies[4], Reply::Array(["a", "c"].map(text).to_vec()));
}

#[test]
fn without_eviction_writes_are_refused_until_there_is_memory() {
    let (a, b, c, d) = (set("a"), set("b"), set("c"), set("d"));
    let lines = [(0, &*a), (10, &*b), (20, &*c), (30, &*d), (40, "GET a"), (50, "DEL a")];
    let replies = replies(small(EvictionPolicy::NoEviction).client(&lines));
    assert_eq!(replies[3].as_error().map(|error| error.code()), Some(&b"OOM"[..]));
    assert_eq!(replies[4..], [text(VALUE), Reply::Integer(1)]);
}

/// The limit is a part of the configuration, which a crash leaves as it is.
#[test]
fn a_server_has_its_limit_after_a_crash_too() {
    let (a, b, c, d) = (set("a"), set("b"), set("c"), set("d"));
    let lines = [(0, &*a), (10, &*b), (30, &*c), (40, &*d)];
    let stage = small(EvictionPolicy::NoEviction).client(&lines);
    let replies = replies(stage.crash_server(20, Keep::Durable));
    assert_eq!(replies[2], ok());
    assert!(replies[3].as_error().is_some(), "{replies:?}");
}
