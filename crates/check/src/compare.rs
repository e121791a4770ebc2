//! The rumor checker against its [exhaustive] twin, on [random] histories.
//!
//! Each history is fed to the checker step by step. If the checker reports a violation or a
//! malformed history at a step, the twin must agree for the history up to that step. It must
//! disagree for the history up to the step before. An impossible history stays impossible, so these
//! two questions cover every prefix. One history in [`EVERY_PREFIX_OF_ONE_IN`] is compared at every
//! prefix all the same. If the checker reports nothing, the twin must find an order.
//!
//! If the two disagree, operations are removed from the history for as long as they still disagree.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use history::{Completion, Entry, Key, Names, OpId, Return, Step, Value, Version};

use crate::random::{self, Short};
use crate::{Malformed, Reason, RegisterKind, Rumor, check_history, exhaustive, notation};

/// One history in this many is compared at every prefix.
pub const EVERY_PREFIX_OF_ONE_IN: u64 = 16;

/// The verdict of a checker on a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// An order of the operations explains the history.
    Possible,
    /// The history becomes impossible at this step.
    Impossible {
        /// The zero-based index of the first step after which no order explains the history.
        step: usize,
    },
    /// No clients can have produced this step.
    Malformed {
        /// The zero-based index of the first such step.
        step: usize,
        /// The reason.
        error: Malformed,
    },
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Possible => write!(f, "possible"),
            Verdict::Impossible { step } => write!(f, "impossible from line {}", step + 1),
            Verdict::Malformed { step, error } => {
                write!(f, "malformed in line {}: {error}", step + 1)
            }
        }
    }
}

/// A history on which the two checkers disagree, shrunk.
#[derive(Clone, Debug)]
pub struct Mismatch {
    /// The seed, as [`random::history`] takes it.
    pub seed: u64,
    /// The kind of its registers.
    pub kind: RegisterKind,
    /// The number of the history among those of that seed.
    pub number: u64,
    /// The history, without the operations that the disagreement does not need.
    pub history: Vec<Entry>,
    /// The verdict of the checker.
    pub checker: Verdict,
    /// The verdict of the exhaustive search, which is right.
    pub truth: Verdict,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mismatch { seed, number, .. } = self;
        writeln!(f, "history {number} of seed {seed}, shrunk:")?;
        writeln!(f, "{}", notation::write(&self.history, &Names::default()))?;
        writeln!(f, "the checker says: {}", self.checker)?;
        write!(f, "the exhaustive search says: {}", self.truth)
    }
}

impl std::error::Error for Mismatch {}

/// Counts the kinds of histories that were compared. The counts show whether a comparison tried
/// hard cases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The number of histories.
    pub histories: u64,
    /// Histories that no clients can have produced. Only the part before the malformed step is
    /// compared.
    pub malformed: u64,
    /// Histories without an order that explains them.
    pub impossible: u64,
    /// Histories that were legal before one change. Most of them are impossible.
    pub spoilt: u64,
    /// Histories that were legal before one change, and are impossible.
    pub near_violations: u64,
    /// Possible histories with a version below the newest that no operation observed.
    pub with_gap: u64,
    /// Possible histories in which a value was first seen by an operation that began after the
    /// write of the value had ended as unknown.
    pub with_late_effect: u64,
    /// Possible ones in which a compare-and-set was refused.
    pub with_refusal: u64,
    /// Possible histories in which a register was written, deleted, and written again.
    pub with_rebirth: u64,
    /// The impossible histories, counted by the [name](Reason::name) of their reason.
    pub reasons: BTreeMap<&'static str, u64>,
}

/// Compares the rumor checker with its exhaustive twin on `count` random histories.
///
/// `progress` is called after each history with the number of those done.
///
/// ```
/// let tally = check::compare::compare_random(check::RegisterKind::Kept, 7, 100, |_| {})?;
/// assert_eq!(tally.histories, 100);
/// # Ok::<(), Box<check::compare::Mismatch>>(())
/// ```
///
/// # Errors
/// Returns the first history on which the two disagree.
pub fn compare_random(
    kind: RegisterKind,
    seed: u64,
    count: u64,
    progress: impl FnMut(u64),
) -> Result<Tally, Box<Mismatch>> {
    compare_checker(rumor_verdict, kind, seed, count, progress)
}

