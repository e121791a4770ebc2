//! Nodes at work, and nodes that are slow.

use history::Span;
use sim::Command;

use crate::stage::{A, Act, B, Stage, ms, span};

fn two() -> Stage {
    Stage::of(["a", "b"])
}

#[test]
fn what_a_node_does_after_its_work_happens_after_it() {
    let play = two().tell(0, A, [Act::Say(B, 1), Act::Busy(span(5)), Act::Say(B, 2)]).play();
    assert_eq!(
        play.story(),
        [
            "0s a sends 1 to b: arrives at 1ms",
            "0s a is busy for 5ms",
            "1ms b hears 1 from a",
            "5ms a sends 2 to b: arrives at 6ms",
            "6ms b hears 2 from a",
        ]
    );
}

#[test]
fn what_comes_while_a_node_is_at_work_waits_for_it() {
    let play = two()
        .tell(0, B, [Act::SetTimer(span(3), 7), Act::Busy(span(5)), Act::Say(A, 9)])
        .tell(1, A, [Act::Ask(B, 1)])
        .play();
    assert_eq!(
        play.story(),
        [
            "0s b is busy for 5ms",
            "1ms a sends 1 to b: arrives at 2ms",
            "5ms b sends 9 to a: arrives at 6ms",
            "5ms b hears 1 from a",
            "5ms b sends 1 to a: arrives at 6ms",
            "5ms b has timer 7 run out",
            "6ms a hears 9 from b",
            "6ms a hears 1 from b",
        ]
    );
}

#[test]
fn work_can_follow_work() {
    let play = two()
        .tell(0, A, [Act::Busy(span(2)), Act::Busy(span(3)), Act::Say(B, 1)])
        .tell(1, A, [Act::Say(B, 2)])
        .play();
    assert_eq!(
        play.story()[..4],
        [
            "0s a is busy for 2ms",
            "2ms a is busy for 3ms",
            "5ms a sends 1 to b: arrives at 6ms",
            "5ms a sends 2 to b: arrives at 6ms",
        ]
    );
}

#[test]
fn every_step_of_a_slow_node_takes_longer_until_it_is_fast_again() {
    let slow = |by| Command::Slow { node: B, by };
    let play = two()
        .tell(0, A, [Act::Ask(B, 1)])
        .at(2, slow(span(10)))
        .tell(3, A, [Act::Ask(B, 2)])
        .at(20, slow(Span::ZERO))
        .tell(21, A, [Act::Ask(B, 3)])
        .play();
    assert_eq!(
        play.story(),
        [
            "0s a sends 1 to b: arrives at 1ms",
            "1ms b hears 1 from a",
            "1ms b sends 1 to a: arrives at 2ms",
            "2ms a hears 1 from b",
            "3ms a sends 2 to b: arrives at 4ms",
            "4ms b hears 2 from a",
            "4ms b is busy for 10ms",
            "14ms b sends 2 to a: arrives at 15ms",
            "15ms a hears 2 from b",
            "21ms a sends 3 to b: arrives at 22ms",
            "22ms b hears 3 from a",
            "22ms b sends 3 to a: arrives at 23ms",
            "23ms a hears 3 from b",
        ]
    );
}

#[test]
fn messages_to_a_slow_node_queue_up() {
    let play = two()
        .at(0, Command::Slow { node: B, by: span(10) })
        .tell(1, A, [Act::Say(B, 1), Act::Say(B, 2), Act::Say(B, 3)])
        .play();
    let times = play.actor(B).heard.iter().map(|(now, _)| now.monotonic);
    assert!(times.eq([ms(0), ms(2), ms(12), ms(22)]));
}
