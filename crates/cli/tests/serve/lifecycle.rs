//! How it begins and ends, and what it says meanwhile.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener};
use std::process::{Command, Output};

use redis::Reply;

use crate::client::{Client, bulk};
use crate::server::Server;

fn serve(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rumormill")).arg("serve").args(args).output().expect("it runs")
}

/// It fails as wrong usage does, with one line that has this in it.
#[track_caller]
fn assert_refused(args: &[&str], expected: &str) {
    let output = serve(args);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(expected), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(output.stdout.is_empty());
}

#[test]
fn each_server_has_data_of_its_own() {
    let server = Server::start(&["--nodes", "3"]);
    assert_eq!(server.addresses.len(), 3);
    for (number, address) in server.addresses.iter().enumerate() {
        assert!(address.ip().is_loopback());
        let mut client = Client::connect(*address).unwrap();
        assert_eq!(client.call("GET number"), Reply::Nil);
        assert_eq!(client.call(&format!("SET number {number}")), Reply::ok());
    }
    for (number, address) in server.addresses.iter().enumerate() {
        let mut client = Client::connect(*address).unwrap();
        assert_eq!(client.call("GET number"), bulk(&number.to_string()));
    }
}

#[test]
fn it_ends_at_a_signal() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let server = Server::start(&[]);
        let mut client = server.connect();
        assert_eq!(client.call("SET k v"), Reply::ok());
        let (status, said) = server.process.end(signal);
        assert_eq!(status.code(), Some(code), "{said}");
        assert_eq!(said, "rumormill: interrupted\n");
        assert_eq!(client.receive().unwrap(), None);
    }
}

#[test]
fn what_cannot_be_served_is_refused_with_a_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    assert_refused(&["--port", &port], "cannot listen on 127.0.0.1:");
    let elsewhere = ["--bind", "192.0.2.1", "--unprotected", "--port", "0"];
    assert_refused(&elsewhere, "this machine has no such address");
    assert_refused(&["--port", "65530", "--nodes", "10"], "the last port is 65535");
    assert_refused(&["--port", "0", "--nodes", "0"], "there must be at least one");
    assert_refused(&["--port", "0", "--faults", "/nonexistent.toml"], "/nonexistent.toml: ");
}

/// There is no password: other machines are let in only if that is said.
#[test]
fn an_address_that_other_machines_reach_takes_a_flag() {
    for address in ["0.0.0.0", "192.0.2.1", "::"] {
        let expected = format!(
            "rumormill: --bind {address}: other machines can reach this address, and there is no \
             password: add --unprotected if that is meant\n"
        );
        assert_refused(&["--bind", address, "--port", "0"], &expected);
    }
    let server = Server::start(&["--bind", "0.0.0.0", "--unprotected"]);
    assert_eq!(server.connect().call("PING"), Reply::Status("PONG".into()));
}

#[test]
fn a_plan_that_makes_no_sense_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan.toml");
    for (text, expected) in [
        ("[[delay]]\nchance = '1%'\nlasts = '1ms'\nlonger = true\n", "plan.toml:4: unknown field"),
        ("\n[[quake]]\n", "plan.toml:2: unknown field `quake`"),
        ("[[delay]]\nchance = '101%'\nlasts = '1ms'\n", "plan.toml:2: "),
        ("[[delay]]\nchance = '1%'\nlasts = '1'\n", "plan.toml:3: "),
        ("\n[[stall]]\nlasts = '1ms'\n", "plan.toml:2: stall.0: set exactly one"),
        ("[[reset]]\nat = '1s'\n[[reset]]\nat = '1s'\nevery = '1s'\n", "plan.toml:3: reset.1: "),
        ("[[reset]]\nat = '1s'\nonly.commands = ['SET']\n", "plan.toml:3: "),
        ("[[reset]]\nevery = '0s'\n", "plan.toml:1: "),
        ("[[reset]]\nat = '1s'\nonly.nodes = ['n1']\n", "there are: n0"),
        ("[[crash]]\nat = '1s'\nlasts = '1s'\nkeep = 'some'\n", "plan.toml:4: "),
        ("[[drop-reply]]\nchance = '1%'\nonly.from = '2s'\nonly.until = '1s'\n", "plan.toml:4: "),
    ] {
        std::fs::write(&plan, text).unwrap();
        assert_refused(&["--port", "0", "--faults", plan.to_str().unwrap()], expected);
    }
}

#[test]
fn metrics_say_what_goes_on() {
    let server = Server::start(&["--metrics", "50ms", "--maxclients", "1"]);
    let mut client = server.connect();
    assert_eq!(client.call("SET k v"), Reply::ok());
    let mut refused = String::new();
    server.connect().stream.read_to_string(&mut refused).unwrap();
    assert_eq!(refused, "-ERR max number of clients reached\r\n");
    // The second line has certainly come when the third command was answered.
    wait(150);
    assert_eq!(client.call("GET k"), bulk("v"));
    let (_, said) = server.process.end("TERM");
    let line = "0s: 1 clients (2 accepted, 1 refused, 0 dropped), 1 commands (0/s), 1 keys, ";
    assert!(said.contains(line), "{said}");
}

#[test]
fn replies_come_in_the_order_of_the_commands_however_many_are_sent_at_once() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let many = 100_000;
    let mut replies = String::new();
    let mut stream = client.stream.try_clone().unwrap();
    // Nothing is read before all is sent.
    stream.write_all("INCR n\r\n".repeat(many).as_bytes()).unwrap();
    stream.write_all(b"QUIT\r\n").unwrap();
    client.stream.read_to_string(&mut replies).unwrap();
    let expected: String = (1..=many).map(|number| format!(":{number}\r\n")).collect();
    assert!(replies == expected + "+OK\r\n");
}

#[test]
fn what_was_said_before_the_client_hung_up_is_done() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.stream.write_all(b"SET k v\r\nSET l w\r\n").unwrap();
    client.stream.shutdown(Shutdown::Both).unwrap();
    let mut other = server.connect();
    while other.call("GET l") != bulk("w") {}
    assert_eq!(other.call("GET k"), bulk("v"));
}

#[expect(clippy::disallowed_methods, reason = "a real server takes real time")]
pub(crate) fn wait(ms: u64) {
    std::thread::sleep(std::time::Duration::from_millis(ms));
}
