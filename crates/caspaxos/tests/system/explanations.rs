//! What is told of a violation: who wrote, who saw it, who then saw what does not go with that, and
//! which acceptors, messages and faults made it possible. All of it stands in `snapshots/`, to be
//! read when it changes.

use scenario::{Outcome, Violation};

use crate::stage::{run, scenario};

/// The first violation that the rumor checker finds in this scenario.
fn violation_in(name: &str) -> Violation {
    let scenario = scenario(&format!("caspaxos/{name}"), &[], "");
    let is_found =
        |outcome: &Outcome| outcome.violation.as_ref().is_some_and(|it| it.by == "rumor");
    let found = (0..20).map(|seed| run(&scenario, seed..seed + 1).remove(0)).find(is_found);
    found.and_then(|outcome| outcome.violation).unwrap_or_else(|| panic!("{name} is not caught"))
}

fn told(Violation { summary, story, causes, .. }: &Violation) -> String {
    let lines = [summary].into_iter().chain(story).chain(causes);
    lines.map(|line| format!("{line}\n")).collect()
}

/// Each with what its story turns on.
const STORIES: [(&str, &str); 11] = [
    ("losing/c2p2k1.i", "none of those promised ballot"),
    ("quorums/p1a2.i", "none of those answered"),
    ("membership/no-rescan.i", "none of those answered"),
    ("crash/everysec.i", "lost power"),
    ("crash/wiped.i", "was wiped"),
    ("failover/lagging.i", "was replaced by its replica"),
    ("eviction/allkeys-lru.i", "evicted a key"),
    ("deletion/naive-erasing.i", "erased the register"),
    ("hazard/read-one-acceptor.i", "answered by"),
    ("hazard/read-prepare-quorum.i", "told of it, but the others that answered did not"),
    ("hazard/leads-past-conflicts.i", "took itself for the leader"),
];

#[test]
fn they_tell_what_made_the_difference() {
    let mut all = String::new();
    for (name, point) in STORIES {
        let told = told(&violation_in(name));
        assert!(told.contains(point), "{name}: {told}");
        all += &format!("==== {name}\n\n{told}\n");
    }
    insta::assert_snapshot!(all);
}
