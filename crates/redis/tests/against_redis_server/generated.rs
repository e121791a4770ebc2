//! Sequences of command lines that nobody thought of.
//!
//! No line depends on the exact millisecond: numbers that could be small expiries are past, or far.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use redis::{Blob, Script, Sha1};

use crate::pair::Pair;
use crate::scripts::SCRIPTS;

const CASES: u32 = 400;
const LINES_MAX: usize = 40;

/// The commands, and after each what its arguments usually are.
const FORMS: [&str; 44] = [
    "GET key",
    "SET key value",
    "SET key number",
    "SET key value EX 100000",
    "SET key value KEEPTTL",
    "SET key value option",
    "SET key value option option",
    "SET key value option option option",
    "SETNX key value",
    "GETDEL key",
    "DEL key",
    "DEL key key",
    "EXISTS key",
    "EXISTS key key key",
    "EXPIRE key expiry",
    "PEXPIRE key expiry",
    "EXPIREAT key expiry",
    "PEXPIREAT key expiry",
    "EXPIREAT key expiry condition",
    "PEXPIREAT key expiry condition",
    "PEXPIREAT key expiry condition condition",
    "EXPIRE key expiry any",
    "TTL key",
    "PTTL key",
    "PERSIST key",
    "INCR key",
    "DECR key",
    "INCRBY key number",
    "DECRBY key number",
    "STRLEN key",
    "APPEND key value",
    "APPEND key number",
    "KEYS pattern",
    "DBSIZE",
    "FLUSHALL how",
    "PING any",
    "ECHO any",
    "SCRIPT LOAD script",
    "SCRIPT EXISTS sha sha",
    "SCRIPT FLUSH how",
    "EVALSHA sha numkeys key value",
    "EVALSHA sha numkeys key value value",
    "EVALSHA sha numkeys any any",
    "unknown any any",
];

const KEYS: [&str; 5] = ["a", "b", "", "k\0", "a key of more than twenty-three bytes"];

const NUMBERS: [&str; 19] = [
    "0",
    "1",
    "-1",
    "7",
    "100000",
    "200000",
    "4000000000",
    "4000000000000",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775",
    "9223372036854776",
    "-9223372036854776",
    "9223372036854775808",
    "01",
    "+1",
    " 1",
    "1.5",
    "",
];

fn strings(words: &'static [&'static str]) -> BoxedStrategy<Vec<Blob>> {
    select(words).prop_map(|word| vec![Blob::from(word)]).boxed()
}

/// Some words of a kind: most kinds are one word.
fn words(kind: &'static str) -> BoxedStrategy<Vec<Blob>> {
    match kind {
        "key" => strings(&KEYS),
        "value" => strings(&["", "x", "5", "a value of more than twenty-three bytes", "\r\n"]),
        "number" => strings(&NUMBERS),
        "expiry" => strings(&NUMBERS)
            .prop_filter("not soon", |words| !matches!(&*words[0], b"1" | b"7"))
            .boxed(),
        "how" => strings(&["SYNC", "ASYNC", "async", "FOO"]),
        "option" => {
            let unit = strings(&["EX", "PX", "EXAT", "PXAT", "ex", "pxat"]);
            // Neither of these is a short time from now in any unit.
            let number = strings(&["100000", "4000000000", "-1", "0", "9223372036854775807", "x"]);
            let expiry = (unit, number).prop_map(|(unit, number)| [unit, number].concat());
            let flag = strings(&["NX", "XX", "GET", "KEEPTTL", "nx", "EX", "FOO"]);
            prop_oneof![expiry, flag].boxed()
        }
        "condition" => strings(&["NX", "XX", "GT", "LT", "gt", "FOO"]),
        "pattern" => prop::collection::vec(select(&b"ab*?[]^-\\k"[..]), 0..6)
            .prop_map(|pattern| vec![Blob::from(pattern)])
            .boxed(),
        "script" => script().prop_map(|script| vec![Blob::from(script.source)]).boxed(),
        "sha" => {
            script().prop_map(|script| vec![Sha1::of(script.source.as_bytes()).to_hex()]).boxed()
        }
        "numkeys" => strings(&["0", "1", "1", "1", "2", "3", "-1", "x"]),
        "unknown" => prop_oneof![
            strings(&["FOO", "gett", "script|load", "GET\0", ""]),
            prop::collection::vec(any::<u8>(), 0..150).prop_map(|bytes| vec![Blob::from(bytes)]),
        ]
        .boxed(),
        "any" => prop_oneof![
            // Not GT: whether a time is later than the same one a moment ago is up to the clock.
            strings(&["NX", "LT", "GET", "INCR", "a", "FOO", ""]),
            prop::collection::vec(any::<u8>(), 0..150).prop_map(|bytes| vec![Blob::from(bytes)]),
            Just(Vec::new()),
        ]
        .boxed(),
        literal => Just(vec![Blob::from(literal)]).boxed(),
    }
}

fn script() -> impl Strategy<Value = Script> {
    // The one about the present millisecond now and then sees the next one.
    select(&SCRIPTS[..]).prop_filter("not of time", |script| script.name != "last_millisecond")
}

fn line() -> impl Strategy<Value = Vec<Blob>> {
    let forms = FORMS.map(|form| {
        let kinds: Vec<_> = form.split(' ').map(words).collect();
        kinds.prop_map(|words| words.concat()).boxed()
    });
    proptest::strategy::Union::new(forms).prop_filter("a word", |line| !line.is_empty())
}

/// What a sequence ends with, so that what it left behind is compared too.
fn questions() -> impl Iterator<Item = Vec<Blob>> {
    let all = [vec![Blob::from("DBSIZE")], ["KEYS", "*"].map(Blob::from).to_vec()];
    let each = KEYS
        .iter()
        .flat_map(|key| ["PTTL", "GET"].map(|name| vec![Blob::from(name), Blob::from(*key)]));
    all.into_iter().chain(each)
}

#[test]
fn generated_sequences_have_the_same_replies() {
    let Some(mut pair) = Pair::start() else {
        return;
    };
    let pair = std::cell::RefCell::new(&mut pair);
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let sequence = prop::collection::vec(line(), 1..LINES_MAX);
    let outcome = TestRunner::new(config).run(&sequence, |lines| {
        let mut pair = pair.borrow_mut();
        pair.reset();
        for line in lines.into_iter().chain(questions()) {
            pair.call(&line)
                .map_err(|difference| TestCaseError::fail(format!("{line:?}\n{difference}")))?;
        }
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
