//! The section `[redis]` of scenario files: the same for each system that runs Redis servers.

use scenario::{Interrupt, Override, RunOptions, Scenario};
use serde_json::json;

/// The systems, each with one of its servers and a node that is none.
const SYSTEMS: [(&str, &str, &str); 3] =
    [("caspaxos", "a0", "p1"), ("lease", "r1", "db"), ("lru-proxy", "redis", "proxy")];

/// All keys, each with a value that is no default.
const SECTION: &str = r#"
[redis]
durability = { snapshots = "60s" }
replication_lag = "20ms"
service_time = "1ms"
script_time = "2ms"
scripts = "lua"
maxmemory = "64KiB"
maxmemory_policy = "allkeys-lru"
maxclients = 7
"#;

/// Loads a scenario of a system, whose lines stand in the file from the fourth on.
fn load(system: &str, lines: &str, overrides: &[&str]) -> Result<Scenario, String> {
    let text = format!("about = \"Servers\"\nsystem = \"{system}\"\nintensity = 20\n{lines}");
    let overrides: Vec<Override> =
        overrides.iter().map(|set| set.parse().expect("KEY=VALUE")).collect();
    let loaded = rumormill::registry().load_text("mine", "mine.toml", &text, &overrides);
    loaded.map_err(|error| error.to_string())
}

/// What is wrong with the file.
fn refusal(system: &str, lines: &str) -> String {
    load(system, lines, &[]).expect_err("it is refused")
}

/// The digest of a run with this value set.
fn digest(system: &str, set: &str) -> String {
    let link = "[[link]]\nfrom = \"*\"\nto = \"*\"\ndelay = \"1ms..3ms\"\n";
    let scenario = load(system, link, &[set]).expect("a scenario");
    let interrupt = Interrupt::new();
    let options = RunOptions { explain: false, ..RunOptions::new("1", &interrupt) };
    let ran = rumormill::registry().run(&scenario, &options).expect("a run");
    ran.outcome.digest.to_string()
}

#[test]
fn each_system_has_the_same_section() {
    let all = json!({
        "durability": { "snapshots": "1m" },
        "replication_lag": "20ms",
        "service_time": "1ms",
        "script_time": "2ms",
        "scripts": "lua",
        "maxmemory": "64KiB",
        "maxmemory_policy": "allkeys-lru",
        "maxclients": 7,
    });
    let defaults = json!({
        "durability": "always",
        "service_time": "0s",
        "script_time": "0s",
        "scripts": "native",
        "maxmemory": "0B",
        "maxmemory_policy": "noeviction",
        "maxclients": 10_000,
    });
    for (system, ..) in SYSTEMS {
        let section =
            |lines| load(system, lines, &[]).expect("a scenario").sections["redis"].clone();
        assert_eq!(section(SECTION), all, "{system}");
        assert_eq!(section(""), defaults, "{system}");
    }
}

#[test]
fn the_section_is_that_of_the_servers() {
    for (system, ..) in SYSTEMS {
        let by_default = digest(system, "redis.maxclients=10000");
        assert_eq!(by_default, digest(system, "redis.scripts=lua"), "{system}");
        for set in ["service_time=1ms", "durability={snapshots=\"20ms\"}", "replication_lag=20ms"] {
            assert_ne!(by_default, digest(system, &format!("redis.{set}")), "{system}: {set}");
        }
    }
}

#[test]
fn what_is_wrong_in_the_section_is_told_with_its_line() {
    for (system, ..) in SYSTEMS {
        let refused =
            |line: &str| refusal(system, &format!("[redis]\nservice_time = \"1ms\"\n{line}"));
        let clients = "this is at least 1: otherwise no client can connect";
        assert_eq!(refused("maxclients = 0"), format!("mine.toml:6: redis.maxclients: {clients}"));
        let snapshots = "the time between snapshots is longer than 0s";
        assert_eq!(
            refused("durability = { snapshots = \"0s\" }"),
            format!("mine.toml:6: redis.durability.snapshots: {snapshots}")
        );
        let unknown = refused("memory = \"1MiB\"");
        assert!(unknown.starts_with("mine.toml:6: unknown field `memory`, expected "), "{unknown}");
        let own = refusal(system, &format!("[{system}.redis]\nmaxclients = 1\n"));
        let written = "this is a section of its own, written [redis]";
        assert_eq!(own, format!("mine.toml:4: {system}.redis: {written}"));
    }
}

#[test]
fn only_a_server_with_a_replica_fails_over() {
    let track = |node: &str| {
        format!(
            "[[nemesis]]\nsteps = [\n    {{ wait = {{ at = \"1s\" }}, do = [\n        \
             {{ fail_over = \"{node}\" }},\n        {{ start = \"{node}\" }},\n    ] }},\n]\n"
        )
    };
    let place = "mine.toml:7: nemesis.0.steps.0.do.0";
    for (system, server, other) in SYSTEMS {
        assert_eq!(
            refusal(system, &track(server)),
            format!(
                "{place}: {server} cannot fail over: it has no replica; set `replication_lag` in \
                 the section [redis]"
            )
        );
        let with_replica = load(system, &(track(server) + SECTION), &[]);
        assert!(with_replica.is_ok(), "{system}: {with_replica:?}");
        assert_eq!(
            refusal(system, &(track(other) + SECTION)),
            format!("{place}: {other} cannot fail over: it is no Redis server")
        );
    }
}
