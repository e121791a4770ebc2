//! The checkers of caches. They translate the event stream for `check::cache`, which does not know
//! events.
//!
//! | checker | what holds |
//! |---|---|
//! | `stale-set` | no cache stores a row that was already invalidated there |
//! | `agreement` | in a quiet time, each entry is absent or equals its row |
//! | `staleness` | reads see no version older than the scenario's `bounds` |
//! | `read-your-writes` | a client sees its own updates |
//! | `monotonic-reads` | a client never sees an older version than before |
//! | `herd` | no version is read from the database more often than the `bounds` say |

mod ledger;

use std::hash::Hasher;

use check::HistoryChecker as _;
use check::cache::{Fills, Promise, Queries, ReadPromises};
use history::{Key, Names, NodeId, Observation, Register, Time};
use scenario::{Checker, Finding, HistoryOf, OverHistory, story};
use sim::{Event, Kind, Observer};

use self::ledger::Ledger;
use crate::process::Process;
use crate::{Answer, Config, Message, Protocol, QueryResult};

/// All checkers.
pub(crate) fn all(config: &Config, names: &Names) -> Vec<Box<dyn Checker<Process>>> {
    let bounds = &config.bounds;
    let age = bounds.age.map(Promise::Age);
    let bounded = age.into_iter().chain(bounds.versions.map(Promise::Versions));
    let reads = |name, promises| Box::new(OverHistory::new(name, promises, names));
    vec![
        Box::new(FillWatch {
            fills: Fills::new(),
            ledger: Ledger::default(),
            names: names.clone(),
        }),
        Box::new(AgreementWatch {
            history: HistoryOf::default(),
            reads: ReadPromises::new([Promise::Agreement { settle: config.settle }]),
            ledger: Ledger::default(),
            names: names.clone(),
        }),
        reads("staleness", ReadPromises::new(bounded).with_ages()),
        reads("read-your-writes", ReadPromises::new([Promise::OwnWrites])),
        reads("monotonic-reads", ReadPromises::new([Promise::Monotonic])),
        Box::new(QueryWatch { queries: Queries::new(bounds.queries), names: names.clone() }),
    ]
}

/// Agreement, with the story of a violation.
#[derive(Clone)]
struct AgreementWatch {
    history: HistoryOf<Register>,
    reads: ReadPromises,
    ledger: Ledger,
    names: Names,
}

impl Observer<Protocol> for AgreementWatch {
    fn event(&mut self, event: &Event<Protocol>) {
        if self.reads.stale().is_none() {
            self.ledger.event(event);
            if let Some(entry) = self.history.entry(event) {
                self.reads.step(&entry);
            }
        }
    }
}

impl Checker<Process> for AgreementWatch {
    fn name(&self) -> &'static str {
        "agreement"
    }

    /// It knows the history, and what it needs for the story.
    fn identify(&self, _: &mut dyn Hasher) -> bool {
        true
    }

    fn finding(&self) -> Option<Finding> {
        let stale = self.reads.stale()?;
        let (key, newer, names) = (stale.key, stale.known.state.version, &self.names);
        let mut steps = stale.steps(names);
        if let Some(fill) = self.ledger.fill(None, key, stale.seen) {
            steps.extend(self.ledger.causes(&fill, newer, names));
            steps.extend(self.ledger.fate(&fill, newer, names));
        }
        Some(Finding::invariant(stale.summary(&self.names), story(steps)))
    }
}

#[derive(Clone)]
struct FillWatch {
    fills: Fills,
    ledger: Ledger,
    names: Names,
}

impl FillWatch {
    fn on_reply(&mut self, at: Time, cache: NodeId, key: Key, answer: Answer) {
        match answer {
            Answer::Deleted(version) => self.fills.invalidated(at, cache, key, version),
            Answer::Stored(state) => self.fills.filled(at, cache, key, state),
            _ => (),
        }
    }
}

impl Observer<Protocol> for FillWatch {
    // A cache replies after it has executed a command, and in order.
    fn event(&mut self, event: &Event<Protocol>) {
        if self.fills.broken().is_some() {
            return;
        }
        self.ledger.event(event);
        let (at, cache) = (event.at, event.node);
        match &event.kind {
            Kind::Send { message: Message::Answer { key, answer, .. }, .. } => {
                self.on_reply(at, cache, *key, *answer);
            }
            Kind::Send { message: Message::Answers { answers, .. }, .. } => {
                answers.iter().for_each(|(key, answer)| self.on_reply(at, cache, *key, *answer));
            }
            _ => (),
        }
    }
}

impl Checker<Process> for FillWatch {
    fn name(&self) -> &'static str {
        "stale-set"
    }

    fn identify(&self, into: &mut dyn Hasher) -> bool {
        into.write(format!("{:?}", self.fills).as_bytes());
        true
    }

    fn finding(&self) -> Option<Finding> {
        let stale = self.fills.broken()?;
        let mut steps = stale.steps(&self.names);
        if let Some(fill) = self.ledger.fill(Some(stale.cache), stale.key, stale.state) {
            steps.extend(self.ledger.causes(&fill, stale.invalidated, &self.names));
        }
        Some(Finding::invariant(stale.summary(&self.names), story(steps)))
    }
}

#[derive(Clone)]
struct QueryWatch {
    queries: Queries,
    names: Names,
}

impl QueryWatch {
    fn read(&mut self, at: Time, key: Key, state: Observation) {
        // A row that does not exist has no entry that could save a query.
        if state != Observation::EMPTY {
            self.queries.read(at, key, state.version);
        }
    }
}

impl Observer<Protocol> for QueryWatch {
    fn event(&mut self, event: &Event<Protocol>) {
        let Kind::Send { message: Message::Result { result, .. }, .. } = &event.kind else {
            return;
        };
        match result {
            QueryResult::Row { key, state } => self.read(event.at, *key, *state),
            QueryResult::Rows(rows) => {
                rows.iter().for_each(|(key, state)| self.read(event.at, *key, *state));
            }
            _ => (),
        }
    }
}

impl Checker<Process> for QueryWatch {
    fn name(&self) -> &'static str {
        "herd"
    }

    fn identify(&self, into: &mut dyn Hasher) -> bool {
        into.write(format!("{:?}", self.queries).as_bytes());
        true
    }

    fn finding(&self) -> Option<Finding> {
        let herd = self.queries.broken()?;
        Some(Finding::invariant(herd.summary(&self.names), herd.story(&self.names)))
    }

    fn measures(&self) -> Vec<(&'static str, u64)> {
        let names =
            ["queries_per_version_p50", "queries_per_version_p99", "queries_per_version_max"];
        self.queries.per_version().measures(names).collect()
    }
}
