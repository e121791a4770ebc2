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

use check::cache::{Ages, Fills, Promise, Queries, Reads, Sample};
use history::{Entry, Names, Observation, Step};
use scenario::{Broken, Invariant};
use sim::{Command, Event, Kind, Observer};

use crate::{Answer, Config, Message, QueryResult, Timer};

/// The names of all checkers.
pub(crate) const NAMES: &[&str] =
    &["stale-set", "agreement", "staleness", "read-your-writes", "monotonic-reads", "herd"];

/// All checkers, in the order of their names.
pub(crate) fn all(config: &Config, names: &Names) -> Vec<Box<dyn Invariant<Message, Timer>>> {
    let reads = |promises: Vec<Promise>| -> Box<dyn Invariant<Message, Timer>> {
        let reads = promises.into_iter().map(Reads::new).collect();
        Box::new(ReadWatch { reads, ages: None, names: names.clone() })
    };
    let staleness = |promises: Vec<Promise>| -> Box<dyn Invariant<Message, Timer>> {
        let (reads, ages) = (promises.into_iter().map(Reads::new).collect(), Some(Ages::default()));
        Box::new(ReadWatch { reads, ages, names: names.clone() })
    };
    let bounds = &config.bounds;
    let age = bounds.age.map(Promise::Age);
    let versions = bounds.versions.map(Promise::Versions);
    vec![
        Box::new(FillWatch { fills: Fills::new(), names: names.clone() }),
        reads(vec![Promise::Agreement { settle: config.settle }]),
        staleness(age.into_iter().chain(versions).collect()),
        reads(vec![Promise::OwnWrites]),
        reads(vec![Promise::Monotonic]),
        Box::new(QueryWatch { queries: Queries::new(bounds.queries), names: names.clone() }),
    ]
}

struct ReadWatch {
    reads: Vec<Reads>,
    ages: Option<Ages>,
    names: Names,
}

impl Observer<Message, Timer> for ReadWatch {
    fn event(&mut self, event: &Event<Message, Timer>) {
        let step = match &event.kind {
            Kind::Invoke(invoke) => Step::Invoke(*invoke),
            Kind::Return(ended) => Step::Return(*ended),
            Kind::Nemesis(Command::Crash { node, .. }) => Step::Gone(*node),
            _ => return,
        };
        let entry = Entry { at: event.at, step };
        self.reads.iter_mut().for_each(|reads| reads.step(&entry));
        self.ages.iter_mut().for_each(|ages| ages.step(&entry));
    }
}

impl Invariant<Message, Timer> for ReadWatch {
    fn broken(&self) -> Option<Broken> {
        let stale = self.reads.iter().find_map(Reads::broken)?;
        Some(Broken { summary: stale.summary(&self.names), story: stale.story(&self.names) })
    }

    fn measures(&self) -> Vec<(&'static str, u64)> {
        let Some(ages) = &self.ages else { return Vec::new() };
        let age = ["age_p50_ns", "age_p99_ns", "age_max_ns"];
        let versions = ["versions_behind_p50", "versions_behind_p99", "versions_behind_max"];
        percentiles(age, ages.age_ns()).chain(percentiles(versions, ages.versions())).collect()
    }
}

/// The median, the 99th percentile, and the largest number.
fn percentiles(
    names: [&'static str; 3],
    sample: &Sample,
) -> impl Iterator<Item = (&'static str, u64)> {
    let numbers = [sample.percentile(50), sample.percentile(99), sample.max()];
    names.into_iter().zip(numbers).filter_map(|(name, number)| Some((name, number?)))
}

struct FillWatch {
    fills: Fills,
    names: Names,
}

impl Observer<Message, Timer> for FillWatch {
    fn event(&mut self, event: &Event<Message, Timer>) {
        let Kind::Send { message: Message::Answer { key, answer, .. }, .. } = &event.kind else {
            return;
        };
        // A cache answers when it has done it, and in that order.
        match *answer {
            Answer::Deleted(version) => {
                self.fills.invalidated(event.at, event.node, *key, version);
            }
            Answer::Stored(state) => self.fills.filled(event.at, event.node, *key, state),
            _ => (),
        }
    }
}

impl Invariant<Message, Timer> for FillWatch {
    fn broken(&self) -> Option<Broken> {
        let stale = self.fills.broken()?;
        Some(Broken { summary: stale.summary(&self.names), story: stale.story(&self.names) })
    }
}

struct QueryWatch {
    queries: Queries,
    names: Names,
}

impl Observer<Message, Timer> for QueryWatch {
    fn event(&mut self, event: &Event<Message, Timer>) {
        if let Kind::Send { message: Message::Result { result, .. }, .. } = &event.kind
            && let QueryResult::Row { key, state } = *result
            // Of a row that is not there, there is no entry that could keep a query away.
            && state != Observation::EMPTY
        {
            self.queries.read(event.at, key, state.version);
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
