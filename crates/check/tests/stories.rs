//! The text of explanations: for each rule, the first random histories that break it, with their
//! explanations. `snapshots/` has the texts. Read them when they change.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use check::random::history_of;
use check::{Explanation, RegisterKind, Violation, check_history, explain, notation};
use history::{Completion, Entry, Names, Return, Step, Value};

/// The number of stories for each rule.
const STORIES: usize = 4;

/// The violation in a random history, if there is one.
fn violation_in(history: &[Entry]) -> Option<Violation> {
    check_history(history).ok().flatten()
}

fn explained(history: &[Entry], violation: &Violation) -> Explanation {
    explain(history, violation, &Names::default())
}

/// The first stories of each rule, by the rule's name.
fn stories(kind: RegisterKind) -> String {
    let mut stories: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for number in 0..30_000 {
        let history = history_of(kind, 5, number).entries;
        let Some(violation) = violation_in(&history) else {
            continue;
        };
        let of_the_rule = stories.entry(violation.reason.name()).or_default();
        if of_the_rule.len() < STORIES {
            let explanation = explained(&history, &violation);
            let steps = notation::write(&history, &Names::default());
            of_the_rule.push(format!("{steps}\n{explanation}\n{}", explanation.dot()));
        }
    }
    let mut all = String::new();
    for (rule, stories) in stories {
        for (number, story) in stories.iter().enumerate() {
            writeln!(all, "==== {rule}, {}\n\n{story}", number + 1).expect("a string takes all");
        }
    }
    all
}

#[test]
fn of_registers_that_are_kept() {
    insta::assert_snapshot!(stories(RegisterKind::Kept));
}

#[test]
fn of_registers_that_can_be_deleted() {
    insta::assert_snapshot!(stories(RegisterKind::Deletable));
}

/// Steps after a violation are no part of its story.
#[test]
fn what_comes_after_a_violation_changes_nothing() {
    let mut explained_twice = 0;
    for kind in [RegisterKind::Kept, RegisterKind::Deletable] {
        for number in 0..10_000 {
            let history = history_of(kind, 6, number).entries;
            let Some(violation) = violation_in(&history) else {
                continue;
            };
            let is_end =
                |entry: &Entry| matches!(entry.step, Step::Return(it) if it.op == violation.op);
            let end = history.iter().position(is_end).expect("it is in the history");
            let (until, after) = history.split_at(end + 1);
            if tells_of_what_comes_later(until, after) {
                continue;
            }
            let (whole, cut) = (explained(&history, &violation), explained(until, &violation));
            assert_eq!(whole.to_string(), cut.to_string());
            assert_eq!(whole.dot(), cut.dot());
            explained_twice += u32::from(!after.is_empty());
        }
    }
    assert!(explained_twice >= 2_000, "only {explained_twice} go on after their violation");
}

/// Whether the story depends on later steps. That is so if an observed value is written only later,
/// or if registers are deleted only later, which makes them registers of another kind.
fn tells_of_what_comes_later(until: &[Entry], after: &[Entry]) -> bool {
    let told: BTreeSet<Value> = until.iter().filter_map(|entry| told_in(entry.step)).collect();
    let written = after.iter().filter_map(|entry| match entry.step {
        Step::Invoke(invoke) => invoke.action.written(),
        Step::Return(_) | Step::Gone(_) => None,
    });
    written.into_iter().any(|value| told.contains(&value))
        || RegisterKind::of(until) != RegisterKind::of(&[until, after].concat())
}

fn told_in(step: Step) -> Option<Value> {
    match step {
        Step::Return(Return {
            completion: Completion::Ok(told) | Completion::Refused(told),
            ..
        }) => Some(told.value),
        _ => None,
    }
}
