//! Chance is stable: a change of the scenario in one place does not reshuffle the rest.

use history::{NodeId, Span, Time};
use sim::{Chance, Fate, LinkRule};

use crate::stage::{A, Act, B, C, Heard, Play, Stage, chance, only, takes_between};

fn faulty() -> LinkRule {
    LinkRule { loss: chance(20), duplicate: chance(20), ..takes_between(1, 10) }
}

/// Two clients that each ask the server once every millisecond.
fn two_clients() -> Stage {
    let mut stage = Stage::of(["server", "c1", "c2"]).rule(faulty());
    for number in 0..100 {
        stage = stage.tell(number, B, [Act::Ask(A, number as u32)]).tell(
            number,
            C,
            [Act::Ask(A, number as u32)],
        );
    }
    stage
}

const LINKS: [(NodeId, NodeId); 4] = [(B, A), (A, B), (C, A), (A, C)];

/// What came of the messages of a link, relative to when they were sent.
fn outcomes(play: &Play, (from, to): (NodeId, NodeId)) -> Vec<Outcome> {
    let outcome = |(_, fate): (Time, Fate)| match fate {
        Fate::Dropped(_) => Outcome::Lost,
        Fate::Delivered(at) => Outcome::Once(at),
        Fate::Duplicated(one, other) => Outcome::Twice(one, other),
        Fate::Held => panic!("nothing is held here"),
    };
    play.fates(from, to).into_iter().map(outcome).collect()
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Lost,
    Once(Span),
    Twice(Span, Span),
}

impl Outcome {
    fn first_delay(self) -> Option<Span> {
        match self {
            Outcome::Lost => None,
            Outcome::Once(delay) | Outcome::Twice(delay, _) => Some(delay),
        }
    }
}

/// That two messages of the same number had the same delay, as far as both arrived.
fn same_delays(one: &[Outcome], other: &[Outcome]) {
    let delays =
        |of: &[Outcome]| of.iter().map(|outcome| outcome.first_delay()).collect::<Vec<_>>();
    let pairs = delays(one).into_iter().zip(delays(other));
    let both: Vec<_> = pairs.filter_map(|(a, b)| a.zip(b)).collect();
    assert!(both.len() > 30, "only {} arrived in both", both.len());
    for (number, (a, b)) in both.into_iter().enumerate() {
        assert_eq!(a, b, "the {number}-th that arrived in both");
    }
}

#[test]
fn a_third_client_leaves_the_choices_of_all_other_links_as_they_were() {
    let without = two_clients().play();
    let mut stage = two_clients();
    let mut third = stage.nodes[C.index()].clone();
    third.name = "c3".to_owned();
    stage.nodes.push(third);
    for number in 0..100 {
        stage = stage.tell(number, NodeId(3), [Act::Ask(A, 0), Act::Choose(10)]);
    }
    let with = stage.play();
    assert!(with.fates(A, NodeId(3)).len() > 50, "the third client takes part");
    for link in LINKS {
        let (before, after) = (outcomes(&without, link), outcomes(&with, link));
        assert!(before.len() > 50);
        assert_eq!(before, after, "on {link:?}");
    }
}

#[test]
fn the_choices_of_a_link_go_by_names_and_not_by_numbers() {
    let names = ["server", "c1", "c2"];
    let fates = |order: [usize; 3]| {
        let mut stage = Stage::of(order.map(|index| names[index])).rule(faulty());
        let place = |index| NodeId(order.iter().position(|i| *i == index).unwrap() as u16);
        let (server, client) = (place(0), place(1));
        stage = stage.chatter(client, server, 100);
        outcomes(&stage.play(), (client, server))
    };
    assert_eq!(fates([0, 1, 2]), fates([2, 0, 1]));
}

#[test]
fn switching_a_fault_off_on_one_link_leaves_the_others_as_they_were() {
    let on = two_clients().play();
    for off in [
        LinkRule { loss: Chance::NEVER, ..faulty() },
        LinkRule { duplicate: Chance::NEVER, ..faulty() },
        LinkRule { delay: takes_between(5, 5).delay, ..faulty() },
    ] {
        let changed = two_clients().link(only(A), only(B), off).play();
        for link in [(B, A), (C, A), (A, C)] {
            assert_eq!(outcomes(&on, link), outcomes(&changed, link), "{link:?}, {off:?}");
        }
        assert_ne!(outcomes(&on, (A, B)), outcomes(&changed, (A, B)));
    }
}

#[test]
fn the_nth_delay_of_a_link_is_the_same_with_other_faults_on_and_off() {
    let on = outcomes(&two_clients().play(), (B, A));
    for off in [
        LinkRule { loss: Chance::NEVER, ..faulty() },
        LinkRule { duplicate: Chance::NEVER, ..faulty() },
        LinkRule { loss: Chance::NEVER, duplicate: Chance::NEVER, ..faulty() },
        LinkRule { loss: chance(50), ..faulty() },
    ] {
        let changed = outcomes(&two_clients().rule(off).play(), (B, A));
        assert_eq!(changed.len(), on.len());
        same_delays(&on, &changed);
    }
}

#[test]
fn which_messages_are_lost_does_not_depend_on_delays_and_more_loss_loses_those_too() {
    let lost = |rule| {
        let fates = outcomes(&two_clients().rule(rule).play(), (B, A));
        fates.into_iter().map(|outcome| outcome == Outcome::Lost).collect::<Vec<_>>()
    };
    let usual = lost(faulty());
    let exact = LinkRule { delay: takes_between(5, 5).delay, ..faulty() };
    assert_eq!(lost(exact), usual);
    let more = lost(LinkRule { loss: chance(50), ..faulty() });
    assert!(usual.iter().zip(&more).all(|(less, more)| less <= more));
}

#[test]
fn what_a_process_asks_does_not_depend_on_what_others_ask() {
    let answers = |also: bool| {
        let mut stage = Stage::of(["a", "b"]).rule(faulty());
        for at in 0..20 {
            stage = stage.tell(at, A, [Act::Choose(1_000)]);
            if also {
                stage = stage.tell(at, B, [Act::Choose(1_000), Act::Say(A, 1)]);
            }
        }
        let mut heard = stage.play().actor(A).inputs();
        heard.retain(|heard| matches!(heard, Heard::Answer(_)));
        heard
    };
    assert_eq!(answers(false), answers(true));
}
