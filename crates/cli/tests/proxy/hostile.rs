//! Input that no client should send.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;

use redis::Reply;

use crate::client::bulk;
use crate::imposter::Imposter;
use crate::proxy::{Proxy, until};
use crate::upstream::Upstream;

/// What comes back before the connection is closed.
fn reply_to(proxy: &Proxy, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(proxy.address).unwrap();
    stream.write_all(bytes).unwrap();
    let mut said = Vec::new();
    match stream.read_to_end(&mut said) {
        Ok(_) => {}
        // It was closed with bytes unread.
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
    }
    String::from_utf8_lossy(&said).into_owned()
}

#[test]
fn what_is_no_command_is_answered_with_an_error() {
    let Some(upstream) = Upstream::start() else { return };
    let proxy = Proxy::start(upstream.address, &[]);
    for (bytes, expected) in [
        (&b"*1\r\n:1\r\n"[..], "-ERR Protocol error: expected '$', got ':'\r\n"),
        (b"*99999999999\r\n", "-ERR Protocol error: invalid multibulk length\r\n"),
        (b"*1\r\n$-5\r\n", "-ERR Protocol error: invalid bulk length\r\n"),
        (b"SET k \"v\r\n", "-ERR Protocol error: unbalanced quotes in request\r\n"),
        (b"SET a b\r\n*1\r\nx\r\n", "+OK\r\n-ERR Protocol error: expected '$', got 'x'\r\n"),
    ] {
        assert_eq!(reply_to(&proxy, bytes), expected, "{:?}", bytes.escape_ascii().to_string());
    }
    assert_eq!(proxy.metric("protocol_errors_total"), 5);
    assert_eq!(proxy.connect().call("GET a"), bulk("b"));
}

#[test]
fn noise_hurts_no_other_client() {
    let Some(upstream) = Upstream::start() else { return };
    let proxy = Proxy::start(upstream.address, &[]);
    let mut number = 1_u64;
    for _ in 0..200 {
        let mut stream = TcpStream::connect(proxy.address).unwrap();
        let bytes: Vec<u8> = (0..200)
            .map(|_| {
                number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let byte = (number >> 40) as u8;
                // Some that mean something, more often than by chance.
                if byte < 128 { b"*$123\r\nGETSkv \"'"[usize::from(byte) % 16] } else { byte }
            })
            .collect();
        stream.write_all(&bytes).ok();
    }
    let mut client = proxy.connect();
    assert_eq!(client.call("SET k v"), Reply::ok());
    assert_eq!(client.call("GET k"), bulk("v"));
    until("all have gone", || proxy.metric("clients") == 1);
    assert_eq!(proxy.metric("upstream_losses_total"), 0);
}

#[test]
fn sizes_that_are_only_announced_take_no_memory() {
    let Some(upstream) = Upstream::start() else { return };
    let proxy = Proxy::start(upstream.address, &[]);
    let streams: Vec<TcpStream> = (0..100)
        .map(|_| {
            let mut stream = TcpStream::connect(proxy.address).unwrap();
            stream.write_all(b"*1000000\r\n$3\r\nSET\r\n$500000000\r\nab").unwrap();
            stream
        })
        .collect();
    until("all are received", || proxy.metric("client_memory_bytes") > 0);
    assert!(
        proxy.process.memory().is_none_or(|bytes| bytes < 64 << 20),
        "{:?}",
        proxy.process.memory()
    );
    drop(streams);
    until("all have gone", || proxy.metric("clients") == 0);
    until("all is given back", || proxy.metric("client_memory_bytes") == 0);
}

#[test]
fn who_asks_for_much_and_reads_nothing_is_served_in_bounds() {
    let Some(upstream) = Upstream::start() else { return };
    let proxy = Proxy::start(upstream.address, &[]);
    let mut client = proxy.connect();
    let value = "x".repeat(1 << 16);
    assert_eq!(client.call(&format!("SET large {value}")), Reply::ok());
    let mut greedy = TcpStream::connect(proxy.address).unwrap();
    greedy.write_all("GETRANGE large 0 -1\r\n".repeat(1_000).as_bytes()).unwrap();
    // Others are served meanwhile.
    assert_eq!(client.call("STRLEN large"), Reply::Integer(1 << 16));
    let expected = 1_000 * (value.len() + "$65536\r\n\r\n".len());
    let (mut seen, mut buffer) = (0, vec![0; 1 << 16]);
    while seen < expected {
        seen += greedy.read(&mut buffer).unwrap();
    }
    assert_eq!(seen, expected);
}

