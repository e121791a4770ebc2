//! How a run ends.

use history::Span;
use sim::{Command, Ending, Limits, LinkRule};

use crate::stage::{A, Act, B, Stage, Word, ms, span};

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
    impl Nemesis<Word, u32> for Fidgety {
        fn on_event(&mut self, _: &Event<Word, u32>, cx: &mut NemesisContext<'_, Word>) {
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
