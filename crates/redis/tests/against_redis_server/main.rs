//! Compares the in-memory database with a real `redis-server` 7.0. Both get the same command lines,
//! and must give the same replies.
//!
//! Some lines are written by hand (`command_lines/*.txt`), and others are generated. The
//! environment variable `RUMORMILL_DIFFERENTIAL` sets the number of generated sequences.
//! `normalize.rs` defines which replies count as the same. Without a `redis-server` 7.0 on the
//! machine, the tests print a message and pass.

mod connections;
mod forms;
mod generated;
mod lines;
mod lua;
mod lua_generated;
mod malformed;
mod normalize;
mod pair;
mod protocols;
mod scripts;
mod sequences;
mod server;
mod shapes;
mod sorted_sets;
mod words;

use pair::Pair;
use redis::{Blob, Database, Reply, UnixTime};

/// Runs one file of command lines on both, from empty, and collects the differences.
fn run_file(name: &str, text: &str) {
    let Some(mut pair) = Pair::start() else {
        return;
    };
    let mut differences = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let words = lines::split(line);
        if words.is_empty() {
            continue;
        }
        if let Err(difference) = pair.call(&words) {
            differences.push(format!("{name}:{}: {line}\n{difference}", number + 1));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

macro_rules! command_lines {
    ($($name:ident),* $(,)?) => {$(
        #[test]
        fn $name() {
            let name = concat!("command_lines/", stringify!($name), ".txt");
            run_file(name, include_str!(concat!("command_lines/", stringify!($name), ".txt")));
        }
    )*};
}

command_lines!(
    config,
    counters,
    expiry,
    hashes,
    keys,
    lists,
    object,
    scans,
    scripts,
    server,
    set,
    set_algebra,
    sets,
    sorted_sets,
    strings,
    types,
);

/// The descriptions of all commands.
#[test]
fn commands_have_the_flags_and_arities_of_redis() {
    let Some(mut pair) = Pair::start() else {
        return;
    };
    for info in redis::commands() {
        let question = ["COMMAND", "INFO", info.name].map(Blob::from);
        let reply = pair.ask_server(&question);
        let Reply::Array(found) = &reply else {
            panic!("COMMAND INFO gave {reply:?}");
        };
        let [Reply::Array(parts)] = &found[..] else {
            panic!("Redis knows no {info:?}");
        };
        let ours = Database::default().call(UnixTime::default(), &question);
        let Reply::Array(found) = &ours else {
            panic!("COMMAND INFO gave {ours:?}");
        };
        let [Reply::Array(ours)] = &found[..] else {
            panic!("COMMAND INFO does not know {info:?}");
        };
        assert_eq!(parts[..6], ours[..6], "{}", info.name);
    }
}

/// Scans of large collections take many steps.
#[test]
fn scans_of_large_collections_find_everything() {
    let Some(mut pair) = Pair::start() else {
        return;
    };
    let numbered = |number: usize| Blob::format(format_args!("number {number}"));
    let numbers = (0..2_000).map(numbered);
    let line = |words: &[&str]| words.iter().copied().map(Blob::from).collect::<Vec<Blob>>();
    let mut members = line(&["SADD", "set"]);
    members.extend(numbers.clone());
    let mut fields = line(&["HSET", "hash"]);
    fields.extend(numbers.clone().flat_map(|number| [number.clone(), number]));
    let mut keys = line(&["MSET"]);
    keys.extend(numbers.clone().flat_map(|number| [number.clone(), number]));
    let mut ranking = line(&["ZADD", "ranking", "100000000000000000", "far"]);
    let scored = numbers.clone().map(|number| [Blob::from("1"), number]);
    ranking.extend(scored.flatten());
    let scans = [
        line(&["ZSCAN", "ranking", "0"]),
        line(&["ZSCAN", "ranking", "0", "COUNT", "100", "MATCH", "*9*"]),
        line(&["SSCAN", "set", "0"]),
        line(&["SSCAN", "set", "0", "COUNT", "7", "MATCH", "*1*"]),
        line(&["HSCAN", "hash", "0", "COUNT", "100"]),
        line(&["HSCAN", "hash", "0", "MATCH", "*99"]),
        line(&["SCAN", "0"]),
        line(&["SCAN", "0", "COUNT", "300", "TYPE", "string"]),
        line(&["SCAN", "0", "TYPE", "hash"]),
    ];
    for line in [members, fields, keys, ranking].iter().chain(&scans) {
        if let Err(difference) = pair.call(line) {
            panic!("{:?}\n{difference}", &line[..2]);
        }
    }
}

/// The time does not change within a script, so a script can read a key in the millisecond of its
/// expiry. But Redis 7.0 counts a relative expiry from its running clock, so the test sometimes
/// fails by a millisecond. Five failures in a row are very unlikely.
#[test]
fn a_key_lives_through_the_millisecond_in_which_it_expires() {
    let Some(mut pair) = Pair::start() else {
        return;
    };
    let load = lines::split("SCRIPT LOAD text:last_millisecond");
    assert!(pair.call(&load).is_ok());
    let look = lines::split("EVALSHA sha:last_millisecond 2 past present");
    let attempts: Vec<Result<Reply, String>> = (0..5).map(|_| pair.call(&look)).collect();
    assert!(attempts.iter().any(Result::is_ok), "{attempts:#?}");
}
