//! Command lines as text: words between blanks, a word in double quotes if it has blanks in it or
//! needs an escape (`\"`, `\\`, `\r`, `\n`, `\xff`). A line that begins with `#` is a comment.

use redis::{Blob, Sha1};

use crate::scripts::SCRIPTS;

/// The words of a line. A comment and an empty line have none.
pub(crate) fn split(line: &str) -> Vec<Blob> {
    if line.starts_with('#') {
        return Vec::new();
    }
    let mut words = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let word;
        (word, rest) = match rest.strip_prefix('"') {
            Some(quoted) => unquote(quoted),
            None => {
                let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
                (plain(word), rest)
            }
        };
        words.push(word);
        rest = rest.trim_start();
    }
    words
}

/// The word itself, or the script that it names.
fn plain(word: &str) -> Blob {
    let sha = |source: &str| Sha1::of(source.as_bytes()).to_string();
    let Some((what, name)) = word.split_once(':') else {
        return Blob::from(word);
    };
    let Some(script) = SCRIPTS.iter().find(|script| script.name == name) else {
        return Blob::from(word);
    };
    match what {
        "text" => Blob::from(script.source),
        "sha" => Blob::from(sha(script.source)),
        "SHA" => Blob::from(sha(script.source).to_uppercase()),
        _ => Blob::from(word),
    }
}

/// The bytes up to the closing quote, and what follows it.
fn unquote(quoted: &str) -> (Blob, &str) {
    let mut bytes = Vec::new();
    let mut rest = quoted;
    loop {
        let mut characters = rest.chars();
        let mut encoded = [0; 4];
        match characters.next().expect("a closing quote") {
            '"' => return (Blob::from(bytes), characters.as_str()),
            '\\' => match characters.next().expect("something to escape") {
                'r' => bytes.push(b'\r'),
                'n' => bytes.push(b'\n'),
                'x' => {
                    let (hex, _) = characters.as_str().split_at(2);
                    bytes.push(u8::from_str_radix(hex, 16).expect("two hexadecimal digits"));
                    characters = characters.as_str()[2..].chars();
                }
                other => bytes.extend_from_slice(other.encode_utf8(&mut encoded).as_bytes()),
            },
            other => bytes.extend_from_slice(other.encode_utf8(&mut encoded).as_bytes()),
        }
        rest = characters.as_str();
    }
}
