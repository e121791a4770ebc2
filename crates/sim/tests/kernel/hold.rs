//! Messages that are held, and released.

use sim::{Chance, Command, Endpoint, LinkRule, Transport};

use crate::stage::{A, Act, B, C, Stage, Word, crash, cut, only, takes};

fn hold(from: Endpoint, to: Endpoint) -> Command<Word> {
    Command::Hold { from, to }
}

fn release(from: Endpoint, to: Endpoint) -> Command<Word> {
    Command::Release { from, to }
}

fn two() -> Stage {
    Stage::of(["a", "b"])
}

#[test]
fn what_is_held_arrives_after_its_release_in_the_order_of_sending() {
    let play = two()
        .at(0, hold(only(A), only(B)))
        .tell(1, A, [Act::Say(B, 1)])
        .tell(2, A, [Act::Say(B, 2)])
        .tell(3, B, [Act::Say(A, 3)])
        .at(9, release(only(A), only(B)))
        .tell(11, A, [Act::Say(B, 4)])
        .play();
    assert_eq!(
        play.story(),
        [
            "1ms a sends 1 to b: held",
            "2ms a sends 2 to b: held",
            "3ms b sends 3 to a: arrives at 4ms", // the way back is open
            "4ms a hears 3 from b",
            "9ms a had sent 1: arrives at 10ms",
            "9ms a had sent 2: arrives at 10ms",
            "10ms b hears 1 from a",
            "10ms b hears 2 from a",
            "11ms a sends 4 to b: arrives at 12ms",
            "12ms b hears 4 from a",
        ]
    );
}

#[test]
fn what_is_not_released_never_arrives() {
    let play = two().at(0, hold(only(A), only(B))).tell(1, A, [Act::Say(B, 1)]).play();
    assert_eq!(play.story(), ["1ms a sends 1 to b: held"]);
}

#[test]
fn nothing_is_held_where_no_hold_is() {
    let play = Stage::of(["a", "b", "c"])
        .at(0, hold(only(A), only(B)))
        .tell(1, A, [Act::Say(C, 1)])
        .play();
    assert_eq!(play.story(), ["1ms a sends 1 to c: arrives at 2ms", "2ms c hears 1 from a"]);
}

#[test]
fn what_two_holds_keep_back_waits_for_both() {
    let play = two()
        .at(0, hold(only(A), only(B)))
        .at(0, hold(Endpoint::Any, only(B)))
        .tell(1, A, [Act::Say(B, 1)])
        .at(2, release(only(A), only(B)))
        .at(5, release(Endpoint::Any, only(B)))
        .play();
    assert_eq!(
        play.story(),
        ["1ms a sends 1 to b: held", "5ms a had sent 1: arrives at 6ms", "6ms b hears 1 from a",]
    );
}

#[test]
fn a_released_message_can_be_lost() {
    let loses = LinkRule { loss: Chance::from_ppm(1_000_000).unwrap(), ..takes(1) };
    let play = two()
        .rule(loses)
        .at(0, hold(only(A), only(B)))
        .tell(1, A, [Act::Say(B, 1)])
        .at(2, release(only(A), only(B)))
        .play();
    assert_eq!(play.story(), ["1ms a sends 1 to b: held", "2ms a had sent 1: lost, network"]);
}

#[test]
fn a_message_released_into_a_partition_is_lost() {
    let play = two()
        .at(0, hold(only(A), only(B)))
        .tell(1, A, [Act::Say(B, 1)])
        .at(2, cut(only(A), only(B)))
        .at(3, release(only(A), only(B)))
        .play();
    assert_eq!(play.story(), ["1ms a sends 1 to b: held", "3ms a had sent 1: lost, partition",]);
}

#[test]
fn what_was_held_for_a_node_that_crashed_meanwhile_is_lost() {
    let play = two()
        .at(0, hold(only(A), only(B)))
        .tell(1, A, [Act::Say(B, 1)])
        .at(2, crash(B))
        .at(3, Command::Start(B))
        .at(4, release(only(A), only(B)))
        .play();
    assert_eq!(
        play.story(),
        [
            "1ms a sends 1 to b: held",
            "3ms b starts",
            "4ms a had sent 1: arrives at 5ms",
            "5ms b misses 1 from a: node down",
        ]
    );
}

#[test]
fn a_release_that_loses_a_message_of_an_old_connection_leaves_the_new_one_alone() {
    let stream = |rule| LinkRule { transport: Transport::Stream, ..rule };
    let loses = LinkRule { loss: Chance::from_ppm(1_000_000).unwrap(), ..takes(1) };
    let play = two()
        .rule(stream(takes(3)))
        .link(only(A), only(B), stream(loses))
        .at(0, hold(only(A), only(B)))
        .tell(1, A, [Act::Say(B, 1)])
        .at(2, crash(A))
        .at(3, Command::Start(A))
        .tell(4, B, [Act::Say(A, 2)])
        .at(5, release(only(A), only(B)))
        .play();
    assert_eq!(
        play.story(),
        [
            "1ms a sends 1 to b: held",
            "2ms b loses connection 0 to a",
            "3ms a starts",
            "4ms b sends 2 to a: arrives at 7ms",
            "5ms a had sent 1: lost, connection",
            "7ms a hears 2 from b",
        ]
    );
}
