//! Several connections at once. Each line of `conversations/*.txt` begins with the number of the
//! connection through which it goes; a line `N closes` ends one.
//!
//! A key that should expire gets a lifetime of one millisecond. `WAIT 1 5` then lets five
//! milliseconds pass on the real server.

use proptest::prelude::*;
use proptest::strategy::Union;

use redis::{Blob, Connection, Reply};

use crate::generated::hold_with;
use crate::lines;
use crate::pair::Pair;
use crate::sequences::LINES_MAX;
use crate::server::Client;

/// Runs one conversation on both and collects the differences.
fn run(name: &str, text: &str) {
    let Some(mut pair) = Pair::start() else {
        return;
    };
    let mut connections: Vec<Option<(Client, Connection)>> = (0..10).map(|_| None).collect();
    let mut differences = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let Some((who, words)) = line.split_once(' ').filter(|_| !line.starts_with('#')) else {
            continue;
        };
        let who: usize = who.parse().expect("the number of a connection");
        if words == "closes" {
            connections[who].take().into_iter().for_each(|ended| pair.disconnect(ended));
            continue;
        }
        let connection = connections[who].get_or_insert_with(|| pair.connect());
        if let Err(difference) = pair.call_through(connection, &lines::split(words)) {
            differences.push(format!("{name}:{}: {line}\n{difference}", number + 1));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

macro_rules! conversations {
    ($($name:ident),* $(,)?) => {$(
        #[test]
        fn $name() {
            let name = concat!("conversations/", stringify!($name), ".txt");
            run(name, include_str!(concat!("conversations/", stringify!($name), ".txt")));
        }
    )*};
}

conversations!(databases, greetings, transactions, watched_keys);

const LINES: [&str; 50] = [
    "MULTI",
    "MULTI",
    "MULTI",
    "EXEC",
    "EXEC",
    "EXEC",
    "EXEC now",
    "DISCARD",
    "WATCH a",
    "WATCH b",
    "WATCH a z none",
    "WATCH l h",
    "UNWATCH",
    "SELECT 0",
    "SELECT 1",
    "SELECT 99",
    "RESET",
    "GET",
    "FOO",
    "SET a 1",
    "SET a 1 NX",
    "DEL a",
    "DEL a b none",
    "INCRBY a 0",
    "INCR b",
    "GETDEL b",
    "APPEND a x",
    "GET a",
    "EXPIRE a 1000",
    "EXPIRE a -1",
    "PERSIST a",
    "SET a 1 PXAT 1",
    "ZADD z 1 m",
    "ZADD z 2 m",
    "ZINCRBY z 0 m",
    "ZREM z nobody",
    "ZPOPMIN z",
    "HSET h f v",
    "HDEL h f",
    "RPUSH l x",
    "LSET l 0 x",
    "LTRIM l 0 -1",
    "LREM l 0 nothing",
    "SADD b x",
    "RENAME a b",
    "COPY a b DB 1",
    "FLUSHDB",
    "FLUSHALL",
    "MSET a 1 b 2",
    "SREM b x",
];

#[test]
fn generated_conversations_have_the_same_replies() {
    let line = Union::new(LINES.map(Just)).prop_map(lines::split);
    let sequence = prop::collection::vec((0..3_usize, line), 1..LINES_MAX);
    hold_with(sequence, |pair, lines| {
        let mut connections = [pair.connect(), pair.connect(), pair.connect()];
        for (who, line) in lines {
            let called = pair.call_through(&mut connections[who], &line);
            called.map_err(|difference| format!("{who} {line:?}\n{difference}"))?;
        }
        connections.into_iter().for_each(|connection| pair.disconnect(connection));
        let mut last = pair.connect();
        for number in ["0", "1"] {
            pair.call_through(&mut last, &["SELECT", number].map(Blob::from))?;
            let all = pair.call_through(&mut last, &["KEYS", "*"].map(Blob::from))?;
            let Reply::Array(keys) = &all else {
                return Err(format!("KEYS gave {all:?}"));
            };
            for key in keys.iter().filter_map(crate::normalize::bulk) {
                pair.call_through(&mut last, &[Blob::from("GET"), key.clone()])?;
            }
        }
        pair.disconnect(last);
        Ok(())
    });
}