#[test]
fn thousands_of_connections_come_and_go() {
    let Some(upstream) = Upstream::start() else { return };
    let mut proxy = Proxy::start(upstream.address, &["--maxclients", "500"]);
    assert_eq!(proxy.connect().call("SET k v"), Reply::ok());
    let before = proxy.process.memory();
    for _ in 0..6 {
        let streams: Vec<TcpStream> = (0..1_000)
            .map(|_| {
                let mut stream = TcpStream::connect(proxy.address).unwrap();
                // Half of a command. The proxy may already have closed a refused connection.
                stream.write_all(b"*2\r\n$3\r\nGET\r\n$1\r\n").ok();
                stream
            })
            .collect();
        until("all are received", || proxy.metric("clients") == 500);
        drop(streams);
        until("all have gone", || proxy.metric("clients") == 0);
    }
    assert!(proxy.metric("clients_turned_away_total") >= 3_000, "{}", proxy.metrics());
    assert_eq!(proxy.connect().call("GET k"), bulk("v"));
    if let (Some(before), Some(after)) = (before, proxy.process.memory()) {
        assert!(after < before + (16 << 20), "from {before} to {after} bytes");
    }
    assert!(proxy.process.is_running());
}

/// The reply to a client whose command the server answers with these bytes.
fn told_of(bytes: &'static [u8]) -> String {
    let imposter = Imposter::start(|line| match line {
        "INCR n" => b":1\r\n".to_vec(),
        _ => bytes.to_vec(),
    });
    let proxy = Proxy::start(imposter.address, &["--timeout", "200ms"]);
    let mut client = proxy.connect();
    client.stream.write_all(b"GET k\r\n").unwrap();
    let mut said = vec![0; 256];
    let len = client.stream.read(&mut said).unwrap_or_default();
    // It connects again, and others are served.
    until("it is lost", || proxy.metric("upstream_losses_total") > 0);
    until("it is found again", || proxy.metric("upstream_up") == 1);
    assert_eq!(proxy.connect().call("INCR n"), Reply::Integer(1));
    assert!(proxy.process.memory().is_none_or(|bytes| bytes < 64 << 20));
    assert_eq!(proxy.metric("entries"), 0);
    String::from_utf8_lossy(&said[..len]).into_owned()
}

#[test]
fn a_server_that_makes_no_sense_is_hung_up_on() {
    let lost = "-ERR the upstream was lost before it replied\r\n";
    assert_eq!(told_of(b"\x16\x03\x01 nonsense\r\n"), lost);
    assert_eq!(told_of(b"$99999999999999999999\r\n"), lost);
    // A reply that is announced takes no memory. Who has got a part of it is hung up on.
    assert_eq!(told_of(b"$536870912\r\nab"), "$536870912\r\nab");
}

#[test]
fn who_does_not_read_is_hung_up_on_before_that_takes_memory() {
    let Some(upstream) = Upstream::start() else { return };
    let mut proxy = Proxy::start(upstream.address, &[]);
    let large = "x".repeat(8 << 20);
    let mut owner = proxy.connect();
    assert_eq!(owner.call(&format!("SET large {large}")), Reply::ok());
    assert_eq!(owner.call("GET large"), bulk(&large));
    until("it is kept", || proxy.metric("entries") == 1);
    // From the cache, and from the server.
    let many = format!("MGET{}\r\n", " large".repeat(40));
    for (dropped, line) in [(1, "GET large\r\n".repeat(300)), (2, many)] {
        let mut client = proxy.connect();
        client.stream.write_all(line.as_bytes()).unwrap();
        until("it is dropped", || proxy.metric("clients_dropped_total") == dropped);
        assert_eq!(owner.call("GET large"), bulk(&large));
    }
    // What is read is sent, without a copy of each.
    let mut reader = proxy.connect();
    reader.stream.write_all("GET large\r\n".repeat(20).as_bytes()).unwrap();
    let mut some = vec![0; 1 << 20];
    let mut left = 20 * (large.len() + 12);
    while left > 0 {
        left -= reader.stream.read(&mut some).unwrap();
    }
    assert!(proxy.process.is_running());
    assert!(proxy.process.peak_memory().is_none_or(|bytes| bytes <= 512 << 20));
}
