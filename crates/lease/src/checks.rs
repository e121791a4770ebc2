//! What is checked of caches, listening: from the event stream to `check::cache`, which knows
//! nothing of events.
//!
//! | checker | what holds |
//! |---|---|
//! | `stale-set` | no cache takes for an entry what it was told is outdated |
//! | `agreement` | when all is quiet, each entry is absent or equals its row |
//! | `staleness` | reads see nothing that is older than the scenario's `bounds` |
//! | `read-your-writes` | a client sees its own updates |
//! | `monotonic-reads` | a client never sees something older than before |
//! | `herd` | the database is not asked for a version more often than the `bounds` say |

mod ledger;

use check::cache::{Fills, Promise, Queries};
use history::{Key, Names, NodeId, Observation, Time};
use scenario::{Broken, Invariant, ReadWatch, percentiles, tell};
use sim::{Event, Kind, Observer};

use self::ledger::Ledger;
use crate::{Answer, Config, Message, QueryResult, Timer};

/// The names of all checkers.
pub(crate) const NAMES: &[&str] =
    &["stale-set", "agreement", "staleness", "read-your-writes", "monotonic-reads", "herd"];

/// All checkers, in the order of their names.
pub(crate) fn all(config: &Config, names: &Names) -> Vec<Box<dyn Invariant<Message, Timer>>> {
    let reads = |promises| ReadWatch::new(promises, names.clone());
    let bounds = &config.bounds;
    let age = bounds.age.map(Promise::Age);
    let versions = bounds.versions.map(Promise::Versions);
    vec![
        Box::new(FillWatch {
            fills: Fills::new(),
            ledger: Ledger::default(),
            names: names.clone(),
        }),
        Box::new(AgreementWatch {
            reads: reads(vec![Promise::Agreement { settle: config.settle }]),
            ledger: Ledger::default(),
            names: names.clone(),
        }),
        Box::new(reads(age.into_iter().chain(versions).collect()).with_ages()),
        Box::new(reads(vec![Promise::OwnWrites])),
        Box::new(reads(vec![Promise::Monotonic])),
        Box::new(QueryWatch { queries: Queries::new(bounds.queries), names: names.clone() }),
    ]
}

/// Agreement, and how it came that there was none.
struct AgreementWatch {
    reads: ReadWatch,
    ledger: Ledger,
    names: Names,
}

impl Observer<Message, Timer> for AgreementWatch {
    fn event(&mut self, event: &Event<Message, Timer>) {
        if self.reads.stale().is_none() {
            self.ledger.event(event);
            self.reads.event(event);
        }
    }
}

impl Invariant<Message, Timer> for AgreementWatch {
    fn broken(&self) -> Option<Broken> {
        let stale = self.reads.stale()?;
        let (key, newer, names) = (stale.key, stale.known.state.version, &self.names);
        let mut story = stale.steps(names);
        if let Some(fill) = self.ledger.fill(None, key, stale.seen) {
            story.extend(self.ledger.causes(&fill, newer, names));
            story.extend(self.ledger.fate(&fill, newer, names));
        }
        Some(Broken { summary: stale.summary(&self.names), story: tell(story) })
    }
}

struct FillWatch {
    fills: Fills,
    ledger: Ledger,
    names: Names,
}

impl FillWatch {
    fn hear(&mut self, at: Time, cache: NodeId, key: Key, answer: Answer) {
        match answer {
            Answer::Deleted(version) => self.fills.invalidated(at, cache, key, version),
            Answer::Stored(state) => self.fills.filled(at, cache, key, state),
            _ => (),
        }
    }
}

impl Observer<Message, Timer> for FillWatch {
    // A cache answers when it has done it, and in that order.
    fn event(&mut self, event: &Event<Message, Timer>) {
        if self.fills.broken().is_some() {
            return;
        }
        self.ledger.event(event);
        let (at, cache) = (event.at, event.node);
        match &event.kind {
            Kind::Send { message: Message::Answer { key, answer, .. }, .. } => {
                self.hear(at, cache, *key, *answer);
            }
            Kind::Send { message: Message::Answers { answers, .. }, .. } => {
                answers.iter().for_each(|(key, answer)| self.hear(at, cache, *key, *answer));
            }
            _ => (),
        }
    }
}

impl Invariant<Message, Timer> for FillWatch {
    fn broken(&self) -> Option<Broken> {
        let stale = self.fills.broken()?;
        let mut story = stale.steps(&self.names);
        if let Some(fill) = self.ledger.fill(Some(stale.cache), stale.key, stale.state) {
            story.extend(self.ledger.causes(&fill, stale.invalidated, &self.names));
        }
        Some(Broken { summary: stale.summary(&self.names), story: tell(story) })
    }
}

struct QueryWatch {
    queries: Queries,
    names: Names,
}

impl QueryWatch {
    fn read(&mut self, at: Time, key: Key, state: Observation) {
        // Of a row that is not there, there is no entry that could keep a query away.
        if state != Observation::EMPTY {
            self.queries.read(at, key, state.version);
        }
    }
}

impl Observer<Message, Timer> for QueryWatch {
    fn event(&mut self, event: &Event<Message, Timer>) {
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

impl Invariant<Message, Timer> for QueryWatch {
    fn broken(&self) -> Option<Broken> {
        let herd = self.queries.broken()?;
        Some(Broken { summary: herd.summary(&self.names), story: herd.story(&self.names) })
    }

    fn measures(&self) -> Vec<(&'static str, u64)> {
        let names =
            ["queries_per_version_p50", "queries_per_version_p99", "queries_per_version_max"];
        percentiles(names, &self.queries.per_version()).collect()
    }
}
