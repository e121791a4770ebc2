//! Histories that no clients can have produced. They are not violations of the system.

use check::{Malformed, Rumor, check_history, exhaustive, notation};
use history::{Action, Entry, Invoke, Key, NodeId, OpId, Step, Time, Value};

/// The error, which both checkers find.
fn error(text: &str) -> Malformed {
    let (history, _) = notation::parse(text).expect("the story is in the notation");
    let error = check_history(&history).expect_err("no clients can have made this");
    assert_eq!(exhaustive::is_linearizable(&history), Err(error));
    error
}

fn op(client: u16, ordinal: u32) -> OpId {
    let client = NodeId(client);
    OpId { client, ordinal }
}

#[test]
fn time_runs_backwards() {
    let (at, before) = (Time(1_000_000), Time(2_000_000));
    let expected = Malformed::TimeRunsBack { at, before };
    assert_eq!(error("2ms c1 read\n1ms c1 saw empty"), expected);
}

#[test]
fn an_operation_is_invoked_twice() {
    let twice = "1ms c1#0 read\n2ms c1#0 saw empty\n3ms c1#0 read";
    assert_eq!(error(twice), Malformed::OutOfOrder { op: op(0, 0) });
}

#[test]
fn an_operation_is_invoked_after_a_later_one_of_its_client() {
    let out_of_order = "1ms c1#3 read\n2ms c1#3 saw empty\n3ms c1#2 read";
    assert_eq!(error(out_of_order), Malformed::OutOfOrder { op: op(0, 2) });
}

#[test]
fn an_operation_returns_twice() {
    let twice = "1ms c1#0 read\n2ms c1#0 saw empty\n3ms c1#0 saw empty";
    assert_eq!(error(twice), Malformed::NotOpen { op: op(0, 0) });
}

#[test]
fn an_operation_returns_that_was_never_invoked() {
    assert_eq!(error("1ms c1#7 saw empty"), Malformed::NotOpen { op: op(0, 7) });
}

#[test]
fn an_operation_returns_after_its_client_is_gone() {
    let gone = "1ms c1 read\n2ms c1 gone\n3ms c1#0 saw empty";
    assert_eq!(error(gone), Malformed::NotOpen { op: op(0, 0) });
}

#[test]
fn no_value_is_written() {
    assert_eq!(error("1ms c1 write nothing"), Malformed::NoValue { op: op(0, 0) });
}

#[test]
fn a_value_is_written_twice() {
    let twice = "1ms c1 write 77\n2ms c1 made v1\n3ms c2 write 77";
    let (op, value) = (op(1, 0), Value(77));
    assert_eq!(error(twice), Malformed::ValueReused { op, value });
}

#[test]
fn a_value_may_be_written_again_to_another_key() {
    let again = "1ms c1 write 77\n2ms c1 made v1\n3ms c2 write 77 on key2\n4ms c2 made v1";
    let (history, _) = notation::parse(again).expect("the story is in the notation");
    assert_eq!(check_history(&history), Ok(None));
}

#[test]
fn a_value_is_written_that_belongs_to_another_operation() {
    let (thief, value) = (op(1, 0), Value::of(op(0, 5)));
    let expected = Malformed::ValueReused { op: thief, value };
    assert_eq!(error("1ms c1 read\n2ms c2 write c1#5"), expected);
}

#[test]
fn a_version_is_expected_that_nobody_had_been_told_of() {
    let unreported = "1ms c1 write\n2ms c2 cas v1=c1#0\n3ms c1 made v1";
    assert!(matches!(error(unreported), Malformed::NeverTold { .. }));
}

#[test]
fn the_newest_version_is_expected_with_another_value() {
    let wrong = "1ms c1 write\n2ms c1 made v1\n3ms c2 cas v1=77";
    assert!(matches!(error(wrong), Malformed::NeverTold { .. }));
}

#[test]
fn a_read_is_refused() {
    let op = op(0, 0);
    let refused = error("1ms c1 read\n2ms c1 refused empty");
    assert_eq!(refused, Malformed::RefusedWithoutExpectation { op });
}

#[test]
fn a_malformed_step_is_left_out() {
    let (history, _) = notation::parse(
        "1ms c1 read
         2ms c1 saw empty
         3ms c1 write
         4ms c1 made v1",
    )
    .expect("the story is in the notation");
    let mut rumor = Rumor::new();
    for entry in &history {
        let at = entry.at;
        let (client, key) = (NodeId(8), Key(0));
        let step = Step::Invoke(Invoke {
            op: OpId { client, ordinal: 0 },
            key,
            action: Action::Write { value: Value::NONE },
        });
        assert!(rumor.step(&Entry { at, step }).is_err());
        assert_eq!(rumor.step(entry), Ok(()));
    }
    assert_eq!(rumor.violation(), None);
}

#[test]
fn what_comes_after_a_violation_is_not_looked_at() {
    let (history, _) = notation::parse(
        "1ms c1 read
         2ms c1 saw v1=77
         3ms c1#0 saw empty",
    )
    .expect("the story is in the notation");
    assert!(matches!(check_history(&history), Ok(Some(_))));
}
