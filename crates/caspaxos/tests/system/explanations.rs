//! The explanations of violations: which clients contradict each other, and which acceptors,
//! messages and faults made it possible. `snapshots/` has the texts. Read them when they change.

use scenario::{Outcome, Violation};

use crate::stage::{run, scenario};

/// The first story of what the rumor checker finds in this scenario that turns on this.
fn story_of(name: &str, point: &str) -> String {
    let scenario = scenario(&format!("caspaxos/{name}"), &[], "");
    let told_of = |Outcome { violation, .. }| {
        violation.filter(|it: &Violation| it.by == "rumor").as_ref().map(told)
    };
    (0..20)
        .filter_map(|seed| told_of(run(&scenario, seed..seed + 1).remove(0)))
        .find(|story| story.contains(point))
        .unwrap_or_else(|| panic!("{name}: no story says {point:?}"))
}

fn told(Violation { summary, story, causes, .. }: &Violation) -> String {
    let lines = [summary].into_iter().chain(story).chain(causes);
    lines.map(|line| format!("{line}\n")).collect()
}

/// Each with what its story turns on.
const STORIES: [(&str, &str); 15] = [
    ("losing/c2p2k1.i", "none of those promised ballot"),
    ("quorums/p1a2.i", "none of those answered"),
    ("membership/no-rescan.i", "none of those answered"),
    ("crash/everysec.i", "lost power"),
    ("crash/wiped.i", "was wiped"),
    ("failover/lagging.i", "was replaced by its replica"),
    ("eviction/allkeys-lru.i", "evicted a key"),
    ("deletion/naive-erasing.i", "erased the register"),
    ("hazard/read-one-acceptor.i", "answered by"),
    ("hazard/read-prepare-quorum.i", "reported it, but the other acceptors that replied did not"),
    ("hazard/leads-past-conflicts.i", "led by its own account"),
    ("hazard/read-beside-leaders.i", "which is higher"),
    ("hazard/shared-id.i", "have the same id"),
    ("membership/orchestrated.no-rescan.i", "the acceptors of"),
    ("deletion/quorum-of-tombstones.i", "held"),
];

#[test]
fn they_tell_what_made_the_difference() {
    let mut all = String::new();
    for (name, point) in STORIES {
        all += &format!("==== {name}\n\n{}\n", story_of(name, point));
    }
    insta::assert_snapshot!(all);
}
