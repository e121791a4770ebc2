//! The example of a system of one's own does what it says.

#[path = "../examples/ttl-lock.rs"]
#[expect(dead_code, reason = "its main is not called here")]
mod example;

use scenario::{Interrupt, Outcome, RunOptions, Verdict};

fn run(name: &str, seed: u64) -> Outcome {
    let registry = example::registry();
    let scenario = registry.load(name, &[]).expect("the scenario is right");
    let options = RunOptions {
        seed: &seed.to_string(),
        record: None,
        explain: true,
        interrupt: &Interrupt::new(),
    };
    registry.run(&scenario, &options).expect("it runs").outcome
}

#[test]
fn a_client_that_sleeps_for_longer_than_its_lock_lives_overwrites_somebody_elses_write() {
    for seed in 0..20 {
        let outcome = run("ttl-lock/paused.i", seed);
        assert_eq!(outcome.verdict, Verdict::Violation, "seed {seed}: {outcome:?}");
        assert_eq!(outcome.as_expected, Some(true));
    }
}

#[test]
fn a_client_that_wakes_in_time_does_no_harm() {
    for seed in 0..20 {
        let outcome = run("ttl-lock/patient", seed);
        assert_eq!(outcome.as_expected, Some(true), "seed {seed}: {outcome:?}");
    }
}
