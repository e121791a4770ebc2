//! Stories that look wrong and are legal: an order of the operations explains them.

use check::{check_history, exhaustive, notation};

fn is_fine(text: &str) {
    let (history, _) = notation::parse(text).expect("the story is in the notation");
    assert_eq!(check_history(&history), Ok(None));
    assert_eq!(exhaustive::is_linearizable(&history), Ok(true), "the twin agrees");
}

#[test]
fn a_write_takes_effect_long_after_its_client_gave_it_up() {
    is_fine(
        "10ms c1 write
         20ms c1 unknown
         30ms c2 read
         31ms c2 saw empty
         40ms c2 write
         41ms c2 made v1
         50ms c2 read
         51ms c2 saw v2=c1#0",
    );
}

#[test]
fn a_write_of_a_client_that_is_gone_takes_effect() {
    is_fine(
        "10ms c1 cas empty
         20ms c1 gone
         30ms c2 read
         31ms c2 saw v1=c1#0
         40ms c1 read             // it is back, with another operation
         41ms c1 saw v1=c1#0",
    );
}

#[test]
fn a_slow_read_sees_what_has_been_overwritten_since_it_began() {
    is_fine(
        "10ms c1 read
         20ms c2 write
         21ms c2 made v1
         30ms c2 write
         31ms c2 made v2
         40ms c1 saw v1=c2#0",
    );
}

#[test]
fn a_version_that_nobody_saw_was_made_by_a_write_without_an_answer() {
    is_fine(
        "10ms c1 write
         20ms c1 unknown
         30ms c2 write
         31ms c2 made v2",
    );
}

#[test]
fn two_missing_versions_are_made_by_a_lost_write_and_a_lost_compare_and_set() {
    is_fine(
        "10ms c1 write
         11ms c2 cas empty
         20ms c1 unknown
         21ms c2 unknown
         30ms c3 write
         31ms c3 made v3",
    );
}

#[test]
fn a_compare_and_set_is_refused_by_a_version_that_is_overwritten_meanwhile() {
    is_fine(
        "10ms c1 cas empty
         11ms c1 made v1
         20ms c2 cas empty
         21ms c1 cas v1=c1#0
         22ms c1 made v2
         30ms c2 refused v1=c1#0",
    );
}

#[test]
fn a_compare_and_set_may_expect_what_is_no_longer_the_newest() {
    is_fine(
        "10ms c1 cas empty
         11ms c1 made v1
         20ms c1 cas v1=c1#0
         21ms c1 made v2
         30ms c2 cas v1=c1#0
         31ms c2 refused v2=c1#1",
    );
}

#[test]
fn a_reader_knows_of_a_write_before_its_writer_does() {
    is_fine(
        "10ms c1 write
         20ms c2 read
         21ms c2 saw v1=c1#0
         22ms c2 cas v1=c1#0
         23ms c2 made v2
         30ms c1 made v1",
    );
}

#[test]
fn what_happens_at_the_same_time_is_in_the_order_of_the_history() {
    is_fine(
        "10ms c1 write
         10ms c2 read
         10ms c1 made v1
         10ms c2 saw empty",
    );
}

#[test]
fn each_key_is_a_register_of_its_own() {
    is_fine(
        "10ms c1 write
         11ms c1 made v1
         20ms c2 read on key2
         21ms c2 saw empty",
    );
}

#[test]
fn a_client_may_have_several_operations_open() {
    is_fine(
        "10ms c1 write
         11ms c1 read
         12ms c1 read on key2
         20ms c1#1 saw v1=c1#0
         21ms c1#2 saw empty
         22ms c1#0 made v1",
    );
}
