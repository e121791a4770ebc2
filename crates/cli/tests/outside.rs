//! `docs/examples/counter`, a system in a workspace of its own, has every command.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// Builds the example, and tells where its program is.
fn build() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("counter");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--offline", "--locked", "--quiet", "--manifest-path"])
        .arg(root.join("docs/examples/counter/Cargo.toml"))
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .output()
        .expect("cargo can be run");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    target.join("debug/counter")
}

fn call(program: &Path, folder: &Path, line: &str) -> Output {
    Command::new(program).args(line.split(' ')).current_dir(folder).output().expect("it can be run")
}

/// What a call that exits with 0 prints.
fn prints(program: &Path, folder: &Path, line: &str) -> String {
    let output = call(program, folder, line);
    let (stdout, stderr) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{line}: {stdout}{stderr}");
    stdout.into_owned()
}

/// What a system needs beside its protocol is little.
#[test]
fn what_the_simulator_needs_of_a_system_is_at_most_150_lines() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples/counter");
    let lines = |file: &str| {
        let text = std::fs::read_to_string(folder.join(file)).expect("it is there");
        let code = text.lines().map(str::trim).filter(|line| !line.starts_with("//"));
        code.filter(|line| !line.is_empty()).count()
    };
    let files = ["src/main.rs", "scenarios/fresh.toml", "scenarios/cut-off.i.toml"];
    let lines: usize = files.map(lines).iter().sum();
    assert!((1..=150).contains(&lines), "{lines} lines");
}

#[test]
fn a_system_outside_of_the_workspace_has_every_command() {
    let program = build();
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let prints = |line: &str| prints(&program, folder, line);
    assert!(prints("run all --seeds 0..20").contains("ok   counter/cut-off.i: 20 seeds"));
    let json = prints("run counter/cut-off.i --seed 3 --format json");
    let rows: Value = serde_json::from_str(&json).expect("it is JSON");
    let outcome = &rows[0];
    assert_eq!((&outcome["verdict"], &outcome["as_expected"]), (&"violation".into(), &true.into()));
    assert_eq!(outcome["violation"]["by"], "staleness");
    let story = outcome["violation"]["story"].as_array().expect("there is a story");
    assert_eq!(story.len(), 3, "{story:?}");
    let worst = outcome["measures"]["staleness_max_ns"].as_u64().expect("it is measured");
    assert!((20_000_001..300_000_000).contains(&worst), "{worst}");
    prints("record counter/cut-off.i --seed 3 -o stale.jsonl");
    assert!(prints("replay stale.jsonl --redraw").starts_with("ok   stale.jsonl"));
    assert!(prints("check stale.jsonl").contains("violation of staleness, as expected"));
    let explored =
        call(&program, folder, "explore counter/fresh --timeouts 3 --states 200 --format json");
    assert_eq!(explored.status.code(), Some(5), "200 states are not all");
    let explored: Value = serde_json::from_slice(&explored.stdout).expect("it is JSON");
    let explored = &explored[0];
    assert_eq!((&explored["verdict"], &explored["complete"]), (&"holds".into(), &false.into()));
    assert_eq!(explored["states"], 200);
    prints("record counter/cut-off.i --seed 4 -o other.jsonl");
    assert_eq!(call(&program, folder, "diff stale.jsonl other.jsonl").status.code(), Some(1));
    let edited = "record counter/fresh --seed 3 -o edited.jsonl --edit";
    let edited = Command::new(&program)
        .args(edited.split(' '))
        .arg("fate reader->redis #0 = drop")
        .current_dir(folder)
        .output()
        .expect("it can be run");
    assert_eq!(edited.status.code(), Some(0), "{}", String::from_utf8_lossy(&edited.stdout));
    let log = std::fs::read_to_string(folder.join("edited.jsonl")).expect("it is there");
    assert!(log.contains(r#""claim""#), "the reader's claims are events");
    assert!(log.contains(r#""action":"increment""#), "so are the operations on a counter");
}
