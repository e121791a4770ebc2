//! What comes in from outside and goes out to it: files, terminals, scenario files.
#![cfg(target_os = "linux")]

mod files;
mod logs;
mod output;
mod servers;
mod sizes;
mod text;

use std::path::Path;
use std::process::{Command, Output, Stdio};

const BINARY: &str = env!("CARGO_BIN_EXE_rumormill");

fn rumormill(args: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(args).stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> Output {
    rumormill(args).output().expect("the binary was built for this test")
}

/// A shell command line in which `"$0"` is the program, in this folder.
fn shell(folder: &Path, line: &str) -> Output {
    let mut shell = Command::new("bash");
    shell.args(["-c", line, BINARY]).current_dir(folder).stdin(Stdio::null());
    shell.output().expect("there is a shell")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it was not killed")
}

fn stdout(output: &Output) -> &str {
    str::from_utf8(&output.stdout).expect("results are UTF-8")
}

fn stderr(output: &Output) -> &str {
    str::from_utf8(&output.stderr).expect("stderr is UTF-8")
}

/// The exit code, and all of stderr.
fn told(output: &Output) -> (i32, &str) {
    (code(output), stderr(output))
}

/// What is in a folder, by name.
fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
