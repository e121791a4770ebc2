//! Edits change the answer that they name, and nothing before it.

use std::collections::BTreeMap;

use history::{NodeId, Span};
use proptest::prelude::*;
use sim::{
    Address, Answer, Edit, Edited, Event, Fate, Kind, LinkRule, Loss, MessageId, Seeded, Transport,
    World,
};

use crate::stage::{A, Act, B, C, Plan, Protocol, Stage, chance, span, takes_between};

type Run = (Vec<Event<Protocol>>, Vec<String>);

fn run(stage: &Stage, edits: &[&str]) -> Run {
    let edits = edits.iter().map(|edit| edit.parse().expect("it is an edit")).collect();
    run_with(stage, edits)
}

/// The events of a run, and the edits that had no effect.
fn run_with(stage: &Stage, edits: Vec<Edit>) -> Run {
    let choices = Edited::new(Seeded::new(&stage.seed), edits);
    let mut world: World<_, _, Plan> = stage.world_with(choices);
    let mut events = Vec::new();
    world.run(&mut events, |_| false);
    let without_effect = world.choices().unused().collect();
    (events, without_effect)
}

fn faulty() -> LinkRule {
    LinkRule { loss: chance(20), duplicate: chance(20), ..takes_between(1, 10) }
}

/// Two clients that ask a server, and now and then something else.
fn stage(rule: LinkRule) -> Stage {
    let mut stage = Stage::of(["server", "c1", "c2"]).rule(rule);
    for number in 0..30 {
        stage = stage.tell(number, B, [Act::Ask(A, number as u32), Act::Choose(10)]);
        stage = stage.tell(number, C, [Act::Ask(A, number as u32)]);
    }
    stage
}

/// The fates of a link, by their ordinals.
fn fates((events, _): &Run, from: NodeId, to: NodeId) -> BTreeMap<u32, Fate> {
    let fate = |event: &Event<Protocol>| match event.kind {
        Kind::Send { to: t, fate, ordinal, .. } if (event.node, t) == (from, to) => {
            Some((ordinal, fate))
        }
        _ => None,
    };
    events.iter().filter_map(fate).collect()
}

#[test]
fn a_fate_is_found_by_link_and_ordinal_and_replaced() {
    let stage = stage(faulty());
    let before = fates(&run(&stage, &[]), B, A);
    let drawn = |wanted: fn(&Fate) -> bool| {
        *before.iter().find(|(_, fate)| wanted(fate)).expect("there is one").0
    };
    let lost = drawn(|fate| *fate == Fate::Dropped(Loss::Network));
    let delivered = drawn(|fate| matches!(fate, Fate::Delivered(_)));
    let others = |fates: &BTreeMap<u32, Fate>, but: u32| {
        fates.clone().into_iter().filter(|(ordinal, _)| *ordinal != but).collect::<Vec<_>>()
    };
    for (ordinal, answer, fate) in [
        (lost, "deliver after 7ms", Fate::Delivered(span(7))),
        (lost, "duplicate after 7ms and 9ms", Fate::Duplicated(span(7), span(9))),
        (delivered, "drop", Fate::Dropped(Loss::Network)),
    ] {
        let edited = run(&stage, &[&format!("fate c1->server #{ordinal} = {answer}")]);
        assert_eq!(edited.1, Vec::<String>::new());
        let after = fates(&edited, B, A);
        assert_eq!(after[&ordinal], fate);
        assert_eq!(others(&after, ordinal), others(&before, ordinal), "no other fate changes");
    }
    let edited = run(&stage, &[&format!("fate c1->server #{lost} = deliver")]);
    let Fate::Delivered(after) = fates(&edited, B, A)[&lost] else { panic!("it arrives") };
    let lossless = run(&stage.clone().rule(LinkRule { loss: chance(0), ..faulty() }), &[]);
    let drawn = match fates(&lossless, B, A)[&lost] {
        Fate::Delivered(drawn) | Fate::Duplicated(drawn, _) => drawn,
        other => panic!("{other:?} without loss"),
    };
    assert_eq!(after, drawn, "it takes as long as it would have taken");
}

#[test]
fn a_question_of_a_node_is_answered_by_its_edit() {
    let stage = stage(faulty());
    let answers = |run: &Run| -> Vec<(u32, u64)> {
        let chosen = run.0.iter().filter_map(|event| match event.kind {
            Kind::Chose { ordinal, answer, .. } => Some((ordinal, answer)),
            _ => None,
        });
        chosen.collect()
    };
    let mut expected = answers(&run(&stage, &[]));
    assert_eq!(expected.len(), 30);
    let other = (expected[4].1 + 1) % 10;
    expected[4].1 = other;
    let edited = run(&stage, &[&format!("act c1 #4 = {other}")]);
    assert_eq!((answers(&edited), edited.1.len()), (expected, 0));
}

#[test]
fn an_edit_without_effect_is_reported_with_the_reason() {
    let edits = ["act c1 #30 = 1", "act c1 #2 = 10", "fate c1->nobody #0 = drop"];
    assert_eq!(
        run(&stage(faulty()), &edits).1,
        [
            "the edit `act c1 #30 = 1` has no effect: the run never asks this",
            "the edit `act c1 #2 = 10` has no effect: the answer must be below 10",
            "the edit `fate c1->nobody #0 = drop` has no effect: the run never asks this",
        ]
    );
}

