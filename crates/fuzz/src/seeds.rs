//! Inputs to begin with, from the repository's own files.

use std::fs;
use std::path::{Path, PathBuf};

use redis::Blob;
use redis::resp::encode_command;

/// A dictionary for libFuzzer, which the mutations use too.
const DICTIONARY: &str = include_str!("../words.dict");

/// So large may a recording be.
const RECORDING_MAX: u64 = 24 << 10;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files below a folder of the repository whose names end so, in the order of their paths.
fn files(folder: &str, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.to_string_lossy().ends_with(end) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn with_first_byte(text: &[u8]) -> Vec<u8> {
    [&[0], text].concat()
}

/// The command lines of the tests against a real server, 12 in one input, and the scripts there,
/// each as `EVAL` and plainly.
pub(crate) fn commands() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for file in files("crates/redis/tests/against_redis_server", ".txt") {
        let text = fs::read_to_string(&file).unwrap_or_default();
        let lines: Vec<&str> =
            text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
        if file.components().any(|part| part.as_os_str() == "lua") {
            seeds.extend(lines.iter().map(|line| eval(line)));
        } else {
            let inline = lines.chunks(12).map(|lines| lines.join("\r\n") + "\r\n");
            seeds.extend(inline.map(|lines| with_first_byte(lines.as_bytes())));
        }
    }
    let scripts = files("crates", ".lua");
    let texts = scripts.iter().filter_map(|file| fs::read_to_string(file).ok());
    seeds.extend(texts.map(|text| eval(&text)));
    seeds
}

fn eval(script: &str) -> Vec<u8> {
    let mut bytes = vec![0];
    encode_command(&["EVAL", script, "1", "k", "argument"].map(Blob::from), &mut bytes);
    bytes
}

/// One of each kind of reply.
pub(crate) fn replies() -> Vec<Vec<u8>> {
    let replies = [
        "+OK\r\n",
        "-ERR no\r\n",
        ":-7\r\n",
        "$3\r\nabc\r\n",
        "$-1\r\n",
        "*2\r\n:1\r\n*-1\r\n",
        "%1\r\n+k\r\n~2\r\n#t\r\n_\r\n",
        ",1.5\r\n(123456789012345678901234567890\r\n",
        "=7\r\ntxt:abc\r\n!5\r\nERR a\r\n",
        ">2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n",
        "|1\r\n+a\r\n:1\r\n+OK\r\n",
    ];
    replies.iter().map(|reply| with_first_byte(reply.as_bytes())).collect()
}

/// Choices for a grammar: bytes without a meaning of their own.
pub(crate) fn choices() -> Vec<Vec<u8>> {
    let byte = |seed: u32, place: u32| (seed ^ place.wrapping_mul(2_654_435_769)).to_be_bytes()[0];
    (1..64).map(|seed| (0..seed * 6).map(|place| byte(seed * 97, place)).collect()).collect()
}

/// The smaller ones of the committed recordings.
pub(crate) fn recordings() -> Vec<Vec<u8>> {
    let all = files("recordings", ".jsonl").into_iter();
    let small = all.filter(|file| fs::metadata(file).is_ok_and(|file| file.len() < RECORDING_MAX));
    small.filter_map(|file| fs::read(file).ok()).map(|text| with_first_byte(&text)).collect()
}

/// All scenario files.
pub(crate) fn scenarios() -> Vec<Vec<u8>> {
    files("scenarios", ".toml").into_iter().filter_map(|file| fs::read(file).ok()).collect()
}

/// The words of the dictionary, and what stands in scenario files and recordings.
pub(crate) fn words() -> Vec<Vec<u8>> {
    let mut words: Vec<Vec<u8>> = DICTIONARY.lines().filter_map(unquoted).collect();
    for word in [
        "\"kind\":",
        "\"timer\"",
        "\"node\":",
        "\"at\":",
        "null",
        "{}",
        "[]",
        "1e999",
        "-1",
        "18446744073709551615",
        "\"1ns\"",
        "\"100%\"",
        "[[nemesis]]\n",
        "[[link]]\n",
        "\u{fffd}",
    ] {
        words.push(word.as_bytes().to_vec());
    }
    words
}

/// A line of the dictionary, `"\x0dword"`, as what it stands for.
fn unquoted(line: &str) -> Option<Vec<u8>> {
    let quoted = line.strip_prefix('"')?.strip_suffix('"')?;
    let mut word = Vec::new();
    let mut rest = quoted;
    while let Some(character) = rest.chars().next() {
        let (byte, len) = match rest.strip_prefix('\\') {
            Some(escape) if escape.starts_with('x') => {
                (u8::from_str_radix(escape.get(1..3)?, 16).ok()?, 4)
            }
            Some(escape) => (*escape.as_bytes().first()?, 2),
            None if character.is_ascii() => (rest.as_bytes()[0], 1),
            None => return None,
        };
        word.push(byte);
        rest = rest.get(len..)?;
    }
    Some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_seeds_for_all_targets() {
        for target in crate::TARGETS {
            let seeds = target.seeds();
            assert!(seeds.len() > 10, "{}: only {}", target.name, seeds.len());
            assert_eq!(seeds, target.seeds(), "{}", target.name);
        }
    }

    #[test]
    fn words_of_the_dictionary_are_read() {
        assert_eq!(unquoted(r#""*1\x0d\x0a""#), Some(b"*1\r\n".to_vec()));
        assert_eq!(unquoted(r#""a\"b\\""#), Some(b"a\"b\\".to_vec()));
        assert_eq!(unquoted("# a comment"), None);
        let entries = DICTIONARY.lines().filter(|line| line.starts_with('"')).count();
        assert_eq!(DICTIONARY.lines().filter_map(unquoted).count(), entries);
    }
}
