//! The kinds of words that command lines are made of.
//!
//! No word depends on the exact millisecond: expiries are either past or far in the future.

use proptest::prelude::*;
use proptest::sample::select;
use redis::{Blob, Script, Sha1};

use crate::scripts::SCRIPTS;

const STRING_KEYS: [&str; 4] = ["a", "", "k\0", "a key of more than twenty-three bytes"];
const HASHES: [&str; 3] = ["h1", "h1", "h2"];
const LISTS: [&str; 3] = ["l1", "l1", "l2"];
const SETS: [&str; 3] = ["s1", "s2", "s3"];
const MANY: [&str; 13] =
    ["a", "", "k\0", "b", "h1", "h2", "l1", "l2", "s1", "s2", "s3", "none", "other"];

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

const FLOATS: [&str; 26] = [
    "0.1",
    "-0.1",
    "1000.1",
    "3.0e3",
    "-5e-1",
    "1e-18",
    "0.000003814697265625",
    "123456789.123456789",
    "1e19",
    "-1e30",
    "5e300",
    "1e4931",
    "-1e4932",
    "1e-4950",
    "1e5000",
    "0x10.8p1",
    "0x",
    ".5",
    "5.",
    "+1",
    "-0",
    "inf",
    "-Infinity",
    "nan",
    " 1",
    "1e",
];

/// Not far below 0, because Redis makes as many picks as it is asked for.
const PICKS: [&str; 9] =
    ["0", "1", "2", "2", "9", "-1", "-3", "-9223372036854775808", "9223372036854775807"];

const INDEXES: [&str; 7] =
    ["5", "100", "-100", "9223372036854775807", "-9223372036854775808", "x", ""];

fn strings(words: &'static [&'static str]) -> BoxedStrategy<Vec<Blob>> {
    select(words).prop_map(|word| vec![Blob::from(word)]).boxed()
}

/// Mostly one of the usual words.
fn mostly(
    usual: &'static [&'static str],
    edges: &'static [&'static str],
) -> BoxedStrategy<Vec<Blob>> {
    prop_oneof![4 => strings(usual), 1 => strings(edges)].boxed()
}

/// Words of a kind. Most kinds are one word. An unknown kind is a literal word.
pub(crate) fn words(kind: &'static str) -> BoxedStrategy<Vec<Blob>> {
    match kind {
        "key" => strings(&STRING_KEYS),
        "hash" => strings(&HASHES),
        "list" => strings(&LISTS),
        "set" => strings(&SETS),
        "any_key" => strings(&MANY),
        "value" => strings(&["", "x", "5", "a value of more than twenty-three bytes", "\r\n"]),
        "field" | "member" => strings(&["", "f", "g", "7", "a name of more than 23 bytes", "\0"]),
        "element" => mostly(&["x", "y"], &["", "5"]),
        "number" => strings(&NUMBERS),
        "float" => prop_oneof![strings(&FLOATS), decimal()].boxed(),
        "expiry" => strings(&NUMBERS)
            .prop_filter("not soon", |words| !matches!(&*words[0], b"1" | b"7"))
            .boxed(),
        "index" | "cursor" => mostly(&["0", "1", "2", "-1", "-2", "-3"], &INDEXES),
        "offset" => strings(&["0", "1", "3", "30", "-1", "536870912", "9223372036854775807", "x"]),
        "count" => mostly(&["1", "2"], &["0", "5", "-1", "9223372036854775807", "x"]),
        "picks" => strings(&PICKS),
        "numkeys" => strings(&["0", "1", "1", "1", "2", "2", "3", "-1", "x"]),
        "not_a_cursor" => strings(&["x", "", " 1", "+", "18446744073709551616", "0\0"]),
        "pattern" => prop::collection::vec(select(&b"ahl12*?[]^-\\k"[..]), 0..6)
            .prop_map(|pattern| vec![Blob::from(pattern)])
            .boxed(),
        "script" => script().prop_map(|script| vec![Blob::from(script.source)]).boxed(),
        "sha" => {
            script().prop_map(|script| vec![Sha1::of(script.source.as_bytes()).to_hex()]).boxed()
        }
        "unknown" => prop_oneof![strings(&["FOO", "gett", "script|load", ""]), garbage()].boxed(),
        "any" => prop_oneof![
            // Not `GT`: whether a relative expiry is later than an equal one set before depends on
            // the clock.
            strings(&["NX", "LT", "GET", "INCR", "LLEN", "a", "FOO", ""]),
            garbage(),
            Just(Vec::new()),
        ]
        .boxed(),
        option => options(option),
    }
}

