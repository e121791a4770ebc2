//! The measures of the cache checkers, and their stories of broken promises.

use check::Sample;
use check::cache::{Ages, Fills, Promise, Queries, Reads};
use check::notation;
use history::{
    Action, Completion, Entry, Invoke, Key, Names, NodeId, Observation, OpId, Return, Span, Step,
    Time, Value, Version,
};

fn names() -> Names {
    let nodes = ["c1", "c2", "cache"].map(str::to_owned).to_vec();
    Names { nodes, keys: vec!["row".to_owned()] }
}

fn state(version: u64, client: u16, ordinal: u32) -> Observation {
    let value = Value::of(OpId { client: NodeId(client), ordinal });
    Observation { version: Version(version), value }
}

fn lines(steps: Vec<(Time, String)>) -> Vec<String> {
    steps.into_iter().map(|(at, step)| format!("{at}: {step}")).collect()
}

#[test]
fn a_stale_set_is_told() {
    let (cache, key) = (NodeId(2), Key(0));
    let mut fills = Fills::new();
    fills.invalidated(Time(10), cache, key, Version(2));
    fills.invalidated(Time(15), cache, key, Version(4));
    fills.invalidated(Time(17), cache, key, Version(4));
    fills.invalidated(Time(18), cache, key, Version(3));
    fills.filled(Time(20), cache, key, state(4, 0, 3));
    fills.filled(Time(21), cache, Key(1), state(1, 0, 0));
    fills.filled(Time(22), NodeId(1), key, state(1, 0, 0));
    assert_eq!(fills.broken(), None);
    fills.filled(Time(30), cache, key, state(3, 0, 2));
    fills.filled(Time(40), cache, key, state(1, 0, 0));
    let stale = fills.broken().expect("v3 is older than v4");
    assert_eq!(
        stale.summary(&names()),
        "a stale set: cache took v3 for row, which it knew to be v4"
    );
    let steps = [
        "15ns: cache drops row, because its row is v4 now.",
        "30ns: cache stores v3 by c1#2 for row, although that is older.",
    ];
    assert_eq!(lines(stale.steps(&names())), steps);
}

#[test]
fn an_empty_row_can_be_stale_too() {
    let mut fills = Fills::new();
    fills.invalidated(Time(1), NodeId(2), Key(0), Version(1));
    fills.filled(Time(2), NodeId(2), Key(0), Observation::EMPTY);
    let stale = fills.broken().expect("nothing is older than v1");
    let steps = lines(stale.steps(&names()));
    assert_eq!(steps[1], "2ns: cache stores the empty row for row, although that is older.");
}

#[test]
fn a_herd_is_told() {
    let mut queries = Queries::new(Some(2));
    for (at, version) in [(1, 1), (2, 1), (3, 2), (4, 2)] {
        queries.read(Time(at), Key(0), Version(version));
        queries.read(Time(at), Key(1), Version(7 + at));
    }
    assert_eq!(queries.broken(), None);
    queries.read(Time(5), Key(0), Version(2));
    queries.read(Time(6), Key(0), Version(2));
    let herd = queries.broken().expect("v2 was read three times");
    assert_eq!(herd.summary(&names()), "v2 of row was read from the database 3 times");
    let story = [
        "At 3ns a client reads v2 of row from the database.",
        "By 5ns it has been read 3 times, and has not changed meanwhile.",
    ];
    assert_eq!(herd.story(&names()), story);
    // Of row v1 twice and v2 four times, of the other four versions once each.
    let per_version = queries.per_version();
    assert_eq!((per_version.count(), per_version.max()), (6, Some(4)));
    assert_eq!(per_version.percentile(66), Some(1));
    assert_eq!(per_version.percentile(67), Some(2));
    let unbounded = &mut Queries::new(None);
    (0..9).for_each(|at| unbounded.read(Time(at), Key(0), Version(1)));
    assert_eq!(unbounded.broken(), None);
}

#[test]
fn a_sample_has_the_sizes_of_its_numbers() {
    let mut sample = Sample::default();
    assert_eq!((sample.count(), sample.max(), sample.percentile(50)), (0, None, None));
    for number in [0, 1, 1, 1, 15, 16, 17, 18, 1_000, 1_023] {
        sample.add(number);
    }
    assert_eq!((sample.count(), sample.max()), (10, Some(1_023)));
    let percentiles = [1, 10, 11, 40, 41, 50, 51, 70, 71, 80, 81, 100];
    let sizes = [0, 0, 1, 1, 15, 15, 16, 16, 18, 18, 960, 960];
    assert_eq!(percentiles.map(|percent| sample.percentile(percent)), sizes.map(Some));
    let mut large = Sample::default();
    large.add(u64::MAX);
    assert_eq!(large.percentile(100), Some(0xF << 60));
}

/// The age in nanoseconds, and in versions, of the one read that the steps end with.
fn age_of_last(steps: &str) -> (Option<u64>, Option<u64>) {
    let (history, _) = notation::parse(steps).expect("it is in the notation");
    let mut ages = Ages::default();
    history.iter().for_each(|entry| ages.step(entry));
    assert_eq!((ages.age_ns().count(), ages.versions().count()), (1, 1));
    (ages.age_ns().max(), ages.versions().max())
}

