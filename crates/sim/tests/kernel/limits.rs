//! How a run ends.

use history::Span;
use sim::{Command, Ending, Endpoint, Holdings, Limits, LinkRule};

use crate::stage::{A, Act, B, Protocol, Stage, WORD_BYTES, Word, ms, only, span};

fn limited(limits: Limits) -> Stage {
    let mut stage = Stage::of(["a", "b"]);
    stage.limits = limits;
    stage
}

#[test]
fn a_run_ends_when_nothing_is_going_to_happen() {
    let play = limited(Limits::default()).chatter(A, B, 100).play();
    assert_eq!(play.ending, Ending::Quiescent);
    assert_eq!(play.world.in_flight(), 0);
}

#[test]
fn a_run_ends_when_there_are_too_many_events() {
    let events = 50;
    let limits = Limits { events, ..Limits::default() };
    let play = limited(limits).chatter(A, B, 100).play();
    assert_eq!(play.ending, Ending::TooManyEvents);
    assert!(play.world.events() >= 50);
}

#[test]
fn a_run_ends_before_what_lies_beyond_its_time() {
    let time = span(50);
    let limits = Limits { time, ..Limits::default() };
    let play = limited(limits).chatter(A, B, 100).play();
    assert_eq!(play.ending, Ending::TooLong);
    assert_eq!(play.world.now(), ms(50), "what happens at the limit is within it");
}

#[test]
fn a_run_ends_when_messages_go_round_without_time_passing() {
    let events_at_once = 1_000;
    let limits = Limits { events_at_once, ..Limits::default() };
    let stage = limited(limits).rule(LinkRule::default());
    let play = stage.tell(3, A, [Act::Pass(B, 1)]).play();
    assert_eq!(play.ending, Ending::TimeStandsStill);
    assert_eq!(play.world.now(), ms(3));
}

#[test]
fn a_run_ends_when_its_nemesis_gives_commands_without_end() {
    use sim::{Event, Nemesis, NemesisContext, Seeded, World};

    #[derive(Clone)]
    struct Fidgety;
    impl Nemesis<Protocol> for Fidgety {
        fn on_event(&mut self, _: &Event<Protocol>, cx: &mut NemesisContext<'_, Word>) {
            cx.command(Command::Resume(A));
        }
    }
    let events_at_once = 1_000;
    let limits = Limits { events_at_once, ..Limits::default() };
    let mut world = World::new(Seeded::new("1"), Fidgety, limits);
    world.add_node(Stage::of(["a"]).nodes.remove(0));
    assert_eq!(world.run(&mut (), |()| false), Some(Ending::TimeStandsStill));
}

#[test]
fn a_run_ends_when_too_much_is_in_flight() {
    let in_flight = 10;
    let limits = Limits { in_flight, ..Limits::default() };
    let timers = [1, 2, 3, 4, 5, 6].map(|number| Act::SetTimer(Span::from_secs(1), number));
    let play = limited(limits).tell(0, A, timers.clone()).play();
    assert_eq!(play.ending, Ending::Quiescent);
    let play = limited(limits).tell(0, A, timers.clone()).tell(1, B, timers).play();
    assert_eq!(play.ending, Ending::TooMuchInFlight);
}

/// What an item counts, and a word besides.
const ITEM: u64 = 384;
const SAID: u64 = ITEM + WORD_BYTES as u64;

const NOTHING: Holdings =
    Holdings { in_flight: 0, waiting: 0, longest_line: None, held: 0, commands: 0, payloads: 0 };

#[test]
fn a_run_ends_when_a_line_takes_too_much_memory() {
    let memory = 8 * SAID;
    let slow = |by| Command::Slow { node: B, by };
    let stage = limited(Limits { memory, ..Limits::default() });
    let play = stage.clone().at(0, slow(span(3_600_000))).chatter(A, B, 9).play();
    assert_eq!(play.ending, Ending::TooMuchMemory);
    let Holdings { in_flight, waiting, longest_line, .. } = play.world.holdings();
    assert!(waiting >= 3 && in_flight >= 1, "{:?}", play.world.holdings());
    assert_eq!(longest_line, Some((B, waiting)));
    let play = stage.at(0, slow(span(1))).chatter(A, B, 9).play();
    assert_eq!(play.ending, Ending::Quiescent);
}

#[test]
fn a_run_ends_when_what_is_held_takes_too_much_memory() {
    let hold = || Command::Hold { from: only(A), to: Endpoint::Any };
    let release = Command::Release { from: only(A), to: Endpoint::Any };
    let play = |memory| {
        let stage = limited(Limits { memory, ..Limits::default() });
        stage.at(0, hold()).chatter(A, B, 9).play()
    };
    let limit = 9 * SAID;
    assert_eq!(play(limit).ending, Ending::Quiescent);
    assert_eq!(play(limit).world.memory(), limit);
    let held = Holdings { held: 9, payloads: 9 * WORD_BYTES as u64, ..NOTHING };
    assert_eq!(play(limit).world.holdings(), held);
    assert_eq!(play(limit - 1).ending, Ending::TooMuchMemory);
    let stage = limited(Limits { memory: 20 * SAID, ..Limits::default() });
    let released = stage.at(0, hold()).chatter(A, B, 9).at(20, release).play();
    assert_eq!((released.ending, released.world.holdings()), (Ending::Quiescent, NOTHING));
}

#[test]
fn what_a_node_does_after_it_was_busy_is_counted() {
    let speech = [
        Act::Busy(span(50)),
        Act::Say(B, 1),
        Act::Say(B, 2),
        Act::Say(B, 3),
        Act::SetTimer(span(1), 4),
    ];
    let memory = 2 * ITEM;
    let stage = limited(Limits { memory, ..Limits::default() });
    let play = stage.tell(0, A, speech.clone()).play();
    assert_eq!(play.ending, Ending::TooMuchMemory);
    assert_eq!(play.world.memory(), ITEM + 3 * SAID + ITEM);
    let play = limited(Limits::default()).tell(0, A, speech).play();
    assert_eq!(play.ending, Ending::Quiescent);
}

#[test]
fn a_run_ends_when_commands_of_its_nemesis_take_too_much_memory() {
    use sim::{Event, Nemesis, NemesisContext, Seeded, World};

    /// Answers each event with many commands.
    #[derive(Clone)]
    struct Hydra;
    impl Nemesis<Protocol> for Hydra {
        fn on_event(&mut self, _: &Event<Protocol>, cx: &mut NemesisContext<'_, Word>) {
            (0..100).for_each(|_| cx.command(Command::Resume(A)));
        }
    }
    let memory = 1 << 20;
    let limits = Limits { memory, ..Limits::default() };
    let mut world = World::new(Seeded::new("1"), Hydra, limits);
    world.add_node(Stage::of(["a"]).nodes.remove(0));
    assert_eq!(world.run(&mut (), |()| false), Some(Ending::TooMuchMemory));
    let most = memory + 100 * ITEM;
    assert!(world.memory() <= most, "it holds {} of {most}", world.memory());
}

#[test]
fn a_run_stops_where_its_watcher_says_so_and_can_go_on() {
    let stage = limited(Limits::default()).chatter(A, B, 100);
    let mut world = stage.world();
    let mut events = Vec::new();
    assert_eq!(world.run(&mut events, |events| events.len() >= 120), None);
    assert!((120..130).contains(&events.len()), "it stops after a step");
    let ending = loop {
        if let Err(ending) = world.step(&mut events) {
            break ending;
        }
    };
    assert_eq!(ending, Ending::Quiescent);
    assert_eq!(events, stage.play().events);
}
