//! Controls: each hazard's scenario with its mistake put right, and nothing else. So what it shows
//! comes of the mistake, and not of the faults around it.

use std::path::{Path, PathBuf};

use scenario::{Outcome, Verdict};

use crate::stage::{run, scenario_of};

/// The scenario without the mistake, and without what is expected of it.
fn put_right(text: &str) -> String {
    let mut lines = Vec::new();
    let mut is_expectation = false;
    for line in text.lines() {
        if line.starts_with('[') {
            is_expectation = line.starts_with("[expect");
        }
        if !is_expectation {
            lines.extend(right_line(line));
        }
    }
    lines.join("\n")
}

fn right_line(line: &str) -> Option<String> {
    let (key, value) = line.split_once(" = ").unwrap_or((line, ""));
    let right = match (key, value) {
        ("variant", reads) if reads.starts_with("\"reads-") => "reads = \"quorum\"",
        ("variant", "\"gryadka-v2\"") => "variant = \"gryadka-v2-repaired\"",
        // Majorities, ids of one's own, disks that keep what was answered, memory without a limit,
        // and all steps of a change are what there is where nothing else is said.
        (
            "variant" | "shortcut" | "durability" | "maxmemory" | "rescan" | "prepare.size"
            | "accept.size",
            _,
        ) => return None,
        _ => return Some(line.replace("{ wipe = ", "{ crash = ").replace("fail_over", "crash")),
    };
    Some(right.to_owned())
}

/// The files of all hazards of the system.
fn hazards() -> Vec<PathBuf> {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/caspaxos");
    let folder = |path: &Path| std::fs::read_dir(path).into_iter().flatten().flatten();
    let files = folder(&scenarios).flat_map(|entry| folder(&entry.path()));
    let mut files: Vec<PathBuf> = files.map(|entry| entry.path()).collect();
    files.retain(|file| file.to_string_lossy().ends_with(".i.toml"));
    files.sort();
    files
}

#[test]
fn without_its_mistake_a_hazard_is_none() {
    let mut checked = 0;
    for file in hazards() {
        let name = file.display().to_string();
        // Its mistake is not in a line: no client pauses for a random time.
        if name.ends_with("livelock/dueling.i.toml") {
            continue;
        }
        let text = std::fs::read_to_string(&file).expect("a scenario");
        let scenario = scenario_of(&name, &put_right(&text), &["intensity=40"]);
        let mut outcomes = run(&scenario, 0..20).into_iter();
        // A recovery that waits for what the mistake leads to never comes.
        let is_fine = |Outcome { verdict, void, .. }: &Outcome| match verdict {
            Verdict::Holds => true,
            Verdict::Vacuous => void.as_ref().is_some_and(|why| why.contains("recovered")),
            _ => false,
        };
        let wrong = outcomes.find(|outcome| !is_fine(outcome));
        assert!(wrong.is_none(), "{name}: {wrong:?}");
        checked += 1;
    }
    assert!(checked >= 30, "{checked} hazards");
}