/// Compares any checker with the exhaustive search, as [`compare_random`] does.
///
/// # Errors
/// Returns the first history on which the two disagree.
pub fn compare_checker(
    checker: impl Fn(&[Entry]) -> Verdict,
    kind: RegisterKind,
    seed: u64,
    count: u64,
    mut progress: impl FnMut(u64),
) -> Result<Tally, Box<Mismatch>> {
    let mut tally = Tally::default();
    for number in 0..count {
        let short = random::history_of(kind, seed, number);
        let verdict = checker(&short.entries);
        let agree = is_true(&short.entries, verdict)
            && (number % EVERY_PREFIX_OF_ONE_IN != 0 || truth(&short.entries) == verdict);
        if !agree {
            return Err(Box::new(shrink(&checker, (kind, seed, number), short.entries)));
        }
        tally.add(&short, verdict);
        progress(number + 1);
    }
    Ok(tally)
}

/// Returns the verdict of [`Rumor`] on a history.
///
/// ```
/// use check::compare::{Verdict, rumor_verdict};
///
/// let (history, _) = check::notation::parse("1ms c1 read\n2ms c1 saw v1=77")?;
/// assert_eq!(rumor_verdict(&history), Verdict::Impossible { step: 1 });
/// # Ok::<(), check::notation::ParseError>(())
/// ```
#[must_use]
pub fn rumor_verdict(history: &[Entry]) -> Verdict {
    let mut rumor = Rumor::with(RegisterKind::of(history));
    for (step, entry) in history.iter().enumerate() {
        if let Err(error) = rumor.step(entry) {
            return Verdict::Malformed { step, error };
        }
        if rumor.violation().is_some() {
            return Verdict::Impossible { step };
        }
    }
    Verdict::Possible
}

/// The right verdict, found by an exhaustive search of each prefix of the history.
#[must_use]
pub fn truth(history: &[Entry]) -> Verdict {
    let kind = RegisterKind::of(history);
    let mut verdict = Verdict::Possible;
    for step in 0..history.len() {
        let prefix = exhaustive::explains(&history[..=step], kind);
        verdict = match (verdict, prefix) {
            (Verdict::Possible, Ok(true)) => Verdict::Possible,
            (Verdict::Possible, Ok(false)) => Verdict::Impossible { step },
            (Verdict::Possible, Err(error)) => return Verdict::Malformed { step, error },
            (Verdict::Impossible { step }, Ok(true)) => {
                panic!("what was impossible in step {step} has become possible")
            }
            (verdict, _) => verdict,
        };
    }
    verdict
}

/// Whether a verdict is right, found with at most two searches.
fn is_true(history: &[Entry], verdict: Verdict) -> bool {
    let kind = RegisterKind::of(history);
    let prefix = |steps| exhaustive::explains(&history[..steps], kind);
    match verdict {
        Verdict::Possible => prefix(history.len()) == Ok(true),
        Verdict::Impossible { step } => prefix(step) == Ok(true) && prefix(step + 1) == Ok(false),
        Verdict::Malformed { step, error } => {
            prefix(step) == Ok(true) && prefix(step + 1) == Err(error)
        }
    }
}

/// Removes the operations that the disagreement does not need.
fn shrink(
    checker: impl Fn(&[Entry]) -> Verdict,
    (kind, seed, number): (RegisterKind, u64, u64),
    mut history: Vec<Entry>,
) -> Mismatch {
    let disagree = |history: &[Entry]| checker(history) != truth(history);
    loop {
        let without_operation = operations(&history).into_iter().map(|dropped| {
            let kept = history.iter().filter(|entry| operation(entry) != Some(dropped));
            kept.copied().collect::<Vec<Entry>>()
        });
        let without_step = (0..history.len()).map(|step| {
            let mut kept = history.clone();
            kept.remove(step);
            kept
        });
        match without_operation.chain(without_step).find(|less| disagree(less)) {
            Some(less) => history = less,
            None => break,
        }
    }
    Mismatch { seed, kind, number, checker: checker(&history), truth: truth(&history), history }
}

