//! Tests the codec against itself: decoding inverts encoding, however the bytes are split.

use proptest::prelude::*;

use super::*;
use crate::{Blob, ErrorReply, Reply};

/// Decodes bytes that arrive in pieces. Returns the messages, and the final error, if any.
fn commands(pieces: &[&[u8]], limits: Limits) -> (Vec<Vec<Blob>>, Option<ProtocolError>) {
    let mut decoder = CommandDecoder::new(limits);
    let mut lines = Vec::new();
    for mut piece in pieces.iter().copied() {
        loop {
            match decoder.decode(&mut piece) {
                Ok(Some(line)) => lines.push(line),
                Ok(None) => break,
                Err(error) => return (lines, Some(error)),
            }
        }
        assert!(piece.is_empty(), "bytes were left");
    }
    (lines, None)
}

fn replies(pieces: &[&[u8]], limits: Limits) -> (Vec<Incoming>, Option<InvalidReply>) {
    let mut decoder = ReplyDecoder::new(limits);
    let mut all = Vec::new();
    for mut piece in pieces.iter().copied() {
        loop {
            match decoder.decode(&mut piece) {
                Ok(Some(incoming)) => all.push(incoming),
                Ok(None) => break,
                Err(error) => return (all, Some(error)),
            }
        }
        assert!(piece.is_empty(), "bytes were left");
    }
    (all, None)
}

/// Splits the bytes into pieces of these lengths, and a last piece.
fn cut<'a>(mut bytes: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for length in lengths {
        let (piece, rest) = bytes.split_at((*length).min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces.push(bytes);
    pieces
}

fn lengths() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..20usize, 0..40)
}

fn blob() -> impl Strategy<Value = Blob> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60).prop_map(Blob::from),
        "[a-c\r\n$*]{0,6}".prop_map(Blob::from),
    ]
}

fn reply() -> impl Strategy<Value = Reply> {
    let leaf = prop_oneof![
        Just(Reply::Nil),
        any::<i64>().prop_map(Reply::Integer),
        blob().prop_map(Reply::Bulk),
        "[^\r\n]{0,30}".prop_map(|text| Reply::Status(Blob::from(text))),
        "[^\r\n]{0,30}".prop_map(|text| Reply::Error(ErrorReply::new(text.as_bytes()))),
    ];
    leaf.prop_recursive(4, 30, 5, |inner| prop::collection::vec(inner, 0..5).prop_map(Reply::Array))
}

/// Bytes that begin like the protocol and then violate it.
fn nearly_protocol() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(vec![
        "*2\r\n",
        "*1\r\n",
        "*-1\r\n",
        "*99999999999\r\n",
        "$3\r\nGET\r\n",
        "$0\r\n\r\n",
        "$536870912\r\n",
        "%2\r\n",
        ">1\r\n",
        "|1\r\n",
        "=7\r\ntxt:abc\r\n",
        ":12\r\n",
        "+OK\r\n",
        "_\r\n",
        "#t\r\n",
        "SET 'a b' \"\\x41\"\r\n",
        "\"\n",
        "\0",
        "\r",
        "\n",
    ]);
    let pieces = prop_oneof![
        8 => word.prop_map(|word: &str| word.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..8),
    ];
    prop::collection::vec(pieces, 0..20).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn commands_read_back_however_they_are_cut(
        lines in prop::collection::vec(prop::collection::vec(blob(), 1..5), 0..6),
        lengths in lengths(),
    ) {
        let mut bytes = Vec::new();
        for line in &lines {
            encode_command(line, &mut bytes);
        }
        let read = commands(&cut(&bytes, &lengths), Limits::default());
        prop_assert_eq!(read, (lines, None));
    }

    #[test]
    fn replies_read_back_however_they_are_cut(
        all in prop::collection::vec(reply(), 0..6),
        lengths in lengths(),
    ) {
        for protocol in [Protocol::Resp2, Protocol::Resp3] {
            let mut bytes = Vec::new();
            for reply in &all {
                encode_reply(reply, protocol, &mut bytes);
            }
            let read = replies(&cut(&bytes, &lengths), Limits::default());
            let all = all.iter().cloned().map(Incoming::Reply).collect::<Vec<_>>();
            prop_assert_eq!(read, (all, None));
        }
    }

    #[test]
    fn garbage_is_the_same_garbage_however_it_is_cut(
        bytes in nearly_protocol(),
        lengths in lengths(),
        line in 1..40usize,
    ) {
        let limits = Limits { line, depth: 3, ..Limits::default() };
        let pieces = cut(&bytes, &lengths);
        prop_assert_eq!(commands(&[&bytes], limits), commands(&pieces, limits));
        prop_assert_eq!(replies(&[&bytes], limits), replies(&pieces, limits));
    }

    #[test]
    fn no_more_is_kept_than_came(bytes in nearly_protocol(), lengths in lengths()) {
        let mut decoder = CommandDecoder::new(Limits::default());
        let mut came = 0;
        for mut piece in cut(&bytes, &lengths) {
            came += piece.len();
            while let Ok(Some(_)) = decoder.decode(&mut piece) {}
            // An empty word takes 6 bytes on the wire, and 24 in memory.
            prop_assert!(decoder.pending() <= 5 * came);
        }
    }
}

