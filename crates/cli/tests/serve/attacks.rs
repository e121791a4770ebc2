//! Clients that ask for more than they are going to be sent, or for more than their share of time.
//! The server takes no more memory than it may, and others hardly notice.

use std::io::{Read as _, Write as _};

use redis::Reply;
use redis::resp::encode_command;

use crate::client::{Client, bulk};
use crate::innocent::latency_is_low_during;
use crate::server::Server;

/// The most memory that it may ever have had, in bytes: twice what its data may take.
const PEAK: u64 = 512 << 20;

fn start() -> Server {
    let server = Server::start(&[]);
    assert_eq!(server.connect().call("CONFIG SET maxmemory 256mb"), Reply::ok());
    server
}

#[track_caller]
fn assert_peak(server: &mut Server) {
    assert!(server.process.is_running());
    assert_eq!(server.connect().call("PING"), Reply::Status("PONG".into()));
    if let Some(peak) = server.process.peak_memory() {
        assert!(peak <= PEAK, "{} MiB", peak >> 20);
    }
}

/// Sends this, and reads nothing before the server has hung up, or `len` bytes have come.
fn received(client: &mut Client, bytes: &[u8], len: usize) -> usize {
    // The server may hang up before it has read all of them.
    let _ = client.stream.write_all(bytes);
    let mut got = 0;
    let mut some = vec![0; 1 << 20];
    while got < len {
        match client.stream.read(&mut some) {
            Ok(more @ 1..) => got += more,
            Ok(0) | Err(_) => break,
        }
    }
    got
}

fn command(words: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_command(&words.iter().copied().map(redis::Blob::from).collect::<Vec<_>>(), &mut bytes);
    bytes
}

fn transaction(command: &[u8], times: usize) -> Vec<u8> {
    [b"MULTI\r\n".to_vec(), command.repeat(times), b"EXEC\r\n".to_vec()].concat()
}

/// A string of so many MiB.
fn set_large(server: &Server, mib: usize) {
    let large = "x".repeat(mib << 20);
    assert_eq!(server.connect().call(&format!("SET large {large}")), Reply::ok());
}

/// Collections of so many thousands of elements.
fn fill(server: &Server, thousands: u32) {
    let mut client = server.connect();
    for start in 0..thousands {
        let names = (0..1_000).map(|number| format!("m{}", start * 1_000 + number));
        let names: Vec<String> = names.collect();
        let pairs: Vec<String> = names.iter().map(|name| format!("1 {name}")).collect();
        for line in [
            format!("SADD set {}", names.join(" ")),
            format!("RPUSH list {}", names.join(" ")),
            format!("HSET hash {}", pairs.join(" ")),
            format!("HSET hash {} 1", names.join(" 1 ")),
            format!("ZADD zset {}", pairs.join(" ")),
        ] {
            assert_eq!(client.call(&line).as_error(), None);
        }
    }
}

/// The client is hung up on, with nothing sent but what `MULTI` and the queued commands say.
#[track_caller]
fn assert_hung_up(server: &mut Server, what: &str, bytes: &[u8]) {
    let queued = bytes.windows(2).filter(|end| *end == b"\r\n").count() * 16;
    let got = received(&mut server.connect(), bytes, usize::MAX);
    assert!(got <= queued, "{what}: {got} bytes");
    assert_peak(server);
}

