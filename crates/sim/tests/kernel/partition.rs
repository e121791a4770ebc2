//! Partitions: nothing that is sent across them arrives.

use sim::{Command, Endpoint, LinkRule, Report, Role};

use crate::stage::{A, Act, B, C, Stage, Word, cut, heal, only, takes};

/// Each of three says one word to each other one, at 1 ms.
fn all_talk(stage: Stage) -> Vec<String> {
    let play = stage
        .tell(1, A, [Act::Say(B, 1), Act::Say(C, 2)])
        .tell(1, B, [Act::Say(A, 3), Act::Say(C, 4)])
        .tell(1, C, [Act::Say(A, 5), Act::Say(B, 6)])
        .play();
    let mut story = play.story();
    story.retain(|line| line.contains("hears"));
    story
}

fn three() -> Stage {
    Stage::of(["a", "b", "c"])
}

#[test]
fn without_a_partition_everybody_hears_everybody() {
    assert_eq!(all_talk(three()).len(), 6);
}

#[test]
fn a_one_way_cut_leaves_the_way_back() {
    let play = three()
        .at(0, cut(only(A), only(B)))
        .tell(1, A, [Act::Say(B, 1)])
        .tell(2, B, [Act::Say(A, 2)])
        .play();
    assert_eq!(
        play.story(),
        [
            "1ms a sends 1 to b: lost, partition",
            "2ms b sends 2 to a: arrives at 3ms",
            "3ms a hears 2 from b",
        ]
    );
}

#[test]
fn two_cuts_separate_two_nodes_and_no_others() {
    let stage = three().at(0, cut(only(A), only(B))).at(0, cut(only(B), only(A)));
    assert_eq!(
        all_talk(stage),
        [
            "2ms c hears 2 from a",
            "2ms c hears 4 from b",
            "2ms a hears 5 from c",
            "2ms b hears 6 from c",
        ]
    );
}

#[test]
fn an_isolated_node_neither_hears_nor_is_heard() {
    let stage = three().at(0, cut(only(C), Endpoint::Any)).at(0, cut(Endpoint::Any, only(C)));
    assert_eq!(all_talk(stage), ["2ms b hears 1 from a", "2ms a hears 3 from b"]);
}

#[test]
fn roles_can_be_separated_from_each_other() {
    let mut stage = three();
    stage.nodes[C.index()].role = Role(1);
    let (ours, theirs) = (Endpoint::Role(Role(0)), Endpoint::Role(Role(1)));
    assert_eq!(
        all_talk(stage.at(0, cut(ours, theirs))),
        [
            "2ms b hears 1 from a",
            "2ms a hears 3 from b",
            "2ms a hears 5 from c",
            "2ms b hears 6 from c",
        ]
    );
}

#[test]
fn what_is_sent_after_healing_arrives() {
    let play = three()
        .at(0, cut(only(A), only(B)))
        .tell(1, A, [Act::Say(B, 1)])
        .at(2, heal(only(A), only(B)))
        .tell(3, A, [Act::Say(B, 2)])
        .play();
    assert_eq!(
        play.story(),
        [
            "1ms a sends 1 to b: lost, partition",
            "3ms a sends 2 to b: arrives at 4ms",
            "4ms b hears 2 from a",
        ]
    );
}

#[test]
fn what_is_under_way_when_a_cut_is_made_still_arrives() {
    let play =
        three().rule(takes(5)).tell(0, A, [Act::Say(B, 1)]).at(1, cut(only(A), only(B))).play();
    assert_eq!(play.story()[1], "5ms b hears 1 from a");
}

#[test]
fn what_was_cut_twice_takes_healing_twice() {
    let between = |make: fn(Endpoint, Endpoint) -> Command<Word>| make(only(A), only(B));
    let play = three()
        .at(0, between(cut))
        .at(0, between(cut))
        .at(1, between(heal))
        .tell(2, A, [Act::Say(B, 1)])
        .at(3, between(heal))
        .tell(4, A, [Act::Say(B, 2)])
        .play();
    assert_eq!(
        play.story(),
        [
            "2ms a sends 1 to b: lost, partition",
            "4ms a sends 2 to b: arrives at 5ms",
            "5ms b hears 2 from a",
        ]
    );
}

#[test]
fn healing_takes_back_only_the_cut_between_exactly_these() {
    let play = three()
        .at(0, cut(only(A), Endpoint::Any))
        .at(1, heal(only(A), only(B)))
        .tell(2, A, [Act::Say(B, 1)])
        .play();
    assert_eq!(play.story(), ["2ms a sends 1 to b: lost, partition"]);
}

#[test]
fn where_losses_are_reported_so_is_one_to_a_partition() {
    let rule = LinkRule { report: Report::Reported, ..takes(1) };
    let play = three().rule(rule).at(0, cut(only(A), only(B))).tell(1, A, [Act::Say(B, 1)]).play();
    assert_eq!(
        play.story(),
        ["1ms a sends 1 to b: lost, partition", "1ms a learns that 1 to b is lost",]
    );
}
