//! What lies about: files that nothing uses, and files that lack their other half.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::tree::{Tree, module};

/// What may stand at the top of the repository, besides dot-files.
const TOP_LEVEL: [&str; 15] = [
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "SECURITY.md",
    "THIRD-PARTY.md",
    "bin",
    "clippy.toml",
    "crates",
    "deny.toml",
    "docs",
    "recordings",
    "rustfmt.toml",
    "scenarios",
];

/// The top of the repository is what a reader sees first.
pub(crate) fn top_level(tree: &Tree) -> Vec<String> {
    let parts: BTreeSet<&str> =
        tree.files().filter_map(|(path, _)| path.split('/').next()).collect();
    let strange = parts.iter().filter(|part| !part.starts_with('.') && !TOP_LEVEL.contains(part));
    strange.map(|part| format!("{part}: move it below crates, bin or docs")).collect()
}

/// Each Rust file is a target of its package, or a module of one.
pub(crate) fn dead_files(tree: &Tree) -> Vec<String> {
    let packages: Vec<&Path> =
        tree.ending("Cargo.toml").filter_map(|(path, _)| Path::new(path).parent()).collect();
    let mut alive = BTreeSet::new();
    for (path, _) in tree.ending(".rs") {
        let path = Path::new(path);
        let around = packages.iter().filter(|package| path.starts_with(package));
        let package = around.max_by_key(|package| package.components().count());
        if package.is_some_and(|package| is_target(path.strip_prefix(package).unwrap_or(path))) {
            let modules = path.parent().expect("a file is in a folder");
            visit(tree, path, modules, &mut alive);
        }
    }
    let dead = tree.ending(".rs").filter(|(path, _)| !alive.contains(Path::new(path)));
    dead.map(|(path, _)| format!("{path}: no mod declares it: declare it or delete it")).collect()
}

/// Whether cargo finds this file of a package by itself.
fn is_target(path: &Path) -> bool {
    let parts: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
    matches!(
        parts[..],
        ["build.rs"]
            | ["src", "lib.rs" | "main.rs"]
            | ["src", "bin", _]
            | ["src", "bin", _, "main.rs"]
            | ["tests" | "examples" | "benches", _]
            | ["tests" | "examples" | "benches", _, "main.rs"]
    )
}

/// Marks a file as alive, and all that it declares, which is looked for in the folder `modules`.
fn visit(tree: &Tree, path: &Path, modules: &Path, alive: &mut BTreeSet<PathBuf>) {
    let Some(text) = path.to_str().and_then(|path| tree.text(path)) else { return };
    if !alive.insert(path.to_owned()) {
        return;
    }
    let folder = path.parent().unwrap_or(modules);
    let mut around = "";
    let mut elsewhere = None;
    for line in text.lines() {
        if let Some(place) = line.trim().strip_prefix("#[path = \"") {
            elsewhere = place.strip_suffix("\"]").map(|place| folder.join(place));
        }
        let Some(name) = module(line) else { continue };
        let is_inner = line.starts_with(' ');
        if !is_inner && line.ends_with('{') {
            around = name;
        }
        let place = if is_inner { modules.join(around).join(name) } else { modules.join(name) };
        visit(tree, &place.with_extension("rs"), &place, alive);
        visit(tree, &place.join("mod.rs"), &place, alive);
        if let Some(elsewhere) = elsewhere.take() {
            visit(tree, &elsewhere, elsewhere.parent().unwrap_or(folder), alive);
        }
    }
}

/// A snapshot that waits for a decision is not committed.
pub(crate) fn pending_snapshots(tree: &Tree) -> Vec<String> {
    let pending = tree.ending(".snap.new");
    pending.map(|(path, _)| format!("{path}: accept or reject it: cargo insta review")).collect()
}

/// Each scenario has a recording, and each recording is of a scenario.
pub(crate) fn recordings_of_scenarios(tree: &Tree) -> Vec<String> {
    let names = |folder: &str, end: &str| -> BTreeSet<String> {
        let inner = |(path, _): (&str, &str)| {
            path.strip_prefix(folder)?.strip_suffix(end).map(str::to_owned)
        };
        tree.files().filter_map(inner).collect()
    };
    let scenarios = names("scenarios/", ".toml");
    let recordings = names("recordings/", ".jsonl");
    let bare = scenarios
        .difference(&recordings)
        .map(|name| format!("scenarios/{name}.toml: has no recording: run bin/bless"));
    let orphaned = recordings
        .difference(&scenarios)
        .map(|name| format!("recordings/{name}.jsonl: is of no scenario: rename it or delete it"));
    bare.chain(orphaned).collect()
}

