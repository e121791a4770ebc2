//! CASPaxos, two clients that change one key once each: every order of events.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use caspaxos::CasPaxos;
use explore::{Bounds, Budget, Explored, explore};
use scenario::{Interrupt, Override, Registry, Scenario};

fn registry() -> Registry {
    let race = include_str!("../../../scenarios/caspaxos/small/race.toml");
    Registry::new().with_system::<CasPaxos>().with_scenario("race", "race.toml", race)
}

fn scenario(registry: &Registry, set: &[&str]) -> Scenario {
    let set: Vec<Override> = set.iter().map(|set| set.parse().expect("it sets")).collect();
    registry.load("race", &set).expect("it is a scenario")
}

/// Time passes once: both clients begin.
const BEGIN: Budget = Budget { losses: 0, duplicates: 0, crashes: 0, timeouts: Some(1) };

/// What comes of an exploration, and how the operations of clients had ended in its states.
fn explored(
    registry: &Registry,
    scenario: &Scenario,
    budget: Budget,
    bounds: Bounds,
) -> (Explored, BTreeSet<[u64; 4]>) {
    let beginnings = registry.beginnings(scenario, budget, bounds.answers).expect("it can be run");
    let mut endings = BTreeSet::new();
    let visit = |state: &dyn scenario::State| {
        let ended = state.operations();
        endings.insert([ended.ok, ended.refused, ended.failed, ended.unknown]);
    };
    let explored = explore(beginnings, bounds, visit, |_| ControlFlow::Continue(()));
    (explored, endings)
}

/// How many states there are. Pinned: another number is another protocol, or another explorer.
#[test]
fn two_proposers_race_without_a_violation() {
    let registry = registry();
    let with_loss = Budget { losses: 1, ..BEGIN };
    for (set, budget, states) in [
        (&["caspaxos.acceptors=1", "caspaxos.proposers=1"][..], BEGIN, 264),
        (&["caspaxos.acceptors=1"], BEGIN, 3_383),
        (&["caspaxos.acceptors=1"], with_loss, 7_755),
    ] {
        let scenario = scenario(&registry, set);
        let (explored, _) = explored(&registry, &scenario, budget, Bounds::default());
        assert!(explored.is_complete(), "{set:?}: {:?}", explored.incomplete);
        assert_eq!(explored.states, states, "{set:?}");
    }
}

/// Merging states loses nothing: operations end in the same ways within the same number of steps.
#[test]
fn states_that_are_merged_have_the_same_future() {
    let registry = registry();
    let set = ["caspaxos.acceptors=1", "caspaxos.proposers=1"];
    let scenario = scenario(&registry, &set);
    for budget in [BEGIN, Budget { losses: 1, ..BEGIN }, Budget { duplicates: 1, ..BEGIN }] {
        let bounds = Bounds { depth: Some(12), ..Bounds::default() };
        let merged = explored(&registry, &scenario, budget, bounds);
        let apart = explored(&registry, &scenario, budget, Bounds { merges: false, ..bounds });
        assert!(apart.0.states < bounds.states && apart.0.found.is_none());
        assert!(2 * merged.0.states < apart.0.states, "{budget:?}: much is merged");
        assert_eq!(merged.0.depth, apart.0.depth, "{budget:?}");
        assert_eq!(merged.1, apart.1, "{budget:?}: the operations end in the same ways");
        assert!(merged.1.len() > 1, "{budget:?}: they can end in several ways");
    }
}

/// A crash on a path stands in the header of its recording, so that the recording replays.
#[test]
fn a_recording_of_a_path_with_a_crash_replays() {
    let registry = registry();
    let set = ["caspaxos.acceptors=1", "caspaxos.proposers=1"];
    let scenario = scenario(&registry, &set);
    let budget = Budget { crashes: 1, ..BEGIN };
    let beginnings = registry.beginnings(&scenario, budget, 16).expect("it can be run");
    let mut state = beginnings.states.into_iter().next().expect("it begins");
    let mut crashed = false;
    while state.steps() > 0 && state.depth() < 12 {
        let words = (0..state.steps()).map(|step| state.words(step));
        let crash = words.into_iter().position(|words| words == "a0 crashes");
        let step = match crash {
            Some(step) if state.depth() == 5 => {
                crashed = true;
                step
            }
            _ => 0,
        };
        state = state.take(step, 16).states.into_iter().next().expect("something happens");
    }
    assert!(crashed, "{:?}", state.path());
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("crash.jsonl");
    let ran = state.run(Some(&path)).expect("an ordinary run follows the path");
    assert_eq!(ran.outcome.marks["node-crashed"], 1);
    assert!(ran.outcome.edits.iter().any(|edit| edit.ends_with("= crash a0")));
    let replayed = registry.replay(&path, false, &Interrupt::new()).expect("it replays");
    assert_eq!(replayed.divergence, None);
}

#[test]
fn bounds_that_cut_an_exploration_short_are_told() {
    let registry = registry();
    let scenario = scenario(&registry, &["caspaxos.acceptors=1"]);
    let few = Bounds { states: 100, ..Bounds::default() };
    let (by_states, _) = explored(&registry, &scenario, BEGIN, few);
    assert_eq!(by_states.states, 100);
    assert!(by_states.incomplete.contains("more than 100 states"));
    let short = Bounds { depth: Some(3), ..Bounds::default() };
    let (by_depth, _) = explored(&registry, &scenario, BEGIN, short);
    assert_eq!(by_depth.depth, 3);
    assert!(by_depth.incomplete.contains("paths of more than 3 steps"));
    let one = Bounds { answers: 1, ..Bounds::default() };
    let (by_answers, _) = explored(&registry, &scenario, BEGIN, one);
    assert!(by_answers.incomplete.iter().any(|why| why.contains("has 2 answers")));
}
