//! Connections: in order, once, or broken.

use sim::{Chance, Kind, LinkRule, Transport};

use crate::stage::{
    A, Act, B, C, Heard, Stage, crash, cut, heal, ms, only, span, takes, takes_between,
};

fn stream(rule: LinkRule) -> LinkRule {
    LinkRule { transport: Transport::Stream, ..rule }
}

#[test]
fn a_stream_delivers_in_order_and_once() {
    let rule = LinkRule {
        duplicate: Chance::from_ppm(1_000_000).unwrap(),
        ..stream(takes_between(1, 50))
    };
    let play = Stage::of(["a", "b"]).rule(rule).chatter(A, B, 200).play();
    let words = (0..200).map(Heard::Word);
    assert!(play.actor(B).inputs().into_iter().eq([Heard::Start].into_iter().chain(words)));
}

#[test]
fn a_stream_without_loss_does_not_break() {
    let rule = stream(takes_between(1, 50));
    let play = Stage::of(["a", "b"]).rule(rule).chatter(A, B, 200).play();
    assert_eq!(play.count(|kind| matches!(kind, Kind::ConnectionLost { .. })), 0);
}

#[test]
fn a_loss_breaks_the_connection_kills_what_is_in_flight_both_ways_and_both_ends_are_told() {
    let breaks = LinkRule { loss: Chance::from_ppm(1_000_000).unwrap(), ..stream(takes(4)) };
    let stage = Stage::of(["a", "b", "c"])
        .rule(stream(takes(4)))
        .link(only(A), only(C), breaks)
        .link(only(C), only(A), stream(takes(4)));
    let play = stage
        .tell(0, C, [Act::Say(A, 1)])
        .tell(1, A, [Act::Say(B, 2)])
        .tell(2, A, [Act::Say(C, 3)])
        .tell(3, C, [Act::Say(A, 4)])
        .play();
    assert_eq!(
        play.story(),
        [
            "0s c sends 1 to a: arrives at 4ms",
            "1ms a sends 2 to b: arrives at 5ms",
            "2ms a sends 3 to c: lost, connection",
            "2ms a loses connection 0 to c",
            "2ms c loses connection 0 to a",
            "3ms c sends 4 to a: arrives at 7ms", // on the next connection
            "4ms a misses 1 from c: connection",
            "5ms b hears 2 from a", // another connection
            "7ms a hears 4 from c",
        ]
    );
}

#[test]
fn each_connection_that_breaks_has_the_next_number() {
    let breaks = LinkRule { loss: Chance::from_ppm(1_000_000).unwrap(), ..stream(takes(1)) };
    let play = Stage::of(["a", "b"]).rule(breaks).chatter(A, B, 3).play();
    let losses = (0..3).map(|epoch| Heard::ConnectionLost(B, epoch));
    assert!(play.actor(A).inputs().into_iter().skip(1).eq(losses.clone()));
    let losses = (0..3).map(|epoch| Heard::ConnectionLost(A, epoch));
    assert!(play.actor(B).inputs().into_iter().skip(1).eq(losses));
}

#[test]
fn a_message_that_meets_a_partition_breaks_the_connection() {
    let play = Stage::of(["a", "b"])
        .rule(stream(takes(1)))
        .at(0, cut(only(A), only(B)))
        .tell(1, A, [Act::Say(B, 1)])
        .at(2, heal(only(A), only(B)))
        .tell(3, A, [Act::Say(B, 2)])
        .play();
    assert_eq!(
        play.story(),
        [
            "1ms a sends 1 to b: lost, partition",
            "1ms a loses connection 0 to b",
            "1ms b loses connection 0 to a",
            "3ms a sends 2 to b: arrives at 4ms",
            "4ms b hears 2 from a",
        ]
    );
}

#[test]
fn when_an_end_crashes_what_it_had_sent_arrives_and_then_the_other_end_is_told() {
    let play = Stage::of(["a", "b", "c"])
        .rule(stream(takes(4)))
        .tell(0, A, [Act::Say(B, 1)])
        .tell(1, B, [Act::Say(A, 2)])
        .at(2, crash(A))
        .play();
    assert_eq!(
        play.story(),
        [
            "0s a sends 1 to b: arrives at 4ms",
            "1ms b sends 2 to a: arrives at 5ms",
            "4ms b hears 1 from a",
            "4ms b loses connection 0 to a",
            "5ms a misses 2 from b: node down",
        ]
    );
    assert_eq!(play.actor(C).inputs(), [Heard::Start], "c had no connection to a");
}

#[test]
fn without_a_crash_nobody_is_told_of_one() {
    let play = Stage::of(["a", "b"])
        .rule(stream(takes(4)))
        .tell(0, A, [Act::Say(B, 1)])
        .tell(1, B, [Act::Say(A, 2)])
        .play();
    assert_eq!(play.actor(B).inputs(), [Heard::Start, Heard::Word(1)]);
    assert_eq!(play.actor(A).inputs(), [Heard::Start, Heard::Word(2)]);
}

#[test]
fn a_message_to_a_node_that_is_down_breaks_the_connection_when_it_arrives() {
    let play = Stage::of(["a", "b"])
        .rule(stream(takes(1)))
        .at(0, crash(B))
        .tell(1, A, [Act::Say(B, 1), Act::Say(B, 2)])
        .at(3, sim::Command::Start(B))
        .tell(4, A, [Act::Say(B, 3)])
        .play();
    assert_eq!(
        play.story(),
        [
            "1ms a sends 1 to b: arrives at 2ms",
            "1ms a sends 2 to b: arrives at 2ms",
            "2ms b misses 1 from a: node down",
            "2ms b misses 2 from a: node down",
            "2ms a loses connection 0 to b",
            "3ms b starts",
            "4ms a sends 3 to b: arrives at 5ms",
            "5ms b hears 3 from a",
        ]
    );
}

#[test]
fn after_a_restart_a_node_talks_on_a_new_connection() {
    let play = Stage::of(["a", "b"])
        .rule(stream(takes(1)))
        .tell(0, A, [Act::Say(B, 1)])
        .at(2, crash(A))
        .at(3, sim::Command::Start(A))
        .tell(4, A, [Act::Say(B, 2)])
        .at(6, crash(A))
        .play();
    assert_eq!(
        play.actor(B).heard.iter().map(|(now, heard)| (now.monotonic, *heard)).collect::<Vec<_>>(),
        [
            (ms(0), Heard::Start),
            (ms(1), Heard::Word(1)),
            (ms(2), Heard::ConnectionLost(A, 0)),
            (ms(5), Heard::Word(2)),
            (ms(6), Heard::ConnectionLost(A, 1)),
        ]
    );
}

#[test]
fn a_message_of_a_connection_that_broke_while_its_receiver_was_busy_is_lost() {
    let breaks = LinkRule { loss: Chance::from_ppm(1_000_000).unwrap(), ..stream(takes(1)) };
    let play = Stage::of(["a", "b"])
        .rule(stream(takes(1)))
        .link(only(B), only(A), breaks)
        .tell(0, A, [Act::Say(B, 1)])
        .tell(0, B, [Act::Busy(span(2)), Act::Say(A, 2)])
        .play();
    assert_eq!(
        play.story(),
        [
            "0s a sends 1 to b: arrives at 1ms",
            "0s b is busy for 2ms",
            "2ms b sends 2 to a: lost, connection",
            "2ms b misses 1 from a: connection",
            "2ms b loses connection 0 to a",
            "2ms a loses connection 0 to b",
        ]
    );
}
