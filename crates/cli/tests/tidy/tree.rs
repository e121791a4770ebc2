//! The files of the repository: those that git tracks, and those that it would.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::{fs, io};

/// From the tree to complaints.
pub(crate) type Rule = fn(&Tree) -> Vec<String>;

/// Paths, relative to the root, with `/`; and the texts of the files, empty if they are no text.
pub(crate) struct Tree(BTreeMap<String, String>);

impl Tree {
    pub(crate) fn of_this_repository() -> Tree {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let paths = known_to_git(&root).unwrap_or_else(|| {
            let mut found = Vec::new();
            walk(&root, &root, &mut found).expect("the tree can be read");
            found
        });
        let files = paths.into_iter().filter_map(|path| {
            // What git knows and is not there is about to be deleted.
            let bytes = fs::read(root.join(&path)).ok()?;
            Some((path, String::from_utf8(bytes).unwrap_or_default()))
        });
        Tree(files.collect())
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The files whose paths end so.
    pub(crate) fn ending<'a>(&'a self, end: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.files().filter(move |(path, _)| path.ends_with(end))
    }

    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// The files `inner` of each crate, as in `crates/NAME/inner`, with the names of the crates.
    pub(crate) fn of_each_crate<'a>(
        &'a self,
        inner: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str, &'a str)> {
        self.files().filter_map(move |(path, text)| {
            let (name, rest) = path.strip_prefix("crates/")?.split_once('/')?;
            (rest == inner).then_some((name, path, text))
        })
    }
}

/// Lines, counted from one.
pub(crate) fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

/// The module that a line declares (`mod name;`) or begins (`mod name {`).
pub(crate) fn module(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = match line.strip_prefix("pub") {
        Some(rest) if rest.starts_with('(') => rest.split_once(')')?.1,
        Some(rest) => rest,
        None => line,
    };
    let name = line.trim_start().strip_prefix("mod ")?.trim_end_matches([';', '{', ' ']);
    name.chars().all(|letter| letter.is_alphanumeric() || letter == '_').then_some(name)
}

/// `None` without git, and in a copy that it knows nothing of.
fn known_to_git(root: &Path) -> Option<Vec<String>> {
    let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let listed = Command::new("git").arg("-C").arg(root).args(list).output().ok()?;
    let paths = String::from_utf8(listed.stdout).ok()?;
    let paths: Vec<String> = paths.split_terminator('\0').map(str::to_owned).collect();
    (listed.status.success() && !paths.is_empty()).then_some(paths)
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == "target" || name == ".git" || name == ".cargo-tools" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            walk(root, &entry.path(), found)?;
        } else if let Some(path) = entry.path().strip_prefix(root).ok().and_then(Path::to_str) {
            found.push(path.replace('\\', "/"));
        }
    }
    Ok(())
}

/// For the tests of rules: a tree of a few files.
pub(crate) fn planted(files: &[(&str, &str)]) -> Tree {
    Tree(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
}

#[test]
fn git_and_a_walk_find_the_same_rust_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let Some(known) = known_to_git(&root) else { return };
    let mut walked = Vec::new();
    walk(&root, &root, &mut walked).expect("the tree can be read");
    let there = |path: &&String| path.ends_with(".rs") && root.join(path).exists();
    assert!(known.iter().filter(there).all(|path| walked.contains(path)));
}

#[test]
fn modules_are_found_in_lines() {
    for line in ["mod a;", "    mod a {", "pub mod a;", "pub(in crate::b) mod a;"] {
        assert_eq!(module(line), Some("a"), "{line}");
    }
    for line in ["// mod a;", "model a", "use a::mod_b;", "let x = \"mod a;\";"] {
        assert_eq!(module(line), None, "{line}");
    }
}
