//! What the protocol must not know: the scenarios that it runs in, and the variants of it.

use std::fs;
use std::path::{Path, PathBuf};

/// What comes with the feature `system`, beside the variants: these may know scenarios.
const HARNESS: [&str; 4] = ["config", "invariant", "system", "witness"];

/// Where other rules than the protocol's are, and where a scenario names them.
const VARIANTS: [&str; 4] = ["variants", "config", "process", "system"];

#[test]
fn the_protocol_knows_no_scenario() {
    let complaints = mentions(&["scenario::"], &HARNESS);
    assert!(complaints.is_empty(), "say it with a type of `sim` instead:\n{complaints}");
}

#[test]
fn the_protocol_knows_no_variant() {
    let complaints = mentions(&["Shortcut", "shortcut", "variants::"], &VARIANTS);
    assert!(complaints.is_empty(), "ask `Rules` or `Leadership` instead:\n{complaints}");
}

/// The store is for code that runs no scenario: its dependencies are few.
#[test]
fn only_the_system_depends_on_scenarios() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest");
    let (_, dependencies) = manifest.split_once("\n[dependencies]\n").expect("dependencies");
    let (dependencies, _) = dependencies.split_once("\n[").expect("more sections");
    let always = dependencies.lines().filter(|line| !line.contains("optional = true"));
    let names: Vec<&str> = always
        .filter_map(|line| line.split([' ', '.']).next())
        .filter(|it| !it.is_empty())
        .collect();
    assert_eq!(names, ["history", "redis", "redis-node", "serde", "sim", "thiserror"]);
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The lines of code and of scripts with one of these words, but in these modules.
fn mentions(words: &[&str], but: &[&str]) -> String {
    let mut files = Vec::new();
    collect(&root().join("src"), &mut files);
    assert!(files.len() > 30, "these are too few: {files:?}");
    let mut complaints = String::new();
    for file in files {
        let path = file.strip_prefix(root().join("src")).expect("it is below");
        let module = path.iter().next().and_then(|first| first.to_str()).expect("a name");
        if but.contains(&module.split('.').next().expect("a name")) {
            continue;
        }
        let text = fs::read_to_string(&file).expect("a text");
        for (number, line) in text.lines().enumerate() {
            if words.iter().any(|word| line.contains(word)) {
                complaints += &format!("{}:{}: {}\n", path.display(), number + 1, line.trim());
            }
        }
    }
    complaints
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
    files.sort();
}
