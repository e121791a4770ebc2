//! How files look: long lines, long files, white space.

use crate::tree::{Tree, numbered};

const RUST_COLUMNS_MAX: usize = 100;
const MARKDOWN_COLUMNS_MAX: usize = 120;
const RUST_LINES_MAX: usize = 600;

/// Files in which white space has a meaning, and files of other projects.
const FOREIGN_WHITESPACE: [&str; 4] = [".patch", ".snap", "Cargo.lock", "/library/tests/"];

/// Lines fit into a window. An address cannot be broken, nor can the text of an inline snapshot;
/// in Markdown code blocks, tables and links cannot.
pub(crate) fn columns(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for (path, text) in tree.ending(".rs") {
        let mut end_of_snapshot: Option<String> = None;
        for (number, line) in numbered(text) {
            match &end_of_snapshot {
                Some(end) if line.trim_start().starts_with(end) => end_of_snapshot = None,
                Some(_) => continue,
                None => end_of_snapshot = begun_snapshot(line),
            }
            let columns = line.chars().count();
            if columns > RUST_COLUMNS_MAX && !line.contains("://") {
                complaints.push(format!("{path}:{number}: {columns} columns: break the line"));
            }
        }
    }
    for (path, text) in tree.ending(".md") {
        let mut in_code = false;
        for (number, line) in numbered(text) {
            in_code ^= line.trim_start().starts_with("```");
            let unbreakable = line.starts_with('|') || line.contains("](") || line.contains("://");
            let columns = line.chars().count();
            if columns > MARKDOWN_COLUMNS_MAX && !unbreakable && !in_code {
                complaints.push(format!("{path}:{number}: {columns} columns: break the line"));
            }
        }
    }
    complaints
}

/// If a line ends with the start of an inline snapshot, such as `@r#"`: how that will end.
fn begun_snapshot(line: &str) -> Option<String> {
    let start = line.strip_suffix('"')?;
    let hashes = start.len() - start.trim_end_matches('#').len();
    let start = start.trim_end_matches('#');
    (start.ends_with('@') || start.ends_with("@r")).then(|| format!("\"{}", "#".repeat(hashes)))
}

/// A file is one idea.
pub(crate) fn lines(tree: &Tree) -> Vec<String> {
    let counted = tree.ending(".rs").map(|(path, text)| (path, text.lines().count()));
    let long = counted.filter(|(_, count)| *count > RUST_LINES_MAX);
    long.map(|(path, count)| {
        format!("{path}: {count} lines, of {RUST_LINES_MAX} at most: split it by ideas")
    })
    .collect()
}

/// No white space at the ends of lines, no tabs in Rust, a line end at the end.
pub(crate) fn whitespace(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for (path, text) in tree.files() {
        if FOREIGN_WHITESPACE.iter().any(|part| path.contains(part)) {
            continue;
        }
        for (number, line) in text.split('\n').enumerate().map(|(index, line)| (index + 1, line)) {
            if line.ends_with([' ', '\t', '\r']) {
                complaints.push(format!("{path}:{number}: white space at the end: remove it"));
            }
            if path.ends_with(".rs") && line.contains('\t') {
                complaints.push(format!("{path}:{number}: a tab: write spaces, or \\t"));
            }
        }
        if !text.is_empty() && !text.ends_with('\n') {
            complaints.push(format!("{path}: no line end at the end: add one"));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::planted;

    #[test]
    fn long_lines_are_reported() {
        let fits = "x".repeat(100);
        let wide = "ä".repeat(101);
        let rust = format!("{fits}\n{wide}\n{wide} https://redis.io\n");
        let complaints = columns(&planted(&[("a.rs", &rust), ("a.toml", &wide)]));
        assert_eq!(complaints, ["a.rs:2: 101 columns: break the line"]);

        let wide = "x".repeat(121);
        let text = format!("{wide}\n| {wide}\n[{wide}](b.md)\n```text\n{wide}\n```\n{wide}\n");
        let complaints = columns(&planted(&[("a.md", &text)]));
        let expected = [1, 7].map(|number| format!("a.md:{number}: 121 columns: break the line"));
        assert_eq!(complaints, expected);
    }

    #[test]
    fn long_lines_in_inline_snapshots_are_not() {
        let wide = format!("    \"x\": \"{}\"", "x".repeat(100));
        let text = format!("check(a, @r#\"\n{wide}\n\"#);\ncheck(b, @\"\na {wide}");
        assert_eq!(columns(&planted(&[("a.rs", &text)])), [""; 0]);
        let text = format!("check(a, @r\"\n\");\n{wide}");
        assert_eq!(columns(&planted(&[("a.rs", &text)])).len(), 1);
    }

    #[test]
    fn long_files_are_reported() {
        let (fits, long) = ("\n".repeat(600), "\n".repeat(601));
        let complaints = lines(&planted(&[("a.rs", &fits), ("b.rs", &long), ("c.md", &long)]));
        assert_eq!(complaints, ["b.rs: 601 lines, of 600 at most: split it by ideas"]);
    }

    #[test]
    fn stray_white_space_is_reported() {
        let tree = planted(&[
            ("a.rs", "fn a() {\n\tb(); \n}\n"),
            ("b.toml", "a = 1\r\nb = 2"),
            ("c.patch", " \n"),
            ("d.toml", ""),
        ]);
        let expected = [
            "a.rs:2: white space at the end: remove it",
            "a.rs:2: a tab: write spaces, or \\t",
            "b.toml:1: white space at the end: remove it",
            "b.toml: no line end at the end: add one",
        ];
        assert_eq!(whitespace(&tree), expected);
    }
}
