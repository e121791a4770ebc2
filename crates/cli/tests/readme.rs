//! What the README says that a command prints is what it prints. `bin/bless` puts it there.

use std::path::Path;
use std::process::Command;

const PROMPT: &str = "$ bin/rumormill ";

/// The text, with what each command prints that is followed by output in its code block.
fn with_output(text: &str, mut run: impl FnMut(&str) -> String) -> String {
    let mut lines = text.lines().peekable();
    let mut told = String::new();
    while let Some(line) = lines.next() {
        told += line;
        told.push('\n');
        let Some(command) = line.strip_prefix(PROMPT) else {
            continue;
        };
        let is_output = |line: &&str| !line.starts_with("```") && !line.starts_with('$');
        let shown = std::iter::from_fn(|| lines.next_if(is_output)).count();
        if shown > 0 {
            told += run(command).trim_end();
            told.push('\n');
        }
    }
    told
}

fn run(command: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_rumormill"))
        .args(command.split_whitespace())
        .output()
        .expect("the binary was built for this test");
    String::from_utf8(output.stdout).expect("results are UTF-8")
}

#[test]
fn the_readme_shows_what_its_commands_print() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = std::fs::read_to_string(&path).expect("the README is there");
    let mut commands = 0;
    let told = with_output(&readme, |command| {
        commands += 1;
        run(command)
    });
    assert!(commands >= 2, "the README shows a run that holds and one that does not");
    if std::env::var_os("RUMORMILL_BLESS").is_some() {
        std::fs::write(&path, told).expect("the README can be written");
    } else {
        assert_eq!(readme, told, "commands print something else: run bin/bless");
    }
}

#[test]
fn commands_without_output_are_left_alone() {
    let text = format!("```text\n{PROMPT}list\nall\n\nof them\n```\n{PROMPT}show x\n```\nprose\n");
    let told = with_output(&text, |command| format!("what {command} prints\n"));
    let expected =
        format!("```text\n{PROMPT}list\nwhat list prints\n```\n{PROMPT}show x\n```\nprose\n");
    assert_eq!(told, expected);
}
