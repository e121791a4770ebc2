//! What an explorer can choose: any message in flight, and the clocks in their order.

use history::Time;
use sim::{
    CannotTake, Choice, Command, Enumerated, Faults, Kind, LinkRule, MessageId, Order, Transport,
    Upcoming, World,
};

use crate::stage::{A, Act, Actor, B, C, Plan, Stage, Word, cut, only, span, takes};

type Explored = World<Actor, Enumerated, Plan>;

fn begun(stage: &Stage) -> Explored {
    let mut world = stage.world_with(Enumerated::new(Faults::None));
    world.begin(&mut ());
    world
}

/// What can happen, in words.
fn pending(world: &Explored) -> Vec<String> {
    let pending = world.pending().into_iter();
    let words = pending.map(|pending| {
        let what = match pending.what {
            Upcoming::Delivery { message, .. } => {
                return format!("{message:?} on {}", pending.link.expect("it has a link"));
            }
            Upcoming::Timer { timer, .. } => format!("timer {timer}"),
            Upcoming::Undelivered { .. } => "undelivered".to_owned(),
            Upcoming::ConnectionLost { .. } => "connection lost".to_owned(),
            Upcoming::Told { .. } => "told".to_owned(),
            Upcoming::Alarm(alarm) => format!("alarm {alarm}"),
            Upcoming::GoOn => "goes on".to_owned(),
        };
        format!("{} at {}: {what}", pending.node.0, pending.at)
    });
    words.collect()
}

fn clock(world: &mut Explored) {
    world.take(&mut (), &Choice::Clock).expect("it is pending");
}

fn deliver(world: &mut Explored, id: u64) {
    world.take(&mut (), &Choice::Deliver(MessageId(id))).expect("it is pending");
}

#[test]
fn a_message_can_arrive_at_once_or_after_any_timer() {
    let acts = [Act::Say(B, 1), Act::Say(C, 2), Act::SetTimer(span(50), 7)];
    let mut world = begun(&Stage::of(["a", "b", "c"]).tell(0, A, acts));
    assert_eq!(pending(&world), ["65535 at 0s: alarm 0"]);
    clock(&mut world);
    assert_eq!(pending(&world), ["0 at 0s: told"], "that is due at this very moment");
    clock(&mut world);
    let (one, two) = ("Say(1) on a->b", "Say(2) on a->c");
    assert_eq!(pending(&world), ["0 at 50ms: timer 7", one, two]);
    deliver(&mut world, 1);
    assert_eq!(world.now(), Time::ZERO);
    clock(&mut world);
    assert_eq!(world.now(), Time::ZERO + span(50));
    assert_eq!(pending(&world), [one], "long after its nominal delay");
    deliver(&mut world, 0);
    assert_eq!(pending(&world), Vec::<String>::new());
    let gone = Choice::Deliver(MessageId(0));
    assert_eq!(world.take(&mut (), &gone), Err(CannotTake::NotInFlight(MessageId(0))));
    let ended = world.take(&mut (), &Choice::Clock);
    assert_eq!(ended, Err(CannotTake::Ended(sim::Ending::Quiescent)));
}

#[test]
fn links_that_keep_order_offer_their_oldest_message() {
    let stream = LinkRule { transport: Transport::Stream, ..takes(1) };
    for rule in [stream, LinkRule { order: Order::Fifo, ..takes(1) }] {
        let acts = [Act::Say(B, 1), Act::Say(B, 2)];
        let mut world = begun(&Stage::of(["a", "b"]).rule(rule).tell(0, A, acts));
        clock(&mut world);
        clock(&mut world);
        assert_eq!(pending(&world), ["Say(1) on a->b"]);
        let second = Choice::Deliver(MessageId(1));
        assert_eq!(world.take(&mut (), &second), Err(CannotTake::OutOfOrder(MessageId(1))));
        deliver(&mut world, 0);
        assert_eq!(pending(&world), ["Say(2) on a->b"]);
    }
}

#[test]
fn between_two_timers_of_one_time_messages_arrive_if_the_timers_were_set_apart() {
    let timer = |number| Act::SetTimer(span(5), number);
    let together = Stage::of(["a", "b"]).tell(0, A, [Act::Say(B, 1), timer(1), timer(2)]);
    let mut world = begun(&together);
    (0..3).for_each(|_| clock(&mut world));
    assert_eq!(pending(&world), ["0 at 5ms: timer 2"]);
    let message = Choice::Deliver(MessageId(0));
    assert_eq!(world.take(&mut (), &message), Err(CannotTake::SomethingIsDue));

    // Each sets its timer when it receives a word of the other.
    let mut world = begun(&Stage::of(["a", "b"]).tell(0, A, [Act::Say(B, 1), timer(1)]));
    (0..2).for_each(|_| clock(&mut world));
    let told = Command::Tell { node: B, message: Word::Do(vec![timer(2)]) };
    world.take(&mut (), &Choice::Command(told)).expect("a command");
    (0..2).for_each(|_| clock(&mut world));
    assert_eq!(pending(&world), ["1 at 5ms: timer 2", "Say(1) on a->b"]);
}

#[test]
fn timers_that_were_cancelled_are_not_offered() {
    let acts = [Act::SetTimer(span(5), 1), Act::SetTimer(span(6), 2), Act::CancelTimer(1)];
    let mut world = begun(&Stage::of(["a"]).tell(0, A, acts));
    (0..2).for_each(|_| clock(&mut world));
    assert_eq!(pending(&world), ["0 at 6ms: timer 2"]);
}

#[test]
fn commands_are_given_after_a_step_with_an_event() {
    let mut world = begun(&Stage::of(["a", "b"]).tell(0, A, [Act::Store(1)]));
    let command = Choice::Command(cut(only(A), only(B)));
    let mut events = Vec::new();
    world.take(&mut events, &command).expect("after the beginning");
    assert!(matches!(events[..], [ref event] if matches!(event.kind, Kind::Nemesis(_))));
    (0..2).for_each(|_| clock(&mut world));
    assert_eq!(world.take(&mut (), &command), Err(CannotTake::NothingToFollow));
}

#[test]
fn a_world_can_go_on_by_ordinary_steps() {
    let acts = [Act::Say(B, 1), Act::Say(C, 2), Act::SetTimer(span(50), 7)];
    let mut world = begun(&Stage::of(["a", "b", "c"]).tell(0, A, acts));
    (0..3).for_each(|_| clock(&mut world));
    let mut events = Vec::new();
    while world.step(&mut events).is_ok() {}
    let heard: Vec<_> = events.iter().map(|event| (event.at, event.node)).collect();
    assert_eq!(heard, [(Time::ZERO + span(50), B), (Time::ZERO + span(50), C)]);
    assert_eq!(world.memory(), 0);
}
