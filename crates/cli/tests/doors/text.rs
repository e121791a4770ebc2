//! Text of others reaches a terminal as text: it moves no cursor, and fills no screen.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::{rumormill, shell};

/// The hostile text: it clears the screen, forges a line, reverses letters, is long, and is
/// recognizable at the end.
fn nasty() -> String {
    format!("A\u{1b}[2J\u{9b}31m\r\nok   all\u{202e}\u{2066}\u{200b}{}Z", "x".repeat(100_000))
}

/// Nothing of it got through, but for its letters, and not all of those.
#[track_caller]
fn assert_tame(output: &Output, door: &str) {
    for (stream, name) in [(&output.stdout, "stdout"), (&output.stderr, "stderr")] {
        let text = str::from_utf8(stream).expect("it is UTF-8");
        let wild = text.chars().find(|c| {
            (c.is_control() && *c != '\n')
                || ('\u{200b}'..='\u{200f}').contains(c)
                || ('\u{2028}'..='\u{206f}').contains(c)
        });
        assert_eq!(wild, None, "{door}, {name}: {:.200}", text.escape_debug().to_string());
        let forged = text.lines().find(|line| line.starts_with("ok   all"));
        assert_eq!(forged, None, "{door}, {name}");
        let longest = text.lines().map(|line| line.chars().count()).max().unwrap_or_default();
        assert!(longest <= 4_100, "{door}, {name}: a line of {longest} characters");
    }
    let said = output.stdout.len() + output.stderr.len();
    assert!((1..60_000).contains(&said), "{door}: {said} bytes");
}

#[test]
fn arguments() {
    let nasty = nasty();
    let set = |path: &str| format!("{path}={nasty}");
    let toml = format!("{nasty}.toml");
    let doors: &[&[&str]] = &[
        &[&nasty],
        &[&format!("--{nasty}")],
        &["run", &nasty],
        &["run", &format!("{nasty}*")],
        &["run", &toml],
        &["run", "c6p2k2", &format!("--{nasty}")],
        &["run", "c6p2k2", "--format", &nasty],
        &["run", "c6p2k2", "--seeds", &nasty],
        &["run", "c6p2k2", "--jobs", &nasty],
        &["run", "c6p2k2", "--intensity", &nasty],
        &["run", "c6p2k2", "--intensity", "1", "--seed", &nasty],
        &["run", "c6p2k2", "--set", &nasty],
        &["run", "c6p2k2", "--set", &set("about"), "--set", "intensity=1"],
        &["run", "c6p2k2", "--set", &set("intensity")],
        &["run", "c6p2k2", "--set", &set("system")],
        &["run", "c6p2k2", "--set", &set("link.0.loss")],
        &["run", "c6p2k2", "--set", &set("link.0.from")],
        &["run", "c6p2k2", "--set", &set("caspaxos.pause")],
        &["run", "c6p2k2", "--set", &set("expect.marks")],
        &["run", "c6p2k2", "--set", &format!("expect.marks=[{nasty:?}]")],
        &["run", "c6p2k2", "--set", &format!("{nasty}=1")],
        &["run", "c6p2k2", "--set", &format!("limits.{nasty}=1")],
        &["list", &nasty],
        &["show", &nasty],
        &["reduce", &nasty],
        &["reduce", "c6p2k2", "--seeds", "0..1", "--set", &set("about"), "--intensity", "1"],
        &["record", "c6p2k2", "--intensity", "1", "-o", &format!("/nonexistent/{nasty}")],
        &["replay", &nasty],
        &["check", &nasty],
        &["diff", &nasty, &nasty],
        &["bless", &nasty],
        &["catalogue", &nasty],
        &["catalogue", "x.md", "--check", "--measure", &nasty],
        &["serve", "--port", &nasty],
        &["serve", "--faults", &nasty],
        &["serve", "--metrics", &nasty],
        &["proxy", "--upstream", &nasty],
        &["proxy", "--memory", &nasty],
    ];
    for door in doors {
        let output = rumormill(door).output().unwrap();
        let shown: Vec<String> = door.iter().map(|arg| arg.chars().take(20).collect()).collect();
        assert_tame(&output, &format!("{shown:?}"));
    }
}

/// A scenario file, whose `about` is nasty.
fn scenario(extra: &str) -> String {
    let about = serde_json::to_string(&nasty()).unwrap().replace("\u{9b}", "\\u009b");
    format!("about = {about}\nsystem = \"caspaxos\"\nintensity = 1\n{extra}")
}

