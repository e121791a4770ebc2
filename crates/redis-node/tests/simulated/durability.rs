use history::Span;
use redis::Reply;
use redis_node::{Durability, ServerConfig};
use sim::Keep;

use crate::stage::{Stage, ok, replies, text};

fn after_a_crash(config: ServerConfig, keep: Keep) -> Vec<Reply> {
    let stage = Stage::new(config).client(&[(0, "SET k 1"), (20, "GET k"), (30, "SET k 2")]);
    replies(stage.crash_server(10, keep))
}

fn with(durability: Durability) -> ServerConfig {
    ServerConfig { durability, ..ServerConfig::default() }
}

/// The value of a counter after a crash at `crash_at` milliseconds; it counted one every 100 ms,
/// from 50 ms on.
fn counted(config: ServerConfig, crash_at: u64, keep: Keep) -> Reply {
    let mut lines: Vec<(u64, &str)> =
        (0..crash_at / 100).map(|count| (50 + 100 * count, "INCR k")).collect();
    lines.push((crash_at + 10, "GET k"));
    let stage = Stage::new(config).client(&lines);
    replies(stage.crash_server(crash_at, keep)).pop().expect("the last line is answered")
}

#[test]
fn what_is_always_durable_survives_a_crash() {
    let replies = after_a_crash(with(Durability::Always), Keep::Durable);
    assert_eq!(replies, [ok(), text("1"), ok()]);
}

#[test]
fn what_is_never_durable_does_not() {
    let replies = after_a_crash(with(Durability::Never), Keep::Durable);
    assert_eq!(replies, [ok(), Reply::Nil, ok()]);
}

#[test]
fn what_is_durable_later_does_not_survive_a_crash_before_that() {
    for durability in
        [Durability::Everysec, Durability::No, Durability::Snapshots(Span::from_secs(60))]
    {
        let replies = after_a_crash(with(durability), Keep::Durable);
        assert_eq!(replies, [ok(), Reply::Nil, ok()], "{durability:?}");
    }
}

#[test]
fn nothing_survives_the_loss_of_the_disk() {
    for durability in [Durability::Always, Durability::Everysec, Durability::Never] {
        let replies = after_a_crash(with(durability), Keep::Nothing);
        assert_eq!(replies, [ok(), Reply::Nil, ok()], "{durability:?}");
    }
}

#[test]
fn each_second_what_was_executed_is_durable() {
    // The first command arrives at 51 ms, so that at 1,051 ms the disk has what was executed before
    // then. The eleventh arrives at the same time, and the next round is a second later.
    let after = |crash_at| counted(with(Durability::Everysec), crash_at, Keep::Durable);
    assert_eq!(after(1_050), Reply::Nil);
    assert_eq!(after(1_052), text("10"));
    assert_eq!(after(2_050), text("10"));
    assert_eq!(after(2_052), text("20"));
}

#[test]
fn snapshots_come_as_often_as_is_said() {
    let after = |crash_at| {
        let config = with(Durability::Snapshots(Span::from_millis(500)));
        counted(config, crash_at, Keep::Durable)
    };
    assert_eq!(after(550), Reply::Nil);
    assert_eq!(after(552), text("5"));
    assert_eq!(after(1_200), text("10"));
}

#[test]
fn what_stays_in_the_cache_of_the_system_is_durable_after_half_a_minute() {
    let after = |crash_at| counted(with(Durability::No), crash_at, Keep::Durable);
    assert_eq!(after(30_050), Reply::Nil);
    assert_eq!(after(30_052), text("300"));
}

#[test]
fn a_crash_begins_a_new_second() {
    let stage = Stage::new(with(Durability::Everysec)).client(&[
        (0, "SET k 1"),
        (900, "SET k 2"),
        (1_890, "SET k 3"),
        (1_910, "GET k"),
    ]);
    // At 899 ms nothing is durable; then the write at 901 ms is at 1,901 ms.
    let stage = stage.crash_server(899, Keep::Durable).crash_server(1_905, Keep::Durable);
    assert_eq!(replies(stage), [ok(), ok(), ok(), text("3")]);
}

#[test]
fn a_failover_loses_the_commands_that_the_replica_lacks() {
    let lagging = |durability| ServerConfig {
        durability,
        replication_lag: Some(Span::from_millis(200)),
        ..ServerConfig::default()
    };
    for durability in [Durability::Always, Durability::Never] {
        let after = |crash_at| counted(lagging(durability), crash_at, Keep::Replica);
        assert_eq!(after(250), Reply::Nil, "{durability:?}");
        assert_eq!(after(252), text("2"), "{durability:?}");
    }
    let kept = counted(lagging(Durability::Always), 250, Keep::Durable);
    assert_eq!(kept, text("2"), "the disk knows nothing of the replica");
}

#[test]
fn a_failover_without_a_replica_leaves_nothing() {
    assert_eq!(counted(with(Durability::Always), 1_000, Keep::Replica), Reply::Nil);
}

#[test]
fn the_parameters_say_how_durable_it_is() {
    let told = |durability| {
        let stage = Stage::new(with(durability));
        let lines = [(0, "CONFIG GET appendfsync"), (10, "CONFIG GET appendonly")];
        let value = |reply| match reply {
            Reply::Array(pair) => pair[1].clone(),
            other => panic!("{other:?}"),
        };
        replies(stage.client(&lines)).into_iter().map(value).collect::<Vec<Reply>>()
    };
    assert_eq!(told(Durability::Always), ["always", "yes"].map(text));
    assert_eq!(told(Durability::No), ["no", "yes"].map(text));
    assert_eq!(told(Durability::Never), ["everysec", "no"].map(text));
}
