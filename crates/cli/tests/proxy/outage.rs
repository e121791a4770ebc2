//! The server is lost while something is under way.

use redis::Reply;

use crate::client::bulk;
use crate::proxy::{Proxy, until};
use crate::upstream::Upstream;

#[test]
fn without_a_server_every_client_gets_an_error() {
    // No server listens there: the port is taken and released.
    let nowhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let proxy = Proxy::start(nowhere, &[]);
    let mut client = proxy.connect();
    assert_eq!(client.call("PING"), Reply::Status(redis::Blob::from("PONG")));
    for line in ["GET k", "SET k v", "MULTI", "NONSENSE"] {
        let Reply::Error(error) = client.call(line) else { panic!("{line} was answered") };
        assert!(error.to_string().contains("this was not executed"), "{error}");
    }
    assert_eq!(proxy.metric("unreachable_total"), 4);
}

#[test]
fn it_continues_when_its_log_has_no_reader() {
    let Some(mut upstream) = Upstream::start() else { return };
    let mut proxy = Proxy::start(upstream.address, &["--log", "debug"]);
    let mut client = proxy.connect();
    assert_eq!(client.call("SET k v"), Reply::ok());
    drop(proxy.process.stderr());
    upstream.kill();
    until("the loss is noticed", || proxy.metric("upstream_up") == 0);
    assert_eq!(client.call("PING"), Reply::Status(redis::Blob::from("PONG")));
}

#[test]
fn what_was_under_way_may_have_been_executed() {
    let Some(mut upstream) = Upstream::start() else { return };
    let proxy = Proxy::start(upstream.address, &[]);
    let (mut shared, mut own) = (proxy.connect(), proxy.connect());
    assert_eq!(shared.call("SET k v"), Reply::ok());
    assert_eq!(shared.call("GET k"), bulk("v"));
    until("it is kept", || proxy.metric("fills_total") == 1);
    own.send("BLPOP list 0").unwrap();
    until("one waits", || proxy.metric("passed_on_total") == 2);
    upstream.pause();
    shared.send("APPEND k w").unwrap();
    until("both wait", || proxy.metric("passed_on_total") == 3);
    upstream.kill();
    let reply = |reply: Option<Reply>| match reply {
        Some(Reply::Error(error)) => error.to_string(),
        other => panic!("no error: {other:?}"),
    };
    assert!(reply(own.receive().unwrap()).contains("may have been executed"));
    assert_eq!(own.receive().unwrap(), None, "what the server knew of it is lost");
    assert!(reply(shared.receive().unwrap()).contains("may have been executed"));
    assert_eq!(proxy.metric("lost_replies_total"), 2);
    upstream.restart();
    until("it is found again", || proxy.metric("upstream_up") == 1);
    let mut client = proxy.connect();
    assert_eq!(client.call("GET k"), Reply::Nil, "nothing is kept of what may have been written");
    assert_eq!(client.call("SET k v"), Reply::ok());
    assert_eq!(client.call("GET k"), bulk("v"));
}

#[test]
fn a_server_that_says_nothing_is_lost_too() {
    let Some(upstream) = Upstream::start() else { return };
    let proxy = Proxy::start(upstream.address, &["--timeout", "200ms"]);
    let mut client = proxy.connect();
    assert_eq!(client.call("SET k v"), Reply::ok());
    assert_eq!(client.call("GET k"), bulk("v"));
    until("it is kept", || proxy.metric("fills_total") == 1);
    upstream.pause();
    until("it is noticed", || proxy.metric("upstream_up") == 0);
    assert_eq!(client.call("GET k"), bulk("v"));
    upstream.resume();
    until("it is back", || proxy.metric("upstream_up") == 1);
    assert_eq!(client.call("SET k w"), Reply::ok());
}
