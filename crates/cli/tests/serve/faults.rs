//! What goes wrong on purpose: it does, as the plan says, and the log says so.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use redis::Reply;
use serde_json::Value;
use tempfile::TempDir;

use crate::client::{Client, bulk};
use crate::lifecycle::wait;
use crate::server::Server;

/// A server with a plan, and its log.
struct Faulty {
    server: Server,
    folder: TempDir,
}

impl Faulty {
    fn start(plan: &str, seed: &str) -> Faulty {
        let folder = tempfile::tempdir().unwrap();
        let (file, log) = (folder.path().join("plan.toml"), folder.path().join("log.jsonl"));
        std::fs::write(&file, plan).unwrap();
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let (file, log) = (text(&file), text(&log));
        let args = ["--faults", &file, "--seed", seed, "--fault-log", &log];
        Faulty { server: Server::start(&args), folder }
    }

    /// What was injected, in words, without times.
    fn log(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.path().join("log.jsonl")).unwrap();
        let entry = |line: &str| {
            let mut entry: Value = serde_json::from_str(line).unwrap();
            assert!(entry["at_ms"].is_u64());
            entry.as_object_mut().unwrap().remove("at_ms");
            entry.to_string()
        };
        text.lines().map(entry).collect()
    }

    fn client(&self) -> Client {
        self.server.connect()
    }
}

/// The connection breaks, by a reset.
#[track_caller]
fn assert_reset(reply: std::io::Result<Option<Reply>>) {
    let error = reply.expect_err("the connection breaks");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
}

#[test]
fn a_dropped_reply_is_of_a_command_that_was_executed() {
    let plan = "[[drop-reply]]\nchance = '100%'\nonly.commands = ['incr']\n";
    let faulty = Faulty::start(plan, "1");
    assert_reset(faulty.client().try_call("INCR n"));
    assert_eq!(faulty.client().call("GET n"), bulk("1"));
    let fault = r#"{"command":"INCR","connection":0,"fault":"drop-reply","node":"n0","number":0}"#;
    assert_eq!(faulty.log(), [fault]);
}

