//! The memory of the checker depends on the concurrency of a history, not on its length.

use std::collections::BTreeSet;

use check::random::{Mix, Simulation, Source};
use check::{RegisterKind, Rumor, notation};
use history::{
    Action, Completion, Entry, Invoke, Key, NodeId, Observation, OpId, Span, Step, Time, Value,
    Version,
};

const OPERATIONS: u64 = 1_000_000;

/// Checks a history, and that the checker never holds more than `records_max` records.
fn assert_retained(history: impl Iterator<Item = Entry>, records_max: usize) {
    let mut rumor = Rumor::new();
    for (step, entry) in history.enumerate() {
        rumor.step(&entry).expect("the history is well-formed");
        let retained = rumor.retained();
        assert!(retained <= records_max, "{retained} records after step {step}");
    }
    assert_eq!(rumor.violation(), None);
}

#[test]
fn it_stays_flat_over_a_million_operations() {
    let plain = Mix::plain(OPERATIONS);
    assert_retained(Simulation::new(plain, Source::new(1, 0)), 40);
}

#[test]
fn compare_and_sets_of_unknown_outcome_are_forgotten_once_they_cannot_take_effect() {
    let mix = Mix {
        outdated: 20,
        failed: 5,
        delayed: 5,
        never: 50,
        unanswered: 5,
        gone: 1,
        ..Mix::plain(OPERATIONS)
    };
    assert_retained(Simulation::new(mix, Source::new(2, 0)), 40);
}

/// The same few steps repeated, with the ordinals, versions and times of each round.
fn rounds(text: &str, rounds: u64, versions: u64) -> impl Iterator<Item = Entry> {
    let (round, _) = notation::parse(text).expect("the story is in the notation");
    let ordinals = round.iter().filter_map(|entry| match entry.step {
        Step::Invoke(invoke) => Some(invoke.op.ordinal + 1),
        Step::Return(_) | Step::Gone(_) => None,
    });
    let ordinals = u64::from(ordinals.max().unwrap_or(0));
    (0..rounds).flat_map(move |number| {
        let shift = Shift {
            ordinals: u32::try_from(number * ordinals).expect("there are few rounds"),
            versions: number * versions,
            time: Span(number * 1_000_000_000),
        };
        let entries: Vec<Entry> = round.iter().map(|entry| shift.entry(entry)).collect();
        entries
    })
}

struct Shift {
    ordinals: u32,
    versions: u64,
    time: Span,
}

impl Shift {
    fn entry(&self, entry: &Entry) -> Entry {
        let at = entry.at + self.time;
        assert!(at > Time::ZERO, "a round begins after the one before");
        let mut step = entry.step;
        match &mut step {
            Step::Invoke(invoke) => {
                invoke.op = self.op(invoke.op);
                match &mut invoke.action {
                    Action::Read => {}
                    Action::Write { value } => *value = Value::of(invoke.op),
                    Action::Cas { expected, value } => {
                        *expected = self.observation(*expected);
                        *value = Value::of(invoke.op);
                    }
                    Action::Delete { expected } => *expected = self.observation(*expected),
                }
            }
            Step::Return(returned) => {
                returned.op = self.op(returned.op);
                if let Completion::Ok(seen) = &mut returned.completion {
                    *seen = self.observation(*seen);
                }
            }
            Step::Gone(_) => {}
        }
        Entry { at, step }
    }

    fn observation(&self, seen: Observation) -> Observation {
        let writer = seen.value.writer().expect("values name their writers");
        Observation {
            version: Version(seen.version.0 + self.versions),
            value: Value::of(self.op(writer)),
        }
    }

    fn op(&self, op: OpId) -> OpId {
        let ordinal = op.ordinal + self.ordinals;
        OpId { ordinal, ..op }
    }
}

#[test]
fn unconditional_writes_of_unknown_outcome_are_forgotten_once_they_are_seen() {
    let seen_late = "10ms c1 write
                     20ms c1 unknown
                     30ms c2 write
                     40ms c2 made v1
                     50ms c2 read
                     60ms c2 saw v2=c1#0";
    assert_retained(rounds(seen_late, OPERATIONS / 3, 2), 10);
}

#[test]
fn unconditional_writes_of_unknown_outcome_are_forgotten_once_they_must_have_been_overwritten() {
    let overwritten = "10ms c1 write
                       11ms c2 write
                       20ms c1 unknown
                       21ms c2 unknown
                       30ms c3 write
                       40ms c3 made v3";
    assert_retained(rounds(overwritten, OPERATIONS / 3, 3), 20);
}