/// A planted bug says above its diff what it is, and what catches it: see `bin/planted-bugs`.
pub(crate) fn headers_of_patches(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for (path, text) in tree.ending(".patch").filter(|(path, _)| path.contains("/planted/")) {
        let is_diff = |line: &&str| line.starts_with("diff --git ") || line.starts_with("--- ");
        let header: Vec<&str> = text.lines().take_while(|line| !is_diff(line)).collect();
        for start in ["# Bug: ", "# Caught by: "] {
            if !header.iter().any(|line| line.len() > start.len() && line.starts_with(start)) {
                complaints.push(format!("{path}: add a line \"{start}...\" above the diff"));
            }
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::planted;

    #[test]
    fn strangers_at_the_top_are_reported() {
        let tree = planted(&[("README.md", ""), (".ci/run", ""), ("notes.md", ""), ("etc/a", "")]);
        let expected = [
            "etc: move it below crates, bin or docs",
            "notes.md: move it below crates, bin or docs",
        ];
        assert_eq!(top_level(&tree), expected);
    }

    #[test]
    fn files_that_no_mod_declares_are_reported() {
        let tree = planted(&[
            ("crates/a/Cargo.toml", ""),
            ("crates/a/build.rs", ""),
            ("crates/a/src/lib.rs", "mod used;\npub mod nested;\nmod tests {\n    mod inner;\n}\n"),
            ("crates/a/src/used.rs", "mod below;\n"),
            ("crates/a/src/used/below.rs", ""),
            ("crates/a/src/nested/mod.rs", "mod beside;\n"),
            ("crates/a/src/nested/beside.rs", ""),
            ("crates/a/src/tests/inner.rs", ""),
            ("crates/a/src/below.rs", ""),
            ("crates/a/src/used/forgotten.rs", ""),
            ("crates/a/tests/one.rs", "#[path = \"one/part.rs\"]\nmod part;\n"),
            ("crates/a/tests/one/part.rs", ""),
            ("crates/a/tests/two/main.rs", "mod part;\n"),
            ("crates/a/tests/two/part.rs", ""),
            ("crates/a/tests/two/stray.rs", ""),
            ("crates/a/inner/Cargo.toml", ""),
            ("crates/a/inner/src/main.rs", ""),
        ]);
        let dead = ["src/below.rs", "src/used/forgotten.rs", "tests/two/stray.rs"];
        let expected = dead
            .map(|path| format!("crates/a/{path}: no mod declares it: declare it or delete it"));
        assert_eq!(dead_files(&tree), expected);
    }

    #[test]
    fn pending_snapshots_are_reported() {
        let tree = planted(&[("a/snapshots/b.snap", ""), ("a/snapshots/c.snap.new", "")]);
        let expected = ["a/snapshots/c.snap.new: accept or reject it: cargo insta review"];
        assert_eq!(pending_snapshots(&tree), expected);
    }

    #[test]
    fn scenarios_and_recordings_without_each_other_are_reported() {
        let tree = planted(&[
            ("scenarios/a/both.i.toml", ""),
            ("recordings/a/both.i.jsonl", ""),
            ("scenarios/a/bare.toml", ""),
            ("recordings/a/orphaned.jsonl", ""),
        ]);
        let expected = [
            "scenarios/a/bare.toml: has no recording: run bin/bless",
            "recordings/a/orphaned.jsonl: is of no scenario: rename it or delete it",
        ];
        assert_eq!(recordings_of_scenarios(&tree), expected);
        assert_eq!(recordings_of_scenarios(&planted(&[])), [""; 0]);
    }

    #[test]
    fn patches_without_a_header_are_reported() {
        let tree = planted(&[
            ("crates/a/planted/good.patch", "# Bug: b\n# Caught by: true\n--- a/b\n+++ b/b\n"),
            ("crates/a/planted/bare.patch", "# Bug: \n--- a/b\n# Caught by: true\n"),
        ]);
        let expected = [
            "crates/a/planted/bare.patch: add a line \"# Bug: ...\" above the diff",
            "crates/a/planted/bare.patch: add a line \"# Caught by: ...\" above the diff",
        ];
        assert_eq!(headers_of_patches(&tree), expected);
    }
}
