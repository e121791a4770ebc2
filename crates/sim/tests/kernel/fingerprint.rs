//! Worlds share a fingerprint exactly if they have the same future.

use std::collections::{BTreeMap, VecDeque};

use history::{Span, Time};
use proptest::prelude::*;
use sim::{
    Choice, Clock, Command, Context, Enumerated, Event, Faults, Input, Keep, Kind, Limits,
    LinkRule, MessageId, NodeSpec, Order, Pending, Process, Report, Role, TimerId, Transport,
    Types, Upcoming, World,
};

use crate::path::{faults, stage};
use crate::stage::{
    A, Act, Actor, B, C, Plan, Protocol, Stage, Word, chance, crash, cut, only, span, takes,
};

type Explored = World<Actor, Enumerated, Plan>;

/// A world after its beginning, and after all alarms at time zero with their words.
fn begun(stage: &Stage, faults: Faults) -> Explored {
    let mut world = stage.world_with(Enumerated::new(faults));
    world.begin(&mut ());
    clock_until(&mut world, Time::ZERO);
    world
}

fn clock_until(world: &mut Explored, time: Time) {
    while world
        .pending()
        .first()
        .is_some_and(|next| next.choice == Choice::Clock && next.at <= time)
    {
        world.take(&mut (), &Choice::Clock).expect("it is pending");
    }
}

/// The world after the arrival of these messages, by their numbers in the order of sending.
fn after<const N: usize>(world: &Explored, ids: [u64; N]) -> Explored {
    let choices = ids.map(|id| Choice::Deliver(MessageId(id)));
    took(world, &choices)
}

fn took(world: &Explored, choices: &[Choice<Word>]) -> Explored {
    let mut world = world.clone();
    for choice in choices {
        world.take(&mut (), choice).expect("it is pending");
    }
    world
}

fn ordered(world: &Explored, command: Command<Word>) -> Explored {
    took(world, &[Choice::Command(command)])
}

fn talk() -> Stage {
    Stage::of(["a", "b", "c"]).tell(0, A, [Act::Say(B, 1), Act::Say(C, 2), Act::Ask(B, 3)])
}

#[test]
fn independent_arrivals_in_any_order_lead_to_the_same_state() {
    let world = begun(&talk(), Faults::None);
    let one = after(&world, [0, 1, 2]);
    assert_eq!(one.fingerprint(), after(&world, [1, 0, 2]).fingerprint());
    assert_eq!(one.fingerprint(), after(&world, [0, 2, 1]).fingerprint());
    assert_ne!(one.fingerprint(), after(&world, [2, 0, 1]).fingerprint(), "b hears another order");
    assert_ne!(one.fingerprint(), after(&world, [0, 1]).fingerprint(), "one is in flight");
}

#[test]
fn absolute_times_and_numbers_of_messages_and_timers_make_no_difference() {
    // Once with a message that is lost, and a timer that is cancelled, and later.
    let acts = [Act::Say(B, 1), Act::SetTimer(span(3), 4)];
    let early = begun(&Stage::of(["a", "b"]).tell(0, A, acts.clone()), Faults::None);
    let [say, set] = acts;
    let stage = Stage::of(["a", "b"]).tell(7, A, [say, Act::SetTimer(span(9), 4), set]);
    let mut late = begun(&stage, Faults::None);
    clock_until(&mut late, Time::ZERO + span(7));
    assert_ne!(early.fingerprint(), late.fingerprint(), "the timer of 9 ms is set");
    let cancel = Act::CancelTimer(4);
    let acts = [Act::SetTimer(span(9), 4), cancel, Act::Say(B, 1), Act::SetTimer(span(3), 4)];
    let stage = Stage::of(["a", "b"]).tell(7, A, acts);
    let mut late = begun(&stage, Faults::None);
    clock_until(&mut late, Time::ZERO + span(7));
    assert_eq!(early.fingerprint(), late.fingerprint());
}

