//! Pauses: nothing is handled, and the clocks go on.

use history::Span;
use sim::{Command, Kind};

use crate::stage::{A, Act, B, Heard, Stage, crash, ms, span};

fn two() -> Stage {
    Stage::of(["a", "b"])
}

#[test]
fn a_paused_node_handles_nothing() {
    let play = two().at(0, Command::Pause(B)).tell(1, A, [Act::Say(B, 1)]).play();
    assert_eq!(play.story(), ["1ms a sends 1 to b: arrives at 2ms"]);
    assert_eq!(play.actor(B).inputs(), [Heard::Start]);
}

#[test]
fn what_came_meanwhile_is_handled_at_resume_in_the_order_of_its_coming() {
    let play = two()
        .tell(0, B, [Act::SetTimer(span(3), 7), Act::SetTimer(span(5), 8)])
        .at(1, Command::Pause(B))
        .tell(2, A, [Act::Say(B, 1)]) // arrives at 3 ms, after the timer of that time
        .tell(3, A, [Act::Say(B, 2)])
        .at(9, Command::Resume(B))
        .play();
    assert_eq!(
        play.story(),
        [
            "2ms a sends 1 to b: arrives at 3ms",
            "3ms a sends 2 to b: arrives at 4ms",
            "9ms b has timer 7 run out",
            "9ms b hears 1 from a",
            "9ms b hears 2 from a",
            "9ms b has timer 8 run out",
        ]
    );
    let times: Vec<_> = play.actor(B).heard.iter().map(|(now, _)| now.monotonic).collect();
    assert_eq!(times, [ms(0), ms(9), ms(9), ms(9), ms(9)], "its clocks went on");
}

#[test]
fn a_timer_due_after_the_resume_runs_out_in_its_time() {
    let play = two()
        .tell(0, A, [Act::SetTimer(span(10), 7)])
        .at(1, Command::Pause(A))
        .at(9, Command::Resume(A))
        .play();
    assert_eq!(play.story(), ["10ms a has timer 7 run out"]);
}

#[test]
fn a_node_that_was_never_paused_handles_each_thing_in_its_time() {
    let play = two()
        .tell(0, B, [Act::SetTimer(span(3), 7)])
        .tell(1, A, [Act::Say(B, 1)])
        .at(9, Command::Resume(B))
        .play();
    assert_eq!(
        play.story(),
        ["1ms a sends 1 to b: arrives at 2ms", "2ms b hears 1 from a", "3ms b has timer 7 run out",]
    );
}

#[test]
fn a_pause_falls_between_a_check_and_the_act_on_it() {
    let play = two()
        .tell(0, A, [Act::Say(B, 1), Act::Yield, Act::Say(B, 2)])
        .when(|kind| *kind == Kind::Busy(Span::ZERO), Command::Pause(A))
        .at(8, Command::Resume(A))
        .play();
    assert_eq!(
        play.story(),
        [
            "0s a sends 1 to b: arrives at 1ms",
            "0s a is busy for 0s",
            "1ms b hears 1 from a",
            "8ms a sends 2 to b: arrives at 9ms",
            "9ms b hears 2 from a",
        ]
    );
}

#[test]
fn without_a_pause_the_act_follows_the_check_at_once() {
    let play = two().tell(0, A, [Act::Yield, Act::Say(B, 2)]).play();
    assert_eq!(play.story()[1], "0s a sends 2 to b: arrives at 1ms");
}

#[test]
fn work_that_ends_during_a_pause_comes_before_what_waited_for_it() {
    let play = two()
        .tell(0, B, [Act::Busy(span(5)), Act::Say(A, 9)])
        .tell(1, A, [Act::Say(B, 1)])
        .at(3, Command::Pause(B))
        .at(8, Command::Resume(B))
        .play();
    assert_eq!(
        play.story(),
        [
            "0s b is busy for 5ms",
            "1ms a sends 1 to b: arrives at 2ms",
            "8ms b sends 9 to a: arrives at 9ms",
            "8ms b hears 1 from a",
            "9ms a hears 9 from b",
        ]
    );
}

#[test]
fn a_pause_does_not_survive_a_crash() {
    let play = two()
        .at(0, Command::Pause(B))
        .at(1, crash(B))
        .at(2, Command::Start(B))
        .tell(3, A, [Act::Say(B, 1)])
        .play();
    assert_eq!(play.story()[2], "4ms b hears 1 from a");
}

#[test]
fn pausing_a_node_that_is_down_changes_nothing() {
    let play = two()
        .at(0, crash(B))
        .at(1, Command::Pause(B))
        .at(2, Command::Start(B))
        .tell(3, A, [Act::Say(B, 1)])
        .play();
    assert_eq!(play.story()[2], "4ms b hears 1 from a");
}
