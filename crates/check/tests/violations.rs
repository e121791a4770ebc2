//! One story for each rule that a history can break, with the violation and its explanation.

use check::{Rumor, check_history, explain, notation};

/// What is wrong with a history: the name of the reason, the violation, and the explanation.
fn verdict(text: &str) -> String {
    let (history, names) = notation::parse(text).expect("the story is in the notation");
    let checked = check_history(&history).expect("the story is a history");
    let violation = checked.expect("something is wrong in the story");
    let mut rumor = Rumor::new();
    for entry in &history {
        rumor.step(entry).expect("the story is a history");
    }
    let online = rumor.violation().expect("online it is found as well");
    assert_eq!((online.at, online.op), (violation.at, violation.op));
    let explanation = explain(&history, &violation, &names);
    format!("{}: {violation}\n\n{explanation}", violation.reason.name())
}

#[test]
fn a_read_sees_less_than_what_was_known_before_it_began() {
    insta::assert_snapshot!(verdict(
        "100ms c1 cas empty
         110ms c1 made v1
         150ms c2 cas v1=c1#0
         212ms c2 made v2
         230ms c1 read
         236ms c1 saw v1=c1#0"
    ), @r"
    older-than-rumor: at 236ms, n0#1 on k0: it returned v1=n0#0, but v2=n1#0 was known before it began (reported to n1#0)

    c1 saw v1 (value c1#0) at 236ms, although v2 of key1 had been known since 212ms.

      1. c2 learned at 212ms that its compare-and-set on key1 from v1 to v2 (value c2#0) succeeded. Every later operation must see v2 or a newer version.
      2. c1 began a read of key1 (c1#1) at 230ms, after that, and saw v1 (value c1#0) at 236ms.
      3. So c2#0 must come before c1#1, and after it: no order of the operations does both.

    The smallest cycle:
       - c2#0 comes before c1#1: c2#0 had returned at 212ms when c1#1 began at 230ms.
       - c1#1 comes before c2#0: c1#1 saw v1, which c2#0 replaced by v2.
    ");
}

#[test]
fn a_read_sees_less_than_what_another_saw_of_a_write_without_an_answer() {
    insta::assert_snapshot!(verdict(
        "100ms c1 cas empty
         110ms c1 made v1
         190ms c3 cas v1=c1#0
         200ms c2 read
         215ms c3 unknown
         219ms c2 saw v2=c3#0      // so it has taken effect
         230ms c1 read
         236ms c1 saw v1=c1#0"
    ), @r"
    older-than-rumor: at 236ms, n0#1 on k0: it returned v1=n0#0, but v2=n1#0 was known before it began (reported to n2#0)

    c1 saw v1 (value c1#0) at 236ms, although v2 of key1 had been known since 219ms.

      1. c3 began a compare-and-set of key1 that expected v1 (new value c3#0) at 190ms and ended it at 215ms with an unknown outcome.
      2. c2 began a read of key1 (c2#0) at 200ms and saw v2 (value c3#0) at 219ms. Every later operation must see v2 or a newer version.
      3. c1 began a read of key1 (c1#1) at 230ms, after that, and saw v1 (value c1#0) at 236ms.
      4. So c3#0 must come before c2#0, c2#0 before c1#1, and c1#1 before c3#0: a cycle, which no order of the operations satisfies.

    The smallest cycle:
       - c3#0 comes before c2#0: c2#0 saw v2, which c3#0 made.
       - c2#0 comes before c1#1: c2#0 had returned at 219ms when c1#1 began at 230ms.
       - c1#1 comes before c3#0: c1#1 saw v1, which c3#0 replaced by v2.
    ");
}

#[test]
fn a_write_makes_a_version_that_was_long_overwritten() {
    insta::assert_snapshot!(verdict(
        "10ms c1 write
         20ms c1 made v1
         30ms c2 write
         40ms c2 made v2
         50ms c3 write
         60ms c3 made v1"
    ), @r"
    older-than-rumor: at 60ms, n2#0 on k0: it returned v1=n2#0, but v2=n1#0 was known before it began (reported to n1#0)

    c3 learned at 60ms that it made v1, although v2 of key1 had been known since 40ms.

      1. c2 learned at 40ms that its write of v2 (value c2#0) on key1 succeeded. Every later operation must see v2 or a newer version.
      2. c3 began a write of key1 (value c3#0) at 50ms, after that, and learned at 60ms that it made v1 (value c3#0).
      3. So c2#0 must come before c3#0, and after it: no order of the operations does both.

    The smallest cycle:
       - c2#0 comes before c3#0: c2#0 had returned at 40ms when c3#0 began at 50ms.
       - c3#0 comes before c2#0: c3#0 made v1, and c2#0 made v2, which is newer.
    ");
}

#[test]
fn a_write_makes_the_version_that_was_known_when_it_began() {
    insta::assert_snapshot!(verdict(
        "10ms c1 write
         20ms c1 made v1
         30ms c2 write
         40ms c2 made v1"
    ), @r"
    older-than-rumor: at 40ms, n1#0 on k0: it returned v1=n1#0, but v1=n0#0 was known before it began (reported to n0#0)

    c2 learned at 40ms that it made v1, although v1 of key1 had been known since 20ms.

      1. c1 learned at 20ms that its write of v1 (value c1#0) on key1 succeeded. Every later operation must see v1 or a newer version.
      2. c2 began a write of key1 (value c2#0) at 30ms, after that, and learned at 40ms that it made v1 (value c2#0).
      3. So c1#0 must come before c2#0, and after it: no order of the operations does both.

    The smallest cycle:
       - c1#0 comes before c2#0: c1#0 had returned at 20ms when c2#0 began at 30ms.
       - c2#0 comes before c1#0: c2#0 made v1 on top of an empty register, which was gone once c1#0 had made v1.
    ");
}

#[test]
fn a_fork_two_compare_and_sets_replace_the_same_version() {
    insta::assert_snapshot!(verdict(
        "10ms c1 cas empty
         20ms c1 made v1
         30ms c2 cas v1=c1#0
         31ms c3 cas v1=c1#0
         40ms c2 made v2
         41ms c3 made v2"
    ), @r"
    two-values: at 41ms, n2#0 on k0: v2 has two values, n1#0 (reported to n1#0) and n2#0

    v2 of key1 has two values: c2#0 and c3#0.

      1. c2 learned at 40ms that its compare-and-set on key1 from v1 to v2 (value c2#0) succeeded.
      2. c3 learned at 41ms that its compare-and-set on key1 from v1 to v2 (value c3#0) succeeded.
      3. So c2#0 must come before c3#0, and after it: no order of the operations does both.

    The smallest cycle:
       - c2#0 comes before c3#0: c2#0 found v1, which was gone once c3#0 had made v2.
       - c3#0 comes before c2#0: c3#0 found v1, which was gone once c2#0 had made v2.
    ");
}

#[test]
fn one_write_takes_effect_twice() {
    insta::assert_snapshot!(verdict(
        "10ms c1 write
         20ms c2 read
         21ms c3 write
         22ms c1 unknown
         23ms c2 saw v1=c1#0
         24ms c3 made v2
         30ms c2 read
         33ms c2 saw v3=c1#0"
    ), @r"
    two-versions: at 33ms, n1#1 on k0: n0#0 took effect twice, as v1 and as v3

    The write c1#0 took effect twice: as v1 and as v3 of key1.

      1. c1 began a write of key1 (value c1#0) at 10ms and ended it at 22ms with an unknown outcome.
      2. c2 began a read of key1 (c2#0) at 20ms and saw v1 (value c1#0) at 23ms.
      3. c2 began a read of key1 (c2#1) at 30ms and saw v3 (value c1#0) at 33ms.
      4. One write makes one version.
      5. So c1#0 must come before c2#0, and after it: no order of the operations does both.

    The smallest cycle:
       - c1#0 comes before c2#0: c2#0 saw v1, which c1#0 made.
       - c2#0 comes before c1#0: c2#0 saw v1, and c1#0 made v3, which is newer.
    ");
}

#[test]
fn a_read_sees_what_nobody_ever_wrote() {
    insta::assert_snapshot!(verdict(
        "10ms c1 write
         15ms c2 read
         20ms c2 saw v1=77"
    ), @r"
    not-written: at 20ms, n1#0 on k0: it saw v1=77, which no write can have put there

    c2 saw v1 (value 77) of key1 at 20ms, which no client wrote.

      1. c2 began a read of key1 (c2#0) at 15ms and saw v1 (value 77) at 20ms.
      2. No write of key1 ever had the value 77.
      3. No order helps: a read cannot see a value that no client wrote.
    ");
}

#[test]
fn a_read_sees_what_is_written_only_later() {
    insta::assert_snapshot!(verdict(
        "10ms c1 read
         12ms c1 saw v1=c2#0
         20ms c2 write
         25ms c2 made v1"
    ), @r"
    written-later: at 12ms, n0#0 on k0: it saw v1=n1#0, but n1#0 was only invoked later

    c1 saw v1 (value c2#0) of key1 at 12ms, whose write began only later, at 20ms.

      1. c1 began a read of key1 (c1#0) at 10ms and saw v1 (value c2#0) at 12ms.
      2. c2 began a write of key1 (value c2#0) at 20ms, after that.
      3. So c1#0 must come before c2#0, and after it: no order of the operations does both.

    The smallest cycle:
       - c1#0 comes before c2#0: c1#0 had returned at 12ms when c2#0 began at 20ms.
       - c2#0 comes before c1#0: c1#0 saw v1, which c2#0 made.
    ");
}

#[test]
fn a_read_sees_the_value_of_a_write_that_had_failed() {
    insta::assert_snapshot!(verdict(
        "10ms c1 write
         20ms c1 failed
         30ms c2 read
         40ms c2 saw v1=c1#0"
    ), @r"
    value-of-denied: at 40ms, n1#0 on k0: it saw v1=n0#0, but n0#0 had failed or been refused

    c2 saw v1 (value c1#0) of key1 at 40ms, whose write had no effect.

      1. c1 began a write of key1 (value c1#0) at 10ms and learned at 20ms that it failed, without any effect.
      2. c2 began a read of key1 (c2#0) at 30ms and saw v1 (value c1#0) at 40ms.
      3. A write that had no effect leaves no value to be seen.
    ");
}

#[test]
fn a_read_sees_the_value_of_a_compare_and_set_that_had_been_refused() {
    insta::assert_snapshot!(verdict(
        "10ms c1 cas empty
         11ms c2 cas empty
         20ms c1 made v1
         21ms c2 refused v1=c1#0
         30ms c3 read
         40ms c3 saw v2=c2#0"
    ), @r"
    value-of-denied: at 40ms, n2#0 on k0: it saw v2=n1#0, but n1#0 had failed or been refused

    c3 saw v2 (value c2#0) of key1 at 40ms, whose write had no effect.

      1. c2 began a compare-and-set of key1 that expected an empty register (new value c2#0) at 11ms and was refused at 21ms, because it found v1 (value c1#0).
      2. c3 began a read of key1 (c3#0) at 30ms and saw v2 (value c2#0) at 40ms.
      3. A write that had no effect leaves no value to be seen.
    ");
}

#[test]
fn a_write_makes_a_version_that_was_overwritten_before_it_began() {
    insta::assert_snapshot!(verdict(
        "10ms c1 read              // slow
         20ms c2 write
         21ms c3 write
         30ms c3 made v2           // so c2 made v1, it seems
         40ms c4 write
         41ms c4 unknown
         50ms c1 saw v1=c4#0"
    ), @r"
    written-too-late: at 50ms, n0#0 on k0: it saw v1=n3#0, but v2 was known before n3#0 was invoked

    c1 saw v1 (value c4#0) of key1 at 50ms, whose write began when v2 was already known.

      1. c3 learned at 30ms that its write of v2 (value c3#0) on key1 succeeded. Every later operation must see v2 or a newer version.
      2. c4 began a write of key1 (value c4#0) at 40ms, after that, and ended it at 41ms with an unknown outcome.
      3. c1 began a read of key1 (c1#0) at 10ms and saw v1 (value c4#0) at 50ms.
      4. So c3#0 must come before c4#0, and after it: no order of the operations does both.

    The smallest cycle:
       - c3#0 comes before c4#0: c3#0 had returned at 30ms when c4#0 began at 40ms.
       - c4#0 comes before c3#0: c4#0 made v1, and c3#0 made v2, which is newer.
    ");
}

#[test]
fn a_compare_and_set_replaces_what_it_did_not_expect() {
    insta::assert_snapshot!(verdict(
        "10ms c1 cas empty
         11ms c1 made v1
         12ms c2 cas v1=c1#0
         13ms c1 cas v1=c1#0
         14ms c1 made v2
         15ms c3 read
         16ms c3 saw v3=c2#0"
    ), @r"
    not-what-it-expected: at 16ms, n2#0 on k0: it saw v3=n1#0, but n1#0 could only replace v1=n0#0

    c3 saw v3 (value c2#0) of key1 at 16ms, but that compare-and-set expected v1.

      1. c1 learned at 14ms that its compare-and-set on key1 from v1 to v2 (value c1#1) succeeded.
      2. c2 began a compare-and-set of key1 that expected v1 (new value c2#0) at 12ms, and it had not returned.
      3. c3 began a read of key1 (c3#0) at 15ms and saw v3 (value c2#0) at 16ms.
      4. So c2#0 must come before c1#1, and after it: no order of the operations does both.

    The smallest cycle:
       - c2#0 comes before c1#1: c2#0 found v1, which was gone once c1#1 had made v2.
       - c1#1 comes before c2#0: c1#1 made v2, and c2#0 made v3, which is newer.
    ");
}

#[test]
fn a_write_is_seen_that_must_have_been_overwritten_unseen() {
    insta::assert_snapshot!(verdict(
        "10ms c1 write
         11ms c1 unknown
         12ms c2 write
         13ms c2 made v2           // so c1 made v1
         14ms c3 write
         15ms c3 made v3
         16ms c3 read
         17ms c3 saw v4=c1#0"
    ), @r"
    needed-earlier: at 17ms, n2#1 on k0: it saw v4=n0#0, but only n0#0 can have made an earlier version

    c3 saw v4 (value c1#0) of key1 at 17ms, but the write of that value must have made an older version.

      1. c1 began a write of key1 (value c1#0) at 10ms and ended it at 11ms with an unknown outcome.
      2. c2 learned at 13ms that its write of v2 (value c2#0) on key1 succeeded.
      3. No client learned of v1, although v2 comes after: only c1#0 can have made it.
      4. c3 began a read of key1 (c3#1) at 16ms and saw v4 (value c1#0) at 17ms.
      5. One write makes one version.
    ");
}

#[test]
fn a_write_fails_whose_value_somebody_has_seen() {
    insta::assert_snapshot!(verdict(
        "10ms c1 write
         11ms c2 read
         12ms c2 saw v1=c1#0
         15ms c1 failed"
    ), @r"
    denied-but-seen: at 15ms, n0#0 on k0: it reported no effect, but n1#0 had seen v1=n0#0

    c1 learned at 15ms that its write of key1 had no effect, but c2 had seen v1 (value c1#0) at 12ms.

      1. c2 began a read of key1 (c2#0) at 11ms and saw v1 (value c1#0) at 12ms.
      2. c1 began a write of key1 (value c1#0) at 10ms and learned at 15ms that it failed, without any effect.
      3. A write that had no effect leaves no value to be seen.
    ");
}

#[test]
fn a_compare_and_set_is_refused_by_what_it_expected() {
    insta::assert_snapshot!(verdict(
        "10ms c1 cas empty
         20ms c1 made v1
         30ms c2 cas v1=c1#0
         40ms c2 refused v1=c1#0"
    ), @r"
    refused-although-current: at 40ms, n1#0 on k0: it was refused by v1=n0#0, which is what it expected

    c2's compare-and-set of key1 was refused at 40ms by what it expected.

      1. c2 began a compare-and-set of key1 that expected v1 (new value c2#0) at 30ms and was refused at 40ms, because it found v1 (value c1#0).
      2. It expected v1 (value c1#0) and found just that, so it would have taken effect.
    ");
}

#[test]
fn a_compare_and_set_is_told_of_a_version_that_it_cannot_make() {
    insta::assert_snapshot!(verdict(
        "10ms c1 cas empty
         20ms c1 made v2"
    ), @r"
    nonsense: at 20ms, n0#0 on k0: v2=n0#0 is no answer that a register can give it

    c1 got an impossible answer about key1 at 20ms: v2 (value c1#0).

      1. c1 began a compare-and-set of key1 that expected an empty register (new value c1#0) at 10ms and learned at 20ms that it made v2 (value c1#0).
      2. A compare-and-set that expects an empty register makes v1.
    ");
}

#[test]
fn a_write_is_told_of_a_value_that_is_not_its_own() {
    let told = |action: &str| verdict(&format!("10ms c1 {action}\n20ms c1 made v1=c2#0"));
    let moral = "  2. A write makes a version with its own value, which is c1#0.\n";
    for action in ["cas empty", "write"] {
        let told = told(action);
        assert!(told.starts_with("nonsense:") && told.contains(moral), "{told}");
    }
}

#[test]
fn a_write_is_told_that_it_made_nothing() {
    let told = verdict("10ms c1 write\n20ms c1 made v0=c1#0");
    assert!(told.contains("  2. A write makes version 1 or a newer one.\n"), "{told}");
}

#[test]
fn only_some_of_many_suspects_are_told_of() {
    let told = |suspects: usize| {
        let lost: String =
            (0..suspects).map(|n| format!("10ms s{n} cas empty\n10ms s{n} unknown\n")).collect();
        verdict(&format!("{lost}20ms c1 write\n30ms c1 made v3"))
    };
    let more = "more writes of unknown outcome";
    for few in [2, 3, 4] {
        assert!(!told(few).contains(more), "{}", told(few));
    }
    assert!(told(5).contains("Nor was it any of 1 more writes of unknown outcome."), "{}", told(5));
    assert!(told(9).contains("Nor was it any of 5 more writes of unknown outcome."), "{}", told(9));
}

#[test]
fn a_version_is_missing_and_every_outcome_is_known() {
    insta::assert_snapshot!(verdict(
        "10ms c1 write
         20ms c1 made v1
         30ms c2 write
         40ms c2 made v3"
    ), @r"
    missing-version: at 40ms, n1#0 on k0: no write can have made v2, although v3 is known

    No write can have made v2 of key1, although v3 existed at 40ms.

      1. c2 began a write of key1 (value c2#0) at 30ms and learned at 40ms that it made v3 (value c2#0).
      2. No client learned of v2, although v3 comes after: only a write of unknown outcome can have made it.
      3. But the outcome of every write of key1 is known.
      4. So there was no v2, and without it there is no v3.
    ");
}

#[test]
fn a_version_is_missing_once_the_last_write_that_may_have_made_it_has_failed() {
    insta::assert_snapshot!(verdict(
        "10ms c1 write
         11ms c2 write
         12ms c3 write
         13ms c3 made v3           // c1 and c2 made v1 and v2, it seems
         14ms c4 write             // which cannot have been c4
         20ms c1 failed"
    ), @r"
    missing-version: at 20ms, n0#0 on k0: no write can have made v2, although v3 is known

    No write can have made v2 of key1, although v3 existed at 13ms.

      1. c3 learned at 13ms that its write of v3 (value c3#0) on key1 succeeded.
      2. c1 began a write of key1 (value c1#0) at 10ms and learned at 20ms that it failed, without any effect.
      3. No client learned of v1 and v2, although v3 comes after: only writes of unknown outcome can have made them, one each.
      4. c2 began a write of key1 (value c2#0) at 11ms, and it had not returned. It did not make v2: it is needed for v1.
      5. c4 began a write of key1 (value c4#0) at 14ms, and it had not returned. It did not make v2: it began when v3 was already known.
      6. So there was no v2, and without it there is no v3.
    ");
}

#[test]
fn a_version_is_seen_that_is_far_beyond_anything() {
    insta::assert_snapshot!(verdict(
        "10ms c1 write
         11ms c2 read
         12ms c2 saw v18446744073709551615=c1#0"
    ), @r"
    missing-version: at 12ms, n1#0 on k0: no write can have made v1, although v18446744073709551615 is known

    No write can have made v1 of key1, although v18446744073709551615 existed at 12ms.

      1. c2 began a read of key1 (c2#0) at 11ms and saw v18446744073709551615 (value c1#0) at 12ms.
      2. No client learned of v1, although v18446744073709551615 comes after: only a write of unknown outcome can have made it.
      3. c1 began a write of key1 (value c1#0) at 10ms, and it had not returned. It did not make v1: it made v18446744073709551615.
      4. So there was no v1, and without it there is no v18446744073709551615.
    ");
}

#[test]
fn more_versions_are_missing_than_can_be_told_one_by_one() {
    let lost = |client| format!("1ms c{client} write\n1ms c{client} unknown\n");
    let nine_lost: String = (1..=9).map(lost).collect();
    let ten_made = "3ms c10 write\n4ms c10 made v10\n5ms c10 read\n6ms c10 saw v11=c3#0";
    insta::assert_snapshot!(verdict(&(nine_lost + ten_made)), @r"
    needed-earlier: at 6ms, n9#1 on k0: it saw v11=n2#0, but only n2#0 can have made an earlier version

    c10 saw v11 (value c3#0) of key1 at 6ms, but the write of that value must have made an older version.

      1. c3 began a write of key1 (value c3#0) at 1ms and ended it at 1ms with an unknown outcome.
      2. c1 began a write of key1 (value c1#0) at 1ms and ended it at 1ms with an unknown outcome.
      3. c2 began a write of key1 (value c2#0) at 1ms and ended it at 1ms with an unknown outcome.
      4. c4 began a write of key1 (value c4#0) at 1ms and ended it at 1ms with an unknown outcome.
      5. c10 learned at 4ms that its write of v10 (value c10#0) on key1 succeeded.
      6. No client learned of 4 older versions, v5, v6, v7, v8 and v9, although v10 comes after: only c1#0, c2#0, c3#0, c4#0, c5#0 and 4 more can have made them, one each.
      7. c10 began a read of key1 (c10#1) at 5ms and saw v11 (value c3#0) at 6ms.
      8. One write makes one version.
    ");
}

#[test]
fn a_write_is_seen_though_it_is_needed_for_a_version_next_to_one_that_a_swap_may_have_made() {
    insta::assert_snapshot!(verdict(
        "1ms c1 cas empty
         1ms c2 write
         2ms c3 write
         3ms c3 made v3            // c1 and c2 made v1 and v2, it seems
         4ms c4 read
         5ms c4 saw v4=c2#0"
    ), @r"
    missing-version: at 5ms, n3#0 on k0: no write can have made v2, although v4 is known

    No write can have made v2 of key1, although v4 existed at 5ms.

      1. c4 began a read of key1 (c4#0) at 4ms and saw v4 (value c2#0) at 5ms.
      2. No client learned of v1 and v2, although v4 comes after: only writes of unknown outcome can have made them, one each.
      3. c2 began a write of key1 (value c2#0) at 1ms, and it had not returned. It did not make v2: it made v4.
      4. c1 began a compare-and-set of key1 that expected an empty register (new value c1#0) at 1ms, and it had not returned. It did not make v2: it expected an empty register.
      5. So there was no v2, and without it there is no v4.
    ");
}