#[test]
fn compare_and_sets_of_unknown_outcome_are_forgotten_with_the_version_they_may_have_made() {
    let overwritten = "10ms c1 write
                       11ms c1 made v1
                       12ms c2 cas v1=c1#0
                       13ms c2 unknown
                       20ms c3 write
                       21ms c3 made v3";
    assert_retained(rounds(overwritten, OPERATIONS / 3, 3), 10);
}

#[test]
fn nothing_but_unconditional_writes_that_may_still_take_effect_adds_up() {
    let mix = Mix {
        writes: 25,
        swaps: 25,
        delayed: 2,
        unanswered: 2,
        gone: 1,
        ..Mix::plain(OPERATIONS / 10)
    };
    let history: Vec<Entry> = Simulation::new(mix, Source::new(3, 0)).collect();
    let mut unseen = BTreeSet::new();
    for entry in &history {
        match entry.step {
            Step::Invoke(invoke) => unseen.extend(invoke.action.written()),
            Step::Return(returned) => match returned.completion {
                Completion::Ok(seen) | Completion::Refused(seen) => {
                    unseen.remove(&seen.value);
                }
                Completion::Failed | Completion::Unknown => {}
            },
            Step::Gone(_) => {}
        }
    }
    // Each is held with what it had noted, and may have made a version that is missing.
    assert_retained(history.into_iter(), 3 * unseen.len() + 40);
}

/// What is kept counts each operation that may still take effect.
#[test]
fn what_may_still_take_effect_is_kept() {
    for kind in [RegisterKind::Kept, RegisterKind::Deletable] {
        let mut rumor = Rumor::with(kind);
        let before = rumor.retained();
        for client in 0..50 {
            let op = OpId { client: NodeId(client), ordinal: 0 };
            let action = Action::Cas { expected: Observation::EMPTY, value: Value::of(op) };
            let invoke = Step::Invoke(Invoke { op, key: Key(0), action });
            let step = rumor.step(&Entry { at: Time(u64::from(client)), step: invoke });
            step.expect("it can be asked");
        }
        assert!(rumor.retained() >= before + 50, "{kind:?}: {}", rumor.retained());
    }
}

/// How many records are held after each of these steps.
fn retained_after_each(kind: RegisterKind, steps: &str) -> Vec<usize> {
    let (history, _) = notation::parse(steps).expect("the story is in the notation");
    let mut rumor = Rumor::with(kind);
    let after_each = history.iter().map(|entry| {
        rumor.step(entry).expect("the history is well-formed");
        rumor.retained()
    });
    after_each.collect()
}

#[test]
fn each_record_counts_once() {
    let open_and_lost = "1ms c1 write 77
        2ms c2 write
        3ms c3 cas empty
        4ms c4 read
        5ms c2 unknown
        6ms c3 unknown
        7ms c4 saw empty
        8ms c5 write
        9ms c5 made v2
        10ms c5 read on other
        11ms c5 failed";
    assert_eq!(
        retained_after_each(RegisterKind::Kept, open_and_lost),
        [5, 8, 10, 11, 10, 9, 8, 11, 10, 12, 11]
    );
    let deletable = "1ms c1 cas empty
        2ms c1 made v1
        3ms c2 cas empty 78
        4ms c2 refused v1=c1#0
        5ms c1 delete v1=c1#0
        6ms c2 delete v1=c1#0
        7ms c2 unknown
        8ms c1 deleted
        9ms c3 cas empty
        10ms c3 made v1
        11ms c3 cas v1=c3#0
        12ms c3 made v2";
    assert_eq!(
        retained_after_each(RegisterKind::Deletable, deletable),
        [2, 2, 5, 4, 6, 8, 7, 3, 5, 5, 7, 5]
    );
    // Of two lost deletions of one state, only the one that was invoked first is needed.
    let two_deletions = |first: &str, second: &str| {
        let steps = format!(
            "1ms c1 cas empty
             2ms c1 made v1
             3ms c2 read
             4ms c2 saw v1=c1#0
             5ms c1 delete v1=c1#0
             6ms c2 delete v1=c1#0
             7ms {first} unknown
             8ms {second} unknown"
        );
        retained_after_each(RegisterKind::Deletable, &steps)[6..].to_vec()
    };
    assert_eq!(two_deletions("c1", "c2"), [6, 4]);
    assert_eq!(two_deletions("c2", "c1"), [6, 5]);
}
