//! Nodes that crash and come back, in whole runs.

use std::collections::BTreeMap;

use caspaxos::Message;
use scenario::{Outcome, Verdict};
use sim::Kind;

use crate::stage::{record, run, scenario};

const LOSING: &str = "caspaxos/losing/c2p2k2";

/// These nodes crash in turn, each for a while, for as long as the run lasts.
fn crashing(nodes: [&str; 2], word: &str) -> String {
    let steps = nodes.map(|node| {
        format!(
            r#"{{ wait = {{ writes = "0..4" }}, do = [{{ {word} = "{node}" }}] }},
               {{ wait = {{ after = "30ms" }}, do = [{{ start = "{node}" }}] }},"#
        )
    });
    format!("[[nemesis]]\nrepeat = true\nsteps = [{}]", steps.concat())
}

fn verdicts(more: &str, set: &[&str]) -> Vec<Outcome> {
    run(&scenario(LOSING, &[&["intensity=50"], set].concat(), more), 0..20)
}

#[test]
fn proposers_that_crash_do_no_harm() {
    let more = crashing(["p1", "p2"], "crash");
    for outcome in verdicts(&more, &[]) {
        assert_eq!(outcome.verdict, Verdict::Holds, "seed {}", outcome.seed);
        assert!(outcome.marks["node-crashed"] > 5, "seed {}", outcome.seed);
    }
}

#[test]
fn a_proposer_that_restarts_has_another_id_each_time() {
    let more = crashing(["p1", "p2"], "crash");
    let run = record(&scenario(LOSING, &["intensity=50"], &more), "0");
    let mut ids = BTreeMap::<u32, String>::new();
    for event in &run.events {
        if let Kind::Send { message: Message::Request { ballot, .. }, .. } = &event.kind {
            let name = run.name(event.node);
            assert_eq!(ids.entry(ballot.id).or_insert_with(|| name.clone()), &name);
        }
    }
    assert!(ids.len() > 4, "{ids:?}");
}

#[test]
fn clients_that_crash_do_no_harm() {
    for outcome in verdicts(&crashing(["c1", "c2"], "crash"), &[]) {
        assert_eq!(outcome.verdict, Verdict::Holds, "seed {}", outcome.seed);
    }
}

#[test]
fn acceptors_that_keep_everything_can_crash() {
    for outcome in verdicts(&crashing(["a0", "a1"], "crash"), &[]) {
        assert_eq!(outcome.verdict, Verdict::Holds, "seed {}", outcome.seed);
        assert!(outcome.marks["node-crashed"] > 5, "seed {}", outcome.seed);
    }
}

#[test]
fn acceptors_that_forget_lose_what_was_acknowledged() {
    let nothing_kept = verdicts(
        &crashing(["a0", "a1"], "crash"),
        &["redis.durability=\"never\"", "caspaxos.clients=3"],
    );
    assert!(nothing_kept.iter().any(|outcome| outcome.verdict == Verdict::Violation));
    let wiped = verdicts(&crashing(["a0", "a1"], "wipe"), &[]);
    assert!(wiped.iter().any(|outcome| outcome.verdict == Verdict::Violation));
}

/// The way between clients and proposers is as bad as any: questions and answers are lost, and come
/// late and twice.
#[test]
fn clients_can_be_badly_connected() {
    let rule = |from: &str, to: &str| {
        format!(
            "[[link]]\nfrom = \"{from}\"\nto = \"{to}\"\ndelay = \"1ms..400ms\"\n\
             loss = \"10%\"\nduplicate = \"20%\"\n"
        )
    };
    let more = rule("client", "proposer") + &rule("proposer", "client");
    for outcome in verdicts(&more, &[]) {
        assert_eq!(outcome.verdict, Verdict::Holds, "seed {}", outcome.seed);
        assert!(outcome.marks["message-duplicated"] > 100, "seed {}", outcome.seed);
    }
}

/// A reset is reported to both ends, and messages in flight are lost in both directions.
#[test]
fn connections_can_break() {
    let rule = |from: &str, to: &str| {
        format!(
            "[[link]]\nfrom = \"{from}\"\nto = \"{to}\"\ntransport = \"stream\"\n\
             delay = \"1ms..10ms\"\nloss = \"2%\"\n"
        )
    };
    let acceptors = rule("proposer", "acceptor") + &rule("acceptor", "proposer");
    let more = acceptors + &rule("client", "proposer") + &rule("proposer", "client");
    for outcome in verdicts(&more, &["expect.marks=[]"]) {
        assert_eq!(outcome.verdict, Verdict::Holds, "seed {}", outcome.seed);
        assert!(outcome.marks["connection-lost"] > 100, "seed {}", outcome.seed);
    }
}

/// An acceptor that is replaced by a replica which is behind has forgotten its last promises.
#[test]
fn a_failover_to_a_lagging_replica_loses_promises() {
    let replicas = "\n[redis]\nreplication_lag = \"1s\"\n";
    let outcomes = verdicts(&(crashing(["a0", "a1"], "fail_over") + replicas), &[]);
    assert!(outcomes.iter().any(|outcome| outcome.verdict == Verdict::Violation));
}