#[test]
fn limits_hold() {
    let limits = Limits { array: 2, bulk: 4, line: 8, pending: 100, depth: 2 };
    let (_, end) = commands(&[b"*3\r\n"], limits);
    assert_eq!(end.unwrap().to_string(), "ERR Protocol error: invalid multibulk length");
    let (_, end) = commands(&[b"*1\r\n$5\r\n"], limits);
    assert_eq!(end.unwrap().to_string(), "ERR Protocol error: invalid bulk length");
    let (_, end) = commands(&[b"PING abcdef"], limits);
    assert_eq!(end.unwrap().to_string(), "ERR Protocol error: too big inline request");
    let (_, end) = commands(&[b"*0000000000"], limits);
    assert_eq!(end.unwrap().to_string(), "ERR Protocol error: too big mbulk count string");
    let (_, end) = commands(&[b"*1\r\n$000000000"], limits);
    assert_eq!(end.unwrap().to_string(), "ERR Protocol error: too big bulk count string");
    assert_eq!(replies(&[b"*1\r\n*1\r\n*1\r\n"], limits).1, Some(InvalidReply::TooMuch));
    assert_eq!(replies(&[b"*3\r\n"], limits).1, Some(InvalidReply::TooMuch));

    let many = Limits { array: 1_000, ..limits };
    let flood = [&b"*900\r\n"[..], &b"$0\r\n\r\n".repeat(800)].concat();
    assert_eq!(commands(&[&flood], many).1, Some(ProtocolError::TooMuch));
    let flood = [&b"*900\r\n"[..], &b"_\r\n".repeat(800)].concat();
    assert_eq!(replies(&[&flood], many).1, Some(InvalidReply::TooMuch));
}

#[test]
fn a_line_of_a_reply_ends_as_it_has_to() {
    for bytes in [&b"+a\nb\r\n"[..], b"+a\rb", b"+a\r\r\n", b"\r\n", b"*1\n\r\n", b">0\r\n"] {
        let (all, failure) = replies(&[bytes], Limits::default());
        assert_eq!((all, failure), (Vec::new(), Some(InvalidReply::Unknown)), "{bytes:?}");
    }
}

#[test]
fn what_only_resp3_has_is_read_as_resp2_has_it() {
    let text = |text: &str| Reply::Bulk(Blob::from(text));
    for (bytes, expected) in [
        (&b",1.5\r\n"[..], text("1.5")),
        (b"(123\r\n", text("123")),
        (b"#f\r\n", Reply::Integer(0)),
        (b"=7\r\ntxt:abc\r\n", text("abc")),
        (b"!5\r\nERR a\r\n", Reply::Error(ErrorReply::new(b"ERR a"))),
        (b"~1\r\n:1\r\n", Reply::Array(vec![Reply::Integer(1)])),
        (b"%1\r\n:1\r\n:2\r\n", Reply::Array(vec![Reply::Integer(1), Reply::Integer(2)])),
        (b"*1\r\n|1\r\n+ttl\r\n:3\r\n:9\r\n", Reply::Array(vec![Reply::Integer(9)])),
        (b"*-1\r\n", Reply::Nil),
    ] {
        assert_eq!(replies(&[bytes], Limits::default()), (vec![Incoming::Reply(expected)], None));
    }
    let push = Incoming::Push(vec![Reply::Integer(1)]);
    assert_eq!(replies(&[b">1\r\n:1\r\n"], Limits::default()), (vec![push], None));
}
