//! The command line as its users meet it: the same bytes everywhere, recordings that are not
//! believed blindly, and one clear sentence and the right exit code for what cannot be done.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use history::Digest;
use tempfile::TempDir;

fn rumormill(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rumormill"));
    command.args(args).stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> Output {
    rumormill(args).output().expect("the binary was built for this test")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it was not killed")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("results are UTF-8")
}

/// The first object of those that are printed a line each.
fn first_row(output: &Output) -> serde_json::Value {
    let first = stdout(output).lines().next().map(serde_json::from_str);
    first.expect("a line").expect("an object")
}

/// It fails with this code, says one clear sentence, and does not panic.
#[track_caller]
fn assert_fails(output: &Output, expected: &[i32], what: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let said = format!("{what}\nstdout: {}\nstderr: {stderr}", stdout(output));
    assert!(expected.contains(&code(output)), "exit code {}: {said}", code(output));
    assert!(!stderr.contains("panicked"), "a panic: {said}");
    assert!(!(stderr.is_empty() && output.stdout.is_empty()), "nothing was said: {said}");
}

fn record(folder: &TempDir, name: &str, seed: &str, intensity: &str) -> PathBuf {
    let file = folder.path().join("log.jsonl");
    let args = ["record", name, "--seed", seed, "--intensity", intensity, "-o"];
    let output = rumormill(&args).arg(&file).output().expect("it runs");
    assert_eq!(code(&output), 0, "{}", String::from_utf8_lossy(&output.stderr));
    file
}

fn replay(file: &Path) -> Output {
    rumormill(&["replay"]).arg(file).output().expect("it runs")
}

/// Gives a changed log the hash that a forger would give it.
fn rehash(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let (footer, rest) = lines.split_last().expect("a log has lines");
    let body: String = rest.iter().map(|line| format!("{line}\n")).collect();
    let mut digest = Digest::new();
    digest.add_bytes(body.as_bytes());
    let mut footer: serde_json::Value = serde_json::from_str(footer).expect("a footer is JSON");
    footer["hash"] = digest.fingerprint().to_string().into();
    footer["events"] = (rest.len() - 1).into();
    // The fields in the order in which they are written, by which a footer is known.
    let field = |name: &str| format!("\"{name}\":{}", footer[name]);
    let fields = ["events", "digest", "hash", "outcome"].map(field).join(",");
    format!("{body}{{{fields}}}\n")
}

#[test]
fn the_same_seed_gives_the_same_in_two_processes_and_with_any_number_of_jobs() {
    let args = ["run", "all", "--seeds", "6..9", "--intensity", "20", "--format", "json"];
    let once = stdout(&run(&args));
    let runs: Vec<serde_json::Value> = serde_json::from_str(&once).expect("one array");
    for jobs in ["1", "2"] {
        let again = stdout(&run(&[&args[..], &["--jobs", jobs]].concat()));
        assert_eq!(once, again, "with {jobs} jobs");
    }
    let alone =
        run(&["run", "losing/c2p2k2", "--seed", "7", "--intensity", "20", "--format", "jsonl"]);
    let alone = first_row(&alone);
    assert!(runs.contains(&alone), "seed 7 alone is seed 7 in 6..9");
}

#[test]
fn an_outcome_has_all_that_is_promised() {
    let output = run(&["run", "losing/c2p2k1.i", "--seed", "7", "--format", "jsonl"]);
    let outcome = first_row(&output);
    for field in [
        "scenario",
        "seed",
        "verdict",
        "expected",
        "as_expected",
        "events",
        "delivered",
        "virtual_ns",
        "digest",
        "operations",
        "marks",
        "violation",
    ] {
        assert!(outcome.get(field).is_some(), "{field} is missing in {outcome}");
    }
    assert_eq!(outcome["verdict"], "violation");
    assert_eq!(outcome["as_expected"], true);
}

#[test]
fn every_scenario_is_as_expected_and_replays() {
    let folder = TempDir::new().unwrap();
    let list = stdout(&run(&["list", "--format", "json"]));
    let list: Vec<serde_json::Value> = serde_json::from_str(&list).expect("one array");
    assert!(list.len() >= 12);
    for scenario in list {
        let file = record(&folder, scenario["name"].as_str().unwrap(), "seed1", "40");
        assert_eq!(code(&replay(&file)), 0, "{scenario}");
        let redrawn = rumormill(&["replay", "--redraw"]).arg(&file).output().unwrap();
        assert_eq!(code(&redrawn), 0, "{scenario}");
        let checked = rumormill(&["check"]).arg(&file).output().unwrap();
        assert_eq!(code(&checked), 0, "{scenario}");
    }
}

#[test]
fn a_log_that_was_damaged_is_not_believed() {
    let folder = TempDir::new().unwrap();
    let file = record(&folder, "losing/c2p2k2", "7", "5");
    let whole = fs::read(&file).unwrap();
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let damaged = folder.path().join("damaged.jsonl");
    let refused = |bytes: &[u8], what: &str| {
        fs::write(&damaged, bytes).unwrap();
        assert_fails(&replay(&damaged), &[2, 3], what);
    };
    for place in (0..whole.len()).step_by(whole.len() / 40) {
        let mut changed = whole.clone();
        changed[place] = if changed[place] == b'1' { b'2' } else { b'1' };
        refused(&changed, &format!("byte {place} changed"));
        refused(&whole[..place], &format!("cut after {place} bytes"));
    }
    let without = |gone: usize| [&lines[..gone], &lines[gone + 1..]].concat().concat();
    refused(&without(0), "no header");
    refused(&without(lines.len() / 2), "a line less");
    refused(&without(lines.len() - 1), "no footer");
    refused(&[&whole[..], lines[1]].concat(), "a line after the footer");
    refused(&[0; 4096], "zeros");
    refused(b"", "nothing");
    refused(b"{\"format\":99}\n", "a newer format");
    refused(&[b'['; 100_000], "a deep nest");
    assert_fails(&replay(folder.path()), &[2], "a folder");
    assert_fails(&replay(Path::new("/nonexistent")), &[2], "no such file");
}

#[test]
fn a_log_that_was_forged_diverges() {
    let folder = TempDir::new().unwrap();
    let file = record(&folder, "losing/c2p2k2", "7", "5");
    let whole = fs::read_to_string(&file).unwrap();
    let forged = folder.path().join("forged.jsonl");
    assert_eq!(rehash(&whole), whole, "a forger writes what the recorder writes");
    for (from, to) in [
        ("\"answer\":1", "\"answer\":0"),
        ("\"answer\":1", "\"answer\":99"),
        ("\"fate\":{\"dropped\":\"network\"}", "\"fate\":{\"delivered\":0}"),
        ("\"fate\":{\"dropped\":\"network\"}", "\"fate\":{\"delivered\":18446744073709551615}"),
        ("\"seed\":\"7\"", "\"seed\":\"8\""),
        ("\"loss\":\"20%\"", "\"loss\":\"30%\""),
        ("\"intensity\":5", "\"intensity\":6"),
        ("\"size\":2", "\"size\":3"),
        ("\"to\":0", "\"to\":60000"),
        ("\"key\":0", "\"key\":999999"),
        ("\"refused\":0", "\"refused\":1"),
    ] {
        let changed = whole.replacen(from, to, 1);
        assert_ne!(changed, whole, "{from} is in the log");
        fs::write(&forged, rehash(&changed)).unwrap();
        let plain = replay(&forged);
        let redrawn = rumormill(&["replay", "--redraw"]).arg(&forged).output().unwrap();
        let what = format!("{from} became {to}");
        // Loss is chance: a replay takes its answers from the log and cannot know of it.
        let codes =
            if from.contains("loss") { [code(&redrawn), 3] } else { [code(&plain), code(&plain)] };
        assert!([2, 3].contains(&codes[0]), "{what}: {codes:?}");
        assert!(!String::from_utf8_lossy(&plain.stderr).contains("panicked"), "{what}");
        assert!(!String::from_utf8_lossy(&redrawn.stderr).contains("panicked"), "{what}");
    }
    let lines: Vec<&str> = whole.lines().collect();
    for gone in [1, lines.len() / 2, lines.len() - 2] {
        let rest: String = [&lines[..gone], &lines[gone + 1..]]
            .concat()
            .iter()
            .map(|l| format!("{l}\n"))
            .collect();
        fs::write(&forged, rehash(&rest)).unwrap();
        assert_fails(&replay(&forged), &[3], &format!("line {gone} is gone"));
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_a_sentence() {
    let folder = TempDir::new().unwrap();
    for (args, expected) in [
        (&["run", "all", "--seeds", "5..5"][..], 2),
        (&["run", "all", "--seeds", "7..3"], 2),
        (&["run", "all", "--seeds", "a..b"], 2),
        (&["run", "loosing/c2p2k2"], 2),
        (&["run", "c2p2k2"], 2),
        (&["run", "queue/*"], 4),
        (&["run", "losing/c2p2k2", "--set", "caspaxos.acceptors=60000"], 2),
        (&["run", "losing/c2p2k2", "--set", "caspaxos.colour=red"], 2),
        (&["run", "losing/c2p2k2", "--set", "link.0.loss=150%"], 2),
        (&["run", "losing/c2p2k2", "--intensity", "many"], 2),
        (&["record", "all", "-o", "one.jsonl"], 2),
        (&["run", "--colour"], 2),
        (&["run", "/nonexistent/x.toml"], 2),
    ] {
        assert_fails(&run(args), &[expected], &args.join(" "));
    }
    let scenario = folder.path().join("mine.toml");
    let good = fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/caspaxos/losing/c2p2k2.toml"),
    )
    .unwrap();
    for (change, line) in [
        ("clients = 2".replace("clients", "client"), true),
        ("keys = 2\nprepare.size = 5".to_owned(), true),
        ("keys = 2\naccept.size = 1".to_owned(), true),
        ("keys = -1".to_owned(), true),
        ("keys = 99999999999999999999".to_owned(), true),
    ] {
        let key = change.split_whitespace().next().unwrap();
        let old = good.lines().find(|line| line.starts_with(&key[..4])).unwrap();
        fs::write(&scenario, good.replace(old, &change)).unwrap();
        let output = rumormill(&["run"]).arg(&scenario).output().unwrap();
        assert_fails(&output, &[2], &change);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(said.contains("mine.toml:"), line, "{said}");
    }
    for rubbish in [&b""[..], b"\xff\xfe", b"[[[", &[0; 100]] {
        fs::write(&scenario, rubbish).unwrap();
        assert_fails(&rumormill(&["run"]).arg(&scenario).output().unwrap(), &[2], "rubbish");
    }
}

#[test]
fn a_recording_that_is_interrupted_leaves_a_readable_partial() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("long.jsonl");
    for (signal, expected) in [("INT", 130), ("TERM", 143)] {
        fs::write(&file, "as it was").unwrap();
        let args = ["record", "losing/c2p2k2", "--intensity", "100000000", "-o"];
        let mut child =
            rumormill(&args).arg(&file).stderr(Stdio::piped()).spawn().expect("it runs");
        let pid = child.id().to_string();
        let partial = folder.path().join(format!("long.jsonl.{pid}-0.partial"));
        while fs::metadata(&partial).map_or(0, |partial| partial.len()) < 200_000 {
            assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        }
        Command::new("kill").args(["-s", signal, &pid]).status().unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(expected), "SIG{signal}");
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        let so_far = partial.display();
        let expected = format!("rumormill: interrupted; what was recorded so far is in {so_far}\n");
        assert_eq!(said, expected);
        assert_eq!(fs::read_to_string(&file).unwrap(), "as it was");
        // It may be that the worst was still to come.
        assert_eq!(code(&rumormill(&["check"]).arg(&partial).output().unwrap()), 5);
        assert_fails(&replay(&partial), &[2], "a partial log");
        fs::remove_file(&partial).unwrap();
    }
}

#[test]
fn output_that_cannot_be_written_is_74_unless_it_has_no_reader() {
    assert_fails(&run(&["record", "c6p2k2", "-o", "/dev/null/x.jsonl"]), &[74], "no folder");
    if let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") {
        let output = rumormill(&["list"]).stdout(full).output().unwrap();
        assert_eq!(code(&output), 74);
    }
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = rumormill(&["list"]).stdout(writer).output().unwrap();
    assert_eq!(code(&output), 0, "a broken pipe is no failure");
    assert!(output.stderr.is_empty(), "and nothing to talk about");
}

#[test]
fn the_committed_recordings_replay_and_each_scenario_has_one() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recordings");
    for name in rumormill::registry().names() {
        let file = folder.join(format!("{name}.jsonl"));
        let output = replay(&file);
        assert_eq!(code(&output), 0, "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
