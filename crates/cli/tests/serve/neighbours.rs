//! Clients of one server: they see each other, can end each other, and must wait for each other,
//! but not for ever.

use std::io::Write as _;
use std::time::Duration;

use redis::Reply;

use crate::client::{Client, bulk};
use crate::server::Server;

fn text(reply: &Reply) -> String {
    match reply {
        Reply::Bulk(text) => text.to_string(),
        other => panic!("{other:?} is no text"),
    }
}

fn address(client: &Client) -> String {
    client.stream.local_addr().unwrap().to_string()
}

#[test]
fn clients_see_each_other() {
    let server = Server::start(&[]);
    let (mut one, mut other) = (server.connect(), server.connect());
    one.call("CLIENT SETNAME one");
    other.call("SELECT 3");
    other.call("MULTI");
    let list = text(&one.call("CLIENT LIST"));
    let lines: Vec<&str> = list.lines().collect();
    let [first, second] = lines[..] else { panic!("{list}") };
    let port = server.port();
    let expected = format!("id=1 addr={} laddr=127.0.0.1:{port} name=one age=0 ", address(&one));
    assert!(first.starts_with(&expected), "{list}");
    assert!(first.contains(" cmd=client|list "), "{list}");
    assert!(second.starts_with(&format!("id=2 addr={} ", address(&other))), "{list}");
    assert!(second.contains(" flags=x db=3 ") && second.contains(" multi=0 cmd=multi "), "{list}");
    assert_eq!(text(&one.call("CLIENT LIST ID 2 7")).lines().count(), 1);
    assert_eq!(text(&one.call("CLIENT LIST TYPE pubsub")), "");
    drop(other);
    while text(&one.call("CLIENT LIST")).lines().count() > 1 {}
    let info = text(&one.call("INFO"));
    for line in ["connected_clients:1", "total_connections_received:2", &format!("tcp_port:{port}")]
    {
        assert!(info.contains(line), "{info}");
    }
}

#[test]
fn clients_can_end_each_other() {
    let server = Server::start(&[]);
    let mut one = server.connect();
    one.call("PING");
    let mut end = |line: &dyn Fn(&Client) -> String| {
        let mut other = server.connect();
        other.call("WATCH k");
        let line = line(&other);
        let reply = one.call(&line);
        assert_eq!(other.receive().unwrap(), None, "{line}");
        reply
    };
    assert_eq!(end(&|other| format!("CLIENT KILL {}", address(other))), Reply::ok());
    assert_eq!(end(&|_| "CLIENT KILL ID 3".to_owned()), Reply::Integer(1));
    assert_eq!(end(&|other| format!("CLIENT KILL ADDR {}", address(other))), Reply::Integer(1));
    assert_eq!(end(&|_| "CLIENT KILL TYPE normal".to_owned()), Reply::Integer(1));
    assert_eq!(one.call("CLIENT KILL ID 3"), Reply::Integer(0), "it has gone");
    assert_eq!(one.call("CLIENT KILL 127.0.0.1:1").as_error().unwrap().code(), b"ERR");
    let line = format!("CLIENT KILL {}", address(&one));
    assert_eq!(one.call(&line), Reply::ok());
    assert_eq!(one.receive().unwrap(), None, "it has ended itself");
}

#[test]
fn how_many_clients_there_may_be_can_be_changed() {
    let server = Server::start(&["--maxclients", "3"]);
    let mut one = server.connect();
    let told = one.call("CONFIG GET maxclients");
    assert_eq!(told, Reply::Array(vec![bulk("maxclients"), bulk("3")]));
    assert_eq!(one.call("CONFIG SET maxclients 1"), Reply::ok());
    let refused = server.connect().receive().unwrap().unwrap();
    assert_eq!(refused.as_error().unwrap().to_string(), "ERR max number of clients reached");
    assert_eq!(one.call("CONFIG SET maxclients 2"), Reply::ok());
    assert_eq!(server.connect().call("PING"), Reply::Status("PONG".into()));
}

/// A set of so many thousands, which takes long to copy.
fn fill(client: &mut Client, thousands: u32) {
    for start in 0..thousands {
        let members: Vec<String> =
            (0..1_000).map(|number| (start * 1_000 + number).to_string()).collect();
        assert_eq!(client.call(&format!("SADD large m {}", members.join(" "))).as_error(), None);
    }
}

/// A script of few instructions, which takes hours.
fn start_long_script(server: &Server) -> Client {
    let mut client = server.connect();
    fill(&mut client, 20);
    let script = "for i = 1, 1000000 do redis.call('SUNIONSTORE', 'copy', 'large') end";
    let head = format!("*3\r\n$4\r\nEVAL\r\n${}\r\n{script}\r\n$1\r\n0\r\n", script.len());
    client.stream.write_all(head.as_bytes()).unwrap();
    client
}

#[test]
fn a_script_that_takes_long_is_ended() {
    let server = Server::start(&["--nodes", "2"]);
    let mut client = start_long_script(&server);
    crate::lifecycle::wait(100);
    let mut other = Client::connect(server.addresses[1]).unwrap();
    assert_eq!(other.call("PING"), Reply::Status("PONG".into()));
    let ended = client.receive().unwrap().unwrap();
    let message = ended.as_error().unwrap().to_string();
    assert!(message.starts_with("ERR Script ran for too long script: "), "{message}");
    assert_eq!(client.call("SCARD copy"), Reply::Integer(20_001), "what it has written stays");
}

#[test]
#[expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "it is about real time")]
fn a_script_that_takes_long_does_not_hold_up_the_end() {
    let server = Server::start(&[]);
    let client = start_long_script(&server);
    crate::lifecycle::wait(100);
    let begun = std::time::Instant::now();
    let (status, said) = server.process.end("TERM");
    assert_eq!(status.code(), Some(143), "{said}");
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    drop(client);
}

#[test]
fn who_sends_much_at_once_does_not_keep_the_others_waiting_for_all_of_it() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    fill(&mut client, 100);
    // All of it fits into what is read at a time.
    let line = "SUNIONSTORE copy large\r\n";
    client.stream.write_all((line.repeat(60) + "SET done 1\r\n").as_bytes()).unwrap();
    let mut other = server.connect();
    assert_eq!(other.call("GET done"), Reply::Nil);
    for _ in 0..60 {
        assert_eq!(client.receive().unwrap(), Some(Reply::Integer(100_001)));
    }
}
