//! Scenarios of this project, changed a little, and their runs.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use caspaxos::{CasPaxos, Protocol};
use history::NodeId;
use scenario::{Interrupt, Outcome, Override, Registry, Replayed, RunOptions, Scenario, many};
use sim::Event;
use tempfile::TempDir;
use trace::{Header, LogReader};

/// The scenario of that name with some values set anew (`caspaxos.clients=3`), and with more text
/// at the end of its file.
pub(crate) fn scenario(name: &str, set: &[&str], more: &str) -> Scenario {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let file = scenarios.join(format!("{name}.toml"));
    let text = std::fs::read_to_string(&file).expect("a scenario of this project");
    scenario_of(name, &format!("{text}\n{more}"), set)
}

/// The scenario of that text, with some values set anew.
pub(crate) fn scenario_of(name: &str, text: &str, set: &[&str]) -> Scenario {
    let set: Vec<Override> = set.iter().map(|set| set.parse().expect("KEY=VALUE")).collect();
    let loaded = registry().load_text(name, name, text, &set);
    loaded.unwrap_or_else(|error| panic!("{error}"))
}

fn registry() -> Registry {
    Registry::new().with_system::<CasPaxos>()
}

/// The outcomes of these seeds, in their order.
pub(crate) fn run(scenario: &Scenario, seeds: std::ops::Range<usize>) -> Vec<Outcome> {
    let (registry, interrupt) = (registry(), Interrupt::new());
    let run_one = |seed: usize| {
        let seed = seed.to_string();
        let options = RunOptions::new(&seed, &interrupt);
        registry.run(scenario, &options).expect("it runs").outcome
    };
    let mut outcomes: Vec<Option<Outcome>> = vec![None; seeds.len()];
    let threads = NonZeroUsize::new(4).expect("four");
    let work = |job: usize| run_one(seeds.start + job);
    many::run_many(seeds.len(), threads, work, |job, outcome| {
        outcomes[job] = Some(outcome);
        ControlFlow::Continue(())
    });
    outcomes.into_iter().map(|outcome| outcome.expect("each job is done")).collect()
}

/// All that happened in a run, and its recording.
pub(crate) struct Recorded {
    pub(crate) events: Vec<Event<Protocol>>,
    pub(crate) header: Header,
    directory: TempDir,
}

impl Recorded {
    pub(crate) fn name(&self, node: NodeId) -> String {
        self.header.names.node(node).into_owned()
    }

    /// Where the recording is.
    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("run.jsonl")
    }
}

/// Runs a scenario, and keeps the events.
pub(crate) fn record(scenario: &Scenario, seed: &str) -> Recorded {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("run.jsonl");
    let interrupt = Interrupt::new();
    let options = RunOptions { record: Some(&path), ..RunOptions::new(seed, &interrupt) };
    registry().run(scenario, &options).expect("it runs");
    let mut log = LogReader::open(&path).expect("its log");
    let header = log.header().clone();
    let mut events = Vec::new();
    while let Some(event) = log.next_event().expect("an event") {
        events.push(event);
    }
    Recorded { events, header, directory }
}

/// Runs a recording again.
pub(crate) fn replay(path: &Path, redraw: bool) -> Replayed {
    registry().replay(path, redraw, &Interrupt::new()).expect("it is whole")
}
