//! Stdout that is full, closed, or not read; and results that are not whole.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{rumormill, run, shell, stdout, told};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// A run that is not as expected.
const FAILS: &str =
    r#""$0" run losing/c2p2k1.i --set expect.checkers.rumor=holds --intensity 50 --seed 7"#;

#[test]
fn stdout_that_is_full_or_closed_is_74() {
    let full =
        "rumormill: the output could not be written: No space left on device (os error 28)\n";
    let closed = "rumormill: the output could not be written: stdout is closed\n";
    let failing = FAILS.strip_prefix(r#""$0" "#).unwrap();
    for what in ["--help", "--version", "help run", "list", "show c6p2k2", failing] {
        let output = shell(Path::new(HERE), &format!(r#""$0" {what} >/dev/full"#));
        assert_eq!(told(&output), (74, full), "{what} > /dev/full");
        let output = shell(Path::new(HERE), &format!(r#""$0" {what} >&-"#));
        assert_eq!(told(&output), (74, closed), "{what} >&-");
        let output = shell(Path::new(HERE), &format!(r#""$0" {what} >/dev/null"#));
        assert_eq!(told(&output), (i32::from(what == failing), ""), "{what} > /dev/null");
    }
}

#[test]
fn a_reader_that_goes_away_hides_no_failure() {
    let seeds = FAILS.replace("--seed 7", "--seeds 0..20");
    for (command, expected) in
        [(FAILS, 1), (&*seeds, 1), (r#""$0" list"#, 0), (r#""$0" --help"#, 0)]
    {
        for format in ["", " --format json", " --format jsonl"] {
            if !format.is_empty() && command.contains("help") {
                continue;
            }
            // The reader has gone before anything is printed.
            let line = format!("(sleep 0.2; {command}{format}) | true; exit ${{PIPESTATUS[0]}}");
            let output = shell(Path::new(HERE), &line);
            let quiet = if format.is_empty() { "" } else { crate::stderr(&output) };
            assert_eq!(told(&output), (expected, quiet), "{command}{format}");
        }
        let line = format!("{command} | head -1; exit ${{PIPESTATUS[0]}}");
        assert_eq!(told(&shell(Path::new(HERE), &line)), (expected, ""), "{line}");
    }
}

#[test]
fn the_last_of_many_lines_says_how_many_there_were() {
    for (args, rows) in [
        (&["run", "losing/c2p2k2", "--seeds", "0..3", "--intensity", "2"][..], 3),
        (&["list", "losing/c2p2k2"], 1),
        (&["check", "../../recordings/caspaxos/losing/c2p2k2.jsonl"], 1),
    ] {
        let output =
            rumormill(args).args(["--format", "jsonl"]).current_dir(HERE).output().unwrap();
        let lines: Vec<&str> = stdout(&output).lines().collect();
        let (last, rest) = lines.split_last().unwrap();
        assert_eq!(*last, format!(r#"{{"kind":"end","rows":{rows}}}"#), "{args:?}");
        assert_eq!(rest.len(), rows, "{args:?}");
    }
}

#[test]
fn results_of_runs_that_were_interrupted_do_not_look_whole() {
    for format in ["json", "jsonl"] {
        let args = ["run", "losing/c2p2k2", "--intensity", "2", "--seeds", "0..10000000"];
        let mut child = rumormill(&args)
            .args(["--format", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut text = String::new();
        (0..3).for_each(|_| _ = out.read_line(&mut text).unwrap());
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-s", "INT", &pid]).status().unwrap().success());
        out.read_to_string(&mut text).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130));
        if format == "json" {
            assert!(serde_json::from_str::<Value>(&text).is_err(), "it ends like a whole array");
        } else {
            let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
            assert!(last["scenario"].is_string(), "{last}");
        }
    }
}

#[test]
fn a_file_without_end_is_not_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["zero.toml", "zero.jsonl"] {
        std::os::unix::fs::symlink("/dev/zero", folder.path().join(name)).unwrap();
    }
    let text = "this is too large for a TOML file";
    let page = "this is too large for a page";
    let log = "this is not a rumormill event log: its first line is longer than 16777216 bytes";
    for (command, file, why) in [
        ("run", "zero.toml", text),
        ("serve --faults", "zero.toml", text),
        ("catalogue --check", "zero.toml", page),
        ("check", "zero.jsonl", log),
        ("replay", "zero.jsonl", log),
        ("diff zero.jsonl", "zero.jsonl", log),
    ] {
        let line = format!(r#"ulimit -v 1000000; timeout 20 "$0" {command} {file}"#);
        let expected = format!("rumormill: {file}: {why}\n");
        assert_eq!(told(&shell(folder.path(), &line)), (2, &*expected), "{command}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    assert!(run(&["list"]).status.success());
}
