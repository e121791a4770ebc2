//! What a run takes does not grow with its length, nor does what a recording takes.
#![cfg(target_os = "linux")]

use std::process::{Command, Output};

/// Of address space, in KiB: more than of memory. It has to hold the program itself, too.
const LIMIT: u32 = 64 << 10;

/// Runs a shell command line in which `"$0"` is the program, within the limit.
fn within_the_limit(command: &str, file: &std::path::Path) -> Output {
    let script = format!("ulimit -v {LIMIT} && exec {command}");
    Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_rumormill")])
        .arg(file)
        // An arena is 64 MiB of address space, used or not.
        .env("MALLOC_ARENA_MAX", "1")
        .output()
        .expect("there is a shell")
}

#[test]
fn long_runs_stay_within_a_limit_of_memory() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("long.jsonl");
    for command in [
        r#""$0" run losing/c2p2k2 --intensity 5000"#,
        r#""$0" record losing/c2p2k2 --intensity 2000 -o "$1""#,
        r#""$0" replay "$1""#,
        r#""$0" check "$1""#,
    ] {
        let output = within_the_limit(command, &file);
        assert!(output.status.success(), "{command}: {output:?}");
    }
    let length = std::fs::metadata(&file).unwrap().len();
    assert!(length > 1024 * u64::from(LIMIT) / 2, "{length} bytes are no long recording");
}

#[test]
fn the_limit_is_one() {
    let too_much = "dd if=/dev/zero of=/dev/null bs=100M count=1";
    let output = within_the_limit(too_much, std::path::Path::new("unused"));
    assert!(!output.status.success(), "100 MB fit into the limit");
}
