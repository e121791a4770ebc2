//! Reads that are answered by a query, in whole runs.

use std::collections::BTreeMap;

use caspaxos::{Message, Request};
use scenario::Verdict;
use sim::Kind;

use crate::stage::{record, run, scenario};

#[test]
fn reads_by_query_are_as_good_as_others() {
    for name in ["losing", "crash", "partitioning", "p2a3", "p3a2"] {
        let scenario = scenario(&format!("caspaxos/reads/{name}"), &["intensity=30"], "");
        for outcome in run(&scenario, 0..20) {
            assert_eq!(outcome.verdict, Verdict::Holds, "{name}, seed {}", outcome.seed);
        }
    }
}

/// Acceptors crash and lose nothing, clients crash, and what they asked comes late and twice.
#[test]
fn they_are_so_with_bad_connections_between_clients_and_proposers() {
    let rule = |from: &str, to: &str| {
        format!(
            "[[link]]\nfrom = \"{from}\"\nto = \"{to}\"\ndelay = \"1ms..400ms\"\n\
             loss = \"10%\"\nduplicate = \"20%\"\n"
        )
    };
    let more = rule("client", "proposer") + &rule("proposer", "client");
    let scenario = scenario("caspaxos/reads/losing", &["intensity=30"], &more);
    for outcome in run(&scenario, 0..20) {
        assert_eq!(outcome.verdict, Verdict::Holds, "seed {}", outcome.seed);
    }
}

/// The purpose of queries: no write at an acceptor, and no leader is deposed.
#[test]
fn where_acceptors_agree_a_read_sends_nothing_but_queries() {
    let quiet = ["intensity=20", "link.0.loss=0%", "link.1.loss=0%", "expect.marks=[]"];
    let alone = ["caspaxos.clients=1", "link.0.duplicate=0%"];
    let run = record(&scenario("caspaxos/reads/losing", &[&quiet[..], &alone].concat(), ""), "0");
    let mut sent = BTreeMap::new();
    for event in &run.events {
        if let Kind::Send { message: Message::Request { request, .. }, .. } = &event.kind {
            let kind = match request {
                Request::Prepare => "prepare",
                Request::Accept(_) => "accept",
                Request::Query => "query",
            };
            *sent.entry(kind).or_insert(0) += 1;
        }
    }
    // A query is asked while the last accepts are still on their way, so some do not agree.
    assert!(sent["query"] >= 60, "{sent:?}");
    assert!(sent["accept"] < 60 + sent["query"] / 2, "{sent:?}");
}
