//! The example of a system of one's own does what it says.

#[path = "../examples/ttl-lock.rs"]
#[expect(dead_code, reason = "its main is not called here")]
mod example;

use scenario::{Interrupt, Outcome, Override, RunOptions, Verdict};

fn run(name: &str, seed: u64) -> Outcome {
    run_with(name, seed, &[])
}

fn run_with(name: &str, seed: u64, overrides: &[Override]) -> Outcome {
    let registry = example::registry();
    let scenario = registry.load(name, overrides).expect("the scenario is right");
    let (seed, interrupt) = (seed.to_string(), Interrupt::new());
    registry.run(&scenario, &RunOptions::new(&seed, &interrupt)).expect("it runs").outcome
}

#[test]
fn a_client_that_sleeps_for_longer_than_its_lock_lives_breaks_the_exclusion() {
    for seed in 0..20 {
        let outcome = run("ttl-lock/paused.i", seed);
        assert_eq!(outcome.verdict, Verdict::Violation, "seed {seed}: {outcome:?}");
        assert_eq!(outcome.as_expected, Some(true));
        let violation = outcome.violation.expect("it is a violation");
        assert_eq!(violation.by, "exclusion");
        assert!(violation.summary.contains("got the lock lock while c1 still relied on it"));
        assert!(violation.summary.ends_with("after the lease of c1 had ended"));
        let tells = |text: &str| violation.story.iter().any(|line| line.contains(text));
        assert!(tells("c1 is paused"), "the story names the pause: {:#?}", violation.story);
        assert!(tells("c2 gets the lock, and c1 has not released it"), "{:#?}", violation.story);
    }
}

/// The register shows the same mistake, later.
#[test]
fn the_lost_update_is_found_if_the_lock_is_not_checked() {
    let overrides = ["expect.checkers.exclusion=off", "expect.checkers.rumor=violates"];
    let overrides = overrides.map(|text| text.parse::<Override>().expect("it is an override"));
    for seed in 0..20 {
        let outcome = run_with("ttl-lock/paused.i", seed, &overrides);
        assert_eq!(outcome.verdict, Verdict::Violation, "seed {seed}: {outcome:?}");
        assert_eq!(outcome.violation.expect("it is a violation").by, "rumor");
    }
}

#[test]
fn a_client_that_wakes_in_time_does_no_harm() {
    for seed in 0..20 {
        let outcome = run("ttl-lock/patient", seed);
        assert_eq!(outcome.as_expected, Some(true), "seed {seed}: {outcome:?}");
    }
}

#[test]
fn its_server_is_set_up_by_the_section_of_all_servers() {
    let fast = run("ttl-lock/patient", 1);
    let service_time = "redis.service_time=3ms".parse().expect("KEY=VALUE");
    let slow = run_with("ttl-lock/patient", 1, &[service_time]);
    assert_eq!(slow.as_expected, Some(true));
    assert!(slow.virtual_ns > fast.virtual_ns, "{slow:?}");
}
