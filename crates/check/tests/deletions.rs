//! Registers that are deleted and written again: which histories are possible, and how violations
//! are explained.

use check::compare::{rumor_verdict, truth};
use check::random::{Mix, Simulation, Source};
use check::{Malformed, RegisterKind, Rumor, check_history, explain, notation};

/// The name of the reason, or `possible`; the exhaustive search has to agree.
fn verdict(text: &str) -> &'static str {
    let (history, _) = notation::parse(text).expect("the test is in the notation");
    assert_eq!(rumor_verdict(&history), truth(&history), "{text}");
    let violation = check_history(&history).expect("the test is a history");
    violation.map_or("possible", |violation| violation.reason.name())
}

const DELETED: &str = "1ms a cas empty
                       2ms a made v1
                       3ms a delete v1=a#0
                       9ms a deleted
                       10ms a cas empty
                       11ms a made v1
                       ";

#[test]
fn a_deleted_register_begins_anew() {
    assert_eq!(verdict(DELETED), "possible");
    assert_eq!(verdict(&format!("{DELETED} 12ms b read\n 13ms b saw v1=a#2")), "possible");
}

#[test]
fn what_was_deleted_does_not_come_back() {
    assert_eq!(verdict(&format!("{DELETED} 12ms b read\n 13ms b saw v1=a#0")), "revived");
    let while_open = "0ms b read\n 4ms c read\n 8ms c saw v1=a#0\n 12ms b saw v1=a#0\n";
    let mut lines: Vec<&str> = DELETED.lines().chain(while_open.lines()).map(str::trim).collect();
    let at = |line: &&str| line.split("ms").next().and_then(|ms| ms.parse().ok()).unwrap_or(99);
    lines.sort_by_key(|line| at(line));
    assert_eq!(verdict(&lines.join("\n")), "possible", "b began before");
}

#[test]
fn what_nobody_deleted_is_not_gone() {
    let written = "1ms a cas empty
                   2ms a made v1
                   ";
    // The only deletion comes too late, fails, or is of another state.
    assert_eq!(
        verdict(&format!("{written} 3ms b read\n 4ms b saw empty\n 5ms a delete v1=a#0")),
        "not-deleted"
    );
    let refused = "3ms a delete v1=a#0
                   4ms b read
                   5ms b saw empty
                   6ms a failed";
    assert_eq!(verdict(&format!("{written} {refused}")), "not-deleted");
    assert_eq!(verdict(&format!("{written} {}", refused.replace("failed", "unknown"))), "possible");
}

#[test]
fn a_state_is_replaced_once_or_deleted_once() {
    let both = "1ms a cas empty
                2ms a made v1
                3ms b read
                4ms b saw v1=a#0
                5ms a delete v1=a#0
                5ms b cas v1=a#0
                6ms a deleted
                7ms b made v2";
    assert_eq!(verdict(both), "two-successors");
    let swapped = both.replace("6ms a deleted", "6ms b made v2");
    assert_eq!(verdict(&swapped.replace("7ms b made v2", "7ms a deleted")), "two-successors");
}

#[test]
fn a_write_of_the_empty_register_can_come_after_any_deletion() {
    let late = "0ms c cas empty
                0ms c unknown
                1ms a cas empty
                2ms a made v1
                3ms a delete v1=a#0
                4ms a deleted
                5ms b read
                6ms b saw v1=c#0";
    assert_eq!(verdict(late), "possible");
    assert_eq!(verdict(&late.replace("4ms a deleted", "4ms a failed")), "not-deleted");
}

