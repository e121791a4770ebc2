//! Changes of membership in whole runs.

use std::collections::{BTreeMap, BTreeSet};

use caspaxos::{Configuration, Message, Request};
use history::NodeId;
use scenario::Verdict;
use sim::{Command, Kind};

use crate::stage::{Recorded, record, run, scenario};

const FLUX: &str = "caspaxos/membership/c2p2k2.flux";
const GROWTH: &str = "caspaxos/membership/c2p2k2.a3.a4";
const NO_RESCAN: &str = "caspaxos.membership.rescan=false";

/// Which acceptors each proposer is given, in the order of the giving.
fn configurations(run: &Recorded) -> Vec<(NodeId, Configuration)> {
    let given = run.events.iter().filter_map(|event| match &event.kind {
        Kind::Nemesis(Command::Tell { node, message: Message::Configure(configuration) }) => {
            Some((*node, configuration.clone()))
        }
        _ => None,
    });
    given.collect()
}

/// `2/3 3/4` for a proposer that prepares with two of three, and has accepted by three of four.
fn sizes(Configuration { prepare, accept }: &Configuration) -> String {
    let [prepare, accept] =
        [prepare, accept].map(|quorum| format!("{}/{}", quorum.size, quorum.nodes.len()));
    format!("{prepare} {accept}")
}

/// The proposers of later clients still have the acceptors of the beginning, until it is their
/// turn.
#[test]
fn a_recovery_starts_no_node_that_was_never_started() {
    let early = "[[nemesis]]\nsteps = [{ wait = { at = '10ms' }, do = [{ crash = 'c9' }] }]\n\
                 [recovery]\nwait = { at = '20ms' }\nwithin = '10s'\n";
    let outcomes = run(&scenario(FLUX, &[], early), 0..10);
    let wrong = outcomes.iter().find(|outcome| outcome.violation.is_some());
    assert!(wrong.is_none(), "{wrong:?}");
}

#[test]
fn flux_goes_from_three_acceptors_to_four_and_back_twice() {
    let run = record(&scenario(FLUX, &[], ""), "1");
    let mut steps: Vec<String> =
        configurations(&run).iter().map(|(_, configuration)| sizes(configuration)).collect();
    steps.dedup();
    let there_and_back = ["2/3 3/4", "3/4 3/4", "2/3 3/4", "2/3 2/3"];
    assert_eq!(steps, [there_and_back, there_and_back].concat());
}

#[test]
fn each_change_swaps_one_acceptor() {
    let run = record(&scenario(FLUX, &[], ""), "1");
    let mut sets: Vec<BTreeSet<NodeId>> = configurations(&run)
        .iter()
        .flat_map(|(_, Configuration { prepare, accept })| [prepare, accept])
        .map(|quorum| quorum.nodes.iter().copied().collect())
        .collect();
    sets.dedup();
    for pair in sets.windows(2) {
        assert_eq!(pair[0].symmetric_difference(&pair[1]).count(), 1, "{pair:?}");
    }
    let all: BTreeSet<String> = sets.iter().flatten().map(|node| run.name(*node)).collect();
    assert_eq!(all.into_iter().collect::<Vec<_>>(), ["a0", "a1", "a2", "a3", "a4"]);
}

#[test]
fn requests_go_to_the_acceptors_of_the_configuration() {
    let run = record(&scenario(FLUX, &[], ""), "1");
    let configurations: BTreeMap<NodeId, Configuration> =
        configurations(&run).into_iter().collect();
    let mut asked = BTreeMap::<(NodeId, &str), BTreeSet<NodeId>>::new();
    for event in &run.events {
        if let Kind::Send { to, message: Message::Request { request, .. }, .. } = &event.kind {
            let phase = if *request == Request::Prepare { "prepare" } else { "accept" };
            asked.entry((event.node, phase)).or_default().insert(*to);
        }
    }
    assert_eq!(configurations.len(), 8 * 2, "two proposers a generation, two generations a change");
    for (proposer, Configuration { prepare, accept }) in &configurations {
        for (phase, quorum) in [("prepare", prepare), ("accept", accept)] {
            let expected: BTreeSet<NodeId> = quorum.nodes.iter().copied().collect();
            assert_eq!(asked[&(*proposer, phase)], expected, "{phase} of {}", run.name(*proposer));
        }
    }
}

#[test]
fn cold_keys_are_lost_without_a_rescan() {
    let outcomes = run(&scenario(FLUX, &[NO_RESCAN], ""), 0..10);
    let lost = outcomes.iter().filter(|outcome| outcome.verdict == Verdict::Violation);
    assert!(lost.count() > 0);
}

#[test]
fn no_key_is_lost_with_a_rescan() {
    for outcome in run(&scenario(FLUX, &[], ""), 0..200) {
        assert_eq!(outcome.verdict, Verdict::Holds, "seed {}", outcome.seed);
    }
}

/// A majority of three and one of four always meet: it takes a second change to lose a key.
#[test]
fn one_growth_alone_loses_nothing_even_without_a_rescan() {
    for outcome in run(&scenario(GROWTH, &[NO_RESCAN, "expect.marks=[]"], ""), 0..50) {
        assert_eq!(outcome.verdict, Verdict::Holds, "seed {}", outcome.seed);
    }
}
