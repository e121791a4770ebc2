//! Generated sequences of command lines.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use redis::{Blob, Reply};

use crate::pair::Pair;
use crate::sequences::sequence;

/// The number of sequences, unless the environment variable sets it.
const CASES: u32 = 400;
const CASES_VARIABLE: &str = "RUMORMILL_DIFFERENTIAL";

/// Compares the final states, at the end of a sequence.
fn question(pair: &mut Pair) -> Result<(), String> {
    let all = pair.call(&["KEYS", "*"].map(Blob::from))?;
    let Reply::Array(keys) = &all else {
        return Err(format!("KEYS gave {all:?}"));
    };
    for key in keys {
        let Reply::Bulk(key) = key else {
            return Err(format!("KEYS gave {all:?}"));
        };
        pair.call(&[Blob::from("PTTL"), key.clone()])?;
        let kind = pair.call(&[Blob::from("TYPE"), key.clone()])?;
        let line = match kind {
            Reply::Status(kind) if &*kind == b"string" => vec!["GET"],
            Reply::Status(kind) if &*kind == b"list" => vec!["LRANGE", "0", "-1"],
            Reply::Status(kind) if &*kind == b"hash" => vec!["HGETALL"],
            Reply::Status(kind) if &*kind == b"set" => vec!["SMEMBERS"],
            Reply::Status(kind) if &*kind == b"zset" => vec!["ZRANGE", "0", "-1", "WITHSCORES"],
            other => return Err(format!("{key:?} has type {other:?}")),
        };
        let mut line: Vec<Blob> = line.into_iter().map(Blob::from).collect();
        line.insert(1, key.clone());
        pair.call(&line)?;
    }
    pair.call(&[Blob::from("DBSIZE")]).map(|_| ())
}

#[test]
fn generated_sequences_have_the_same_replies() {
    hold(sequence());
}

/// Runs sequences of lines on both servers, and compares replies and final states.
pub(crate) fn hold(sequence: impl Strategy<Value = Vec<Vec<Blob>>>) {
    hold_with(sequence, |pair, lines| {
        for line in lines {
            pair.call(&line).map_err(|difference| format!("{line:?}\n{difference}"))?;
        }
        question(pair)
    });
}

/// Runs each sequence on both servers with `run`, beginning with empty databases.
pub(crate) fn hold_with<S: Strategy>(
    sequence: S,
    run: impl Fn(&mut Pair, S::Value) -> Result<(), String>,
) {
    let Some(pair) = Pair::start() else {
        return;
    };
    let pair = std::cell::RefCell::new(pair);
    let config = Config { cases: cases(), failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&sequence, |sequence| {
        let mut pair = pair.borrow_mut();
        pair.reset();
        run(&mut pair, sequence).map_err(TestCaseError::fail)
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

#[expect(clippy::disallowed_methods, reason = "an environment variable sets the number of cases")]
fn cases() -> u32 {
    match std::env::var(CASES_VARIABLE) {
        Ok(number) => number.parse().expect("RUMORMILL_DIFFERENTIAL is a number of sequences"),
        Err(_) => CASES,
    }
}
