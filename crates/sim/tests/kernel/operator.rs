//! What the nemesis does besides breaking things: words to processes, and alarms.

use history::{NodeId, Span};
use sim::{
    Command, Event, EventDigest, Kind, Limits, Nemesis, NemesisContext, NodeSpec, Protocol, Role,
    Seeded, World,
};

use crate::stage::{A, Act, Actor, B, Heard, Stage, Word, crash, ms};

fn say(node: NodeId, number: u32) -> Command<Word> {
    let message = Word::Say(number);
    Command::Tell { node, message }
}

#[test]
fn a_word_of_the_operator_arrives_at_once_and_not_through_the_network() {
    let play = Stage::of(["a", "b"]).at(5, say(A, 7)).play();
    let (now, heard) = play.actor(A).heard[1];
    assert_eq!((now.monotonic, heard), (ms(5), Heard::Word(7)));
    assert_eq!(play.actor(B).inputs(), [Heard::Start]);
    assert_eq!(play.count(|kind| matches!(kind, Kind::Send { .. })), 0);
}

#[test]
fn a_node_that_is_down_does_not_hear_the_operator() {
    let play = Stage::of(["a"]).at(0, crash(A)).at(1, say(A, 7)).at(2, Command::Start(A)).play();
    assert_eq!(play.actor(A).inputs(), [Heard::Start]);
}

#[test]
fn a_paused_node_hears_the_operator_when_it_goes_on() {
    let play =
        Stage::of(["a"]).at(0, Command::Pause(A)).at(1, say(A, 7)).at(2, Command::Resume(A)).play();
    assert_eq!(play.actor(A).heard[1].0.monotonic, ms(2));
}

#[test]
fn every_command_is_an_event_at_the_node_it_is_about() {
    let play = Stage::of(["a", "b"])
        .at(1, Command::Pause(B))
        .at(2, crate::stage::cut(sim::Endpoint::Any, sim::Endpoint::Any))
        .play();
    let commands: Vec<_> = play
        .events
        .iter()
        .filter(
            |event| matches!(&event.kind, Kind::Nemesis(c) if !matches!(c, Command::Wake { .. })),
        )
        .map(|event| (event.at, event.node))
        .collect();
    assert_eq!(commands, [(ms(1), B), (ms(2), NodeId::WORLD)]);
}

#[test]
fn an_alarm_rings_in_its_time_and_one_for_the_past_rings_now() {
    let wake = |at_ms, alarm| {
        let at = ms(at_ms);
        Command::Wake { at, alarm }
    };
    // The timetable's own alarms are 0, 1 and 2; alarm 2 does nothing but ring.
    let play =
        Stage::of(["a"]).at(5, wake(9, 2)).at(6, wake(1, 2)).at(20, Command::Resume(A)).play();
    let rung: Vec<_> = play
        .events
        .iter()
        .filter_map(|event| match event.kind {
            Kind::Alarm(alarm) => Some((event.at, event.node, alarm)),
            _ => None,
        })
        .collect();
    let world = NodeId::WORLD;
    assert_eq!(
        rung,
        [
            (ms(5), world, 0),
            (ms(6), world, 1),
            (ms(6), world, 2),
            (ms(9), world, 2),
            (ms(20), world, 2),
        ]
    );
}

#[test]
fn without_a_nemesis_nothing_but_the_start_happens() {
    let play = Stage::of(["a"]).play();
    assert!(play.events.iter().map(|event| &event.kind).eq([&Kind::Begin, &Kind::Start]));
}

/// Crashes a node by lot when it sees a start.
#[derive(Clone)]
struct Gambler;

impl<P: Protocol> Nemesis<P> for Gambler {
    fn on_event(&mut self, event: &Event<P>, cx: &mut NemesisContext<'_, P::Message>) {
        if matches!(event.kind, Kind::Start) {
            let by = Span(cx.choose("gamble", 1_000_000));
            cx.command(Command::Slow { node: event.node, by });
        }
    }
}

#[test]
fn what_the_nemesis_leaves_to_chance_is_an_event_of_the_world() {
    let mut world = World::new(Seeded::new("1"), (Gambler, ()), Limits::default());
    world.add_node(NodeSpec::new("a", Role(0), Actor::default()));
    let mut watched = (Vec::new(), EventDigest::default());
    world.run(&mut watched, |_| false);
    let (events, digest) = watched;
    assert_eq!(digest.events(), 4);
    let [
        Kind::Begin,
        Kind::Start,
        Kind::Chose { purpose, bound, answer, .. },
        Kind::Nemesis(command),
    ] = &[0, 1, 2, 3].map(|i: usize| events[i].kind.clone())
    else {
        panic!("{events:?}");
    };
    assert_eq!((&**purpose, *bound), ("gamble", 1_000_000));
    assert_eq!(events[2].node, NodeId::WORLD);
    assert_eq!(*command, Command::Slow { node: A, by: Span(*answer) });
}

#[test]
fn what_a_process_leaves_to_chance_is_an_event_of_its_node() {
    let play = Stage::of(["a"]).tell(3, A, [Act::Choose(1_000)]).play();
    let Some(Heard::Answer(heard)) = play.actor(A).inputs().last().copied() else {
        panic!("no answer");
    };
    let chose = play.events.last().unwrap();
    assert_eq!((chose.at, chose.node), (ms(3), A));
    let Kind::Chose { bound: 1_000, answer, .. } = chose.kind else {
        panic!("{chose:?}");
    };
    assert_eq!(answer, heard);
}