#[test]
fn what_clients_cannot_have_asked_is_malformed() {
    for (text, error) in [
        ("1ms a delete empty\n 1ms b delete v1=b#7", "deletes an empty register"),
        ("1ms a write\n 1ms b delete v1=b#7", "writes unconditionally"),
        ("1ms a delete v1=a#7", "not what its client saw last"),
        ("1ms a cas empty nothing\n 1ms b delete v1=b#7", "no value"),
        ("1ms a read\n 2ms a refused empty\n 3ms b delete v1=b#7", "but expected nothing"),
    ] {
        let (history, _) = notation::parse(text).expect("the test is in the notation");
        let malformed = check_history(&history).expect_err(text);
        assert!(malformed.to_string().contains(error), "{malformed}");
    }
    let (history, _) = notation::parse("1ms a delete v1=a#7").expect("this is the notation");
    let refused = Rumor::new().step(&history[0]);
    assert!(matches!(refused, Err(Malformed::NotDeletable { .. })), "{refused:?}");
}

#[test]
fn what_is_seen_again_was_revived_and_what_cannot_have_ended_was_not_deleted() {
    let gone =
        "1ms a cas empty\n 2ms a made v1\n 3ms a delete v1=a#0\n 4ms b read\n 5ms b saw empty";
    assert_eq!(verdict(gone), "possible");
    assert_eq!(verdict(&format!("{gone}\n 6ms c read\n 7ms c saw v1=a#0")), "revived");
    let kept =
        "1ms a cas empty\n 2ms a made v1\n 3ms b read\n 4ms b saw empty\n 5ms a delete v1=a#0";
    assert_eq!(verdict(kept), "not-deleted");
}

#[test]
fn an_answer_that_makes_no_sense_is_a_violation() {
    for answer in ["made v2", "made v0=a#0", "made v1=b#0", "made v1=nothing"] {
        let text = format!("1ms a cas empty\n 2ms a {answer}\n 3ms b delete v1=b#7");
        let (history, _) = notation::parse(&text).expect("the test is in the notation");
        let mut rumor = Rumor::with(RegisterKind::Deletable);
        history[..2].iter().for_each(|entry| rumor.step(entry).expect("clients can do this"));
        let reason = rumor.violation().map(|violation| violation.reason.name());
        assert_eq!(reason, Some("nonsense"), "{answer}");
    }
}

/// The number of held records does not grow with the number of deletions.
#[test]
fn what_is_over_is_forgotten() {
    let mix = Mix { deletions: 20, unanswered: 5, failed: 5, ..Mix::plain(100_000) };
    let mut rumor = Rumor::with(RegisterKind::Deletable);
    let mut most = 0;
    for entry in Simulation::new(mix, Source::new(7, 0)) {
        rumor.step(&entry).expect("clients can have done this");
        most = most.max(rumor.retained());
    }
    assert!(rumor.violation().is_none());
    let founders_lost = rumor.retained();
    assert!(most < 3_000, "{most} at most, {founders_lost} in the end");
}

#[test]
fn the_explanation_tells_who_asked_for_what() {
    let text = "200ms c1 cas empty
                206ms c1 made v1
                210ms c2 read
                214ms c2 saw v1=c1#0
                215ms c2 delete v1=c1#0
                220ms c2 deleted
                230ms c1 read
                240ms c1 saw v1=c1#0";
    let (history, names) = notation::parse(text).expect("this is the notation");
    let mut rumor = Rumor::with(RegisterKind::Deletable);
    history.iter().for_each(|entry| rumor.step(entry).expect("it is a history"));
    let violation = rumor.violation().expect("it was deleted");
    insta::assert_snapshot!(explain(&history, violation, &names), @r"
    v1 (value c1#0) of key1 was there again at 240ms, after a client had seen an empty register.

      1. c1 learned at 206ms that its compare-and-set on key1 from an empty register to v1 (value c1#0) succeeded.
      2. c2 began a deletion of key1 that expected v1 (value c1#0) (c2#1) at 215ms and learned at 220ms that the register is empty now.
      3. c1 began a read of key1 (c1#1) at 230ms and saw v1 (value c1#0) at 240ms.
      4. A deleted register does not come back: the next write makes a new v1.
    ");
}