/// Each of these is a world that differs from the others in one thing.
#[test]
fn each_part_of_a_state_makes_a_difference() {
    let world = begun(&talk(), Faults::Any);
    let mut variants = vec![("as it is", world.clone())];
    let orders = [
        ("crashed", crash(B)),
        ("paused", Command::Pause(B)),
        ("slow", Command::Slow { node: B, by: span(1) }),
        ("clock", Command::StepClock { node: B, by_ns: 1 }),
        ("cut", cut(only(A), only(B))),
        ("hold", Command::Hold { from: only(A), to: only(B) }),
        ("told", Command::Tell { node: B, message: Word::Do(Vec::new()) }),
        ("told another", Command::Tell { node: B, message: Word::Say(1) }),
        ("alarm", Command::Wake { at: Time(9), alarm: 7 }),
        ("later alarm", Command::Wake { at: Time(10), alarm: 7 }),
        ("another alarm", Command::Wake { at: Time(9), alarm: 8 }),
    ];
    for (name, command) in orders {
        variants.push((name, ordered(&world, command)));
    }
    let crashed = ordered(&world, crash(B));
    variants.push(("restarted", ordered(&crashed, Command::Start(B))));
    let paused = ordered(&world, Command::Pause(B));
    variants.push(("a message waits in line", after(&paused, [0])));
    variants.push(("another message waits in line", after(&paused, [2])));
    variants.push(("both wait", after(&paused, [0, 2])));
    variants.push(("both wait in another order", after(&paused, [2, 0])));
    let mut acts = vec![
        ("a timer", vec![Act::SetTimer(span(3), 4)]),
        ("a later timer", vec![Act::SetTimer(span(4), 4)]),
        ("another timer", vec![Act::SetTimer(span(3), 5)]),
        ("busy", vec![Act::Busy(span(3))]),
        ("busy, with more to do", vec![Act::Busy(span(3)), Act::Say(A, 1)]),
        ("busy, with other things to do", vec![Act::Busy(span(3)), Act::Say(A, 2)]),
        ("a message", vec![Act::Say(A, 1)]),
        ("another message", vec![Act::Say(A, 2)]),
        ("a message twice", vec![Act::Say(A, 1), Act::Say(A, 1)]),
        ("stored", vec![Act::Store(1)]),
    ];
    for (name, acts) in acts.drain(..) {
        let message = Word::Do(acts);
        let told = ordered(&world, Command::Tell { node: C, message });
        variants.push((name, took(&told, &[Choice::Clock])));
    }
    for (faults, stage) in [
        ("lossy", talk().rule(LinkRule { loss: chance(1), ..takes(1) })),
        ("reported", talk().rule(LinkRule { report: Report::Reported, ..takes(1) })),
        ("fifo", talk().rule(LinkRule { order: Order::Fifo, ..takes(1) })),
        ("stream", talk().rule(LinkRule { transport: Transport::Stream, ..takes(1) })),
    ] {
        variants.push((faults, begun(&stage, Faults::None)));
    }
    for (name, clock) in [("drifts", Clock::new(0, 5)), ("is ahead", Clock::new(5, 0))] {
        let mut stage = talk();
        stage.nodes[1].clock = clock;
        variants.push((name, begun(&stage, Faults::None)));
    }
    let mut known = BTreeMap::new();
    for (name, world) in variants {
        if let Some(other) = known.insert(world.fingerprint(), name) {
            panic!("{name} and {other} have the same fingerprint");
        }
    }
}

#[test]
fn on_a_link_that_keeps_order_the_order_makes_a_difference() {
    let world = |numbers: [u32; 2], order| {
        let stage = Stage::of(["a", "b"]).rule(LinkRule { order, ..takes(1) });
        let mut world = begun(&stage, Faults::None);
        let acts = numbers.map(|number| Act::Say(B, number)).into();
        let message = Word::Do(acts);
        world = ordered(&world, Command::Tell { node: A, message });
        took(&world, &[Choice::Clock]).fingerprint()
    };
    assert_ne!(world([1, 2], Order::Fifo), world([2, 1], Order::Fifo));
    assert_eq!(world([1, 2], Order::Free), world([2, 1], Order::Free));
}