#[test]
fn who_asks_for_a_large_value_many_times_is_hung_up_on() {
    let mut server = start();
    set_large(&server, 100);
    let keys = ["large"; 200];
    let mget = command(&[&["MGET"][..], &keys].concat());
    assert_hung_up(&mut server, "MGET", &mget);
    assert_hung_up(&mut server, "EXEC", &transaction(b"GET large\r\n", 2_000));
    assert_hung_up(&mut server, "GETRANGE", &transaction(b"GETRANGE large 1 -2\r\n", 2_000));
    assert_hung_up(&mut server, "part", &transaction(b"GETRANGE large 0 9999999\r\n", 2_000));
    let script = "local s = redis.call('GETRANGE', 'large', 0, 99999) local t = {} \
                  for i = 1, 60000 do t[i] = s end return t";
    assert_hung_up(&mut server, "EVAL", &command(&["EVAL", script, "0"]));
    let nested = "local t = {} for i = 1, 400 do t[i] = 'x' end local u = {} \
                  for i = 1, 400 do u[i] = t end local v = {} \
                  for i = 1, 400 do v[i] = u end return v";
    assert_hung_up(&mut server, "nested", &command(&["EVAL", nested, "0"]));
    // What may be sent is.
    let mut client = server.connect();
    let one = (100 << 20) + 14;
    assert_eq!(received(&mut client, b"GET large\r\n", one), one);
    assert_peak(&mut server);
}

#[test]
fn who_asks_for_a_large_reply_by_few_words_is_hung_up_on() {
    let mut server = start();
    fill(&server, 20);
    for (line, times) in [
        ("HRANDFIELD hash -1000000 WITHVALUES", 4),
        ("SRANDMEMBER set -1000000", 8),
        ("ZRANDMEMBER zset -1000000 WITHSCORES", 4),
        ("LRANGE list 0 -1", 320),
        ("SMEMBERS set", 320),
        ("SSCAN set 0 COUNT 1000000", 320),
        ("HGETALL hash", 180),
        ("ZRANGE zset 0 -1 WITHSCORES", 180),
    ] {
        let often = transaction(format!("{line}\r\n").as_bytes(), times);
        assert_hung_up(&mut server, line, &often);
    }
    for count in ["-100000000", "-4611686018427387903"] {
        let alone = command(&["HRANDFIELD", "hash", count, "WITHVALUES"]);
        assert_hung_up(&mut server, count, &alone);
        assert_hung_up(&mut server, count, &command(&["SRANDMEMBER", "set", count]));
        assert_hung_up(&mut server, count, &command(&["ZRANDMEMBER", "zset", count]));
    }
    let names = vec!["client"; 400_000];
    let info = command(&[&["COMMAND", "INFO"][..], &names].concat());
    assert_hung_up(&mut server, "COMMAND INFO", &info);
    let refused = server.connect().call("HRANDFIELD hash -4611686018427387904 WITHVALUES");
    assert_eq!(refused.as_error().unwrap().to_string(), "ERR value is out of range");
    let mut sure = server.connect();
    let Reply::Array(million) = sure.call("SRANDMEMBER set -100000") else { panic!("an array") };
    assert_eq!(million.len(), 100_000, "what is not too much is sent");
}

#[test]
fn picks_that_are_too_many_take_no_memory() {
    let mut server = start();
    assert_eq!(server.connect().call("HSET hash f v"), Reply::Integer(1));
    assert_eq!(server.connect().call("SADD set m"), Reply::Integer(1));
    assert_eq!(server.connect().call("ZADD zset 1 m"), Reply::Integer(1));
    let before = server.process.memory();
    for line in ["HRANDFIELD hash", "SRANDMEMBER set", "ZRANDMEMBER zset"] {
        for count in ["-1000000000", "-4611686018427387903"] {
            let line = format!("{line} {count}\r\n");
            assert_eq!(received(&mut server.connect(), line.as_bytes(), usize::MAX), 0, "{line}");
        }
    }
    assert_peak(&mut server);
    if let (Some(before), Some(peak)) = (before, server.process.peak_memory()) {
        assert!(peak < before + (8 << 20), "from {before} to {peak} bytes");
    }
}

/// Sets that fill most of the memory.
fn fill_sets(server: &Server) {
    let mut client = server.connect();
    for start in 0..300 {
        let names =
            (0..3_000).map(|number| format!("{}{}", "y".repeat(120), start * 3_000 + number));
        let names: Vec<String> = names.collect();
        assert_eq!(client.call(&format!("SADD set {}", names.join(" "))), Reply::Integer(3_000));
    }
}

