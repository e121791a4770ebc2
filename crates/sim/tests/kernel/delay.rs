//! How long messages are under way.

use history::{Span, Time};
use sim::{Fate, Kind, LinkRule};

use crate::stage::{A, Act, B, Stage, span, takes, takes_between};

fn delays(rule: LinkRule, count: u32) -> Vec<Span> {
    let play = Stage::of(["a", "b"]).rule(rule).chatter(A, B, count).play();
    let fates = play.fates(A, B).into_iter();
    fates
        .map(|(_, fate)| match fate {
            Fate::Delivered(after) => after,
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn every_delay_is_at_least_the_shortest_and_below_the_longest() {
    let delays = delays(takes_between(2, 5), 2_000);
    assert!(delays.iter().all(|d| (span(2)..span(5)).contains(d)));
    let (shortest, longest) = (delays.iter().min().unwrap(), delays.iter().max().unwrap());
    assert!(*shortest < Span(2_010_000), "{shortest} is near the shortest");
    assert!(*longest > Span(4_990_000), "{longest} is near the longest");
}

#[test]
fn a_delay_without_a_range_is_exact() {
    assert_eq!(delays(takes(3), 50), [span(3); 50]);
}

#[test]
fn a_message_arrives_when_its_fate_says() {
    let play = Stage::of(["a", "b"]).rule(takes_between(1, 100)).chatter(A, B, 100).play();
    let mut fated: Vec<Time> = play
        .fates(A, B)
        .into_iter()
        .filter_map(|(sent, fate)| match fate {
            Fate::Delivered(after) => Some(sent + after),
            _ => None,
        })
        .collect();
    fated.sort();
    let arrived = play.events.iter().filter(|event| matches!(event.kind, Kind::Deliver { .. }));
    assert!(arrived.map(|event| event.at).eq(fated));
}

#[test]
fn without_a_rule_messages_arrive_at_once() {
    let play = Stage::of(["a", "b"]).rule(LinkRule::default()).tell(5, A, [Act::Say(B, 1)]).play();
    assert_eq!(play.story(), ["5ms a sends 1 to b: arrives at 5ms", "5ms b hears 1 from a"]);
}

#[test]
fn of_several_rules_for_a_link_the_last_one_holds() {
    let play =
        Stage::of(["a", "b"]).rule(takes(3)).rule(takes(2)).tell(0, A, [Act::Say(B, 1)]).play();
    assert_eq!(play.story()[0], "0s a sends 1 to b: arrives at 2ms");
}