#[test]
fn timers_that_were_set_together_differ_from_timers_that_were_set_apart() {
    // Both run out at 6 ms, first that of b.
    let (early, late) = ([Act::SetTimer(span(6), 1)], [Act::SetTimer(span(5), 1)]);
    let actors = Stage::of(["a", "b", "c"]);
    let mut together =
        begun(&actors.clone().tell(0, B, early.clone()).tell(1, A, late.clone()), Faults::None);
    clock_until(&mut together, Time::ZERO + span(1));
    let mut apart = actors.tell(1, A, late).world_with(Enumerated::new(Faults::None));
    apart.begin(&mut ());
    let tell = Command::Tell { node: B, message: Word::Do(early.into()) };
    let mut apart = ordered(&apart, tell);
    clock_until(&mut apart, Time::ZERO + span(1));
    assert_ne!(apart.fingerprint(), together.fingerprint());
}

#[test]
fn a_connection_that_broke_makes_a_difference_to_what_is_in_flight() {
    let stream = LinkRule { transport: Transport::Stream, ..takes(1) };
    let stage = Stage::of(["a", "b"]).rule(stream).tell(0, A, [Act::Say(B, 1), Act::Say(B, 1)]);
    let mut broken = stage.world_with(Enumerated::new(Faults::Any));
    broken.begin(&mut ());
    broken.take(&mut (), &Choice::Clock).expect("an alarm");
    broken.choices_mut().answer(&[0, 1]);
    broken.take(&mut (), &Choice::Clock).expect("the word of the operator");
    let whole = begun(&stage, Faults::None);
    assert_ne!(broken.fingerprint(), after(&whole, [0]).fingerprint());
    clock_until(&mut broken, Time::ZERO);
    let mut events = Vec::new();
    broken.take(&mut events, &Choice::Deliver(MessageId(0))).expect("it is in flight");
    assert!(matches!(events[0].kind, Kind::Lose { .. }));
}

/// Remembers what it received. It does not say what it is, so it is taken as it stands.
#[derive(Clone, Debug, Default, Hash)]
struct Listener(Vec<u32>);

impl Process for Listener {
    type Protocol = Types<u32, u32>;

    fn handle(&mut self, cx: &mut Context<'_, Self::Protocol>, input: Input<Self::Protocol>) {
        match input {
            Input::Start if cx.me() == A => {
                cx.send(B, 1);
                cx.send(C, 2);
            }
            Input::Start => {
                cx.set_timer(span(3), 0);
            }
            Input::Message { message, .. } => self.0.push(message),
            _ => {}
        }
    }

    fn crash(self, _: Keep) -> Listener {
        self
    }
}

#[test]
fn a_process_that_is_taken_as_it_stands_differs_at_different_times_only() {
    let mut world = World::new(Enumerated::default(), (), Limits::default());
    for name in ["a", "b", "c"] {
        world.add_node(NodeSpec::new(name, Role(0), Listener::default()));
    }
    world.begin(&mut ());
    let after = |choices: &[Choice<u32>]| {
        let mut world = world.clone();
        choices.iter().for_each(|choice| world.take(&mut (), choice).expect("it is pending"));
        world.fingerprint()
    };
    let [one, two] = [0, 1].map(|id| Choice::Deliver(MessageId(id)));
    assert_eq!(after(&[one.clone(), two.clone()]), after(&[two.clone(), one]));
    assert_ne!(after(&[Choice::Clock]), after(&[Choice::Clock, Choice::Clock]));
    // Nothing is left but the time.
    let end = [two.clone(), Choice::Deliver(MessageId(0)), Choice::Clock, Choice::Clock];
    let mut later = World::clone(&world);
    end.iter().for_each(|choice| later.take(&mut (), choice).expect("it is pending"));
    let wake = Command::Wake { at: later.now() + span(1), alarm: 0 };
    let before = later.fingerprint();
    later.take(&mut (), &Choice::Command(wake)).expect("after a timer");
    later.take(&mut (), &Choice::Clock).expect("the alarm");
    assert_ne!(later.fingerprint(), before);
}

