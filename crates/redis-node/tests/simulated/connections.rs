use history::NodeId;
use redis::{ErrorReply, Reply};
use redis_node::ServerConfig;
use sim::{Command, Keep};

use crate::stage::{SERVER, Stage, ok, text};

fn for_one_client() -> Stage {
    Stage::new(ServerConfig { max_clients: 1, ..ServerConfig::default() }).streams()
}

fn refused() -> Reply {
    Reply::Error(ErrorReply::from_static("ERR max number of clients reached"))
}

#[test]
fn a_client_keeps_its_connection_and_newcomers_are_refused() {
    let stage = for_one_client()
        .client(&[(0, "SET k 1"), (20, "GET k")])
        .client(&[(10, "SET k 2"), (30, "GET k")]);
    let replies = stage.run();
    assert_eq!(replies[0], [(2, ok()), (22, text("1"))]);
    assert_eq!(replies[1], [(12, refused()), (32, refused())], "and nothing was done");
}

#[test]
fn a_client_that_crashes_makes_room() {
    let crash = Command::Crash { node: NodeId(1), keep: Keep::Durable };
    let stage = for_one_client()
        .client(&[(0, "SET k 1")])
        .client(&[(10, "GET k"), (30, "GET k")])
        .then(20, crash);
    assert_eq!(stage.run()[1], [(12, refused()), (32, text("1"))]);
}

#[test]
fn a_server_that_restarts_knows_no_connections() {
    let stage = for_one_client()
        .client(&[(0, "SET k 1"), (30, "GET k")])
        .client(&[(20, "GET k")])
        .crash_server(10, Keep::Durable);
    let replies = stage.run();
    assert_eq!(replies[1], [(22, text("1"))], "whoever comes first");
    assert_eq!(replies[0], [(2, ok()), (32, refused())]);
}

#[test]
fn nobody_is_served_while_the_server_is_down() {
    let stage = for_one_client()
        .client(&[(0, "SET k 1"), (15, "GET k"), (30, "GET k")])
        .then(10, Command::Crash { node: SERVER, keep: Keep::Durable })
        .then(20, Command::Start(SERVER));
    assert_eq!(stage.run()[0], [(2, ok()), (32, text("1"))]);
}
