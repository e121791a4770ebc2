//! Deletions and changes of membership by an orchestrator, in whole runs.

use scenario::Verdict;

use crate::stage::{run, scenario};

/// All runs of a scenario hold.
fn hold(name: &str, seeds: std::ops::Range<usize>) {
    for outcome in run(&scenario(name, &[], ""), seeds) {
        let found = outcome.violation.map(|violation| violation.summary);
        assert_eq!(outcome.verdict, Verdict::Holds, "seed {}: {found:?}", outcome.seed);
    }
}

#[test]
fn deleted_registers_stay_deleted() {
    hold("caspaxos/deletion/c2p2k2", 0..60);
}

#[test]
fn deletions_outlast_crashes_of_those_who_see_to_them() {
    hold("caspaxos/deletion/crash", 0..60);
}

#[test]
fn acceptors_and_proposers_come_and_go() {
    hold("caspaxos/membership/orchestrated", 0..30);
    hold("caspaxos/membership/orchestrated.replace", 0..20);
    hold("caspaxos/membership/orchestrated.proposers", 0..20);
}

#[test]
fn membership_changes_while_registers_are_deleted() {
    hold("caspaxos/membership/orchestrated.deletions", 0..60);
}
