//! Recordings that are not what was recorded, judged without running anything.

use std::fs;
use std::path::Path;

use history::Digest;

use crate::{shell, stdout, told};

/// Records a short run, and has `change` change the lines of it; hash and count are then those that
/// a forger would write.
fn forged(folder: &Path, change: impl FnOnce(&mut Vec<String>)) {
    let line = r#""$0" record losing/c2p2k2 --intensity 20 --seed 7 -o log.jsonl"#;
    assert_eq!(told(&shell(folder, line)), (0, ""));
    let path = folder.join("log.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    let mut lines: Vec<String> = whole.lines().map(str::to_owned).collect();
    change(&mut lines);
    let footer = lines.pop().unwrap();
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let mut digest = Digest::new();
    digest.add_bytes(body.as_bytes());
    let (before, rest) = footer.split_once(r#""hash":""#).unwrap();
    let (_, rest) = rest.split_once('"').unwrap();
    let hash = digest.fingerprint();
    fs::write(&path, format!("{body}{before}\"hash\":\"{hash}\"{rest}\n")).unwrap();
}

/// The exit code of `check`, and its stderr.
#[track_caller]
fn assert_checked(change: impl FnOnce(&mut Vec<String>), expected: (i32, &str)) {
    let folder = tempfile::tempdir().unwrap();
    forged(folder.path(), change);
    let output = shell(folder.path(), r#"timeout 20 "$0" check log.jsonl"#);
    assert_eq!(told(&output), expected, "{}", stdout(&output));
}

fn in_footer(from: &str, to: &str) -> impl FnOnce(&mut Vec<String>) {
    move |lines| {
        let footer = lines.last_mut().unwrap();
        assert!(footer.contains(from), "{footer}");
        *footer = footer.replacen(from, to, 1);
    }
}

#[test]
fn a_log_that_nothing_was_done_to_is_as_it_says() {
    assert_checked(|_| (), (0, ""));
}

#[test]
fn the_digest_and_the_outcome_of_a_footer_are_compared() {
    let other_digest = |lines: &mut Vec<String>| {
        let footer = lines.last_mut().unwrap();
        let at = footer.find(r#""digest":""#).unwrap() + r#""digest":""#.len();
        footer.replace_range(at..at + 16, "0123456789abcdef");
    };
    let last = {
        let folder = tempfile::tempdir().unwrap();
        forged(folder.path(), |_| ());
        fs::read_to_string(folder.path().join("log.jsonl")).unwrap().lines().count()
    };
    let damaged = format!(
        "rumormill: log.jsonl:{last}: the log is damaged: its digest is not that of its events\n"
    );
    assert_checked(other_digest, (2, &damaged));
    let another = "log.jsonl: the outcome is another than the one that was recorded\n";
    let verdict = "log.jsonl:   outcome.verdict was recorded as \"violation\", and is \"holds\"\n";
    let change = in_footer(r#""verdict":"holds""#, r#""verdict":"violation""#);
    assert_checked(change, (3, &format!("{another}{verdict}")));
    let refused = "log.jsonl:   outcome.operations.refused was recorded as 1, and is 0\n";
    let change = in_footer(r#""refused":0"#, r#""refused":1"#);
    assert_checked(change, (3, &format!("{another}{refused}")));
    let more = "log.jsonl:   outcome.more was recorded as 1, and is null\n";
    let change = in_footer(r#""outcome":{"#, r#""outcome":{"more":1,"#);
    assert_checked(change, (3, &format!("{another}{more}")));
}

#[test]
fn a_first_line_that_is_too_long_and_line_ends_that_were_changed_are_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log.jsonl");
    let assert_refused = |bytes: &[u8], why: &str| {
        fs::write(&log, bytes).unwrap();
        for command in ["check", "replay"] {
            let output = shell(folder.path(), &format!(r#"timeout 20 "$0" {command} log.jsonl"#));
            assert_eq!(told(&output), (2, &*format!("rumormill: log.jsonl{why}\n")), "{command}");
        }
    };
    forged(folder.path(), |_| ());
    let whole = fs::read_to_string(&log).unwrap();
    let ends = "a program has changed its line ends, which are single LF: copy it as a binary file";
    let crlf = whole.replace('\n', "\r\n");
    assert_refused(crlf.as_bytes(), &format!(":1: the log is damaged: {ends}"));
    let foreign = ": this is not a rumormill event log";
    assert_refused(whole.replace('\n', "\r").as_bytes(), &format!("{foreign}: {ends}"));
    let long = format!("{foreign}: its first line is longer than 16777216 bytes");
    assert_refused(&vec![b'{'; 17 << 20], &long);
}

#[test]
fn a_line_that_is_too_long_or_empty_is_damage() {
    let long = |lines: &mut Vec<String>| lines.insert(5, "{".repeat(17 << 20));
    let why =
        "rumormill: log.jsonl:6: the log is damaged: this line is longer than 16777216 bytes\n";
    assert_checked(long, (2, why));
    let empty = |lines: &mut Vec<String>| lines.insert(5, "\n".repeat(1_000_000));
    let why = "rumormill: log.jsonl:6: the log is damaged: this line is no object\n";
    assert_checked(empty, (2, why));
}

#[test]
fn a_field_that_events_do_not_have_is_damage() {
    let why = "rumormill: log.jsonl:6: the log is damaged: an event has no field";
    let outside = |lines: &mut Vec<String>| lines[5] = lines[5].replacen('{', "{\"more\":1,", 1);
    assert_checked(outside, (2, &format!("{why} \"more\"\n")));
    let inside = |lines: &mut Vec<String>| {
        let place = lines.iter().position(|line| line.contains(r#"{"change":{"#)).unwrap();
        lines[place] = lines[place].replacen(r#"{"change":{"#, r#"{"change":{"more":1,"#, 1);
        lines.swap(5, place);
    };
    assert_checked(inside, (2, &format!("{why} \"kind.message.more\"\n")));
}
