//! A run is a function of its scenario and its seed.

use history::{Fingerprint, Span};
use sim::{Chance, Command, Ending, Endpoint, EventDigest, Keep, LinkRule, Observer, Transport};

use crate::stage::{A, Act, B, C, Stage, crash, cut, heal, only, takes_between};

/// Some of everything.
fn rich(seed: &str) -> Stage {
    let faulty = LinkRule {
        loss: Chance::from_ppm(50_000).unwrap(),
        duplicate: Chance::from_ppm(50_000).unwrap(),
        ..takes_between(1, 10)
    };
    let stream = LinkRule { transport: Transport::Stream, ..faulty };
    let mut stage = Stage::of(["a", "b", "c"]).rule(faulty).link(only(A), only(C), stream).link(
        only(C),
        only(A),
        stream,
    );
    stage.seed = seed.to_owned();
    for number in 0..300 {
        stage = stage
            .tell(u64::from(number), A, [Act::Ask(B, number), Act::Ask(C, number)])
            .tell(u64::from(number), B, [Act::Choose(9), Act::SetTimer(Span(4_321), number)])
            .tell(u64::from(number), C, [Act::Store(number), Act::Yield, Act::Ask(A, number)]);
    }
    stage
        .at(40, Command::Slow { node: B, by: Span(100_000) })
        .at(50, cut(only(A), Endpoint::Any))
        .at(70, heal(only(A), Endpoint::Any))
        .at(80, crash(C))
        .at(90, Command::Start(C))
        .at(100, Command::Pause(B))
        .at(120, Command::Resume(B))
        .at(130, Command::Hold { from: only(B), to: only(A) })
        .at(150, Command::Release { from: only(B), to: only(A) })
        .at(160, Command::Crash { node: A, keep: Keep::Nothing })
        .at(170, Command::Start(A))
}

fn digest(seed: &str) -> (Fingerprint, u64) {
    let mut digest = EventDigest::default();
    rich(seed).world().run(&mut digest, |_| false);
    (digest.fingerprint(), digest.events())
}

#[test]
fn the_same_seed_gives_the_same_run() {
    assert_eq!(digest("1"), digest("1"));
    assert_eq!(rich("1").play().events, rich("1").play().events);
}

#[test]
fn another_seed_gives_another_run() {
    assert_ne!(digest("1").0, digest("2").0);
}

/// Pinned: the same on every machine. A change of it is a change of every recording.
#[test]
fn a_run_has_the_same_digest_everywhere() {
    assert_eq!(digest("1"), (Fingerprint(0x6e6a_4e78_8cb6_95b6), 7_070));
}

#[test]
fn a_run_is_the_same_whoever_watches() {
    let (mut events, mut digest) = (Vec::new(), EventDigest::default());
    let mut one = rich("1").world();
    one.run(&mut ((&mut events, Some(&mut digest)), ()), |_| false);
    let mut other = rich("1").world();
    other.run(&mut (), |()| false);
    assert_eq!(one.events(), other.events());
    assert_eq!(one.now(), other.now());
    let mut replayed = EventDigest::default();
    events.iter().for_each(|event| replayed.event(event));
    assert_eq!(replayed.fingerprint(), digest.fingerprint());
    assert!(events.iter().map(|event| event.seq).eq(0..one.events()));
}

#[test]
fn a_clone_of_a_world_goes_on_as_the_world_does() {
    let whole = rich("1").play();
    for steps in [1, 10, 100, 500, 1_000, 1_500] {
        let mut world = rich("1").world();
        let mut before = Vec::new();
        world.begin(&mut before);
        for _ in 0..steps {
            world.step(&mut before).expect("the run is longer");
        }
        let mut clone = world.clone();
        for world in [&mut world, &mut clone] {
            let mut events = before.clone();
            let ending = loop {
                if let Err(ending) = world.step(&mut events) {
                    break ending;
                }
            };
            assert_eq!(ending, Ending::Quiescent);
            assert_eq!(events, whole.events, "after {steps} steps");
        }
    }
}

#[test]
fn an_event_reads_back_as_it_was_written() {
    for event in rich("1").play().events {
        let json = serde_json::to_string(&event).unwrap();
        let mut read: sim::Event<_> = serde_json::from_str(&json).unwrap();
        read.seq = event.seq;
        assert_eq!(read, event, "{json}");
    }
}
