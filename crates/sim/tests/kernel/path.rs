//! An ordinary run follows what an explorer did.

use history::Span;
use proptest::prelude::*;
use sim::{
    Branch, CannotTake, Choice, Command, Enumerated, Event, Fate, Faults, Keep, Kind, LinkRule,
    Order, Path, PathError, PathStep, Report, Transport, World,
};

use crate::stage::{A, Act, Actor, B, C, Plan, Protocol, Stage, Word, chance, span, takes};

type Explored = World<Actor, Enumerated, Plan>;

/// What a random explorer did, and what it saw.
struct Walk {
    path: Path<Word>,
    events: Vec<Event<Protocol>>,
    world: Explored,
}

/// Goes a way through a world: at each step as the next number says.
fn walk(world: &Explored, numbers: &[u16]) -> Walk {
    let mut numbers = numbers.iter().map(|number| usize::from(*number));
    let mut path = Path::default();
    let mut pick = |mut branches: Vec<Branch<Actor, Plan, Vec<Event<Protocol>>>>| {
        branches.swap_remove(numbers.next()? % branches.len()).into()
    };
    let begun = world.beginnings(&Vec::new(), 4);
    let Some(Branch { mut world, mut observer, answers, .. }) = pick(begun) else {
        return walk(world, &[0]);
    };
    path.beginning = answers;
    let mut choose = numbers.next();
    while let Some(number) = choose {
        let pending = world.pending();
        let choice = match number % 23 {
            0 => Choice::Command(command(number / 23)),
            _ if pending.is_empty() => break,
            _ => pending[number / 23 % pending.len()].choice.clone(),
        };
        let branches = match world.branches(&observer, &choice, 4) {
            Err(CannotTake::NothingToFollow) => {
                choose = numbers.next();
                continue;
            }
            branches => branches.expect("it is pending"),
        };
        let place = number / 7 % branches.len();
        let branch = branches.into_iter().nth(place).expect("it is one of them");
        path.steps.push(PathStep { choice, answers: branch.answers });
        (world, observer) = (branch.world, branch.observer);
        choose = numbers.next();
    }
    Walk { path, events: observer, world }
}

fn command(number: usize) -> Command<Word> {
    let node = [A, B, C][number % 3];
    match number / 3 % 6 {
        0 => Command::Crash { node, keep: Keep::Durable },
        1 | 2 => Command::Start(node),
        3 => Command::Pause(node),
        _ => Command::Resume(node),
    }
}

/// The events without what an explorer does not decide: nanoseconds, and how long messages take.
fn course(events: &[Event<Protocol>]) -> Vec<Event<Protocol>> {
    let plain = |event: &Event<Protocol>| {
        let mut event = event.clone();
        event.at = history::Time::ZERO;
        if let Kind::Send { fate, .. } | Kind::Release { fate, .. } = &mut event.kind {
            *fate = match *fate {
                Fate::Delivered(_) => Fate::Delivered(Span::ZERO),
                Fate::Duplicated(..) => Fate::Duplicated(Span::ZERO, Span::ZERO),
                other => other,
            };
        }
        event
    };
    events.iter().map(plain).collect()
}

/// Follows a walk by ordinary steps.
fn assert_follows(stage: &Stage, faults: Faults, walk: &Walk) -> Result<bool, TestCaseError> {
    let fresh = stage.world_with(Enumerated::new(faults));
    let script = match walk.path.script(fresh.clone()) {
        Ok(script) => script,
        Err(PathError::Tie { .. }) => return Ok(false),
        Err(error) => panic!("{error}"),
    };
    let mut world = fresh.scripted(&script);
    let mut events = Vec::new();
    world.begin(&mut events);
    while events.len() < walk.events.len() {
        if let Err(ending) = world.step(&mut events) {
            prop_assert!(false, "{ending:?} after {}", events.len());
        }
    }
    prop_assert!(world.now() <= script.ends());
    let (followed, explored) = (course(&events), course(&walk.events));
    let differs = followed.iter().zip(&explored).position(|(one, other)| one != other);
    if let Some(place) = differs {
        let (followed, explored) = (&events[place..], &walk.events[place..]);
        prop_assert!(false, "event {place}: {:#?}\nnot {:#?}", &followed[0], &explored[0]);
    }
    for node in [A, B, C] {
        prop_assert_eq!(world.process(node).inputs(), walk.world.process(node).inputs());
        prop_assert_eq!(&world.process(node).stored, &walk.world.process(node).stored);
    }
    Ok(true)
}

