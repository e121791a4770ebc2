//! Malformed commands: compares the replies, and whether the server closes the connection.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;

use proptest::prelude::*;
use redis::resp::{CommandDecoder, Limits, Protocol, ProtocolError, encode_reply};
use redis::{Database, Reply, UnixTime};

use crate::server::Server;

/// The replies of the in-memory server, until it closes the connection or waits for more bytes.
fn in_memory(mut bytes: &[u8]) -> Vec<u8> {
    let mut decoder = CommandDecoder::new(Limits::default());
    let mut database = Database::default();
    let mut out = Vec::new();
    let end = loop {
        match decoder.decode(&mut bytes) {
            Ok(Some(line)) => {
                let reply = database.call(UnixTime::default(), &line);
                encode_reply(&reply, Protocol::Resp2, &mut out);
            }
            Ok(None) => return out,
            Err(end) => break end,
        }
    };
    if let ProtocolError::Refused(error) = end {
        encode_reply(&Reply::Error(error), Protocol::Resp2, &mut out);
    }
    out
}

/// The replies of the real server. The connection is half-closed after the bytes, because the
/// server would otherwise wait for more.
fn real(server: &Server, bytes: &[u8]) -> Vec<u8> {
    let mut stream = server.open();
    // The server may close the connection before it has read all bytes.
    let sent = stream.write_all(bytes).and_then(|()| stream.shutdown(Shutdown::Write));
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    assert!(!answer.is_empty() || sent.is_ok() || read.is_err());
    answer
}

#[test]
#[expect(clippy::print_stdout, reason = "the output shows that nothing was compared")]
fn malformed_bytes_are_refused_as_redis_refuses_them() {
    let Some(server) = Server::start() else {
        println!("skipped: there is no redis-server on this machine");
        return;
    };
    let long = "x".repeat(70_000);
    let word_of = |bytes: &[u8]| [b"*1\r\n$", bytes].concat();
    for bytes in [
        b"PING\r\nPING\n\r\n\n   \r\nPING 'a b'\r\n".to_vec(),
        b"PING \"\\x41\\n\\q\\xzz\\x4\"\r\n".to_vec(),
        b"PING a\"b c\"\r\nPING 'it\\'s\\n'\r\nPING \x0b\x0ca\x0bb\r\n".to_vec(),
        b"PING \"a\"\x0b'b'\r\n".to_vec(),
        b"PING \"a\"b\r\nPING\r\n".to_vec(),
        b"PING 'a'b\r\n".to_vec(),
        b"PING \"a\r\n".to_vec(),
        b"PING 'a\r\n".to_vec(),
        b"PING \"a\\\"\r\n".to_vec(),
        b"PING \"\" ''\r\n".to_vec(),
        b"PING\0\r\nPING\r\n".to_vec(),
        b"PING\r \n".to_vec(),
        long.as_bytes().to_vec(),
        [b"PING \0", long.as_bytes(), b"\r\n"].concat(),
        b"*-1\r\n*0\r\nPING\r\n".to_vec(),
        b"*-9999999999\r\nPING\r\n".to_vec(),
        b"*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPING\n\n".to_vec(),
        b"*1\rx$4\ryPING\r\n".to_vec(),
        b"*\r\nPING\r\n".to_vec(),
        b"*a\r\n".to_vec(),
        b"*01\r\n".to_vec(),
        b"*+1\r\n".to_vec(),
        b"*-0\r\n".to_vec(),
        b"* 1\r\n".to_vec(),
        b"*1 \r\n".to_vec(),
        b"*1\n$4\r\nPING\r\n".to_vec(),
        b"*1\0\r\n".to_vec(),
        b"*2147483648\r\n".to_vec(),
        b"*2147483647\r\n".to_vec(),
        b"*1048577\r\n".to_vec(),
        b"*9223372036854775808\r\n".to_vec(),
        [b"*1", long.as_bytes()].concat(),
        [b"*1\r\n$1", long.as_bytes()].concat(),
        b"*1\r\nPING\r\n".to_vec(),
        b"*1\r\n:4\r\nPING\r\n".to_vec(),
        b"*1\r\n\r\n".to_vec(),
        b"*1\r\n\n\r\n".to_vec(),
        b"*1\r\n\xff\r\n".to_vec(),
        b"*1\r\n\0\r\n".to_vec(),
        word_of(b"\r\n"),
        word_of(b"-1\r\n"),
        word_of(b"-0\r\n"),
        word_of(b"04\r\nPING\r\n"),
        word_of(b"4 \r\nPING\r\n"),
        word_of(b"536870912\r\n"),
        word_of(b"536870913\r\n"),
        word_of(b"99999999999999999999\r\n"),
        b"*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPONG\r\n*1\r\nx\r\nPING\r\n".to_vec(),
        b"*2\r\n$4\r\nPING\r\n$0\r\n\r\n".to_vec(),
        b"*1\r\n$0\r\n\r\n".to_vec(),
    ] {
        let shown = bytes[..bytes.len().min(60)].escape_ascii();
        let (expected, got) = (real(&server, &bytes), in_memory(&bytes));
        let (expected, got) = (expected.escape_ascii(), got.escape_ascii());
        assert_eq!(expected.to_string(), got.to_string(), "{shown}");
    }
}

/// Pieces of the protocol in any order.
fn jumble() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "*1\r\n",
        "*2\r\n",
        "*0\r\n",
        "*-1\r\n",
        "*",
        "$4\r\nPING\r\n",
        "$1\r\na\r\n",
        "$0\r\n\r\n",
        "$",
        "PING",
        "PING\r\n",
        "ECHO ",
        "a",
        " ",
        "'",
        "\"",
        "\\",
        "\\x41",
        "\\x4",
        "\r\n",
        "\r",
        "\n",
        "\0",
        "\u{b}",
        "1",
        "-",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat().into_bytes())
}

#[test]
fn jumbled_bytes_get_the_answers_that_redis_gives() {
    let Some(server) = Server::start() else {
        return;
    };
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) };
    proptest!(config, |(bytes in jumble())| {
        prop_assert_eq!(
            real(&server, &bytes).escape_ascii().to_string(),
            in_memory(&bytes).escape_ascii().to_string()
        );
    });
}
