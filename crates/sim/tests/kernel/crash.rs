//! Crashes: what is gone, and what is left.

use sim::{Command, Keep, LinkRule, Report};

use crate::stage::{A, Act, B, Heard, Stage, crash, span, takes};

fn two() -> Stage {
    Stage::of(["a", "b"])
}

#[test]
fn volatile_state_is_gone_and_durable_state_is_kept() {
    let play = two()
        .tell(0, A, [Act::Say(B, 1)])
        .tell(1, B, [Act::Store(5)])
        .at(2, crash(B))
        .at(3, Command::Start(B))
        .play();
    assert_eq!(play.actor(B).inputs(), [Heard::Start]);
    assert_eq!(play.actor(B).stored, [5]);
}

#[test]
fn a_crash_that_keeps_nothing_takes_the_disk_too() {
    let (node, keep) = (B, Keep::Nothing);
    let play = two()
        .tell(1, B, [Act::Store(5)])
        .at(2, Command::Crash { node, keep })
        .at(3, Command::Start(B))
        .play();
    assert!(play.actor(B).stored.is_empty());
}

#[test]
fn without_a_crash_everything_stays() {
    let play = two()
        .tell(0, A, [Act::Say(B, 1)])
        .tell(1, B, [Act::Store(5)])
        .at(3, Command::Start(B))
        .play();
    assert_eq!(play.actor(B).inputs(), [Heard::Start, Heard::Word(1)]);
    assert_eq!(play.actor(B).stored, [5]);
}

#[test]
fn timers_set_before_a_crash_do_not_run_out_in_the_next_life() {
    let play = two()
        .tell(0, A, [Act::SetTimer(span(10), 1)])
        .at(1, crash(A))
        .at(2, Command::Start(A))
        .tell(3, A, [Act::SetTimer(span(1), 2)])
        .play();
    assert_eq!(play.story(), ["2ms a starts", "4ms a has timer 2 run out"]);
}

#[test]
fn what_is_in_flight_to_a_node_that_crashes_is_lost_even_if_it_is_up_again() {
    let play = two()
        .rule(takes(5))
        .tell(0, A, [Act::Say(B, 1)])
        .at(1, crash(B))
        .at(2, Command::Start(B))
        .tell(3, A, [Act::Say(B, 2)])
        .play();
    assert_eq!(
        play.story(),
        [
            "0s a sends 1 to b: arrives at 5ms",
            "2ms b starts",
            "3ms a sends 2 to b: arrives at 8ms",
            "5ms b misses 1 from a: node down",
            "8ms b hears 2 from a",
        ]
    );
}

#[test]
fn what_a_node_sent_before_its_crash_arrives() {
    let play = two().rule(takes(5)).tell(0, A, [Act::Say(B, 1)]).at(1, crash(A)).play();
    assert_eq!(play.story()[1], "5ms b hears 1 from a");
}

#[test]
fn what_is_sent_to_a_node_that_is_down_is_lost() {
    let play = two().at(0, crash(B)).tell(1, A, [Act::Say(B, 1)]).play();
    assert_eq!(
        play.story(),
        ["1ms a sends 1 to b: arrives at 2ms", "2ms b misses 1 from a: node down",]
    );
}

#[test]
fn where_losses_are_reported_so_is_one_to_a_node_that_is_down() {
    let rule = LinkRule { report: Report::Reported, ..takes(1) };
    let play = two().rule(rule).at(0, crash(B)).tell(1, A, [Act::Say(B, 1)]).play();
    assert_eq!(
        play.story(),
        [
            "1ms a sends 1 to b: arrives at 2ms",
            "2ms b misses 1 from a: node down",
            "2ms a learns that 1 to b is lost",
        ]
    );
}

#[test]
fn a_node_is_not_told_of_the_losses_of_its_earlier_life() {
    let rule = LinkRule { report: Report::Reported, ..takes(5) };
    let play = two()
        .rule(rule)
        .at(0, crash(B))
        .tell(1, A, [Act::Say(B, 1)])
        .at(2, crash(A))
        .at(3, Command::Start(A))
        .play();
    assert_eq!(
        play.story(),
        ["1ms a sends 1 to b: arrives at 6ms", "3ms a starts", "6ms b misses 1 from a: node down",]
    );
}

#[test]
fn what_waits_in_line_at_a_node_that_crashes_is_lost() {
    let play = two()
        .at(0, Command::Pause(B))
        .tell(1, A, [Act::Say(B, 1)])
        .at(3, crash(B))
        .at(4, Command::Start(B))
        .play();
    assert_eq!(
        play.story(),
        ["1ms a sends 1 to b: arrives at 2ms", "3ms b misses 1 from a: node down", "4ms b starts",]
    );
}

#[test]
fn a_node_that_crashes_at_work_does_not_finish_it() {
    let play = two()
        .tell(0, A, [Act::Say(B, 1), Act::Busy(span(5)), Act::Say(B, 2)])
        .at(3, crash(A))
        .at(4, Command::Start(A))
        .play();
    assert_eq!(
        play.story(),
        [
            "0s a sends 1 to b: arrives at 1ms",
            "0s a is busy for 5ms",
            "1ms b hears 1 from a",
            "4ms a starts",
        ]
    );
}

#[test]
fn crashing_what_is_down_changes_nothing() {
    let play = two().at(0, crash(B)).at(1, crash(B)).at(2, Command::Start(B)).play();
    assert_eq!(play.story(), ["2ms b starts"]);
}
