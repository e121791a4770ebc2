//! What the checker holds depends on what is going on at the same time, not on how much has
//! happened.

use check::random::{Mix, Simulation, Source};
use check::{Rumor, notation};
use history::{Entry, OpId, Span, Step, Time, Value, Version};

const OPERATIONS: u64 = 1_000_000;

/// The most that is held at any step.
fn retained_max(history: impl Iterator<Item = Entry>) -> usize {
    let mut rumor = Rumor::new();
    let mut max = 0;
    for entry in history {
        rumor.step(&entry).expect("the history is well-formed");
        max = max.max(rumor.retained());
    }
    assert_eq!(rumor.violation(), None);
    max
}

#[test]
fn it_stays_flat_over_a_million_operations() {
    let plain = Mix::plain(OPERATIONS);
    let max = retained_max(Simulation::new(plain, Source::new(1, 0)));
    assert!(max <= 40, "{max} records for 8 clients");
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
    let max = retained_max(Simulation::new(mix, Source::new(2, 0)));
    assert!(max <= 40, "{max} records for 8 clients");
}

/// The same few steps over and over, with the ordinals, versions and times of each round.
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
                if let history::Action::Write { value } = &mut invoke.action {
                    *value = Value::of(invoke.op);
                }
            }
            Step::Return(returned) => {
                returned.op = self.op(returned.op);
                if let history::Completion::Ok(seen) = &mut returned.completion {
                    let writer = seen.value.writer().expect("values name their writers");
                    seen.version = Version(seen.version.0 + self.versions);
                    seen.value = Value::of(self.op(writer));
                }
            }
            Step::Gone(_) => {}
        }
        Entry { at, step }
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
    let max = retained_max(rounds(seen_late, OPERATIONS / 3, 2));
    assert!(max <= 10, "{max} records for 2 clients");
}

#[test]
fn unconditional_writes_of_unknown_outcome_are_forgotten_once_they_must_have_been_overwritten() {
    let overwritten = "10ms c1 write
                       11ms c2 write
                       20ms c1 unknown
                       21ms c2 unknown
                       30ms c3 write
                       40ms c3 made v3";
    let max = retained_max(rounds(overwritten, OPERATIONS / 3, 3));
    assert!(max <= 20, "{max} records for 3 clients");
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
    let mut unseen = std::collections::BTreeSet::new();
    for entry in &history {
        match entry.step {
            Step::Invoke(invoke) => unseen.extend(invoke.action.written()),
            Step::Return(returned) => match returned.completion {
                history::Completion::Ok(seen) | history::Completion::Refused(seen) => {
                    unseen.remove(&seen.value);
                }
                history::Completion::Failed | history::Completion::Unknown => {}
            },
            Step::Gone(_) => {}
        }
    }
    let max = retained_max(history.into_iter());
    // Each is held with what it had noted, and may have made a version that is missing.
    assert!(
        max <= 3 * unseen.len() + 40,
        "{max} records for {} unseen writes",
        unseen.len()
    );
}
