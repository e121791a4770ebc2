//! The scripts of acceptors, native and in Lua.

use crate::stage::{run, scenario};

/// Runs in which acceptors run scripts of that kind, of a scenario at a small intensity.
fn digests(name: &str, scripts: &str) -> Vec<String> {
    let scripts = format!("redis.scripts=\"{scripts}\"");
    let outcomes = run(&scenario(name, &["intensity=10", &scripts], ""), 0..5);
    outcomes.iter().map(|outcome| outcome.digest.to_string()).collect()
}

#[test]
fn it_makes_no_difference_to_a_run_what_scripts_are_written_in() {
    let names = [
        "losing/c2p2k2",
        "losing/c2p2k1.i",
        "crash/everysec.i",
        "membership/c2p2k2.a3.a4",
        "reads/losing",
        "hazard/gryadka-v2-repaired",
        "deletion/crash",
    ];
    for name in names {
        let name = format!("caspaxos/{name}");
        let native = digests(&name, "native");
        assert_eq!(native, digests(&name, "lua"), "{name}");
        assert_ne!(native[0], native[1], "{name}");
    }
}
