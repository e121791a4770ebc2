//! The driver without libFuzzer, as `bin/fuzz --quick` runs it.

use std::process::{Command, Output};

fn driver(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rumormill-fuzz")).args(arguments).output().expect("it runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

#[test]
fn it_tries_inputs_and_counts_them() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("found");
    let place = folder.to_str().unwrap();
    let output = driver(&["quick", "--seconds", "1", "--folder", place, "replies"]);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.starts_with("replies: ") && said.ends_with(" inputs in 1 seconds\n"), "{said}");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "nothing is left there");
}

#[test]
fn it_writes_seeds_and_tries_files() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    assert_eq!(driver(&["corpus", "scenarios", place]).status.code(), Some(0));
    let seed = folder.path().join("seed-0000");
    let output = driver(&["run", "scenarios", seed.to_str().unwrap()]);
    assert_eq!(said(&output), format!("{}: holds\n", seed.display()));
}

#[test]
fn a_target_that_there_is_not_is_refused() {
    let output = driver(&["quick", "commands", "other"]);
    assert_eq!(output.status.code(), Some(2));
    let expected = "fuzz: there is no target \"other\", but commands, replies, database, scripts, \
                    recordings, scenarios, serve, proxy\n";
    assert_eq!(said(&output), expected);
}