#[test]
fn large_sets_that_are_put_together_or_popped_take_no_more_memory_than_a_reply_may() {
    let mut server = start();
    fill_sets(&server);
    for line in ["SUNION set set", "SINTER set set", "ZUNION 2 set set", "ZINTER 2 set set"] {
        assert_hung_up(&mut server, line, format!("{line}\r\n").as_bytes());
    }
    for line in ["SPOP set 900000", "SMEMBERS set", "SDIFF set none", "ZDIFF 2 set none"] {
        assert_hung_up(&mut server, line, format!("{line}\r\n").as_bytes());
    }
    let mut client = server.connect();
    assert_eq!(client.call("SCARD set"), Reply::Integer(900_000));
    for line in [
        "SUNIONSTORE other set set",
        "SINTERSTORE other set set",
        "SDIFFSTORE other set none",
        "ZUNIONSTORE other 2 set set",
        "ZINTERSTORE other 2 set set",
        "ZDIFFSTORE other 2 set none",
    ] {
        let refused = client.call(line);
        assert_eq!(refused.as_error().map(|error| error.code()), Some(&b"OOM"[..]), "{line}");
    }
    assert_eq!(client.call("SINTERCARD 2 set set"), Reply::Integer(900_000));
    assert_eq!(client.call("ZINTERCARD 2 set set LIMIT 5"), Reply::Integer(5));
    assert_peak(&mut server);
}

#[test]
fn a_large_list_is_changed_where_it_is() {
    let mut server = start();
    let mut client = server.connect();
    let many = "a ".repeat(9_999) + "z";
    for _ in 0..240 {
        assert!(client.call(&format!("RPUSH list {many}")).as_error().is_none());
    }
    assert_eq!(client.call("LINSERT list BEFORE z b"), Reply::Integer(2_400_001));
    assert_eq!(client.call("LREM list -3 z"), Reply::Integer(3));
    assert_eq!(client.call("LINDEX list -1"), bulk("a"));
    assert_peak(&mut server);
}

#[test]
fn what_clients_keep_for_themselves_is_bounded() {
    let mut server = start();
    let long = server.connect().call(&format!("CLIENT SETNAME {}", "n".repeat((64 << 10) + 1)));
    let refused = "ERR Client names cannot be longer than 65536 bytes.";
    assert_eq!(long.as_error().unwrap().to_string(), refused);
    let clients: Vec<Client> = (0..400)
        .map(|_| {
            let mut client = server.connect();
            assert_eq!(
                client.call(&format!("CLIENT SETNAME {}", "n".repeat(64 << 10))),
                Reply::ok()
            );
            client
        })
        .collect();
    let Reply::Bulk(list) = server.connect().call("CLIENT LIST") else { panic!("a text") };
    assert!(list.len() > 400 << 16);
    let ids = "1 ".repeat(10_000);
    let list = format!("CLIENT LIST ID {}\r\n", ids.trim_end());
    assert_hung_up(
        &mut server,
        "CLIENT LIST ID",
        &command(&list.trim().split(' ').collect::<Vec<_>>()),
    );
    drop(clients);
    let mut clients: Vec<Client> = (0..6).map(|_| server.connect()).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        for part in 0..4 {
            let names = (0..100_000).map(|key| format!("w{number}:{}", part * 100_000 + key));
            let line: Vec<String> = ["WATCH".to_owned()].into_iter().chain(names).collect();
            // Those for whom there is no memory are hung up on.
            let _ = client
                .stream
                .write_all(&command(&line.iter().map(|word| &**word).collect::<Vec<_>>()));
            received(client, b"", 5);
        }
    }
    assert_peak(&mut server);
}

