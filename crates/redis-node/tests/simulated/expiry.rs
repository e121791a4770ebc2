//! A lease of 100 ms, looked at by its server's own clock.

use redis::Reply;
use redis_node::ServerConfig;
use sim::{Clock, Command, Keep};

use crate::stage::{SERVER, Stage, ok, replies, text};

const LEASE: &str = "SET lease me PX 100";
const PERCENT: i32 = 10_000_000; // in parts per billion

/// What a look at the lease shows, so many milliseconds after it was given.
fn look(stage: Stage, ms: u64) -> Reply {
    let mut replies = replies(stage.client(&[(0, LEASE), (ms, "GET lease")]));
    assert_eq!(replies[0], ok());
    replies.remove(1)
}

fn server() -> Stage {
    Stage::new(ServerConfig::default())
}

#[test]
fn a_lease_ends_by_a_right_clock() {
    assert_eq!(look(server(), 99), text("me"));
    assert_eq!(look(server(), 102), Reply::Nil);
}

#[test]
fn a_fast_clock_ends_it_early_and_a_slow_one_late() {
    let fast = || server().clock(Clock::new(0, 10 * PERCENT));
    assert_eq!(look(fast(), 89), text("me"));
    assert_eq!(look(fast(), 95), Reply::Nil);
    let slow = || server().clock(Clock::new(0, -10 * PERCENT));
    assert_eq!(look(slow(), 109), text("me"));
    assert_eq!(look(slow(), 115), Reply::Nil);
}

#[test]
fn a_clock_that_is_merely_off_makes_no_difference() {
    let off = || server().clock(Clock::new(-5_000_000_000, 0));
    assert_eq!(look(off(), 99), text("me"));
    assert_eq!(look(off(), 102), Reply::Nil);
}

#[test]
fn a_step_forward_ends_it_and_a_step_back_prolongs_it() {
    let stepped = |by_ms: i64| {
        let by_ns = by_ms * 1_000_000;
        server().then(50, Command::StepClock { node: SERVER, by_ns })
    };
    assert_eq!(look(stepped(60), 60), Reply::Nil);
    assert_eq!(look(stepped(-60), 150), text("me"));
    assert_eq!(look(stepped(-60), 165), Reply::Nil);
}

#[test]
fn it_goes_on_ending_while_the_server_is_down() {
    let down = || {
        server()
            .then(10, Command::Crash { node: SERVER, keep: Keep::Durable })
            .then(90, Command::Start(SERVER))
    };
    assert_eq!(look(down(), 95), text("me"));
    assert_eq!(look(down(), 105), Reply::Nil);
}
