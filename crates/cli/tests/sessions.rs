//! Sessions over the scenarios of this project: what is forked, stepped or edited is the same run.

use proptest::prelude::*;
use rumormill::registry;
use scenario::{Edit, Interrupt, Override, Registry, RunOptions, Scenario, Until};
use serde_json::Value;
use sim::{Address, Answer};

/// The scenario `name`, small.
fn small(registry: &Registry, name: &str) -> Scenario {
    let intensity = Override { path: "intensity".to_owned(), value: "3".to_owned() };
    registry.load(name, &[intensity]).expect("it can be loaded")
}

/// The systems, each with the scenarios that run it.
const SYSTEMS: [&str; 4] = ["caspaxos/*", "lease/*", "memproxy/*", "lru-proxy/*"];

/// So many runs of a system: a scenario and a seed each.
fn runs(registry: &Registry, pattern: &str, count: usize) -> Vec<(Scenario, String)> {
    let scenario::Selection::Many(names) = registry.select(pattern).expect("it is a pattern")
    else {
        panic!("{pattern} selects one")
    };
    assert!(names.len() > 3, "{pattern} selects {names:?}");
    let run = |number: usize| {
        let name = &names[number % names.len()];
        (small(registry, name), (number / names.len()).to_string())
    };
    (0..count).map(run).collect()
}

#[test]
fn both_branches_of_a_fork_end_as_the_original() {
    let (registry, interrupt) = (registry(), Interrupt::new());
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("run.jsonl");
    for system in SYSTEMS {
        for (number, (scenario, seed)) in runs(&registry, system, 100).into_iter().enumerate() {
            let options = RunOptions { record: Some(&path), ..RunOptions::new(&seed, &interrupt) };
            let ran = registry.run(&scenario, &options).expect("it runs");
            // Anywhere, but always at the same place.
            let at = (number as u64 * 7_919) % ran.outcome.events;
            for is_replay in [false, true] {
                let mut session = match is_replay {
                    false => registry.session(&scenario, &seed, &[]).expect("it can be run"),
                    true => registry.replaying(&path, false).expect("it was recorded"),
                };
                session.run(Until::Events(at), &interrupt);
                assert!(session.events() >= at || session.is_over());
                let mut fork = session.fork().expect("it can be copied");
                // One after the other: what the first does is not seen by the second.
                fork.run(Until::End, &interrupt);
                session.run(Until::End, &interrupt);
                for (branch, which) in [(fork, "fork"), (session, "original")] {
                    let finished = branch.finish(true).expect("it ends");
                    let got = finished.ran.outcome;
                    let place = format!("{} seed {seed} at {at}: {which}", scenario.name);
                    assert_eq!(got.digest, ran.outcome.digest, "{place}");
                    assert_eq!(got.marks, ran.outcome.marks, "{place}");
                    assert_eq!(got.verdict, ran.outcome.verdict, "{place}");
                    assert_eq!(finished.divergence, None, "{place}");
                }
            }
        }
    }
}

#[test]
fn a_session_that_is_stepped_is_the_run() {
    let (registry, interrupt) = (registry(), Interrupt::new());
    let scenario = small(&registry, "caspaxos/losing/c2p2k2");
    let ran = registry.run(&scenario, &RunOptions::new("1", &interrupt)).expect("it runs");
    let mut session = registry.session(&scenario, "1", &[]).expect("it can be run");
    let (mut before, mut steps) = (session.now(), 0u64);
    while session.step() {
        assert!(session.now() >= before);
        before = session.now();
        steps += 1;
    }
    assert!(session.is_over() && !session.step());
    assert!((100..ran.outcome.events).contains(&steps), "{steps} steps");
    assert_eq!(session.so_far().outcome.digest, ran.outcome.digest);
    assert_eq!(session.finish(true).expect("it ends").ran.outcome, ran.outcome);
}

#[test]
fn a_session_shows_the_state_of_each_of_its_nodes_and_of_no_other() {
    let (registry, interrupt) = (registry(), Interrupt::new());
    let scenario = small(&registry, "caspaxos/losing/c2p2k2");
    let mut session = registry.session(&scenario, "1", &[]).expect("it can be run");
    session.run(Until::Events(200), &interrupt);
    let nodes = session.names().nodes.len() as u16;
    let states: Vec<Option<Value>> =
        (0..=nodes).map(|node| session.state(history::NodeId(node))).collect();
    assert!(states[..usize::from(nodes)].iter().all(Option::is_some));
    assert_eq!(states[usize::from(nodes)], None);
    let before = states[0].clone();
    session.run(Until::Events(400), &interrupt);
    assert_ne!(session.state(history::NodeId(0)), before, "acceptor a0 has done something since");
}

