use history::NodeId;
use redis::{Blob, ErrorReply, Reply};
use redis_node::ServerConfig;
use sim::{Command, Keep};

use crate::stage::{SERVER, Stage, ok, replies, text};

fn for_one_client() -> Stage {
    Stage::new(ServerConfig { maxclients: 1, ..ServerConfig::default() }).streams()
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
fn how_many_clients_there_may_be_can_be_changed_until_the_server_restarts() {
    let stage = for_one_client()
        .client(&[(0, "CONFIG SET maxclients 2"), (30, "CONFIG GET maxclients")])
        .client(&[(10, "GET k"), (40, "GET k")])
        .crash_server(20, Keep::Durable);
    let replies = stage.run();
    assert_eq!(replies[1], [(12, Reply::Nil), (42, refused())]);
    assert_eq!(replies[0][1], (32, Reply::Array(["maxclients", "1"].map(text).to_vec())));
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
    assert_eq!(replies[1], [(22, text("1"))], "the first client");
    assert_eq!(replies[0], [(2, ok()), (32, refused())]);
}

#[test]
fn no_client_is_served_while_the_server_is_down() {
    let stage = for_one_client()
        .client(&[(0, "SET k 1"), (15, "GET k"), (30, "GET k")])
        .then(10, Command::Crash { node: SERVER, keep: Keep::Durable })
        .then(20, Command::Start(SERVER));
    assert_eq!(stage.run()[0], [(2, ok()), (32, text("1"))]);
}

#[test]
fn a_transaction_fails_if_a_watched_key_was_written_by_another_client() {
    let stage = Stage::new(ServerConfig::default()).streams();
    let one = [(0, "WATCH k"), (10, "MULTI"), (20, "INCR k"), (40, "EXEC")];
    let replies = stage.client(&one).client(&[(30, "SET k 7"), (50, "GET k")]).run();
    let queued = Reply::Status(Blob::from("QUEUED"));
    assert_eq!(replies[0], [(2, ok()), (12, ok()), (22, queued), (42, Reply::Nil)]);
    assert_eq!(replies[1][1], (52, text("7")));
}

#[test]
fn a_transaction_is_gone_with_its_connection() {
    let lines = [(0, "MULTI"), (5, "SET k 1"), (20, "GET k"), (30, "EXEC")];
    let stage = Stage::new(ServerConfig::default()).streams().client(&lines);
    let replies = replies(stage.crash_server(10, Keep::Durable));
    assert_eq!(replies[2], Reply::Nil, "it is executed at once");
    assert_eq!(replies[3], Reply::Error(ErrorReply::from_static("ERR EXEC without MULTI")));
}
