//! Clocks that are wrong.

use sim::{Clock, Command, LocalTime, WallTime};

use crate::stage::{A, Act, B, Stage, ms, span};

/// What a's clocks show when it receives a word at 10 ms, and what they show at 20 ms.
fn readings(clock: Clock, command: Option<Command<crate::stage::Word>>) -> [LocalTime; 2] {
    let mut stage = Stage::of(["a", "b"]);
    stage.nodes[A.index()].clock = clock;
    stage = stage.tell(9, B, [Act::Say(A, 1)]).tell(19, B, [Act::Say(A, 2)]);
    if let Some(command) = command {
        stage = stage.at(15, command);
    }
    let play = stage.play();
    [play.actor(A).heard[1].0, play.actor(A).heard[2].0]
}

fn local(wall_ms: i64, monotonic_ms: u64) -> LocalTime {
    LocalTime {
        wall: WallTime(WallTime::EPOCH.0.strict_add_signed(wall_ms * 1_000_000)),
        monotonic: ms(monotonic_ms),
    }
}

#[test]
fn a_faultless_clock_shows_true_time() {
    assert_eq!(readings(Clock::default(), None), [local(10, 10), local(20, 20)]);
}

#[test]
fn an_offset_moves_the_wall_clock_only() {
    assert_eq!(readings(Clock::new(5_000_000, 0), None), [local(15, 10), local(25, 20)]);
    assert_eq!(readings(Clock::new(-50_000_000, 0), None), [local(-40, 10), local(-30, 20)]);
}

#[test]
fn a_drift_makes_both_clocks_fast_or_slow() {
    assert_eq!(readings(Clock::new(0, 100_000_000), None), [local(11, 11), local(22, 22)]);
    assert_eq!(readings(Clock::new(0, -100_000_000), None), [local(9, 9), local(18, 18)]);
}

#[test]
fn a_step_moves_the_wall_clock_of_one_node_from_then_on() {
    let step = |node| {
        let by_ns = -8_000_000;
        Some(Command::StepClock { node, by_ns })
    };
    assert_eq!(readings(Clock::default(), step(A)), [local(10, 10), local(12, 20)]);
    assert_eq!(readings(Clock::default(), step(B)), [local(10, 10), local(20, 20)]);
}

#[test]
fn a_step_does_not_move_timers() {
    let by_ns = 3_600_000_000_000;
    let play = Stage::of(["a"])
        .tell(0, A, [Act::SetTimer(span(10), 1)])
        .at(5, Command::StepClock { node: A, by_ns })
        .play();
    assert_eq!(play.story(), ["10ms a has timer 1 run out"]);
}

#[test]
fn timers_count_by_the_clock_of_their_node() {
    let mut stage = Stage::of(["fast", "slow"]);
    stage.nodes[0].clock = Clock::new(0, 250_000_000);
    stage.nodes[1].clock = Clock::new(0, -200_000_000);
    let play = stage
        .tell(0, A, [Act::SetTimer(span(10), 1)])
        .tell(0, B, [Act::SetTimer(span(10), 2)])
        .play();
    assert_eq!(play.story(), ["8ms fast has timer 1 run out", "12.5ms slow has timer 2 run out",]);
}
