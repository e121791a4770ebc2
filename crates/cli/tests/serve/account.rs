//! `used_memory` is what the data really takes, and `maxmemory` bounds it, however small the
//! values.

use std::io::{Read as _, Write as _};

use redis::Reply;

use crate::client::Client;
use crate::server::Server;

const LIMIT: u64 = 256 << 20;

/// How the account may differ from the growth of the process, in percent.
const HONEST: std::ops::Range<u64> = 70..150;

/// Sends lines with a `PING` after them. Whether all were accepted.
fn accepted(client: &mut Client, lines: &[String]) -> bool {
    let bytes = lines.join("\r\n") + "\r\nPING\r\n";
    client.stream.write_all(bytes.as_bytes()).unwrap();
    let (mut replies, mut some) = (Vec::new(), vec![0; 1 << 16]);
    while !replies.ends_with(b"+PONG\r\n") {
        match client.stream.read(&mut some).unwrap() {
            0 => panic!("the server hangs up"),
            len => replies.extend_from_slice(&some[..len]),
        }
    }
    !replies.windows(5).any(|start| start == b"-OOM ")
}

fn used_memory(server: &Server) -> u64 {
    let Reply::Bulk(text) = server.connect().call("INFO memory") else { panic!("a text") };
    let text = text.to_string();
    let used = text.lines().find_map(|line| line.strip_prefix("used_memory:"));
    used.unwrap().parse().unwrap()
}

/// Sends lines that store something small until there is no memory. `line` is given a number that
/// no line had.
#[track_caller]
fn assert_honest(what: &str, line: impl Fn(usize) -> String) {
    let server = Server::start(&[]);
    let mut client = server.connect();
    assert_eq!(client.call(&format!("CONFIG SET maxmemory {LIMIT}")), Reply::ok());
    let before = server.process.memory();
    let mut number = 0;
    loop {
        let lines: Vec<String> = (number..number + 100).map(&line).collect();
        number += lines.len();
        if !accepted(&mut client, &lines) {
            break;
        }
    }
    let (Some(before), Some(after)) = (before, server.process.memory()) else { return };
    let peak = server.process.peak_memory().unwrap_or(0);
    assert!(peak <= 2 * LIMIT, "{what}: {} MiB", peak >> 20);
    let percent = 100 * used_memory(&server) / (after - before);
    assert!(HONEST.contains(&percent), "{what}: {percent}% of {} MiB", (after - before) >> 20);
}

#[test]
fn keys_count_what_they_take() {
    assert_honest("SET", |number| format!("SET {number} \"\""));
    assert_honest("SET EX", |number| format!("SET {number} \"\" EX 100"));
    let long = "x".repeat(60);
    assert_honest("long SET", |number| format!("SET {long}{number} {long}"));
}

#[test]
fn small_collections_count_what_they_take() {
    assert_honest("HSET", |number| format!("HSET {number} \"\" \"\""));
    assert_honest("ZADD", |number| format!("ZADD {number} 1 \"\""));
    assert_honest("RPUSH", |number| format!("RPUSH {number} \"\""));
    assert_honest("SADD", |number| format!("SADD {number} \"\""));
}

#[test]
fn elements_of_a_large_collection_count_what_they_take() {
    let line = |command: &'static str, item: fn(usize) -> String| {
        move |number: usize| {
            let items: Vec<String> = (number * 100..number * 100 + 100).map(item).collect();
            format!("{command} {}", items.join(" "))
        }
    };
    assert_honest("one hash", line("HSET h", |number| format!("{number} \"\"")));
    assert_honest("one sorted set", line("ZADD z", |number| format!("{number} {number}")));
    assert_honest("one list", line("RPUSH l", |_| "\"\"".to_owned()));
    assert_honest("one set", line("SADD s", |number| number.to_string()));
}

/// Small collections that were large are as small as those that never were.
#[test]
fn collections_that_have_become_small_count_what_they_take() {
    assert_honest("hashes of ten fields that had 17", |number| {
        let fields = |range: std::ops::Range<usize>, text: &str| -> Vec<String> {
            range.map(|field| format!("{field:02}{text}")).collect()
        };
        let set = format!("HSET {number} {}", fields(0..17, " \"\"").join(" "));
        let names = [fields(5..8, ""), fields(13..17, "")].concat();
        format!("{set}\r\nHDEL {number} {}", names.join(" "))
    });
}
