//! Timers: in their time, once, or not at all.

use history::Span;
use proptest::prelude::*;
use sim::Clock;

use crate::stage::{A, Act, Heard, Stage, span};

#[test]
fn a_timer_runs_out_once_after_its_time() {
    let play = Stage::of(["a"]).tell(5, A, [Act::SetTimer(span(10), 1)]).play();
    assert_eq!(play.story(), ["15ms a has timer 1 run out"]);
    assert_eq!(play.actor(A).inputs(), [Heard::Start, Heard::Timer(1)]);
}

#[test]
fn timers_of_the_same_time_run_out_in_the_order_of_setting() {
    let play = Stage::of(["a"])
        .tell(0, A, [Act::SetTimer(span(2), 1)])
        .tell(1, A, [Act::SetTimer(span(1), 2), Act::SetTimer(span(1), 3)])
        .play();
    let timers = [Heard::Timer(1), Heard::Timer(2), Heard::Timer(3)];
    assert_eq!(play.actor(A).inputs()[1..], timers);
}

#[test]
fn a_cancelled_timer_never_runs_out() {
    let play = Stage::of(["a"])
        .tell(0, A, [Act::SetTimer(span(5), 1), Act::SetTimer(span(5), 2)])
        .tell(4, A, [Act::CancelTimer(1)])
        .play();
    assert_eq!(play.story(), ["5ms a has timer 2 run out"]);
}

#[test]
fn a_timer_can_be_cancelled_in_the_step_that_set_it() {
    let play =
        Stage::of(["a"]).tell(0, A, [Act::SetTimer(Span::ZERO, 1), Act::CancelTimer(1)]).play();
    assert!(play.story().is_empty());
}

#[test]
fn a_timer_that_ran_out_while_its_node_was_at_work_can_still_be_cancelled() {
    let play = Stage::of(["a"])
        .tell(0, A, [Act::SetTimer(span(2), 1), Act::Busy(span(5)), Act::CancelTimer(1)])
        .play();
    assert_eq!(play.story(), ["0s a is busy for 5ms"]);
}

#[test]
fn cancelling_a_timer_that_has_run_out_changes_nothing() {
    let play = Stage::of(["a"])
        .tell(0, A, [Act::SetTimer(span(1), 1)])
        .tell(2, A, [Act::CancelTimer(1), Act::SetTimer(span(1), 2)])
        .play();
    assert_eq!(play.actor(A).inputs(), [Heard::Start, Heard::Timer(1), Heard::Timer(2)]);
}

proptest! {
    #[test]
    fn no_timer_runs_out_early_by_the_clock_of_its_node(
        drift_ppb in -500_000_000i32..=500_000_000,
        set_at_ms in 0u64..1_000_000,
        after_ns in 0u64..100_000_000_000,
    ) {
        let mut stage = Stage::of(["a"]);
        stage.nodes[0].clock = Clock::new(0, drift_ppb);
        let after = Span(after_ns);
        let play = stage.tell(set_at_ms, A, [Act::Choose(1), Act::SetTimer(after, 1)]).play();
        let [_, (set, _), (run_out, timer)] = play.actor(A).heard[..] else {
            panic!("start, answer, timer");
        };
        prop_assert_eq!(timer, Heard::Timer(1));
        let passed = run_out.monotonic.since(set.monotonic);
        prop_assert!(passed >= after, "{} after {}", passed, after);
    }
}