#[test]
fn a_stream_breaks_where_a_message_is_dropped_and_does_not_duplicate() {
    let stream = LinkRule { transport: Transport::Stream, ..takes_between(1, 10) };
    let dropped = run(&stage(stream), &["fate c1->server #3 = drop"]);
    assert_eq!(fates(&dropped, B, A)[&3], Fate::Dropped(Loss::Connection));
    assert!(dropped.0.iter().any(|event| matches!(event.kind, Kind::ConnectionLost { .. })));
    let doubled = run(&stage(stream), &["fate c1->server #3 = duplicate"]);
    assert_eq!(
        doubled.1,
        ["the edit `fate c1->server #3 = duplicate` has no effect: a message of this link \
             cannot have that fate"]
    );
    assert_eq!(doubled.0, run(&stage(stream), &[]).0);
}

#[test]
fn a_message_that_is_delivered_early_on_a_stream_waits_for_those_before_it() {
    let stream = LinkRule { transport: Transport::Stream, ..takes_between(5, 10) };
    let edited = run(&stage(stream), &["fate c1->server #1 = deliver after 0s"]);
    let arrivals = edited.0.iter().filter_map(|event| match event.kind {
        Kind::Deliver { from: B, id } => Some(id),
        _ => None,
    });
    let arrivals: Vec<MessageId> = arrivals.collect();
    assert!(arrivals.is_sorted());
    assert_eq!(arrivals.len(), 30);
}

fn edit() -> impl Strategy<Value = Edit> {
    let fate = prop_oneof![
        Just(Answer::Drop),
        prop::option::of(0..20u64).prop_map(|after| Answer::Deliver(after.map(Span::from_millis))),
        prop::option::of((0..20u64, 0..20u64)).prop_map(|after| {
            let span = Span::from_millis;
            Answer::Duplicate(after.map(|(one, other)| (span(one), span(other))))
        }),
    ];
    let link = prop::sample::select(vec!["c1->server", "server->c1", "c2->server", "server->c2"]);
    let fate = (link, fate).prop_map(|(link, fate)| ("fate", link, fate));
    let number = (0..12u64).prop_map(|number| ("act", "c1", Answer::Number(number)));
    (prop_oneof![4 => fate, 1 => number], 0..40u32).prop_map(
        |((purpose, name, answer), ordinal)| {
            let (purpose, name) = (purpose.to_owned(), name.to_owned());
            Edit { address: Address { purpose, name, ordinal }, answer }
        },
    )
}

/// Whether an event is the one that an edit is about.
fn is_about(event: &Event<Protocol>, edit: &Edit) -> bool {
    let names = ["server", "c1", "c2"];
    let (name, ordinal) = match &event.kind {
        Kind::Send { to, ordinal, .. } => {
            (format!("{}->{}", names[event.node.index()], names[to.index()]), *ordinal)
        }
        Kind::Chose { ordinal, .. } => (names[event.node.index()].to_owned(), *ordinal),
        _ => return false,
    };
    (name, ordinal) == (edit.address.name.clone(), edit.address.ordinal)
}

proptest! {
    /// Up to the first answer that is edited, the run is the same.
    #[test]
    fn nothing_changes_before_the_first_edited_answer(
        edits in prop::collection::vec(edit(), 1..4),
        stream in any::<bool>(),
    ) {
        let transport = if stream { Transport::Stream } else { Transport::Datagram };
        let stage = stage(LinkRule { transport, ..faulty() });
        let before = run(&stage, &[]).0;
        let (after, without_effect) = run_with(&stage, edits.clone());
        let first = before.iter().position(|event| edits.iter().any(|edit| is_about(event, edit)));
        let differs = before.iter().zip(&after).position(|(one, other)| one != other);
        match (first, differs) {
            (None, differs) => {
                prop_assert_eq!(differs, None);
                prop_assert_eq!(without_effect.len(), edits.len());
            }
            (Some(first), Some(differs)) => prop_assert!(differs >= first),
            (Some(_), None) => prop_assert_eq!(before.len(), after.len()),
        }
    }

    #[test]
    fn an_edit_is_read_as_it_is_written(edit in edit()) {
        prop_assert_eq!(edit.to_string().parse::<Edit>(), Ok(edit));
    }
}

#[test]
fn what_is_no_edit_is_refused_with_the_reason() {
    let why = |text: &str| text.parse::<Edit>().expect_err("it is none").to_string();
    assert!(why("fate p1->a0 #17").contains("it has no `=`"));
    assert!(why("fate p1->a0 17 = drop").contains("the number is written like `#17`"));
    assert!(why("fate p1->a0 = drop").contains("before `=` stand a purpose"));
    assert!(why("fate p1->a0 #17 = lose").contains("the answer is no fate"));
    assert!(why("fate p1->a0 #17 = deliver after 7").contains("7"));
    assert!(why("backoff c1 #17 = drop").contains("the answer is a whole number"));
    assert!(why("backoff c1 #17 = -1").contains("the answer is a whole number"));
}
