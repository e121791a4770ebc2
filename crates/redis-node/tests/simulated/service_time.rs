use history::Span;
use redis::{Blob, Reply};
use redis_node::ServerConfig;
use sim::Keep;

use crate::stage::{Stage, ok, text};

/// Each command takes the server ten milliseconds. Messages take one.
fn slow() -> Stage {
    Stage::new(ServerConfig { service_time: Span::from_millis(10), ..ServerConfig::default() })
}

#[test]
fn a_reply_leaves_after_the_service_time() {
    assert_eq!(slow().client(&[(0, "SET k 1")]).run()[0], [(12, ok())]);
}

#[test]
fn commands_are_executed_one_at_a_time_in_the_order_of_their_arrival() {
    let stage = slow()
        .client(&[(0, "INCR k"), (4, "INCR k")])
        .client(&[(2, "INCR k")])
        .client(&[(100, "INCR k")]);
    let replies = stage.run();
    assert_eq!(replies[0], [(12, Reply::Integer(1)), (32, Reply::Integer(3))]);
    assert_eq!(replies[1], [(22, Reply::Integer(2))]);
    assert_eq!(replies[2], [(112, Reply::Integer(4))], "by then the server is idle");
}

/// Another client waits until the script ends, and sees its write.
#[test]
fn a_slow_script_keeps_everybody_waiting() {
    let script_time = Span::from_millis(500);
    let stage = Stage::new(ServerConfig { script_time, ..ServerConfig::default() });
    let script = "return(redis.call('INCR',KEYS[1]))";
    let replies = stage
        .client(&[(0, "GET k"), (10, &format!("EVAL {script} 1 k"))])
        .client(&[(5, "PING"), (20, "GET k"), (30, "INCR k"), (600, "GET k")])
        .run();
    assert_eq!(replies[0], [(2, Reply::Nil), (512, Reply::Integer(1))]);
    let pong = Reply::Status(Blob::from("PONG"));
    let others = [(7, pong), (512, text("1")), (512, Reply::Integer(2)), (602, text("2"))];
    assert_eq!(replies[1], others);
}

/// The command was executed, and its effect is durable; the client cannot know.
#[test]
fn a_crash_within_the_service_time_loses_the_reply_only() {
    let stage = slow().client(&[(0, "SET k 1"), (20, "GET k")]).crash_server(5, Keep::Durable);
    assert_eq!(stage.run()[0], [(32, text("1"))]);
}
