//! Scripts with generated arguments: patterns, numbers, JSON, MessagePack, formats.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use redis::Blob;

use crate::pair::Pair;

const CASES: u32 = 3_000;

/// Scripts, each with the kind of its up to three arguments.
const SCRIPTS: [(&str, Kind); 13] = [
    ("return {string.find(ARGV[1], ARGV[2])}", Kind::Pattern),
    ("return {string.match(ARGV[1], ARGV[2])}", Kind::Pattern),
    ("return {string.match(ARGV[1]:rep(9), ARGV[2], 3)}", Kind::Pattern),
    ("return {string.gsub(ARGV[1], ARGV[2], ARGV[3])}", Kind::Pattern),
    ("return {string.gsub(ARGV[1], ARGV[2], function(a, b) return b end, 3)}", Kind::Pattern),
    (
        "local r = {} for a, b in ARGV[1]:gmatch(ARGV[2]) do r[#r + 1] = {a, b} end return r",
        Kind::Pattern,
    ),
    (
        "local n = tonumber(ARGV[1]) return {n, tostring(n), n and cjson.encode({n}) or 0,
        n and cmsgpack.pack(n) or 0, redis.call('ECHO', n or 'none')}",
        Kind::Number,
    ),
    (
        "local n = tonumber(ARGV[1]) or 0 return {bit.tobit(n), bit.tohex(n), bit.bswap(n),
        bit.rol(n, tonumber(ARGV[2]) or 1), bit.bxor(n, tonumber(ARGV[2]) or 1)}",
        Kind::Number,
    ),
    (
        "local n = tonumber(ARGV[1]) or 0 \
         return struct.pack('>bHi3dfI8', n, n, n, n, n, math.abs(n) % 2 ^ 53)",
        Kind::SmallNumber,
    ),
    ("local t = cjson.decode(ARGV[1]) return {t, cjson.encode(t), cmsgpack.pack(t)}", Kind::Json),
    ("return {cmsgpack.unpack(ARGV[1])}", Kind::Bytes),
    ("local t = {cmsgpack.unpack_limit(ARGV[1], 2, 1)} return cjson.encode(t)", Kind::Bytes),
    ("return {struct.unpack(ARGV[2], ARGV[1])}", Kind::Format),
];

#[derive(Clone, Copy)]
enum Kind {
    Pattern,
    Number,
    SmallNumber,
    Json,
    Bytes,
    Format,
}

fn of_pieces(pieces: &'static [&'static str], most: usize) -> impl Strategy<Value = Blob> {
    prop::collection::vec(select(pieces), 0..most).prop_map(|pieces| Blob::from(pieces.concat()))
}

fn number() -> impl Strategy<Value = Blob> {
    prop_oneof![
        any::<i64>().prop_map(|number| Blob::from(number.to_string())),
        (-70_000..70_000_i32).prop_map(|number| Blob::from(number.to_string())),
        any::<f64>().prop_map(|number| Blob::from(format!("{number:e}"))),
        (-1e6..1e6_f64).prop_map(|number| Blob::from(format!("{number}"))),
        of_pieces(&["0x", "1", "9", ".", "e", "-", "+", "f", " "], 6),
    ]
}

fn arguments(kind: Kind) -> BoxedStrategy<Vec<Blob>> {
    const SUBJECT: &[&str] = &["a", "b", "ab", " ", "1", "%", "(x)", "[", "", "]", "-", "\n", "é"];
    const PATTERN: &[&str] = &[
        "a", "b", ".", "%a", "%d", "%s", "%W", "%%", "[ab]", "[^a]", "[%d-]", "[]]", "*", "+", "-",
        "?", "(", ")", "()", "$", "^", "%b()", "%1", "%f[a]", "[", "%", "[a-", "%z",
    ];
    const REPLACEMENT: &[&str] = &["x", "%0", "%1", "%2", "%%", "%", "é", "%a"];
    const JSON: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"a\"",
        "\"b\\u00e9\"",
        "\"\\ud83d\\ude00\"",
        "1",
        "-2.5e3",
        "true",
        "false",
        "null",
        " ",
        "0x1f",
        "nan",
        "\"\\",
        "[1,2]",
        "{\"k\":1}",
        "[]",
        "{}",
        "[1,{\"x\":[null,\"y\"]}]",
    ];
    const FORMAT: &[&str] = &[
        "b", "B", "h", "H", "i", "I3", "i8", "f", "d", "s", "c2", "c0", "x", "<", ">", "!4", "!",
        " ", "l", "i16", "q",
    ];
    let bytes = || prop::collection::vec(any::<u8>(), 0..40).prop_map(Blob::from);
    match kind {
        Kind::Pattern => (of_pieces(SUBJECT, 12), of_pieces(PATTERN, 7), of_pieces(REPLACEMENT, 4))
            .prop_map(|(subject, pattern, replacement)| vec![subject, pattern, replacement])
            .boxed(),
        Kind::Number => (number(), number()).prop_map(|(a, b)| vec![a, b]).boxed(),
        Kind::SmallNumber => {
            (-120..120_i32).prop_map(|number| vec![Blob::from(number.to_string())]).boxed()
        }
        Kind::Json => prop_oneof![
            of_pieces(JSON, 8),
            of_pieces(JSON, 4).prop_map(|json| Blob::from(format!("[{json}]"))),
        ]
        .prop_map(|json| vec![json])
        .boxed(),
        Kind::Bytes => bytes().prop_map(|bytes| vec![bytes]).boxed(),
        Kind::Format => {
            // The result of an invalid size, such as 1e30, depends on the C compiler.
            let is_sized = |format: &Blob| {
                !(format.windows(2).any(|piece| piece == b"c0")
                    && format.iter().any(|option| matches!(option, b'f' | b'd')))
            };
            let format = of_pieces(FORMAT, 6).prop_filter("sizes are integers", is_sized);
            (bytes(), format).prop_map(|(bytes, format)| vec![bytes, format]).boxed()
        }
    }
}

fn line() -> impl Strategy<Value = Vec<Blob>> {
    let scripts = SCRIPTS.map(|(script, kind)| {
        arguments(kind)
            .prop_map(move |arguments| {
                let words = ["EVAL", script, "0"].map(Blob::from).into_iter();
                words.chain(arguments).collect()
            })
            .boxed()
    });
    proptest::strategy::Union::new(scripts)
}

#[test]
fn generated_arguments_have_the_same_replies() {
    let Some(mut pair) = Pair::start_in_lua() else {
        return;
    };
    let pair = std::cell::RefCell::new(&mut pair);
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&line(), |line| {
        let outcome = pair.borrow_mut().call_to_the_letter(&line);
        outcome.map_err(|difference| TestCaseError::fail(format!("{line:?}\n{difference}")))
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