#[test]
fn an_outcome_so_far_counts_what_has_happened() {
    let (registry, interrupt) = (registry(), Interrupt::new());
    let scenario = small(&registry, "caspaxos/losing/c2p2k2");
    let mut session = registry.session(&scenario, "1", &[]).expect("it can be run");
    session.run(Until::Events(100), &interrupt);
    let so_far = session.so_far().outcome;
    assert_eq!(so_far.events, session.events());
    assert!((100..120).contains(&so_far.events), "{} events", so_far.events);
    session.run(Until::Time(history::Time(300_000_000)), &interrupt);
    assert!(session.now() >= history::Time(300_000_000));
    assert!(session.so_far().outcome.events > so_far.events);
}

/// The events of a run, a line each.
fn events(registry: &Registry, scenario: &Scenario, edits: &[Edit]) -> (Vec<String>, Vec<String>) {
    let interrupt = Interrupt::new();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("run.jsonl");
    let options = RunOptions { edits, record: Some(&path), ..RunOptions::new("7", &interrupt) };
    let ran = registry.run(scenario, &options).expect("it runs");
    assert_eq!(registry.replay(&path, false, &interrupt).expect("it replays").divergence, None);
    assert_eq!(registry.replay(&path, true, &interrupt).expect("it replays").divergence, None);
    let checked = registry.recheck(&path).expect("it can be checked");
    assert_eq!(checked.divergence, None);
    let text = std::fs::read_to_string(&path).expect("it is there");
    let mut lines: Vec<String> = text.lines().skip(1).map(str::to_owned).collect();
    lines.pop();
    (lines, ran.outcome.edits_without_effect)
}

/// The address of the answer in an event, if there is one.
fn address(line: &str, names: &[String]) -> Option<(Address, bool)> {
    let event: Value = serde_json::from_str(line).expect("an event is JSON");
    let name = |node: &Value| names.get(node.as_u64()? as usize).cloned();
    let node = name(&event["node"]);
    let ordinal = |of: &Value| Some(of["ordinal"].as_u64()? as u32);
    if let Some(send) = event["kind"].get("send") {
        if send["fate"]["dropped"] == "partition" || send["fate"] == "held" {
            return None;
        }
        let name = format!("{}->{}", node?, name(&send["to"])?);
        let address = Address { purpose: "fate".to_owned(), name, ordinal: ordinal(send)? };
        return Some((address, true));
    }
    let chose = event["kind"].get("chose")?;
    let name = chose["name"].as_str().map(str::to_owned).or(node)?;
    let purpose = chose["purpose"].as_str()?.to_owned();
    Some((Address { purpose, name, ordinal: ordinal(chose)? }, false))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// An edit of any answer of a run takes effect where the answer was, and nothing before that
    /// changes. The run with the edit can be recorded, replayed and drawn again.
    #[test]
    fn nothing_changes_before_an_edited_answer(
        scenario in prop::sample::select(vec![
            "caspaxos/losing/c2p2k2",
            "caspaxos/membership/chaos",
            "lease/lease.ttl",
            "memproxy/cluster",
            "lru-proxy/backend-down",
        ]),
        place in any::<prop::sample::Index>(),
        fate in prop::sample::select(vec![
            Answer::Drop,
            Answer::Deliver(None),
            Answer::Deliver(Some(history::Span(7_000_000))),
        ]),
    ) {
        let registry = registry();
        let scenario = small(&registry, scenario);
        let names = registry.session(&scenario, "7", &[]).expect("it runs").names().nodes.clone();
        let (before, _) = events(&registry, &scenario, &[]);
        let found = before.iter().enumerate();
        let found = found.filter_map(|(at, line)| Some((at, address(line, &names)?)));
        let addresses: Vec<(usize, (Address, bool))> = found.collect();
        prop_assert!(addresses.len() > 20, "{} has {} answers", scenario.name, addresses.len());
        let (at, (address, is_fate)) = place.get(&addresses).clone();
        let answer = if is_fate { fate } else { Answer::Number(0) };
        let edit = Edit::Answer(sim::Edit { address, answer });
        let (after, without_effect) = events(&registry, &scenario, std::slice::from_ref(&edit));
        prop_assert_eq!(without_effect, Vec::<String>::new(), "{}", edit);
        prop_assert_eq!(&before[..at], &after[..at], "{}", edit);
        if answer == Answer::Drop {
            prop_assert!(after[at].contains("dropped"), "{}: {}", edit, after[at]);
        }
    }
}