/// Options, and the values that they take.
fn options(kind: &'static str) -> BoxedStrategy<Vec<Blob>> {
    match kind {
        "option" => {
            prop_oneof![lifetime(), strings(&["NX", "XX", "GET", "KEEPTTL", "nx", "EX", "FOO"])]
                .boxed()
        }
        "getex" => prop_oneof![lifetime(), strings(&["PERSIST", "persist", "EX", "FOO"])].boxed(),
        "condition" => strings(&["NX", "XX", "GT", "LT", "gt", "FOO"]),
        "how" => strings(&["SYNC", "ASYNC", "async", "FOO"]),
        "place" => mostly(&["BEFORE", "AFTER"], &["after", "FOO"]),
        "end" => mostly(&["LEFT", "RIGHT"], &["right", "FOO"]),
        "copy" => prop_oneof![
            strings(&["REPLACE", "replace", "REPLACE", "DB", "FOO"]),
            named(&["DB", "db"], &["0", "1", "-1", "x", "9999999999"]),
        ]
        .boxed(),
        "limit" => named(&["LIMIT", "limit", "FOO"], &["0", "1", "2", "-1", "x"]),
        "lpos" => prop_oneof![
            3 => named(&["RANK", "COUNT", "MAXLEN"], &["1", "2", "3"]),
            1 => named(&["RANK"], &["-1", "-2", "-3", "-9223372036854775808"]),
            1 => named(&["COUNT", "MAXLEN", "rank", "FOO"], &["0", "-1", "9", "x"]),
        ]
        .boxed(),
        "scan" => prop_oneof![
            named(&["COUNT", "count"], &["1", "5", "1000", "0", "-1", "x"]),
            named(&["TYPE", "type"], &["string", "LIST", "hash", "set", "zset", "none", ""]),
            named(&["MATCH"], &["*", "**", "", "h*", "?", "[a-h]*"]),
            strings(&["COUNT", "FOO"]),
            Just(Vec::new()),
        ]
        .boxed(),
        literal => Just(vec![Blob::from(literal)]).boxed(),
    }
}

/// A name, followed by a value.
fn named(
    names: &'static [&'static str],
    values: &'static [&'static str],
) -> BoxedStrategy<Vec<Blob>> {
    (strings(names), strings(values)).prop_map(|(name, value)| [name, value].concat()).boxed()
}

/// None of these is a short time from now in any unit.
fn lifetime() -> BoxedStrategy<Vec<Blob>> {
    named(
        &["EX", "PX", "EXAT", "PXAT", "ex", "pxat"],
        &["100000", "4000000000", "-1", "0", "9223372036854775807", "x"],
    )
}

fn decimal() -> impl Strategy<Value = Vec<Blob>> {
    (any::<i32>(), 0..30usize, any::<u64>()).prop_map(|(whole, places, fraction)| {
        vec![Blob::format(format_args!("{whole}.{fraction:0places$}"))]
    })
}

fn garbage() -> impl Strategy<Value = Vec<Blob>> {
    prop::collection::vec(any::<u8>(), 0..150).prop_map(|bytes| vec![Blob::from(bytes)])
}

fn script() -> impl Strategy<Value = Script> {
    // The script about the current millisecond sometimes runs in the next one.
    select(&SCRIPTS[..]).prop_filter("not of time", |script| script.name != "last_millisecond")
}
