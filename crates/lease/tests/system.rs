//! Caches as a system: whole runs of scenarios.

use std::path::{Path, PathBuf};

use lease::LeaseCache;
use scenario::{Batch, Interrupt, Outcome, Override, Ran, Registry, RunOptions, Scenario};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")
}

fn scenario(name: &str, set: &[&str]) -> Scenario {
    let file = folder().join(format!("{name}.toml"));
    let text = std::fs::read_to_string(&file).expect("a scenario of this project");
    let set: Vec<Override> = set.iter().map(|set| set.parse().expect("KEY=VALUE")).collect();
    let loaded = Registry::new().with_system::<LeaseCache>().load_text(name, name, &text, &set);
    loaded.unwrap_or_else(|error| panic!("{error}"))
}

fn run(scenario: &Scenario, seed: &str) -> Ran {
    let interrupt = Interrupt::new();
    let options = RunOptions::new(seed, &interrupt);
    Registry::new().with_system::<LeaseCache>().run(scenario, &options).expect("it runs")
}

fn names_in(folder_name: &str) -> Vec<String> {
    let files = std::fs::read_dir(folder().join(folder_name)).expect("scenarios");
    let paths = files.map(|file| file.expect("a file").path());
    let stems = paths.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()));
    let mut names: Vec<String> = stems.map(|stem| format!("{folder_name}/{stem}")).collect();
    names.sort();
    names
}

#[test]
fn scenarios_are_as_they_expect() {
    for name in names_in("lease").into_iter().chain(names_in("memproxy")) {
        let scenario = scenario(&name, &[]);
        let mut batch = Batch::new(&scenario.general.expect);
        for seed in 0..3 {
            let Ran { outcome, judgement } = run(&scenario, &seed.to_string());
            batch.add(judgement, &outcome.marks);
            assert!(batch.is_as_expected(), "{name}, seed {seed}: {outcome:#?}");
        }
    }
}

#[test]
fn scripts_in_lua_make_the_same_run_as_their_twins() {
    for name in ["lease/lease", "lease/block", "lease/stale-values", "memproxy/shared"] {
        let digest = |scripts: &str| {
            let set = ["intensity=5", "lease.rounds=2", scripts];
            run(&scenario(name, &set), "1").outcome.digest
        };
        assert_eq!(digest("redis.scripts=native"), digest("redis.scripts=lua"), "{name}");
    }
}

#[test]
fn a_stale_set_has_a_story() {
    let Outcome { violation, .. } = run(&scenario("lease/stale-set.i", &[]), "1").outcome;
    let violation = violation.expect("a stale set");
    assert!(violation.summary.starts_with("a stale set: r1 took v"), "{}", violation.summary);
    let story = violation.story;
    let told = [
        "c1 reads key1 from the database",
        "updates key1 to v25",
        "r1 drops key1",
        "r1 stores v24",
    ];
    assert_eq!(story.len(), told.len(), "{story:?}");
    for (sentence, told) in story.iter().zip(told) {
        assert!(sentence.contains(told), "{story:?}");
    }
}

#[test]
fn how_old_what_reads_saw_was_is_measured() {
    let measures = |name, set: &[&str]| run(&scenario(name, set), "1").outcome.measures;
    let lossy = measures("lease/lease.ttl", &[]);
    assert!(lossy["age_max_ns"] > 0 && lossy["versions_behind_max"] > 0, "{lossy:?}");
    let alone = measures("lease/lease", &["lease.clients=1"]);
    assert_eq!(alone["versions_behind_max"], 0, "a client alone sees nothing old: {alone:?}");
}

#[test]
fn configurations_that_make_no_sense_are_refused() {
    for (set, why) in [
        ("lease.clients=0", "1 to 1000"),
        ("lease.rounds=0", "at least 1"),
        ("lease.timeout=0s", "longer than 0s"),
        ("lease.backoff=[\"0s\"]", "longer than 0s"),
        ("lease.discipline=strict", "unknown variant"),
    ] {
        let text = std::fs::read_to_string(folder().join("lease/lease.toml")).expect("a scenario");
        let set = [set.parse().expect("KEY=VALUE")];
        let loaded = Registry::new().with_system::<LeaseCache>().load_text("x", "x", &text, &set);
        let error = loaded.expect_err("it makes no sense").to_string();
        assert!(error.contains(why), "{error}");
    }
}