#[test]
fn sets_that_are_not_sorted_are_not_sorted_all_at_once() {
    let mut server = start();
    fill(&server, 20);
    let mut client = server.connect();
    assert_eq!(client.call("SADD few m1 m2"), Reply::Integer(2));
    for name in ["ZINTERSTORE", "ZDIFFSTORE"] {
        let mut line = vec![name, "all", "400", "few"];
        line.extend(["set"; 399]);
        client.stream.write_all(&command(&line)).unwrap();
        let len = if name == "ZINTERSTORE" { 2 } else { 0 };
        assert_eq!(client.receive().unwrap(), Some(Reply::Integer(len)));
    }
    assert_peak(&mut server);
}

#[test]
fn a_string_grows_no_further_than_there_is_memory() {
    let mut server = start();
    let mut client = server.connect();
    let error = |reply: Reply| reply.as_error().map(|error| error.code().to_vec());
    assert_eq!(error(client.call("SETRANGE a 536870900 x")), Some(b"OOM".to_vec()));
    assert_eq!(client.call("EXISTS a"), Reply::Integer(0));
    assert_eq!(client.call("SETRANGE a 104857599 x"), Reply::Integer(100 << 20));
    assert_eq!(error(client.call("SETRANGE a 367001599 x")), Some(b"OOM".to_vec()));
    let more = "y".repeat(50 << 20);
    assert_eq!(client.call(&format!("APPEND a {more}")), Reply::Integer(150 << 20));
    assert_eq!(client.call(&format!("APPEND a {more}")), Reply::Integer(200 << 20));
    drop(client);
    let mut client = server.connect();
    for times in 1..=1_000 {
        assert_eq!(client.call("APPEND a z"), Reply::Integer((200 << 20) + times));
    }
    assert_eq!(client.call("GETRANGE a 104857598 104857601"), bulk("\0xyy"));
    assert_peak(&mut server);
}

#[test]
fn who_leaves_most_unread_is_hung_up_on() {
    let mut server = start();
    let mut patient = server.connect();
    let mut clients = Vec::new();
    for _ in 0..30 {
        set_large(&server, 20);
        let mut client = server.connect();
        client.send("GET large").unwrap();
        clients.push(client);
        // Now only the client that does not read it has it.
        assert_eq!(patient.call("DEL large"), Reply::Integer(1));
    }
    assert_peak(&mut server);
}

#[test]
fn large_replies_that_are_not_read_delay_no_other_client() {
    let start = || {
        let server = start();
        set_large(&server, 10);
        server
    };
    latency_is_low_during(start, |server| {
        let mut clients: Vec<Client> = (0..300).map(|_| server.connect()).collect();
        for _ in 0..2 {
            for client in &mut clients {
                // Those for whom there is no memory are hung up on.
                let _ = client.stream.write_all(b"GET large\r\n");
            }
        }
        crate::lifecycle::wait(300);
        assert_peak(server);
    });
}

#[test]
fn large_replies_that_are_read_delay_no_other_client() {
    let start = || {
        let server = start();
        fill(&server, 20);
        server
    };
    latency_is_low_during(start, |server| {
        let mut clients: Vec<Client> = (0..30).map(|_| server.connect()).collect();
        for client in &mut clients {
            client.stream.write_all(&b"LRANGE list 0 -1\r\n".repeat(10)).unwrap();
        }
        for client in &mut clients {
            received(client, b"", 2 << 20);
        }
        assert_peak(server);
    });
}

#[test]
fn many_clients_with_much_to_do_delay_no_other_client() {
    let start = || {
        let server = start();
        fill(&server, 1);
        server
    };
    latency_is_low_during(start, |server| {
        let mut clients: Vec<Client> = (0..300).map(|_| server.connect()).collect();
        for client in &mut clients {
            client.stream.write_all(&b"SUNIONSTORE copy set\r\n".repeat(40)).unwrap();
        }
        for client in &mut clients {
            received(client, b"", 40 * b":1000\r\n".len());
        }
    });
}