#[test]
fn after_a_dropped_reply_there_can_be_silence() {
    let plan = "[[drop-reply]]\nchance = '100%'\nthen = 'silence'\nonly.commands = ['INCR']\n";
    let faulty = Faulty::start(plan, "1");
    let mut client = faulty.client();
    client.stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    assert_eq!(client.call("PING"), Reply::Status("PONG".into()));
    let silence = client.try_call("INCR n").unwrap_err();
    assert!(matches!(silence.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{silence}");
    assert!(client.try_call("INCR n").is_err());
    assert_eq!(faulty.client().call("GET n"), bulk("1"));
}

#[test]
fn a_reset_is_of_a_command_that_was_not_executed() {
    let faulty = Faulty::start("[[reset]]\nchance = '100%'\nonly.commands = ['SET']\n", "1");
    let mut client = faulty.client();
    assert_eq!(client.call("INCR n"), Reply::Integer(1));
    assert_reset(client.try_call("SET n 5"));
    assert_eq!(faulty.client().call("GET n"), bulk("1"));
}

#[test]
fn replies_and_commands_can_be_late() {
    let late = |what: &str| {
        let plan = format!(
            "[[delay]]\nchance = '100%'\nlasts = '150ms'\nwhat = '{what}'\n\
             only.commands = ['SET']\n"
        );
        let faulty = Faulty::start(&plan, "1");
        let mut client = faulty.client();
        client.stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        assert!(client.try_call("SET k v").is_err(), "it is late");
        let meanwhile = faulty.client().call("GET k");
        client.stream.set_read_timeout(None).unwrap();
        assert_eq!(client.receive().unwrap(), Some(Reply::ok()));
        assert_eq!(faulty.client().call("GET k"), bulk("v"));
        meanwhile
    };
    assert_eq!(late("reply"), bulk("v"));
    assert_eq!(late("command"), Reply::Nil);
}

#[test]
fn a_stalled_server_holds_up_everybody() {
    let plan = "[[stall]]\nchance = '100%'\nlasts = '200ms'\nonly.commands = ['SET']\n";
    let faulty = Faulty::start(plan, "1");
    let mut other = faulty.client();
    assert_eq!(other.call("GET k"), Reply::Nil);
    let mut client = faulty.client();
    client.send("SET k v").unwrap();
    while faulty.log().is_empty() {}
    other.stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    assert!(other.try_call("GET k").is_err(), "the server does nothing");
    other.stream.set_read_timeout(None).unwrap();
    assert_eq!(client.receive().unwrap(), Some(Reply::ok()));
    assert!(other.receive().unwrap().is_some());
}

/// After a crash a server refuses connections, and then comes again.
fn crash_and_come_again(keep: &str, settle_ms: u64) -> Reply {
    let plan = format!(
        "[[crash]]\nchance = '100%'\nlasts = '100ms'\nkeep = '{keep}'\nonly.commands = ['DECR']\n"
    );
    let faulty = Faulty::start(&plan, "1");
    let mut client = faulty.client();
    assert_eq!(client.call("SET k old"), Reply::ok());
    wait(settle_ms);
    assert_eq!(client.call("SET k new"), Reply::ok());
    assert!(!matches!(client.try_call("DECR k"), Ok(Some(_))), "the server goes down");
    let refused = Client::connect(faulty.server.addresses[0]).map(drop).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    loop {
        match Client::connect(faulty.server.addresses[0]) {
            Ok(mut client) => return client.call("GET k"),
            Err(_) => wait(5),
        }
    }
}

#[test]
fn a_crash_leaves_what_it_is_to_leave() {
    assert_eq!(crash_and_come_again("everything", 0), bulk("new"));
    assert_eq!(crash_and_come_again("nothing", 0), Reply::Nil);
    let rest = crash_and_come_again("all-but-last-second", 1_050);
    // A second may end just between the last write and the crash.
    assert!([bulk("old"), bulk("new")].contains(&rest), "{rest:?}");
}

#[test]
fn what_strikes_by_the_clock_strikes_all() {
    let plan = "
[[reset]]
at = '300ms'
[[crash]]
at = '600ms'
lasts = '50ms'
keep = 'everything'
";
    let faulty = Faulty::start(plan, "1");
    let mut clients: Vec<Client> = (0..5).map(|_| faulty.client()).collect();
    for client in &mut clients {
        assert_eq!(client.call("INCR n").as_error(), None);
    }
    for client in &mut clients {
        assert_reset(client.receive());
    }
    assert!(!matches!(faulty.client().receive(), Ok(Some(_))));
    let expected = [
        r#"{"fault":"reset","node":"n0"}"#,
        r#"{"fault":"crash","keep":"everything","lasts":"50ms","node":"n0"}"#,
    ];
    assert_eq!(faulty.log(), expected);
}

#[test]
fn the_same_seed_injects_the_same_into_the_same_connections() {
    let plan = "
[[delay]]
chance = '20%'
lasts = '100us..300us'
[[reset]]
chance = '2%'
[[drop-reply]]
chance = '3%'
only.commands = ['SET']
[[stall]]
chance = '1%'
lasts = '1ms'
";
    let log = |seed: &str| {
        let faulty = Faulty::start(plan, seed);
        for _ in 0..15 {
            let mut client = faulty.client();
            for number in 0..40 {
                let line = if number % 3 == 0 { "GET k" } else { "SET k v" };
                if client.try_call(line).is_err() {
                    break;
                }
            }
        }
        faulty.log()
    };
    let once = log("7");
    assert!(once.len() > 50, "{once:?}");
    assert_eq!(once, log("7"));
    assert_ne!(once, log("8"));
}
