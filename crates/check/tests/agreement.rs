//! The rumor checker agrees with an exhaustive search, and wrong checkers are caught.

use check::compare::{Tally, Verdict, compare_checker, compare_random, rumor_verdict};
use check::{RegisterKind, notation};
use history::{Completion, Entry, Step, Version};

const HISTORIES: u64 = 400_000;

#[test]
fn the_rumor_checker_agrees_with_an_exhaustive_search() {
    let tally = match compare_random(RegisterKind::Kept, 7, HISTORIES, |_| {}) {
        Ok(tally) => tally,
        Err(mismatch) => panic!("{mismatch}"),
    };
    assert_that_it_meant_something(&tally);
}

#[test]
fn it_agrees_where_registers_can_be_deleted() {
    let tally = match compare_random(RegisterKind::Deletable, 7, HISTORIES, |_| {}) {
        Ok(tally) => tally,
        Err(mismatch) => panic!("{mismatch}"),
    };
    let percent = |count: u64| count * 100 / tally.histories;
    assert!(percent(tally.near_violations) >= 50, "{tally:#?}");
    assert!(percent(tally.histories - tally.impossible) >= 30, "{tally:#?}");
    assert!(percent(tally.malformed) <= 7, "{tally:#?}");
    assert!(percent(tally.with_rebirth) >= 4, "{tally:#?}");
    assert!(percent(tally.with_late_effect) >= 5, "{tally:#?}");
    let count = |reason| tally.reasons.get(reason).copied().unwrap_or(0);
    for reason in ["not-deleted", "revived", "two-successors", "outdated", "older-than-rumor"] {
        assert!(count(reason) >= HISTORIES / 1_000, "{reason} is too rare: {tally:#?}");
    }
}

/// Enough histories of each hard kind, most of them close to the border.
fn assert_that_it_meant_something(tally: &Tally) {
    let percent = |count: u64| count * 100 / tally.histories;
    assert_eq!(tally.histories, HISTORIES);
    assert!(percent(tally.near_violations) >= 50, "{tally:#?}");
    assert!(percent(tally.histories - tally.impossible) >= 40, "{tally:#?}");
    assert!(percent(tally.malformed) <= 2, "{tally:#?}");
    assert!(percent(tally.with_gap) >= 5, "{tally:#?}");
    assert!(percent(tally.with_late_effect) >= 2, "{tally:#?}");
    assert!(percent(tally.with_refusal) >= 5, "{tally:#?}");
    let common = [
        "older-than-rumor",
        "two-values",
        "two-versions",
        "not-written",
        "written-later",
        "value-of-denied",
        "not-what-it-expected",
        "denied-but-seen",
        "refused-although-current",
        "nonsense",
        "missing-version",
    ];
    let count = |reason| tally.reasons.get(reason).copied().unwrap_or(0);
    for reason in common {
        assert!(count(reason) >= HISTORIES / 200, "{reason} is too rare: {tally:#?}");
    }
    // These need three or more operations that overlap in a particular way.
    for reason in ["written-too-late", "needed-earlier"] {
        assert!(count(reason) >= HISTORIES / 20_000, "{reason} is too rare: {tally:#?}");
    }
}

/// A checker that returns the verdict of the rumor checker on a changed history.
fn after(change: impl Fn(&mut Entry)) -> impl Fn(&[Entry]) -> Verdict {
    move |history| {
        let mut changed = history.to_vec();
        changed.iter_mut().for_each(&change);
        rumor_verdict(&changed)
    }
}

fn completion(entry: &mut Entry) -> Option<&mut Completion> {
    match &mut entry.step {
        Step::Return(returned) => Some(&mut returned.completion),
        Step::Invoke(_) | Step::Gone(_) => None,
    }
}

/// The short history on which a wrong checker is caught.
fn caught(checker: impl Fn(&[Entry]) -> Verdict) -> String {
    let mismatch =
        compare_checker(checker, RegisterKind::Kept, 7, 10_000, |_| {}).expect_err("it is wrong");
    assert!(mismatch.history.len() <= 6, "{mismatch}");
    mismatch.to_string()
}

#[test]
fn a_checker_is_caught_that_takes_unknown_for_failed() {
    let checker = after(|entry| {
        if let Some(completion @ Completion::Unknown) = completion(entry) {
            *completion = Completion::Failed;
        }
    });
    insta::assert_snapshot!(caught(checker), @r"
    history 0 of seed 7, shrunk:
    1ms n0#0 write
    6ms n2#0 write
    8ms n0#1 cas empty
    13ms n2#0 unknown
    13ms n1#0 write
    18ms n1#0 made v4

    the checker says: impossible from line 6
    the exhaustive search says: possible
    ");
}

#[test]
fn a_checker_is_caught_that_takes_failed_for_unknown() {
    let checker = after(|entry| {
        if let Some(completion @ Completion::Failed) = completion(entry) {
            *completion = Completion::Unknown;
        }
    });
    insta::assert_snapshot!(caught(checker), @r"
    history 1 of seed 7, shrunk:
    6ms n1#0 write
    9ms n1#0 failed
    9ms n1#1 write
    18ms n1#1 made v2

    the checker says: possible
    the exhaustive search says: impossible from line 4
    ");
}

#[test]
fn a_checker_is_caught_that_ignores_what_refusals_saw() {
    let checker = after(|entry| {
        if let Some(completion @ Completion::Refused(_)) = completion(entry) {
            *completion = Completion::Failed;
        }
    });
    insta::assert_snapshot!(caught(checker), @r"
    history 2 of seed 7, shrunk:
    6ms n1#1 cas empty on k1
    16ms n1#1 refused v1=n1#1

    the checker says: possible
    the exhaustive search says: impossible from line 2
    ");
}

/// The check of Gryadka's clients: only the versions that are seen.
fn versions_only(history: &[Entry]) -> Verdict {
    let mut newest = Version(0);
    let mut noted = std::collections::BTreeMap::new();
    for (step, entry) in history.iter().enumerate() {
        match entry.step {
            Step::Invoke(invoke) => {
                noted.insert(invoke.op, newest);
            }
            Step::Return(returned) => {
                if let Completion::Ok(seen) | Completion::Refused(seen) = returned.completion {
                    if noted.get(&returned.op).is_some_and(|noted| seen.version < *noted) {
                        return Verdict::Impossible { step };
                    }
                    newest = newest.max(seen.version);
                }
            }
            Step::Gone(_) => {}
        }
    }
    Verdict::Possible
}

#[test]
fn a_checker_is_caught_that_only_compares_versions() {
    let mismatch = compare_checker(versions_only, RegisterKind::Kept, 7, 1_000, |_| {})
        .expect_err("it is wrong");
    assert!(mismatch.history.len() <= 6, "{mismatch}");
    let (fork, _) = notation::parse(
        "1ms c1 cas empty
         1ms c2 cas empty
         2ms c1 made v1
         2ms c2 made v1",
    )
    .expect("the story is in the notation");
    assert_eq!(versions_only(&fork), Verdict::Possible);
    assert_eq!(rumor_verdict(&fork), Verdict::Impossible { step: 3 });
}
