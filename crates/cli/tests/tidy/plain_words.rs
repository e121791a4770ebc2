//! Plain words: comments, docs and scenario files say things as the field's books do.

use crate::OURSELVES;
use crate::tree::{Tree, numbered};

/// Words and phrases, and the words to write instead. They are banned in any case.
const BANNED: [(&str, &str); 37] = [
    ("acts of god", "environment faults"),
    ("anybody", "any client (or name the node)"),
    ("before what has to come first", "before the required marks were reached"),
    ("doubled", "duplicated"),
    ("everybody", "all clients (or name the nodes)"),
    ("get on", "make progress"),
    ("gets done", "finishes"),
    ("gets on", "makes progress"),
    ("give up", "time out"),
    ("given up", "timed out"),
    ("gives up", "times out"),
    ("got nowhere", "made no progress"),
    ("hear", "receive, or learn"),
    ("heard", "received, or learned"),
    ("hears", "receives, or learns"),
    ("how-manieth", "the zero-based index"),
    ("keep back", "hold"),
    ("keeps back", "holds"),
    ("kept back", "held"),
    ("lose patience", "time out"),
    ("mend", "heal"),
    ("mended", "healed"),
    ("mends", "heals"),
    ("nobody", "no client (or name the node)"),
    ("obey", "apply (a command), or satisfy (a rule)"),
    ("obeys", "applies (a command), or satisfies (a rule)"),
    ("of several that apply", "the last matching rule wins"),
    ("operations to go", "still has N operations to finish"),
    ("overtake", "arrive before, or reorder"),
    ("overtaken", "reordered"),
    ("overtakes", "arrives before, or reorders"),
    ("patience", "timeout"),
    ("so many seeds in a row", "at least one of any N consecutive seeds"),
    ("somebody", "a client (or name the node)"),
    ("told", "informed, or reported"),
    ("whoever", "the client that (or name the node)"),
    ("without ado", "without waiting for all acceptors"),
];

/// Beginnings of paths that are not rewritten yet. This list only shrinks.
const EXEMPT: [&str; 2] = ["crates/bench/", "crates/redis/"];

/// No banned word in a comment of Rust code, in a document, or in a scenario file.
pub(crate) fn plain_words(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| !path.starts_with(OURSELVES)) {
        if EXEMPT.iter().all(|start| !path.starts_with(start)) {
            complaints.extend(found(path, text));
        }
    }
    complaints
}

/// Each exempt path still has a banned word.
pub(crate) fn exemptions(tree: &Tree) -> Vec<String> {
    let is_plain = |start: &&&str| {
        let mut files = tree.files().filter(|(path, _)| path.starts_with(**start));
        files.all(|(path, text)| found(path, text).is_empty())
    };
    let plain = EXEMPT.iter().filter(is_plain);
    plain.map(|start| format!("{start}: has no banned word: remove it from EXEMPT")).collect()
}

fn found(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in numbered(text) {
        let line = prose(path, line).to_lowercase();
        for (word, instead) in BANNED.iter().filter(|(word, _)| has_words(&line, word)) {
            found.push(format!("{path}:{number}: {word:?}: write: {instead}"));
        }
    }
    found
}

/// The part of a line that is prose: a comment of Rust, or all of a document or a scenario.
fn prose<'a>(path: &str, line: &'a str) -> &'a str {
    let is_scenario = path.starts_with("scenarios/") && path.ends_with(".toml");
    if path.ends_with(".md") || is_scenario {
        return line;
    }
    if !path.ends_with(".rs") {
        return "";
    }
    let is_comment = line.trim_start().starts_with("//");
    let place = if is_comment { line.find("//") } else { line.find(" // ") };
    place.map_or("", |place| &line[place..])
}

/// Whether words stand there for themselves, and not as a part of a name such as `a-b` or `a_b`.
fn has_words(line: &str, words: &str) -> bool {
    let is_of_word = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '_';
    line.match_indices(words).any(|(start, _)| {
        !line[..start].ends_with(is_of_word) && !line[start + words.len()..].starts_with(is_of_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::planted;

    #[test]
    fn banned_words_are_reported_with_what_to_write_instead() {
        let tree = planted(&[
            ("a.rs", "// Nobody knows.\nlet nobody = \"told\"; // told\n"),
            ("b.md", "The message was kept back.\n"),
            ("scenarios/c.toml", "about = \"Messages are doubled\"\n"),
            ("crates/bench/src/main.rs", "// nobody\n"),
        ]);
        let expected = [
            "a.rs:1: \"nobody\": write: no client (or name the node)",
            "a.rs:2: \"told\": write: informed, or reported",
            "b.md:1: \"kept back\": write: held",
            "scenarios/c.toml:1: \"doubled\": write: duplicated",
        ];
        assert_eq!(plain_words(&tree), expected);
    }

    #[test]
    fn names_and_longer_words_are_not() {
        let text = "// `told-to-wait`, give_up, untold, a shear, the commender\n";
        assert_eq!(plain_words(&planted(&[("a.rs", text), ("a.txt", "nobody")])), [""; 0]);
    }

    #[test]
    fn an_exemption_without_a_reason_is_reported() {
        let complaints = exemptions(&planted(&[("crates/bench/src/main.rs", "// nobody\n")]));
        assert_eq!(complaints.len(), EXEMPT.len() - 1);
    }
}
