//! Other rules than those of the protocol, right and wrong, in whole runs.

use scenario::{Outcome, Verdict};

use crate::stage::{run, scenario};

fn outcomes(name: &str, seeds: usize) -> Vec<Outcome> {
    let scenario = scenario(&format!("caspaxos/hazard/{name}"), &["intensity=30"], "");
    run(&scenario, 0..seeds)
}

#[test]
fn those_that_are_safe_hold() {
    for name in ["gryadka-v2-repaired", "gryadka-v2-repaired-reported", "leads-until-refused"] {
        for outcome in outcomes(name, 20) {
            assert_eq!(outcome.verdict, Verdict::Holds, "{name}, seed {}", outcome.seed);
        }
    }
}

#[test]
fn those_that_lose_what_was_seen_are_caught() {
    for name in [
        "leads-past-conflicts.i",
        "read-beside-leaders.i",
        "read-one-acceptor.i",
        "read-prepare-quorum.i",
        "read-accept-quorum.i",
        "shared-id.i",
    ] {
        let caught = outcomes(name, 20);
        let caught = caught.iter().any(|outcome| outcome.verdict == Verdict::Violation);
        assert!(caught, "{name}");
    }
}

#[test]
fn those_that_use_a_ballot_twice_are_caught() {
    for (name, told) in [("gryadka-v2.i", "for more than one state"), ("reused-id.i", "of key")] {
        let found = outcomes(name, 20).into_iter().find_map(|outcome| outcome.violation);
        let found = found.unwrap_or_else(|| panic!("{name} is not caught"));
        assert_eq!(found.by, "one-value-per-ballot", "{name}");
        assert!(found.summary.contains(told), "{name}: {}", found.summary);
        let restarted = found.story.iter().any(|it| it.contains("had started again at"));
        assert_eq!(restarted, name == "reused-id.i", "{name}: {:?}", found.story);
    }
}
