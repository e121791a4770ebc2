//! What happens to single commands.

use std::io::Write as _;
use std::net::Shutdown;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use redis::{ErrorReply, Reply};

use crate::client::{Client, bulk};
use crate::imposter::Imposter;
use crate::proxy::{Proxy, until};
use crate::upstream::Upstream;

fn error_of(reply: &Reply) -> String {
    match reply {
        Reply::Error(error) => error.to_string(),
        other => panic!("no error: {other:?}"),
    }
}

/// What `redis-cli` says that is handed these lines; `None` if there is none.
fn redis_cli(proxy: &Proxy, lines: &str) -> Option<String> {
    let spawned = Command::new("redis-cli")
        .args(["-p", &proxy.address.port().to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = spawned.ok()?;
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn redis_cli_is_served_and_gets_an_error_when_the_server_is_lost() {
    let Some(mut upstream) = Upstream::start() else { return };
    let proxy = Proxy::start(upstream.address, &[]);
    let Some(said) = redis_cli(&proxy, "PING\nGET k\nSET k v\nGET k\nGET k\nNONSENSE a\n") else {
        return;
    };
    let unknown = "ERR unknown command 'NONSENSE', with args beginning with: 'a' \n\n";
    assert_eq!(said, format!("PONG\n\nOK\nv\nv\n{unknown}"));
    assert_eq!((proxy.metric("hits_total"), proxy.metric("misses_total")), (1, 2));

    upstream.kill();
    until("the loss is noticed", || proxy.metric("upstream_up") == 0);
    let said = redis_cli(&proxy, "PING\nGET k\nGET other\nSET k w\n").unwrap();
    let lost = format!(
        "ERR the upstream {} cannot be reached: this was not executed\n\n",
        upstream.address
    );
    assert_eq!(said, format!("PONG\nv\n{lost}{lost}"));
    assert_eq!(proxy.metric("hits_while_upstream_lost_total"), 1);
    // redis-cli asks what commands there are, too.
    assert!(proxy.metric("unreachable_total") >= 2, "{}", proxy.metrics());

    upstream.restart();
    until("it is found again", || proxy.metric("upstream_up") == 1);
    assert_eq!(redis_cli(&proxy, "SET k x\nGET k\nGET other\n").unwrap(), "OK\nx\n\n");
}

#[test]
fn the_old_value_is_not_served_once_a_client_may_have_seen_the_new_one() {
    let value = Arc::new(Mutex::new("old"));
    let reply_to_set = Arc::new(Mutex::new(()));
    let imposter = Imposter::start({
        let (value, reply_to_set) = (Arc::clone(&value), Arc::clone(&reply_to_set));
        move |line| match line {
            "GET k" => format!("$3\r\n{}\r\n", value.lock().unwrap()).into(),
            "MGET k" => format!("*1\r\n$3\r\n{}\r\n", value.lock().unwrap()).into(),
            "PTTL k" => b":-1\r\n".to_vec(),
            "SET k new" => {
                *value.lock().unwrap() = "new";
                drop(reply_to_set.lock().unwrap());
                b"+OK\r\n".to_vec()
            }
            _ => b":1\r\n".to_vec(),
        }
    });
    let proxy = Proxy::start(imposter.address, &[]);
    let [mut writer, mut apart, mut other] = [(); 3].map(|()| proxy.connect());
    assert_eq!(other.call("GET k"), bulk("old"));
    until("it is kept", || proxy.metric("fills_total") == 1);
    assert_eq!(apart.call("CLIENT ID"), Reply::Integer(1), "it has a connection of its own");

    let held_back = reply_to_set.lock().unwrap();
    writer.send("SET k new").unwrap();
    until("it is executed", || *value.lock().unwrap() == "new");
    assert_eq!(apart.call("MGET k"), Reply::Array(vec![bulk("new")]));
    other.send("GET k").unwrap();
    until("the server is asked", || proxy.metric("misses_total") == 2);
    drop(held_back);
    assert_eq!(other.receive().unwrap(), Some(bulk("new")));
    assert_eq!(writer.receive().unwrap(), Some(Reply::ok()));
    assert_eq!(proxy.metric("hits_total"), 0);
}

#[test]
fn what_a_client_reads_is_not_older_than_what_it_was_told_before() {
    let value = Arc::new(Mutex::new("old"));
    let reply_to_strlen = Arc::new(Mutex::new(()));
    let imposter = Imposter::start({
        let (value, reply_to_strlen) = (Arc::clone(&value), Arc::clone(&reply_to_strlen));
        move |line| match line {
            "GET k" => {
                let value = value.lock().unwrap();
                format!("${}\r\n{value}\r\n", value.len()).into()
            }
            "PTTL k" => b":-1\r\n".to_vec(),
            "STRLEN k" => {
                drop(reply_to_strlen.lock().unwrap());
                format!(":{}\r\n", value.lock().unwrap().len()).into()
            }
            "SET k renewed" => {
                *value.lock().unwrap() = "renewed";
                b"+OK\r\n".to_vec()
            }
            _ => b":1\r\n".to_vec(),
        }
    });
    let proxy = Proxy::start(imposter.address, &[]);
    let [mut reader, mut apart] = [(); 2].map(|()| proxy.connect());
    assert_eq!(reader.call("GET k"), bulk("old"));
    until("it is kept", || proxy.metric("fills_total") == 1);
    assert_eq!(apart.call("CLIENT ID"), Reply::Integer(1), "it has a connection of its own");

    let held_back = reply_to_strlen.lock().unwrap();
    reader.send("STRLEN k").unwrap();
    reader.send("GET k").unwrap();
    until("both are taken", || proxy.metric("hits_total") + proxy.metric("misses_total") == 2);
    assert_eq!(apart.call("SET k renewed"), Reply::ok());
    drop(held_back);
    assert_eq!(reader.receive().unwrap(), Some(Reply::Integer(7)));
    assert_eq!(reader.receive().unwrap(), Some(bulk("renewed")));
}

#[test]
fn what_is_written_elsewhere_is_seen_when_the_time_of_the_old_is_over() {
    let Some(upstream) = Upstream::start() else { return };
    let proxy = Proxy::start(upstream.address, &["--ttl", "500ms", "--period", "10ms"]);
    let (mut client, mut direct) = (proxy.connect(), upstream.connect());
    assert_eq!(client.call("SET k 123"), Reply::ok());
    assert_eq!(client.call("GET k"), bulk("123"));
    assert_eq!(direct.call("SET k 321"), Reply::ok());
    until("the new value is seen", || client.call("GET k") == bulk("321"));
    until("the redeemer comes", || proxy.metric("entries") == 0);
    assert!(proxy.metric("redeemed_total") + proxy.metric("misses_total") >= 2);
}

#[test]
fn what_expires_at_the_server_does_not_live_on_in_the_proxy() {
    let Some(upstream) = Upstream::start() else { return };
    let proxy = Proxy::start(upstream.address, &[]);
    let mut client = proxy.connect();
    assert_eq!(client.call("SET k v PX 1500"), Reply::ok());
    until("the value is kept", || {
        client.call("GET k") == Reply::Nil || proxy.metric("hits_total") > 0
    });
    until("it expires", || client.call("GET k") == Reply::Nil);
    assert_eq!(upstream.connect().call("EXISTS k"), Reply::Integer(0));
}

#[test]
fn more_keys_than_there_is_room_for_take_no_more_room() {
    let Some(upstream) = Upstream::start() else { return };
    let proxy = Proxy::start(upstream.address, &["--capacity", "100"]);
    let mut client = proxy.connect();
    for number in 0..300 {
        client.call(&format!("SET key{number} {number}"));
        assert_eq!(client.call(&format!("GET key{number}")), bulk(&number.to_string()));
    }
    until("all are filled in", || proxy.metric("fills_total") == 300);
    assert_eq!((proxy.metric("entries"), proxy.metric("evicted_total")), (100, 200));
    let hits = proxy.metric("hits_total");
    client.call("GET key299");
    client.call("GET key200");
    client.call("GET key0");
    assert_eq!(proxy.metric("hits_total"), hits + 2);
}

#[test]
fn what_cannot_be_passed_on_is_refused_with_a_reason() {
    let Some(upstream) = Upstream::start() else { return };
    let proxy = Proxy::start(upstream.address, &[]);
    let mut client = proxy.connect();
    for line in ["SUBSCRIBE a", "MONITOR", "WAIT 0 0", "CLIENT REPLY OFF", "PSYNC ? -1"] {
        let error = error_of(&client.call(line));
        assert!(error.starts_with("ERR the proxy ") && error.contains("server itself"), "{error}");
    }
    assert_eq!(client.call("PING"), Reply::Status(redis::Blob::from("PONG")));
    assert_eq!(proxy.metric("refused_total"), 5);
}

#[test]
fn a_waiting_client_does_not_delay_others() {
    let Some(upstream) = Upstream::start() else { return };
    let proxy = Proxy::start(upstream.address, &[]);
    let (mut waiting, mut other) = (proxy.connect(), proxy.connect());
    waiting.send("BLPOP list 0").unwrap();
    until("it waits", || {
        let Reply::Bulk(info) = upstream.connect().call("INFO clients") else { return false };
        String::from_utf8_lossy(&info).contains("blocked_clients:1")
    });
    assert_eq!(other.call("RPUSH list a"), Reply::Integer(1));
    let pair = Reply::Array(vec![bulk("list"), bulk("a")]);
    assert_eq!(waiting.receive().unwrap(), Some(pair));
    // One that goes away while it waits takes nothing with it.
    waiting.send("BLPOP list 0").unwrap();
    drop(waiting);
    until("it is gone", || {
        let Reply::Bulk(info) = upstream.connect().call("INFO clients") else { return false };
        String::from_utf8_lossy(&info).contains("blocked_clients:0")
    });
    assert_eq!(other.call("RPUSH list b"), Reply::Integer(1));
}

#[test]
fn a_client_that_logs_in_or_changes_database_reads_nothing_of_others() {
    let Some(upstream) = Upstream::start() else { return };
    let proxy = Proxy::start(upstream.address, &[]);
    let mut client = proxy.connect();
    client.call("SET k zero");
    assert_eq!(client.call("GET k"), bulk("zero"));
    let mut elsewhere = proxy.connect();
    assert_eq!(elsewhere.call("SELECT 1"), Reply::ok());
    assert_eq!(elsewhere.call("GET k"), Reply::Nil);
    assert_eq!(elsewhere.call("SET k one"), Reply::ok());
    assert_eq!(elsewhere.call("GET k"), bulk("one"));
    assert_eq!(client.call("GET k"), bulk("zero"));
    let mut direct = upstream.connect();
    direct.call("ACL SETUSER eve on nopass ~mine:* +@all");
    let mut eve = proxy.connect();
    assert_eq!(client.call("GET k"), bulk("zero"), "it is in the cache");
    assert_eq!(eve.call("AUTH eve any"), Reply::ok());
    assert!(error_of(&eve.call("GET k")).starts_with("NOPERM"));
}

#[test]
fn who_has_said_all_still_gets_the_replies() {
    let Some(upstream) = Upstream::start() else { return };
    let proxy = Proxy::start(upstream.address, &[]);
    for line in ["", "CLIENT ID\r\n"] {
        let mut client = proxy.connect();
        let text = format!("{line}SET k v\r\nGET k\r\nINCR n\r\n");
        client.stream.write_all(text.as_bytes()).unwrap();
        client.stream.shutdown(Shutdown::Write).unwrap();
        if !line.is_empty() {
            assert!(matches!(client.receive().unwrap(), Some(Reply::Integer(_))));
        }
        assert_eq!(client.receive().unwrap(), Some(Reply::ok()));
        assert_eq!(client.receive().unwrap(), Some(bulk("v")));
        assert!(matches!(client.receive().unwrap(), Some(Reply::Integer(_))));
        assert_eq!(client.receive().unwrap(), None);
    }
}

#[test]
fn it_ends_at_a_signal() {
    let Some(upstream) = Upstream::start() else { return };
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let proxy = Proxy::start(upstream.address, &[]);
        let mut client = proxy.connect();
        assert_eq!(client.call("SET k v"), Reply::ok());
        let (status, said) = proxy.process.end(signal);
        assert_eq!(status.code(), Some(code), "{said}");
        assert_eq!(said, "rumormill: interrupted\n");
        assert_eq!(client.receive().unwrap_or(None), None);
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_a_sentence() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (args, expected) in [
        (&["--listen", &taken][..], "cannot listen on 127.0.0.1:"),
        (&["--listen", "127.0.0.1:0", "--period", "0s"], "the period cannot be 0s"),
        (&["--memory", "64"], "\"64\" is not a size"),
        (&["--ttl", "300"], "is not a length of time"),
        (&["--capacity", "many"], "invalid digit"),
        (&["--upstream", "localhost"], "HOST:PORT"),
        (&["--upstream", "localhost:http"], "HOST:PORT"),
        (&["--listen", "8001"], "invalid socket address"),
        (&["--listen", "0.0.0.0:0"], "add --unprotected if that is meant"),
        (&["--metrics", &taken, "--listen", "127.0.0.1:0"], "cannot listen on 127.0.0.1:"),
        (&["--colour", "red"], "unexpected argument '--colour'"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_rumormill"))
            .arg("proxy")
            .args(args)
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn a_client_without_room_gets_an_error() {
    let Some(upstream) = Upstream::start() else { return };
    let proxy = Proxy::start(upstream.address, &["--maxclients", "1"]);
    let mut first = proxy.connect();
    assert_eq!(first.call("SET k v"), Reply::ok());
    let error = ErrorReply::from_static("ERR max number of clients reached");
    assert_eq!(proxy.connect().receive().unwrap(), Some(Reply::Error(error)));
    drop(first);
    let is_let_in = |mut client: Client| client.try_call("GET k").ok() == Some(Some(bulk("v")));
    until("there is room again", || is_let_in(proxy.connect()));
}
