//! Hostile clients are refused or bounded, and do not affect other clients.

use std::io::{Read as _, Write as _};

use redis::Reply;

use crate::client::Client;
use crate::lifecycle::wait;
use crate::server::Server;

/// How much memory it may have more after all this, in bytes.
const GROWTH: u64 = 24 << 20;

/// What a connection gets that sends these bytes, until the server hangs up or `len` have come.
fn answer(server: &Server, bytes: &[u8], len: usize) -> String {
    let mut stream = server.connect().stream;
    // The server may hang up before it has read all of them.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let mut some = [0; 1 << 10];
    while answer.len() < len {
        match stream.read(&mut some) {
            Ok(got @ 1..) => answer.extend_from_slice(&some[..got]),
            Ok(0) | Err(_) => break,
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

#[track_caller]
fn assert_flat(server: &mut Server, before: Option<u64>) {
    assert!(server.process.is_running());
    assert_eq!(server.connect().call("PING"), Reply::Status("PONG".into()));
    if let (Some(before), Some(after)) = (before, server.process.memory()) {
        assert!(after < before + GROWTH, "from {before} to {after} bytes");
    }
}

#[test]
fn garbage_is_refused() {
    let mut server = Server::start(&[]);
    let before = server.process.memory();
    let error = "-ERR Protocol error: ";
    let garbage: Vec<u8> =
        (0..1_000_000u32).map(|n| (n.wrapping_mul(2_654_435_769) >> 24) as u8).collect();
    for _ in 0..20 {
        answer(&server, &garbage, usize::MAX);
    }
    for bytes in [&b"*-x\r\n"[..], b"*1\r\n$-1\r\n", b"PING '\r\n", &[b'x'; 200_000]] {
        assert!(answer(&server, bytes, usize::MAX).starts_with(error));
    }
    assert_eq!(answer(&server, b"POST / HTTP/1.1\r\nHost: here\r\n\r\n", usize::MAX), "");
    // Arrays within an array are no command, however deep.
    let nested = "*1\r\n".repeat(100_000);
    assert!(answer(&server, nested.as_bytes(), usize::MAX).starts_with(error));
    assert_flat(&mut server, before);
}

#[test]
fn what_is_only_announced_takes_no_memory() {
    let mut server = Server::start(&[]);
    let before = server.process.memory();
    let mut waiting = Vec::new();
    for _ in 0..100 {
        for bytes in [
            &b"*2\r\n$3\r\nGET\r\n$512000000\r\n"[..],
            b"*2147483647\r\n",
            b"*2147483647\r\n$512000000\r\nxyz",
        ] {
            let mut client = server.connect();
            client.stream.write_all(bytes).unwrap();
            waiting.push(client);
        }
    }
    assert_flat(&mut server, before);
    assert!(answer(&server, b"*1\r\n$512000000000\r\n", usize::MAX).contains("invalid bulk"));
}

#[test]
fn half_open_and_slow_connections_do_not_hold_up_the_others() {
    let mut server = Server::start(&[]);
    let before = server.process.memory();
    let idle: Vec<Client> = (0..400).map(|_| server.connect()).collect();
    let mut slow: Vec<Client> = (0..50).map(|_| server.connect()).collect();
    for byte in b"*2\r\n$4\r\nECHO\r\n$2\r\nab\r\n" {
        for client in &mut slow {
            client.stream.write_all(&[*byte]).unwrap();
        }
        assert_eq!(server.connect().call("PING"), Reply::Status("PONG".into()));
    }
    for client in &mut slow {
        assert_eq!(client.receive().unwrap(), Some(Reply::Bulk("ab".into())));
    }
    assert_flat(&mut server, before);
    drop(idle);
}

#[test]
fn who_does_not_read_is_dropped() {
    let mut server = Server::start(&["--metrics", "100ms"]);
    let mut client = server.connect();
    let large = "x".repeat(1 << 20);
    assert_eq!(client.call(&format!("SET large {large}")), Reply::ok());
    // More than the server keeps, and than the system's buffers hold.
    let flood = "GET large\r\n".repeat(400);
    let _ = client.stream.write_all(flood.as_bytes());
    let mut other = server.connect();
    assert_eq!(other.call("PING"), Reply::Status("PONG".into()));
    // It reads nothing for as long as the server still has it.
    let is_alone =
        |list: Reply| matches!(list, Reply::Bulk(list) if list.to_string().lines().count() == 1);
    (0..600).take_while(|_| !is_alone(other.call("CLIENT LIST"))).for_each(|_| wait(50));
    // By then the server has said so.
    wait(300);
    let mut got = 0;
    let mut some = vec![0; 1 << 16];
    while let Ok(len @ 1..) = client.stream.read(&mut some) {
        got += len;
    }
    assert!(got < 400 << 20, "it was not dropped");
    assert_flat(&mut server, Some(64 << 20));
    let (_, said) = server.process.end("TERM");
    assert!(said.contains("1 dropped"), "{said}");
}