pub(crate) fn act() -> impl Strategy<Value = Vec<Act>> {
    let node = || prop::sample::select(vec![A, B, C]);
    // Timers are set for odd times, so that two rarely meet by different sums.
    let after = || (1..40_000_000u64).prop_map(Span);
    prop_oneof![
        4 => (node(), 0..9u32).prop_map(|(to, number)| vec![Act::Ask(to, number)]),
        2 => (node(), 0..9u32, node()).prop_map(|(to, number, other)| {
            vec![Act::Say(to, number), Act::Yield, Act::Say(other, number)]
        }),
        2 => (after(), 0..4u32).prop_map(|(after, number)| vec![Act::SetTimer(after, number)]),
        1 => (0..4u64, 0..4u32).prop_map(|(after, number)| {
            vec![Act::SetTimer(span(after), number), Act::SetTimer(span(after), number + 4)]
        }),
        1 => after().prop_map(|after| vec![Act::SetTimer(after, 9), Act::CancelTimer(9)]),
        1 => (after(), node()).prop_map(|(after, to)| vec![Act::Busy(after), Act::Ask(to, 7)]),
        1 => Just(vec![Act::Choose(3), Act::Store(1)]),
    ]
}

pub(crate) fn rule() -> impl Strategy<Value = LinkRule> {
    let transport = prop_oneof![Just(Transport::Datagram), Just(Transport::Stream)];
    let order = prop_oneof![Just(Order::Free), Just(Order::Fifo)];
    let report = prop_oneof![Just(Report::Silent), Just(Report::Reported)];
    (transport, order, report, any::<bool>()).prop_map(|(transport, order, report, loses)| {
        let loss = chance(if loses { 10 } else { 0 });
        LinkRule { transport, order, report, loss, duplicate: loss, ..takes(1) }
    })
}

pub(crate) fn stage() -> impl Strategy<Value = Stage> {
    let tell = (0..30u64, prop::sample::select(vec![A, B, C]), act());
    (rule(), rule(), prop::collection::vec(tell, 1..10), any::<bool>()).prop_map(
        |(rule, other, tells, holds)| {
            let mut stage = Stage::of(["a", "b", "c"]).rule(rule);
            stage = stage.link(sim::Endpoint::Node(A), sim::Endpoint::Any, other);
            for (at, node, acts) in tells {
                let message = Word::Do(acts);
                stage = stage.at(at, Command::Tell { node, message });
            }
            if holds {
                let (from, to) = (sim::Endpoint::Node(B), sim::Endpoint::Any);
                stage = stage.at(5, Command::Hold { from, to });
                stage = stage.at(15, Command::Release { from, to });
                stage = stage.at(20, Command::Cut { from, to });
                stage = stage.at(25, Command::Heal { from, to });
            }
            stage
        },
    )
}

pub(crate) fn faults() -> impl Strategy<Value = Faults> {
    prop::sample::select(vec![Faults::None, Faults::ByRule, Faults::Any])
}

proptest! {
    #![proptest_config(ProptestConfig::default())]
    #[test]
    fn an_ordinary_run_follows_every_path(
        stage in stage(),
        faults in faults(),
        numbers in prop::collection::vec(any::<u16>(), 1..60),
    ) {
        let world = stage.world_with(Enumerated::new(faults));
        let walk = walk(&world, &numbers);
        prop_assume!(assert_follows(&stage, faults, &walk)?);
    }
}
