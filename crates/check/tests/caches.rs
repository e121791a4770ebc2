//! The checkers of caches against slow and obvious twins, which look at the whole history.

use check::cache::{Ages, Promise, Reads};
use history::{
    Action, Completion, Entry, Invoke, Key, NodeId, Observation, OpId, Return, Span, Step, Time,
    Value, Version,
};
use proptest::prelude::*;

const CLIENTS: u16 = 3;
const KEYS: u32 = 2;
const VERSIONS: u64 = 5;

/// A step of a client: it begins an operation, or ends its open one.
#[derive(Clone, Copy, Debug)]
struct Move {
    after: u64,
    client: u16,
    key: u32,
    writes: bool,
    version: u64,
    /// How an operation ends, mostly well; or that the client is gone.
    ending: u8,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = (0..4u64, 0..CLIENTS, 0..KEYS, any::<bool>(), 0..VERSIONS, 0..10u8);
    let one = one.prop_map(|(after, client, key, writes, version, ending)| Move {
        after,
        client,
        key,
        writes,
        version,
        ending,
    });
    prop::collection::vec(one, 1..60)
}

/// The history of these moves. It need not make sense: the cache checkers do not care.
fn history(moves: &[Move]) -> Vec<Entry> {
    let mut now = 0;
    let mut open = [None; CLIENTS as usize];
    let mut ordinal = 0;
    let mut entries = Vec::new();
    for Move { after, client, key, writes, version, ending } in moves {
        now += after;
        let node = NodeId(*client);
        let place = &mut open[usize::from(*client)];
        let state = Observation { version: Version(*version), value: Value(version * 10) };
        let step = match *place {
            None => {
                ordinal += 1;
                let op = OpId { client: node, ordinal };
                *place = Some(op);
                let action = match writes {
                    true => Action::Write { value: Value::of(op) },
                    false => Action::Read,
                };
                Step::Invoke(Invoke { op, key: Key(*key), action })
            }
            Some(op) => {
                *place = None;
                let ended = |completion| Step::Return(Return { op, completion });
                match ending {
                    0 => ended(Completion::Unknown),
                    1 => ended(Completion::Failed),
                    2 => Step::Gone(node),
                    _ => ended(Completion::Ok(state)),
                }
            }
        };
        entries.push(Entry { at: Time(now), step });
    }
    entries
}

/// An operation, from its two ends in the history.
#[derive(Clone, Copy, Debug)]
struct Operation {
    client: NodeId,
    key: Key,
    is_read: bool,
    /// Place in the history, and time.
    begin: (usize, Time),
    end: Option<(usize, Time)>,
    saw: Option<Version>,
}

fn operations(history: &[Entry]) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (place, entry) in history.iter().enumerate() {
        let Step::Invoke(Invoke { op, key, action }) = entry.step else { continue };
        let ends = history.iter().enumerate().skip(place).find(|(_, later)| match later.step {
            Step::Return(returned) => returned.op == op,
            Step::Gone(client) => client == op.client,
            Step::Invoke(_) => false,
        });
        let saw = ends.and_then(|(_, later)| match later.step {
            Step::Return(Return { completion: Completion::Ok(state), .. }) => Some(state.version),
            _ => None,
        });
        operations.push(Operation {
            client: op.client,
            key,
            is_read: action.written().is_none(),
            begin: (place, entry.at),
            end: ends.map(|(place, later)| (place, later.at)),
            saw,
        });
    }
    operations
}

/// The lowest version that `read` may return, by the words of the promise.
fn least(promise: Promise, all: &[Operation], read: &Operation) -> Version {
    let of_key = || all.iter().filter(|other| other.key == read.key);
    let ended_before = |other: &&Operation| other.end.is_some_and(|end| end.0 < read.begin.0);
    let known = || of_key().filter(ended_before).filter(|other| other.saw.is_some());
    let newest = |operations: &mut dyn Iterator<Item = &Operation>| {
        operations.filter_map(|other| other.saw).max().unwrap_or_default()
    };
    match promise {
        Promise::Agreement { settle } => {
            let is_quiet = of_key().filter(|other| other.client != read.client).all(|other| {
                let is_later = other.begin.0 > read.begin.0;
                is_later
                    || other
                        .end
                        .is_some_and(|end| end.0 < read.begin.0 && end.1 + settle <= read.begin.1)
            });
            if is_quiet { newest(&mut known()) } else { Version(0) }
        }
        Promise::Age(age) => {
            let is_old =
                |other: &&Operation| other.end.is_some_and(|end| end.1 + age < read.begin.1);
            newest(&mut known().filter(is_old))
        }
        Promise::Versions(versions) => Version(newest(&mut known()).0.saturating_sub(versions)),
        Promise::OwnWrites => {
            newest(&mut known().filter(|other| other.client == read.client && !other.is_read))
        }
        Promise::Monotonic => {
            newest(&mut known().filter(|other| other.client == read.client && other.is_read))
        }
    }
}

/// The first read, by its end, that breaks the promise.
fn first_broken(promise: Promise, all: &[Operation]) -> Option<usize> {
    let reads = all.iter().filter(|operation| operation.is_read);
    let broken = reads.filter(|read| read.saw.is_some_and(|saw| saw < least(promise, all, read)));
    broken.filter_map(|read| read.end).map(|end| end.0).min()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2000, failure_persistence: None, ..Default::default()
    })]

    #[test]
    fn promises_are_kept_or_broken_as_their_words_say(moves in moves()) {
        let history = history(&moves);
        let all = operations(&history);
        let promises = [
            Promise::Agreement { settle: Span(0) },
            Promise::Agreement { settle: Span(3) },
            Promise::Age(Span(0)),
            Promise::Age(Span(5)),
            Promise::Versions(0),
            Promise::Versions(2),
            Promise::OwnWrites,
            Promise::Monotonic,
        ];
        for promise in promises {
            let mut reads = Reads::new(promise);
            let found = history.iter().position(|entry| {
                reads.step(entry);
                reads.broken().is_some()
            });
            prop_assert_eq!(found, first_broken(promise, &all), "{:?}", promise);
        }
    }

    #[test]
    fn ages_are_as_the_whole_history_has_them(moves in moves()) {
        let history = history(&moves);
        let all = operations(&history);
        let mut ages = Ages::default();
        history.iter().for_each(|entry| ages.step(entry));
        let reads = || all.iter().filter(|read| read.is_read && read.saw.is_some());
        prop_assert_eq!(ages.age_ns().count(), reads().count() as u64);
        let behind = reads().map(|read| {
            let newest = least(Promise::Versions(0), &all, read);
            newest.0.saturating_sub(read.saw.expect("as filtered").0)
        });
        prop_assert_eq!(ages.versions().max(), behind.max());
    }
}
