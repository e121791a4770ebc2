//! Scenario files that ask for too much: refused before anything is built, or ended by a limit.

use std::fmt::Write as _;
use std::fs;
use std::process::Output;

use crate::{code, shell, stderr, stdout, told};

/// Runs a scenario file within 2 GB of address space and 20 s.
fn run(text: &str, flags: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine.toml"), text).unwrap();
    let line = format!(r#"ulimit -v 2000000; timeout 20 "$0" run mine.toml {flags}"#);
    shell(folder.path(), &line)
}

fn scenario(more: &str) -> String {
    format!("about = \"Too much\"\nsystem = \"caspaxos\"\nintensity = 1000\n{more}\n")
}

/// It is inconclusive, and this is why.
#[track_caller]
fn assert_inconclusive(output: &Output, why: &str) {
    assert_eq!(told(output), (5, ""), "{}", stdout(output));
    assert!(stdout(output).contains(why), "{}", stdout(output));
}

#[test]
fn tracks_that_fire_at_each_other_reach_the_limit_of_memory() {
    let track = "[[nemesis]]\nrepeat = true\nsteps = [{ wait = { event = { kind = \"nemesis\" } }, \
                 do = [{ resume = \"a0\" }, { resume = \"a0\" }] }]\n";
    let first = "[[nemesis]]\nsteps = [{ wait = { at = \"1ms\" }, do = [{ resume = \"a0\" }] }]\n";
    let output = run(&scenario(&format!("{first}{}", track.repeat(100))), "");
    let why = "the limit of memory was reached (2796349 commands of the nemesis have not been \
               carried out), and the run was not over: ";
    assert_inconclusive(&output, why);
}

#[test]
fn servers_that_take_an_hour_reach_the_limit_of_memory() {
    let text = scenario("[limits]\nmemory = \"64MiB\"\n[redis]\nservice_time = \"1h\"");
    let output = run(&text, "");
    let why = "the limit of memory was reached (174735 messages and timers wait for nodes that \
               are busy or paused, 58245 of them at a2; messages hold 1152 bytes more), and the \
               run was not over: c1 still has 1000 writes to finish";
    assert_inconclusive(&output, why);
    assert_eq!(stdout(&run(&text, "")), stdout(&output), "it is the same each time");
    let twice = run(&text.replace("64MiB", "128MiB"), "");
    assert_inconclusive(&twice, "(349497 messages and timers wait");
}

#[test]
fn operations_that_are_never_forgotten_reach_the_limit_of_memory() {
    let more = "[limits]\nmemory = \"2KiB\"\n[caspaxos]\nclients = 9\nkeys = 9";
    assert_inconclusive(&run(&scenario(more), ""), "the limit of memory was reached (");
}

#[test]
fn what_is_absurd_is_refused_where_it_stands() {
    let many = |count: usize, item: &str| item.repeat(count);
    let step = "{ wait = { at = \"1ms\" } },";
    let mut swarm = "[swarm]\n\"link.0.loss\" = [".to_owned();
    (0..1001).for_each(|_| swarm.push_str("\"1%\","));
    write!(swarm, "]\n[[link]]\nfrom = \"*\"\nto = \"*\"").unwrap();
    for (more, why) in [
        (many(257, "[[nemesis]]\nsteps = []\n"), "nemesis: there are 257 tracks, and at most 256"),
        (
            format!("[[nemesis]]\nsteps = [{}]", many(1001, step)),
            "nemesis.0.steps: there are 1001 steps, and at most 1000",
        ),
        (
            many(1001, "[[link]]\nfrom = \"*\"\nto = \"*\"\n"),
            "link: there are 1001 rules, and at most 1000",
        ),
        (swarm, "swarm: there are 1001 values to draw from, all together, and at most 1000"),
        ("[limits]\nmemory = \"65GiB\"".to_owned(), "limits.memory: this is at most 64GiB"),
        ("[caspaxos]\nclients = 1_001".to_owned(), "caspaxos.clients: this is 1 to 1000"),
    ] {
        let text = scenario(&more);
        let output = run(&text, "");
        let said = stderr(&output);
        assert_eq!(code(&output), 2, "{said}");
        assert!(said.starts_with("rumormill: mine.toml:"), "{said}");
        assert!(said.trim_end().ends_with(why), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    for (key, value) in [
        ("caspaxos]\nclients", "1_000_000"),
        ("caspaxos]\nkeys", "9_223_372_036_854_775_807"),
        ("caspaxos]\nacceptors", "1000000000000000000000000000000"),
        ("redis]\nmaxmemory", "\"99999999999GiB\""),
    ] {
        let output = run(&scenario(&format!("[{key} = {value}")), "");
        assert_eq!(code(&output), 2, "{}", stderr(&output));
        assert!(stderr(&output).starts_with("rumormill: mine.toml:5: "), "{}", stderr(&output));
    }
}
