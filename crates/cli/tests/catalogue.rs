//! The page of all scenarios is what their files make it, and none of them can be vacuous unseen.
//! `bin/bless` writes the page.

use std::collections::BTreeSet;
use std::process::Command;

use scenario::{Action, General, Scenario, Selection};

fn catalogue(more: &[&str]) -> (bool, String) {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/scenarios.md");
    let output = Command::new(env!("CARGO_BIN_EXE_rumormill"))
        .args(["catalogue", page])
        .args(more)
        .output()
        .expect("the binary was built for this test");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn the_page_is_what_the_scenario_files_make_it() {
    let write = std::env::var_os("RUMORMILL_BLESS").is_some();
    let (is_right, said) = catalogue(if write { &[] } else { &["--check"] });
    assert!(is_right, "{said}");
}

#[test]
fn a_page_that_differs_is_reported() {
    let directory = tempfile::tempdir().expect("a directory");
    let page = directory.path().join("page.md");
    let run = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rumormill"));
        command.arg("catalogue").arg(&page).args(more);
        command.output().expect("the binary was built for this test").status.code()
    };
    assert_eq!(run(&["--check"]), Some(1), "there is none");
    assert_eq!(run(&["--measure", "0..3", "--only", "losing/c2p2k1.i"]), Some(0));
    assert_eq!(run(&["--check"]), Some(0));
    let text = std::fs::read_to_string(&page).expect("it is written");
    assert!(text.contains("| `caspaxos/losing/c2p2k1.i` | 3 of 3 | 1 | 1 |"), "{text}");
    std::fs::write(&page, text.replace("3 of 3", "2 of 3")).expect("it can be changed");
    assert_eq!(run(&["--check"]), Some(0), "figures are taken as they are");
    std::fs::write(&page, text.replace("message-lost", "")).expect("it can be changed");
    assert_eq!(run(&["--check"]), Some(1));
}

#[test]
fn a_page_that_cannot_be_written_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let page = directory.path().join("nothing/page.md");
    let mut command = Command::new(env!("CARGO_BIN_EXE_rumormill"));
    let output = command.arg("catalogue").arg(&page).output().expect("the binary was built");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(74), "{said}");
    assert!(said.contains("nothing/page.md: could not be written: "), "{said}");
}

/// The general marks that the faults of a scenario reach if they have an effect.
fn marks_of_faults(general: &General) -> BTreeSet<&'static str> {
    let mut marks = BTreeSet::new();
    let drawn = |word: &str| general.swarm.keys().any(|path| path.ends_with(word));
    let lossy = |link: &scenario::Link| link.loss.0.ppm() > 0;
    if general.link.iter().any(|link| lossy(link) && link.transport == sim::Transport::Datagram)
        || drawn(".loss")
    {
        marks.insert("message-lost");
    }
    if general.link.iter().any(|link| lossy(link) && link.transport == sim::Transport::Stream) {
        marks.insert("connection-lost");
    }
    if general.link.iter().any(|link| link.duplicate.0.ppm() > 0) || drawn(".duplicate") {
        marks.insert("message-duplicated");
    }
    let steps = general.nemesis.iter().flat_map(|track| &track.steps);
    marks.extend(steps.flat_map(|step| &step.actions).filter_map(|action| match action {
        Action::Cut(..) | Action::CutOneWay(..) => Some("message-cut"),
        Action::Hold(..) => Some("message-held"),
        Action::Crash(_) | Action::Wipe(_) | Action::FailOver(_) => Some("node-crashed"),
        Action::Pause(_) => Some("node-paused"),
        Action::StepClock { .. } => Some("clock-stepped"),
        _ => None,
    }));
    marks
}

/// A system's own mark may say more of a loss, such as `accept-reply-lost`.
fn says(demanded: &str, mark: &str) -> bool {
    demanded == mark || (mark.ends_with("-lost") && demanded.ends_with("-lost"))
}

#[test]
fn scenarios_with_faults_demand_that_some_of_them_bite() {
    let registry = rumormill::registry();
    for name in registry.names() {
        let Scenario { general, .. } = registry.load(name, &[]).expect("it is committed");
        let marks = marks_of_faults(&general);
        // A hazard that bites is not vacuous.
        if general.expect.is_hazard() || marks.is_empty() {
            continue;
        }
        let expect = &general.expect;
        let mut demanded = expect.marks.iter().chain(expect.batch_marks.keys());
        let is_seen = demanded.any(|demanded| marks.iter().any(|mark| says(demanded, mark)));
        assert!(is_seen, "{name} has faults, and demands none of: {marks:?}");
    }
}

/// What stands between backticks and may be a scenario's name, without its system.
fn names_in(page: &str) -> impl Iterator<Item = &str> {
    let quoted = page.split('`').skip(1).step_by(2);
    quoted.filter(|text| {
        text.contains('/') && !text.contains([' ', '\n']) && !text.contains("crates/")
    })
}

#[test]
fn what_is_said_of_caspaxos_is_shown_and_no_hazard_is_left_out() {
    let page = include_str!("../../../docs/caspaxos.md");
    let registry = rumormill::registry();
    let mut shown = BTreeSet::new();
    for name in names_in(page) {
        let selection = registry.select(&format!("caspaxos/{name}"));
        match selection.unwrap_or_else(|error| panic!("{name}: {error}")) {
            Selection::One(name) => _ = shown.insert(name),
            Selection::Many(names) => {
                assert!(!names.is_empty(), "there are no scenarios {name}");
                shown.extend(names);
            }
        }
    }
    let hazards = registry.names().filter(|name| name.starts_with("caspaxos/"));
    let untold: Vec<&str> =
        hazards.filter(|name| name.ends_with(".i") && !shown.contains(*name)).collect();
    assert!(untold.is_empty(), "docs/caspaxos.md does not speak of {untold:?}");
}

/// Each command in the documents selects a scenario, and exactly one where the command takes one.
#[test]
fn the_commands_of_the_documents_select_something() {
    let pages = [
        include_str!("../../../README.md"),
        include_str!("../../../docs/caspaxos.md"),
        include_str!("../../../docs/ci.md"),
        include_str!("../../../docs/scenario-files.md"),
        include_str!("../../../docs/performance.md"),
    ];
    let registry = rumormill::registry();
    let mut seen = 0;
    for line in pages.iter().flat_map(|page| page.lines()) {
        let Some((_, typed)) = line.split_once("rumormill run ").filter(|_| !line.contains('|'))
        else {
            continue;
        };
        let names = typed.split([' ', '`']).map(|name| name.trim_matches('\''));
        for name in names.take_while(|name| !name.is_empty() && !name.starts_with(['-', '#'])) {
            let is_typed = name.chars().any(char::is_lowercase) && !name.ends_with(".toml");
            if is_typed {
                let selection = registry.select(name).unwrap_or_else(|e| panic!("{line}: {e}"));
                let is_none = matches!(&selection, Selection::Many(names) if names.is_empty());
                assert!(!is_none, "{line}: nothing is called {name:?}");
                seen += 1;
            }
        }
    }
    assert!(seen > 5, "{seen} commands were looked at");
}