#[test]
fn an_age_counts_from_when_something_newer_was_known() {
    let writes = "1ns c1 write\n10ns c1 made v1\n15ns c1 write\n20ns c1 made v2\n\
                  25ns c1 write\n30ns c1 made v3\n";
    let read = |saw: &str| age_of_last(&format!("{writes}50ns c2 read\n60ns c2 saw {saw}"));
    assert_eq!(read("empty"), (Some(40), Some(3)));
    assert_eq!(read("v1=c1#0"), (Some(30), Some(2)));
    assert_eq!(read("v2=c1#1"), (Some(20), Some(1)));
    assert_eq!(read("v3=c1#2"), (Some(0), Some(0)));
    // A version that becomes known during the read does not make it older.
    let meanwhile = "1ns c2 read\n2ns c1 write\n3ns c1 made v1\n9ns c2 saw empty";
    assert_eq!(age_of_last(meanwhile), (Some(0), Some(0)));
    // Observing a version again does not make it younger.
    let again = "1ns c1 write\n2ns c1 made v1\n3ns c1 cas v1=c1#0\n4ns c1 refused v1=c1#0\n\
                 9ns c2 read\n10ns c2 saw empty";
    assert_eq!(age_of_last(again), (Some(7), Some(1)));
}

#[test]
fn the_oldest_versions_are_forgotten_at_some_point() {
    let mut ages = Ages::default();
    let client = NodeId(0);
    let step = |at: u64, step: Step| Entry { at: Time(at), step };
    for version in 1..=1_100 {
        let op = OpId { client, ordinal: version as u32 };
        let action = Action::Write { value: Value::of(op) };
        let completion =
            Completion::Ok(Observation { version: Version(version), value: Value::of(op) });
        ages.step(&step(version, Step::Invoke(Invoke { op, key: Key(0), action })));
        ages.step(&step(version, Step::Return(Return { op, completion })));
    }
    let op = OpId { client, ordinal: 2_000 };
    ages.step(&step(2_000, Step::Invoke(Invoke { op, key: Key(0), action: Action::Read })));
    let completion = Completion::Ok(Observation::EMPTY);
    ages.step(&step(2_001, Step::Return(Return { op, completion })));
    // 1,024 are remembered: the oldest of them is version 77.
    assert_eq!(ages.age_ns().max(), Some(2_000 - 77));
    assert_eq!(ages.versions().max(), Some(1_100));
}

/// The story of the first read that breaks a promise.
fn told(promise: Promise, steps: &str) -> Vec<String> {
    let (history, names) = notation::parse(steps).expect("it is in the notation");
    let mut reads = Reads::new(promise);
    history.iter().for_each(|entry| reads.step(entry));
    let stale = reads.broken().expect("the promise is broken");
    let mut told = vec![stale.summary(&names)];
    told.extend(lines(stale.steps(&names)));
    told
}

/// A client writes twice, another sees the second version twice, and then the first.
const BACK: &str = "1ns c1 write
    2ns c1 made v1
    3ns c1 write
    4ns c1 made v2
    5ns c2 read
    6ns c2 saw v2=c1#1
    7ns c2 read
    8ns c2 saw v2=c1#1
    20ns c2 read
    21ns c2 saw v1=c1#0";

#[test]
fn a_stale_read_is_told_by_its_promise() {
    let ends = [
        "4ns: c1 learns that it has written v2 by c1#1.",
        "20ns: c2 begins to read key1, 16ns after that was known.",
        "21ns: c2 has seen v1 by c1#0: the version before that.",
    ];
    for (promise, summary) in [
        (
            Promise::Agreement { settle: Span(3) },
            "all was quiet, and for c2 key1 was v1, while v2 was known",
        ),
        (Promise::Age(Span(5)), "c2 saw v1 of key1, although v2 was known for over 5ns"),
        (Promise::Versions(0), "c2 saw v1 of key1, more than 0 versions behind v2"),
    ] {
        let told = told(promise, BACK);
        assert_eq!((told[0].as_str(), &told[1..]), (summary, &ends.map(str::to_owned)[..]));
    }
}

#[test]
fn what_one_has_seen_is_told_from_when_one_saw_it_first() {
    assert_eq!(
        told(Promise::Monotonic, BACK),
        [
            "c2 saw v1 of key1, although it had seen v2 before",
            "6ns: c2 sees v2 by c1#1.",
            "20ns: c2 begins to read key1, 14ns after that was known.",
            "21ns: c2 has seen v1 by c1#0: the version before that.",
        ]
    );
}

#[test]
fn what_one_has_written_is_told_with_how_much_older_it_was() {
    let steps = "1ns c1 write\n2ns c1 made v3\n3ns c1 read\n4ns c1 saw empty";
    assert_eq!(
        told(Promise::OwnWrites, steps),
        [
            "c1 saw v0 of key1, although it had itself written v3",
            "2ns: c1 learns that it has written v3 by c1#0.",
            "3ns: c1 begins to read key1, 1ns after that was known.",
            "4ns: c1 has seen the empty row: 3 versions older.",
        ]
    );
}
