//! What the README says that a command prints is what it prints.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

const PROMPT: &str = "$ bin/rumormill ";

/// The commands of a text's code blocks that are followed by output, and that output.
fn excerpts(text: &str) -> Vec<(String, String)> {
    let mut excerpts: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with("```") {
            inside = !inside;
        } else if let Some(command) = line.strip_prefix(PROMPT) {
            excerpts.push((command.to_owned(), String::new()));
        } else if let (true, Some((_, output))) = (inside, excerpts.last_mut()) {
            writeln!(output, "{line}").expect("to a String");
        }
    }
    excerpts.retain(|(_, output)| !output.trim().is_empty());
    excerpts
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
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = std::fs::read_to_string(readme).expect("the README is there");
    let excerpts = excerpts(&readme);
    assert!(excerpts.len() >= 2, "the README shows a run that holds and one that does not");
    for (command, shown) in excerpts {
        let printed = run(&command);
        assert_eq!(
            printed.trim_end(),
            shown.trim_end(),
            "`bin/rumormill {command}` prints something else: put what it prints into the README"
        );
    }
}

#[test]
fn commands_without_output_are_not_excerpts() {
    let text = format!("```text\n{PROMPT}list\nall\n```\nprose\n```text\n{PROMPT}show x\n```\n");
    assert_eq!(excerpts(&text), [("list".to_owned(), "all\n".to_owned())]);
}
