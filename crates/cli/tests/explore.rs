//! `explore`, as a program.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn explore(folder: &Path, line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rumormill"))
        .arg("explore")
        .args(line.split(' '))
        .current_dir(folder)
        .output()
        .expect("it can be run")
}

fn json(output: &Output) -> Value {
    let rows: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(rows.as_array().map(Vec::len), Some(1));
    rows[0].clone()
}

#[test]
fn a_complete_exploration_tells_how_many_states_there_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let line = "caspaxos/small/race --set caspaxos.acceptors=1 --timeouts 1";
    let human = explore(folder.path(), line);
    assert_eq!(human.status.code(), Some(0));
    let text = String::from_utf8_lossy(&human.stdout);
    assert_eq!(
        text,
        "ok   caspaxos/small/race: nothing wrong in 3,383 states, 4,715 steps, depth 24; expected: \
         holds\n     complete: every state within the bounds was visited\n"
    );
    let rows = json(&explore(folder.path(), &format!("{line} --format json")));
    assert_eq!((rows["states"].as_u64(), rows["transitions"].as_u64()), (Some(3_383), Some(4_715)));
    assert_eq!((rows["depth"].as_u64(), &rows["complete"]), (Some(24), &true.into()));
    assert_eq!((&rows["verdict"], &rows["as_expected"]), (&"holds".into(), &true.into()));
    assert_eq!((&rows["steps"], &rows["recording"]), (&Value::Array(vec![]), &Value::Null));
}

#[test]
fn a_violation_is_told_step_by_step_and_its_recording_replays() {
    let folder = tempfile::tempdir().expect("a folder");
    let line = "caspaxos/small/race --set caspaxos.acceptors=1 --set redis.durability=no \
                --timeouts 1 --crashes 1 --format json -o shortest.jsonl";
    let found = explore(folder.path(), line);
    assert_eq!(found.status.code(), Some(1), "the scenario does not expect it");
    let found = json(&found);
    assert_eq!((&found["verdict"], &found["by"]), (&"violation".into(), &"rumor".into()));
    let steps = found["steps"].as_array().expect("the path");
    assert_eq!((steps.len(), found["depth"].as_u64()), (23, Some(23)), "a shortest path");
    assert!(steps.contains(&"a0 crashes".into()) && steps.contains(&"a0 starts again".into()));
    assert_eq!(found["recording"], "shortest.jsonl");
    let replayed = Command::new(env!("CARGO_BIN_EXE_rumormill"))
        .args(["replay", "shortest.jsonl"])
        .current_dir(folder.path())
        .output()
        .expect("it can be run");
    assert_eq!(replayed.status.code(), Some(0), "{}", String::from_utf8_lossy(&replayed.stdout));
}

#[test]
fn an_exploration_that_is_cut_short_is_inconclusive_and_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let short = explore(folder.path(), "caspaxos/small/race --timeouts 1 --states 50");
    assert_eq!(short.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&short.stdout).contains("more than 50 states"));
}

#[test]
fn a_place_that_cannot_be_written_is_refused_before_anything_is_explored() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = explore(folder.path(), "caspaxos/small/race -o no/such/folder/x.jsonl");
    assert_eq!(refused.status.code(), Some(74));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("no/such/folder"));
}