/// What happens, without the numbers that a fingerprint leaves out.
fn shape(event: &Event<Protocol>, now: Time) -> String {
    let mut event = event.clone();
    (event.at, event.seq) = (Time::ZERO + event.at.since(now), 0);
    match &mut event.kind {
        Kind::Send { id, ordinal, .. } | Kind::Release { id, ordinal, .. } => {
            (*id, *ordinal) = (MessageId(0), 0);
        }
        Kind::Deliver { id, .. } | Kind::Lose { id, .. } | Kind::Undelivered { id, .. } => {
            *id = MessageId(0);
        }
        Kind::Timer { id, .. } => *id = TimerId(0),
        Kind::ConnectionLost { epoch, .. } => *epoch = 0,
        Kind::Chose { ordinal, .. } => *ordinal = 0,
        _ => {}
    }
    if let Kind::Send { fate, .. } | Kind::Release { fate, .. } = &mut event.kind {
        match fate {
            sim::Fate::Delivered(after) => *after = Span::ZERO,
            sim::Fate::Duplicated(one, other) => (*one, *other) = (Span::ZERO, Span::ZERO),
            _ => {}
        }
    }
    format!("{event:?}")
}

fn shape_of_choice(pending: &Pending<Protocol>, now: Time) -> String {
    let mut pending = pending.clone();
    pending.at = Time::ZERO + pending.at.since(now);
    match &mut pending.what {
        Upcoming::Delivery { id, .. } => {
            *id = MessageId(0);
            pending.choice = Choice::Clock;
        }
        Upcoming::Timer { id, .. } => *id = TimerId(0),
        Upcoming::Undelivered { id, .. } => *id = MessageId(0),
        _ => {}
    }
    format!("{pending:?}")
}

/// All that can happen next, and the fingerprints of what comes of it.
fn future(world: &Explored) -> Vec<(String, Vec<u64>, Vec<String>, u128)> {
    let mut future = Vec::new();
    let now = world.now();
    let mut choices: Vec<_> = world
        .pending()
        .iter()
        .map(|pending| (shape_of_choice(pending, now), pending.choice.clone()))
        .collect();
    for command in [crash(B), Command::Start(B), Command::Pause(A), Command::Resume(A)] {
        choices.push((format!("{command:?}"), Choice::Command(command)));
    }
    for (shape_of_choice, choice) in choices {
        for branch in world.branches(&Vec::new(), &choice, 4).unwrap_or_default() {
            let events = branch.observer.iter().map(|event| shape(event, now)).collect();
            let next = branch.world.fingerprint();
            future.push((shape_of_choice.clone(), branch.answers, events, next));
        }
    }
    future.sort();
    future.dedup();
    future
}

proptest! {
    /// By induction, worlds with equal fingerprints have the same future for ever.
    #[test]
    fn worlds_with_equal_fingerprints_have_the_same_future(
        stage in stage(),
        faults in faults(),
        numbers in prop::collection::vec(any::<u16>(), 60),
    ) {
        let world = stage.world_with(Enumerated::new(faults));
        let mut queue = VecDeque::from([world.beginnings(&(), 4).swap_remove(0).world]);
        let mut known: BTreeMap<u128, Explored> = BTreeMap::new();
        for number in numbers {
            let Some(world) = queue.pop_front() else { break };
            let mut choices: Vec<_> =
                world.pending().into_iter().map(|pending| pending.choice).collect();
            if number % 5 == 0 {
                let keep = Keep::Durable;
                choices.push(Choice::Command(Command::Crash { node: B, keep }));
                choices.push(Choice::Command(Command::Start(B)));
                choices.push(Choice::Command(Command::Pause(A)));
                choices.push(Choice::Command(Command::Resume(A)));
            }
            for choice in choices {
                for branch in world.branches(&(), &choice, 4).unwrap_or_default() {
                    let fingerprint = branch.world.fingerprint();
                    match known.get(&fingerprint) {
                        Some(twin) => prop_assert_eq!(future(twin), future(&branch.world)),
                        None => {
                            known.insert(fingerprint, branch.world.clone());
                            match number % 2 {
                                0 => queue.push_back(branch.world),
                                _ => queue.push_front(branch.world),
                            }
                        }
                    }
                }
            }
        }
    }
}
