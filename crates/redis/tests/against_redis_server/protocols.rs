//! Typical scripts for leases, caches and locks. Generated sequences of calls must give the same
//! replies, and leave the same keys, on both servers.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use redis::Blob;

use crate::pair::Pair;

const CASES: u32 = 60;
const CALLS_MAX: usize = 30;

/// A protocol: its scripts, their keys, and their arguments.
struct Protocol {
    scripts: &'static [(&'static str, usize)],
    keys: &'static [&'static str],
    arguments: &'static [&'static str],
}

/// Each script with the number of its keys. It has the same number of arguments.
const PROTOCOLS: [Protocol; 3] = [
    Protocol {
        scripts: &[
            (include_str!("../../../lease/src/scripts/get.lua"), 2),
            (include_str!("../../../lease/src/scripts/get_with_block.lua"), 3),
            (include_str!("../../../lease/src/scripts/set.lua"), 3),
            (include_str!("../../../lease/src/scripts/delete.lua"), 3),
        ],
        keys: &["{k}", "lease:{k}", "block:{k}"],
        arguments: &["token1", "token2", "100000", "value"],
    },
    Protocol {
        scripts: &[
            (include_str!("../../../lease/src/scripts/shared_get.lua"), 3),
            (include_str!("../../../lease/src/scripts/shared_get.lua"), 2),
            (include_str!("../../../lease/src/scripts/shared_set.lua"), 2),
            (include_str!("../../../lease/src/scripts/shared_set.lua"), 1),
        ],
        keys: &["a", "b", "next"],
        arguments: &["1", "2", "100000"],
    },
    Protocol {
        scripts: &[
            (include_str!("../scripts/lock/acquire.lua"), 1),
            (include_str!("../scripts/lock/release.lua"), 1),
            (include_str!("../scripts/lock/extend.lua"), 1),
            (include_str!("../scripts/lock/acquire_in_turn.lua"), 2),
        ],
        keys: &["lock", "queue"],
        arguments: &["client1", "client2", "100000"],
    },
];

fn call(protocol: &'static Protocol) -> impl Strategy<Value = Vec<Blob>> {
    // An argument of the right kind, or any other: a token in place of a duration fails in the
    // middle of a script. All durations are too long to end during the test.
    let arguments = prop_oneof![
        3 => (select(&protocol.arguments[..2])).prop_map(|first| vec![first, "100000", "100000"]),
        1 => prop::collection::vec(select(protocol.arguments), 3),
        1 => Just(vec!["1", "100000", "100000", "2", "1", "100000"]),
    ];
    (select(protocol.scripts), arguments).prop_map(|((script, keys), arguments)| {
        let number = keys.to_string();
        let words = ["EVAL", script, &number].map(Blob::from).into_iter();
        let keys = protocol.keys[..keys].iter().copied();
        words.chain(keys.chain(arguments).map(Blob::from)).collect()
    })
}

#[test]
fn leases_caches_and_locks_do_the_same_on_both() {
    let Some(mut pair) = Pair::start_in_lua() else {
        return;
    };
    let pair = std::cell::RefCell::new(&mut pair);
    for protocol in &PROTOCOLS {
        let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
        let sequence = prop::collection::vec(call(protocol), 1..CALLS_MAX);
        let outcome = TestRunner::new(config).run(&sequence, |calls| {
            let mut pair = pair.borrow_mut();
            pair.reset();
            for line in calls {
                pair.call_to_the_letter(&line)
                    .map_err(|difference| TestCaseError::fail(format!("{line:?}\n{difference}")))?;
            }
            for line in
                protocol.keys.iter().flat_map(|key| [["TYPE", key], ["TTL", key], ["GET", key]])
            {
                let line = line.map(Blob::from);
                pair.call(&line).map_err(TestCaseError::fail)?;
            }
            Ok(())
        });
        if let Err(failure) = outcome {
            panic!("{failure}");
        }
    }
}