#[test]
fn scenario_files() {
    let folder = tempfile::tempdir().unwrap();
    let text = serde_json::to_string(&nasty()).unwrap();
    let path = folder.path().join("a\u{1b}[31m\u{202e}.toml");
    for (extra, command) in [
        ("", "run"),
        ("", "record -o log.jsonl"),
        (&*format!("{text} = 1"), "run"),
        (&*format!("[[nemesis]]\nsteps = [{{ wait = {{ mark = {{ name = {text} }} }} }}]"), "run"),
        (&*format!("[[clock]]\nnode = {text}"), "run"),
        (&*format!("[[link]]\nfrom = \"*\"\nto = {text}"), "run"),
        (&*format!("[swarm]\n\"link.0.loss\" = [{text}]"), "run"),
        (&*format!("[expect.checkers]\n{text} = \"holds\""), "run"),
        ("[expect]\nmarks = [\"swept\"]", "run"),
        ("[[[", "run"),
    ] {
        fs::write(&path, scenario(extra)).unwrap();
        let output = shell(folder.path(), &format!(r#""$0" {command} a*.toml"#));
        assert_tame(&output, &format!("{command} {:.30}", extra.escape_debug().to_string()));
    }
    let faults = format!("[[drop-reply]]\nchance = {text}\n");
    fs::write(folder.path().join("faults.toml"), faults).unwrap();
    assert_tame(&shell(folder.path(), r#""$0" serve --faults faults.toml"#), "a fault plan");
}

#[test]
fn a_scenario_is_shown_in_full_but_tame() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine.toml"), scenario("")).unwrap();
    let shown = shell(folder.path(), r#""$0" show mine.toml > shown.toml; cat shown.toml"#);
    let text = crate::stdout(&shown);
    let wild = |c: char| c.is_control() && c != '\n' || ('\u{200b}'..='\u{206f}').contains(&c);
    assert_eq!(text.chars().find(|c| wild(*c)), None);
    // What is shown is a scenario, and the same one.
    let again = shell(folder.path(), r#""$0" show shown.toml"#);
    assert_eq!(crate::stdout(&again).split_once('\n').unwrap().1, text.split_once('\n').unwrap().1);
}

/// A recording with nasty texts wherever there can be texts.
fn nasty_recording(folder: &Path) -> String {
    let line = r#""$0" record losing/c2p2k1.i --intensity 50 --seed 7 -o log.jsonl"#;
    assert!(shell(folder, line).status.success());
    let whole = fs::read_to_string(folder.join("log.jsonl")).unwrap();
    let text = serde_json::to_string(&nasty()).unwrap();
    let mut nasty = whole.clone();
    for (from, to) in [
        (r#""seed":"7""#, format!(r#""seed":{text}"#)),
        (r#""name":"caspaxos/losing/c2p2k1.i""#, format!(r#""name":{text}"#)),
        (r#""a0","#, format!("{text},")),
        (r#""key1""#, text.clone()),
        (r#""mark":"ballot-conflict""#, format!(r#""mark":{text}"#)),
        (r#""purpose":"#, format!(r#""purpose":{text},"other":"#)),
        (r#""summary":""#, format!(r#""summary":{text},"more":""#)),
    ] {
        assert!(whole.contains(from), "{from}");
        nasty = nasty.replace(from, &to);
    }
    nasty
}

#[test]
fn recordings() {
    let folder = tempfile::tempdir().unwrap();
    let nasty = nasty_recording(folder.path());
    let whole = fs::read_to_string(folder.path().join("log.jsonl")).unwrap();
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (nasty, whole) = (lines(&nasty), lines(&whole));
    let changed: Vec<usize> = (0..whole.len()).filter(|at| nasty[*at] != whole[*at]).collect();
    assert!(changed.len() > 3 && changed[0] == 0);
    for at in [changed[0], changed[1], changed[2], changed[changed.len() - 1]] {
        // One line is nasty; the hash is right, so that it is read to its end.
        let mut lines = whole.clone();
        lines[at].clone_from(&nasty[at]);
        let footer = lines.pop().unwrap();
        let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let mut digest = history::Digest::new();
        digest.add_bytes(body.as_bytes());
        let (before, rest) = footer.split_once(r#""hash":""#).unwrap();
        let (_, rest) = rest.split_once('"').unwrap();
        let hash = digest.fingerprint();
        let text = format!("{body}{before}\"hash\":\"{hash}\"{rest}\n");
        fs::write(folder.path().join("nasty.jsonl"), text).unwrap();
        for command in [
            "replay nasty.jsonl",
            "replay --redraw nasty.jsonl",
            "check nasty.jsonl",
            "diff log.jsonl nasty.jsonl",
            "diff nasty.jsonl log.jsonl",
        ] {
            let output = shell(folder.path(), &format!(r#""$0" {command}"#));
            assert_tame(&output, &format!("{command}, line {}", at + 1));
        }
    }
}

#[test]
fn json_says_all_of_it_in_letters() {
    let args = ["run", "c6p2k2", "--intensity", "1", "--format", "jsonl", "--seed"];
    let output = rumormill(&args).arg(nasty()).output().unwrap();
    let first = crate::stdout(&output).lines().next().unwrap();
    assert!(first.chars().all(|c| !c.is_control() && !('\u{200b}'..='\u{206f}').contains(&c)));
    let outcome: serde_json::Value = serde_json::from_str(first).unwrap();
    assert_eq!(outcome["seed"], nasty());
}