fn operations(history: &[Entry]) -> BTreeSet<OpId> {
    history.iter().filter_map(operation).collect()
}

fn operation(entry: &Entry) -> Option<OpId> {
    match entry.step {
        Step::Invoke(invoke) => Some(invoke.op),
        Step::Return(returned) => Some(returned.op),
        Step::Gone(_) => None,
    }
}

impl Tally {
    fn add(&mut self, short: &Short, verdict: Verdict) {
        self.histories += 1;
        self.spoilt += u64::from(short.spoilt.is_some());
        match verdict {
            Verdict::Malformed { .. } => self.malformed += 1,
            Verdict::Impossible { .. } => {
                self.impossible += 1;
                self.near_violations += u64::from(short.spoilt.is_some());
                if let Ok(Some(violation)) = check_history(&short.entries) {
                    *self.reasons.entry(Reason::name(&violation.reason)).or_default() += 1;
                }
            }
            Verdict::Possible => {
                let seen = Seen::of(&short.entries);
                self.with_gap += u64::from(seen.has_gap());
                self.with_late_effect += u64::from(seen.late_effect);
                self.with_refusal += u64::from(seen.refusal);
                self.with_rebirth += u64::from(seen.has_rebirth());
            }
        }
    }
}

/// The features of a possible history.
#[derive(Default)]
struct Seen {
    told: BTreeSet<(Key, Version)>,
    first_values: BTreeSet<(Key, Value)>,
    refusal: bool,
    late_effect: bool,
}

impl Seen {
    fn of(history: &[Entry]) -> Seen {
        let mut seen = Seen::default();
        let mut keys: BTreeMap<OpId, (Key, BTreeSet<Value>)> = BTreeMap::new();
        let mut written: BTreeMap<OpId, Value> = BTreeMap::new();
        let mut given_up: BTreeSet<Value> = BTreeSet::new();
        for entry in history {
            match entry.step {
                Step::Invoke(invoke) => {
                    keys.insert(invoke.op, (invoke.key, given_up.clone()));
                    written.extend(invoke.action.written().map(|value| (invoke.op, value)));
                }
                Step::Return(Return { op, completion }) => {
                    let (key, given_up_before) = &keys[&op];
                    match completion {
                        Completion::Ok(told) | Completion::Refused(told) => {
                            let first = seen.told.insert((*key, told.version));
                            seen.late_effect |= first && given_up_before.contains(&told.value);
                            if told.version == Version(1) {
                                seen.first_values.insert((*key, told.value));
                            }
                            seen.refusal |= matches!(completion, Completion::Refused(_));
                        }
                        Completion::Unknown => given_up.extend(written.get(&op)),
                        Completion::Failed => {}
                    }
                }
                Step::Gone(_) => {}
            }
        }
        seen
    }

    fn has_rebirth(&self) -> bool {
        let keys: BTreeSet<Key> = self.first_values.iter().map(|(key, _)| *key).collect();
        keys.len() < self.first_values.len()
    }

