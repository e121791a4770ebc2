//! The end of all faults of the network.

use sim::{Chance, Command, LinkRule, Order, Transport};

use crate::stage::{A, Act, B, Stage, crash, cut, only, takes};

fn always() -> Chance {
    Chance::from_ppm(1_000_000).expect("a million of a million")
}

/// One word at 1 ms, by such a link, and one at 5 ms, when it has been healed.
fn before_and_after(rule: LinkRule) -> Vec<String> {
    let stage = Stage::of(["a", "b"]).rule(rule).at(4, Command::Mend);
    stage.tell(1, A, [Act::Say(B, 1)]).tell(5, A, [Act::Say(B, 2)]).play().story()
}

#[test]
fn nothing_is_lost_any_more() {
    assert_eq!(
        before_and_after(LinkRule { loss: always(), ..takes(1) }),
        [
            "1ms a sends 1 to b: lost, network",
            "5ms a sends 2 to b: arrives at 6ms",
            "6ms b hears 2 from a",
        ]
    );
}

#[test]
fn nothing_arrives_twice_any_more_but_it_still_takes_its_time_and_keeps_its_order() {
    let story = before_and_after(LinkRule { duplicate: always(), order: Order::Fifo, ..takes(3) });
    let hears: Vec<&String> = story.iter().filter(|line| line.contains("hears")).collect();
    assert_eq!(hears, ["4ms b hears 1 from a", "4ms b hears 1 from a", "8ms b hears 2 from a"]);
}

#[test]
fn connections_break_no_more() {
    let rule = LinkRule { transport: Transport::Stream, loss: always(), ..takes(1) };
    let story = before_and_after(rule);
    assert_eq!(story.last().map(String::as_str), Some("6ms b hears 2 from a"));
}

#[test]
fn cuts_and_holds_are_taken_back_however_often_they_were_ordered() {
    let hold = Command::Hold { from: only(B), to: only(A) };
    let play = Stage::of(["a", "b"])
        .at(0, cut(only(A), only(B)))
        .at(0, cut(only(A), only(B)))
        .at(0, hold)
        .tell(1, A, [Act::Say(B, 1)])
        .tell(2, B, [Act::Say(A, 2)])
        .at(4, Command::Mend)
        .tell(5, A, [Act::Say(B, 3)])
        .play();
    assert_eq!(
        play.story(),
        [
            "1ms a sends 1 to b: lost, partition",
            "2ms b sends 2 to a: held",
            "4ms b had sent 2: arrives at 5ms",
            "5ms a hears 2 from b",
            "5ms a sends 3 to b: arrives at 6ms",
            "6ms b hears 3 from a",
        ]
    );
}

#[test]
fn nodes_stay_as_they_are() {
    let play = Stage::of(["a", "b"])
        .at(0, crash(B))
        .at(1, Command::Mend)
        .tell(2, A, [Act::Say(B, 1)])
        .play();
    assert!(play.story().iter().all(|line| !line.contains("hears")), "{:?}", play.story());
}
