//! Slow scripts: other clients get a BUSY error, and may kill them.
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "it is about real time")]

use std::io::Write as _;
use std::time::{Duration, Instant};

use redis::Reply;
use redis::resp::encode_command;

use crate::client::{Client, bulk};
use crate::lifecycle::wait;
use crate::server::Server;

const BUSY: &str =
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";

/// A server with a large set, whose clients get a BUSY error after 50 ms of a script.
fn start(args: &[&str]) -> Server {
    let server = Server::start(args);
    let mut client = server.connect();
    let members: Vec<String> = (0..20_000).map(|number| number.to_string()).collect();
    for some in members.chunks(1_000) {
        client.call(&format!("SADD large {}", some.join(" ")));
    }
    assert_eq!(client.call("CONFIG SET busy-reply-threshold 50"), Reply::ok());
    server
}

/// Starts a script that would take hours, after some other command.
fn run_script(server: &Server, first: &str) -> Client {
    let mut client = server.connect();
    let script = format!("{first} for i = 1, 1000000 do redis.call('SDIFF', 'large', 'large') end");
    let mut bytes = Vec::new();
    encode_command(&["EVAL", &script, "0"].map(redis::Blob::from), &mut bytes);
    client.stream.write_all(&bytes).unwrap();
    wait(300);
    client
}

fn error(reply: &Reply) -> String {
    reply.as_error().unwrap_or_else(|| panic!("{reply:?} is no error")).to_string()
}

#[test]
fn other_clients_get_busy_errors_and_may_kill_a_script() {
    let server = start(&["--script-time", "60s"]);
    let mut before = server.connect();
    assert_eq!(error(&before.call("SCRIPT KILL")), "NOTBUSY No scripts in execution right now.");
    assert_eq!(before.call("SET k v"), Reply::ok());
    let mut client = run_script(&server, "");
    let begun = Instant::now();
    assert_eq!(error(&before.call("GET k")), BUSY);
    // A new client is let in.
    let mut other = server.connect();
    assert_eq!(error(&other.call("GET k")), BUSY);
    // Redis looks first whether there is such a command.
    assert!(error(&other.call("NONSENSE")).starts_with("ERR unknown command 'NONSENSE'"));
    assert!(error(&other.call("GET")).starts_with("ERR wrong number of arguments"));
    // Some commands are answered, and what is queued meanwhile is discarded.
    assert_eq!(other.call("MULTI"), Reply::ok());
    assert_eq!(error(&other.call("GET k")), BUSY);
    let aborted = format!("EXECABORT Transaction discarded because of: {BUSY}");
    assert_eq!(error(&other.call("EXEC")), aborted);
    assert_eq!(error(&other.call("DISCARD")), "ERR DISCARD without MULTI");
    assert_eq!(other.call("RESET"), Reply::Status("RESET".into()));
    assert_eq!(server.connect().call("QUIT"), Reply::ok());
    // Many commands at once, and one in two parts.
    other.stream.write_all(b"PING\r\nGET k\r\n*2\r\n$6\r\nSCRIPT\r\n$4\r\nKI").unwrap();
    assert_eq!(error(&other.receive().unwrap().unwrap()), BUSY);
    assert_eq!(error(&other.receive().unwrap().unwrap()), BUSY);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    other.stream.write_all(b"LL\r\n").unwrap();
    assert_eq!(other.receive().unwrap(), Some(Reply::ok()));
    let killed = error(&client.receive().unwrap().unwrap());
    let expected = "ERR Script killed by user with SCRIPT KILL... script: ";
    assert!(killed.starts_with(expected), "{killed}");
    for client in [&mut before, &mut other, &mut client] {
        assert_eq!(client.call("GET k"), bulk("v"));
    }
    assert_eq!(error(&before.call("SCRIPT KILL")), "NOTBUSY No scripts in execution right now.");
}

#[test]
fn a_script_that_has_written_is_not_ended_by_others() {
    let server = start(&["--script-time", "2s"]);
    let mut watcher = server.connect();
    let mut client = run_script(&server, "redis.call('SET', 'k', 'w')");
    let mut other = server.connect();
    let unkillable = "UNKILLABLE Sorry the script already executed write commands against the \
                      dataset. You can either wait the script termination or kill the server in a \
                      hard way using the SHUTDOWN NOSAVE command.";
    assert_eq!(error(&other.call("SCRIPT KILL")), unkillable);
    // What concerns watched keys waits for the end, and what follows waits for it.
    watcher.stream.write_all(b"WATCH k\r\nGET k\r\n").unwrap();
    let ended = error(&client.receive().unwrap().unwrap());
    assert!(ended.starts_with("ERR Script ran for too long script: "), "{ended}");
    assert_eq!(watcher.receive().unwrap(), Some(Reply::ok()));
    assert_eq!(watcher.receive().unwrap(), Some(bulk("w")));
}

#[test]
fn a_script_ends_by_itself_and_with_the_server() {
    let server = start(&["--script-time", "1s"]);
    let begun = Instant::now();
    let mut client = run_script(&server, "");
    let ended = error(&client.receive().unwrap().unwrap());
    assert!(ended.starts_with("ERR Script ran for too long script: "), "{ended}");
    assert!(begun.elapsed() >= Duration::from_secs(1));
    let server = start(&["--script-time", "1h"]);
    let mut client = run_script(&server, "");
    assert_eq!(error(&server.connect().call("PING")), BUSY);
    let (status, said) = server.process.end("TERM");
    assert_eq!(status.code(), Some(143), "{said}");
    let ended = error(&client.receive().unwrap().unwrap());
    assert!(ended.starts_with("ERR Script was interrupted: the server ends script: "), "{ended}");
}