    fn has_gap(&self) -> bool {
        self.told.iter().any(|(key, version)| {
            version.0 > 1 && !self.told.contains(&(*key, Version(version.0 - 1)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A checker that is off by one step.
    fn off_by_a_step(history: &[Entry], shift: impl Fn(usize) -> usize) -> Verdict {
        match rumor_verdict(history) {
            Verdict::Possible => Verdict::Possible,
            Verdict::Impossible { step } => Verdict::Impossible { step: shift(step) },
            Verdict::Malformed { step, error } => Verdict::Malformed { step: shift(step), error },
        }
    }

    fn history(text: &str) -> Vec<Entry> {
        notation::parse(text).expect("it is in the notation").0
    }

    #[test]
    fn a_verdict_is_true_of_its_step_only() {
        let impossible = history("1ms c1 read\n2ms c1 saw v1=77\n3ms c1 read\n4ms c1 saw empty");
        let malformed = history("1ms c1 read\n2ms c1#7 failed\n3ms c1 read");
        for history in [&impossible, &malformed] {
            let verdict = rumor_verdict(history);
            assert!(is_true(history, verdict) && verdict == truth(history));
            let next = |step: usize| step + 1;
            let last = |step: usize| step.saturating_sub(1);
            assert!(!is_true(history, off_by_a_step(history, next)));
            assert!(!is_true(history, off_by_a_step(history, last)));
            assert!(!is_true(history, Verdict::Possible));
        }
        let kind = RegisterKind::Kept;
        for shift in [|step| step + 1, |step: usize| step.saturating_sub(1)] {
            let checker = |history: &[Entry]| off_by_a_step(history, shift);
            compare_checker(checker, kind, 3, 1_000, |_| {}).expect_err("it is wrong");
        }
    }

    #[test]
    fn a_mismatch_has_no_operation_too_many() {
        let blind = |_: &[Entry]| Verdict::Possible;
        for seed in 0..20 {
            let compared = compare_checker(blind, RegisterKind::Kept, seed, 100, |_| {});
            let Mismatch { history, truth: found, .. } = *compared.expect_err("it sees nothing");
            assert_eq!(found, truth(&history));
            let ids: BTreeSet<OpId> = history.iter().filter_map(operation).collect();
            assert!(!ids.is_empty() && ids.len() <= 4, "{history:#?}");
            for id in ids {
                let without = history.iter().filter(|entry| operation(entry) != Some(id));
                let without: Vec<Entry> = without.copied().collect();
                assert_eq!(truth(&without), Verdict::Possible, "{history:#?}");
            }
        }
    }

    #[test]
    fn progress_is_told_after_each() {
        let mut told = Vec::new();
        compare_random(RegisterKind::Kept, 7, 5, |done| told.push(done)).expect("they agree");
        assert_eq!(told, [1, 2, 3, 4, 5]);
    }

    /// The counts of a possible history.
    fn counted(text: &str) -> [u64; 4] {
        let short = Short { entries: history(text), spoilt: None };
        let verdict = rumor_verdict(&short.entries);
        let mut tally = Tally::default();
        tally.add(&short, verdict);
        tally.add(&short, verdict);
        assert_eq!((tally.histories, tally.malformed, tally.impossible), (2, 0, 0));
        [tally.with_gap, tally.with_late_effect, tally.with_refusal, tally.with_rebirth]
    }

    #[test]
    fn what_there_is_in_a_history_is_counted() {
        let plain = "1ms c1 write\n2ms c1 made v1\n3ms c1 cas v1=c1#0\n4ms c1 made v2";
        assert_eq!(counted(plain), [0, 0, 0, 0]);
        let gap = "1ms c1 write\n2ms c2 write\n3ms c2 made v2";
        assert_eq!(counted(gap), [2, 0, 0, 0]);
        let late = "1ms c1 write\n2ms c1 unknown\n3ms c2 read\n4ms c2 saw v1=c1#0";
        assert_eq!(counted(late), [0, 2, 0, 0]);
        let in_time = "1ms c1 write\n2ms c2 read\n3ms c1 unknown\n4ms c2 saw v1=c1#0";
        assert_eq!(counted(in_time), [0; 4]);
        let seen_before = "1ms c1 write\n2ms c2 read\n3ms c2 saw v1=c1#0\n4ms c1 unknown\n\
                           5ms c2 read\n6ms c2 saw v1=c1#0";
        assert_eq!(counted(seen_before), [0; 4]);
        let refused = "1ms c2 write\n2ms c2 made v1\n3ms c1 cas empty\n4ms c1 refused v1=c2#0";
        assert_eq!(counted(refused)[2], 2);
        let reborn = "1ms c1 cas empty\n2ms c1 made v1\n3ms c1 delete v1=c1#0\n4ms c1 deleted\n\
                      5ms c1 cas empty\n6ms c1 made v1";
        assert_eq!(counted(reborn), [0, 0, 0, 2]);
    }

    #[test]
    fn what_is_impossible_is_counted_by_its_reason() {
        let entries = history("1ms c1 read\n2ms c1 saw v1=77");
        let mut tally = Tally::default();
        for spoilt in [None, random::history(7, 0).spoilt, random::history(7, 1).spoilt] {
            tally.add(&Short { entries: entries.clone(), spoilt }, rumor_verdict(&entries));
        }
        assert_eq!((tally.impossible, tally.reasons["not-written"]), (3, 3));
        assert_eq!(tally.near_violations, tally.spoilt);
    }
}
