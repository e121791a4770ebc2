//! Words that have no place in a finished tree, and names that say nothing.

use crate::OURSELVES;
use crate::tree::{Tree, module, numbered};

/// Words, and what to do instead. One in lower case is meant in any case.
const BANNED_WORDS: [(&str, &str); 11] = [
    ("TODO", "do it, or leave it out"),
    ("FIXME", "fix it, or say what is deliberately not done"),
    ("XXX", "say what is meant"),
    ("HACK", "do it better, or say why it is as it is"),
    ("todo!", "write what is missing"),
    ("unimplemented!", "write what is missing, or make the state unrepresentable"),
    ("dbg!", "remove it"),
    ("issue #", "say what was wrong: numbers mean nothing elsewhere"),
    ("pull request #", "say what was wrong: numbers mean nothing elsewhere"),
    ("as an ai", "remove it"),
    ("language model", "remove it"),
];

/// Where a banned word may stand after all: the beginning of a path, and the word.
const ALLOWED_WORDS: [(&str, &str); 0] = [];

/// Names of files, folders and modules.
const BANNED_NAMES: [&str; 7] = ["util", "utils", "helper", "helpers", "common", "manager", "misc"];

/// Files that machines write, with names that others chose.
const GENERATED: [&str; 2] = [".jsonl", "Cargo.lock"];

/// No banned word, in any text.
pub(crate) fn words(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for (path, text) in tree.files() {
        if path.starts_with(OURSELVES) || GENERATED.iter().any(|end| path.ends_with(end)) {
            continue;
        }
        for (word, instead) in BANNED_WORDS {
            if ALLOWED_WORDS
                .iter()
                .any(|(start, allowed)| path.starts_with(start) && *allowed == word)
            {
                continue;
            }
            let found = numbered(text).filter(|(_, line)| has_word(line, word));
            complaints.extend(found.map(|(n, _)| format!("{path}:{n}: {word:?}: {instead}")));
        }
    }
    complaints
}

/// Whether a word stands there for itself, or in the plural.
fn has_word(line: &str, word: &str) -> bool {
    let any_case = !word.contains(char::is_uppercase);
    let line = if any_case { line.to_lowercase() } else { line.to_owned() };
    let is_open = !word.ends_with(char::is_alphanumeric);
    line.match_indices(word).any(|(start, _)| {
        let before = &line[..start];
        let after = &line[start + word.len()..];
        let after = after.strip_prefix('s').unwrap_or(after);
        !before.ends_with(char::is_alphanumeric)
            && (is_open || !after.starts_with(char::is_alphanumeric))
    })
}

/// No file, folder or module is called by a word that fits everything.
pub(crate) fn names(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for (path, text) in tree.files() {
        let mut parts = path.split('/').map(|part| part.split('.').next().unwrap_or(part));
        if let Some(part) = parts.find(|part| BANNED_NAMES.contains(part)) {
            complaints.push(format!("{path}: {part:?} fits everything: say what it is about"));
        }
        if !path.ends_with(".rs") {
            continue;
        }
        let modules = numbered(text).filter_map(|(number, line)| Some((number, module(line)?)));
        for (number, name) in modules.filter(|(_, name)| BANNED_NAMES.contains(name)) {
            complaints
                .push(format!("{path}:{number}: {name:?} fits everything: say what it is about"));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::planted;

    #[test]
    fn banned_words_are_reported_with_what_to_do_instead() {
        let text = "a\n// TODO later\nAs an AI\nsee issue #7\ndbg!(a)\n";
        let expected = [
            "a.rs:2: \"TODO\": do it, or leave it out",
            "a.rs:5: \"dbg!\": remove it",
            "a.rs:4: \"issue #\": say what was wrong: numbers mean nothing elsewhere",
            "a.rs:3: \"as an ai\": remove it",
        ];
        assert_eq!(words(&planted(&[("a.rs", text), ("a.jsonl", text)])), expected);
    }

    #[test]
    fn words_that_contain_a_banned_word_are_not() {
        let text = "todo = \"warn\", mktemp -t XXXXXX, the issue, TODOS2\n";
        assert_eq!(words(&planted(&[("a.md", text)])), [""; 0]);
    }

    #[test]
    fn names_that_fit_everything_are_reported() {
        let tree = planted(&[
            ("crates/a/src/lib.rs", "mod commonplace;\npub(crate) mod helpers;\n"),
            ("crates/a/src/utils.rs", ""),
            ("crates/a/tests/common/mod.rs", ""),
        ]);
        let expected = [
            "crates/a/src/lib.rs:2: \"helpers\" fits everything: say what it is about",
            "crates/a/src/utils.rs: \"utils\" fits everything: say what it is about",
            "crates/a/tests/common/mod.rs: \"common\" fits everything: say what it is about",
        ];
        assert_eq!(names(&tree), expected);
    }
}
