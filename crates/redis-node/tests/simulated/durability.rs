use redis::Reply;
use redis_node::{Durability, ServerConfig};
use sim::Keep;

use crate::stage::{Stage, ok, replies, text};

fn after_a_crash(durability: Durability, keep: Keep) -> Vec<Reply> {
    let config = ServerConfig { durability, ..ServerConfig::default() };
    let stage = Stage::new(config).client(&[(0, "SET k 1"), (20, "GET k"), (30, "SET k 2")]);
    replies(stage.crash_server(10, keep))
}

#[test]
fn what_is_always_durable_survives_a_crash() {
    assert_eq!(after_a_crash(Durability::Always, Keep::Durable), [ok(), text("1"), ok()]);
}

#[test]
fn what_is_never_durable_does_not() {
    assert_eq!(after_a_crash(Durability::Never, Keep::Durable), [ok(), Reply::Nil, ok()]);
}

#[test]
fn nothing_survives_the_loss_of_the_disk() {
    for durability in [Durability::Always, Durability::Never] {
        assert_eq!(after_a_crash(durability, Keep::Nothing), [ok(), Reply::Nil, ok()]);
    }
}
