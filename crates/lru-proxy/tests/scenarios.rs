//! The scenarios of this system, with a few seeds each, end as expected.

use std::path::Path;

use lru_proxy::LruProxy;
use scenario::{Interrupt, Judgement, Registry, RunOptions};

const SEEDS: u64 = 3;

#[test]
fn scenarios_find_what_they_expect() {
    let registry = Registry::new().with_system::<LruProxy>();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/lru-proxy");
    let mut tried = 0;
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        let (name, text) = (path.to_string_lossy(), std::fs::read_to_string(&path).unwrap());
        let scenario = registry.load_text(&name, &name, &text, &[]).unwrap();
        for seed in 0..SEEDS {
            let (seed, interrupt) = (seed.to_string(), Interrupt::new());
            let options = RunOptions::new(&seed, &interrupt);
            let ran = registry.run(&scenario, &options).unwrap();
            assert_eq!(ran.judgement, Judgement::Met, "{name}, seed {seed}: {:?}", ran.outcome);
        }
        tried += 1;
    }
    assert!(tried > 8, "there are {tried} scenarios in {}", folder.display());
}
