//! A run that is under way.
//!
//! A [`Session`] has the same few verbs for every command and every system, whose types it hides:
//! go one step or many, look at a node, make a copy and go on with both, say what came of it. The
//! answers of chance come from a [`Source`]: a seed, a seed with edits, or a recording.
//!
//! Inside, a session is monomorphic. So a whole run costs one virtual call, and not one a step.

use std::path::{Path, PathBuf};

use history::{Names, NodeId, Time};
use serde_json::Value;
use trace::LogError;

use crate::{Edit, Interrupt, Ran, RunError};

/// Where the answers of chance come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// From a seed.
    Seed(String),
    /// From a seed, but for some edits.
    Edited {
        /// The seed.
        seed: String,
        /// The edits.
        edits: Vec<Edit>,
    },
    /// From a recording. Each event is compared with the one that was recorded.
    Recording(PathBuf),
    /// From the seed and the edits of a recording. Each event is compared with the one that was
    /// recorded.
    Redrawn(PathBuf),
}

impl Source {
    /// A seed with these edits, which may be none.
    #[must_use]
    pub fn new(seed: &str, edits: &[Edit]) -> Source {
        let seed = seed.to_owned();
        match edits {
            [] => Source::Seed(seed),
            edits => Source::Edited { seed, edits: edits.to_vec() },
        }
    }
}

/// How far a session goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// To the end of the run.
    End,
    /// Until there have been at least this many events.
    Events(u64),
    /// Until virtual time has reached this.
    Time(Time),
}

/// A run that is under way.
pub trait Session {
    /// The names of nodes and keys.
    fn names(&self) -> &Names;

    /// The present virtual time.
    fn now(&self) -> Time;

    /// How many events there have been.
    fn events(&self) -> u64;

    /// Whether the run is over.
    fn is_over(&self) -> bool;

    /// Records the run from its first event on. To be called before the first step.
    ///
    /// # Errors
    /// If the file cannot be written.
    fn record(&mut self, path: &Path) -> Result<(), LogError>;

    /// Lets the next thing happen: the first step begins the run. Returns whether something
    /// happened; not if the run is over.
    fn step(&mut self) -> bool;

    /// Goes on until then, until the run is over, or until it is interrupted.
    fn run(&mut self, until: Until, interrupt: &Interrupt);

    /// A copy, which goes on by itself. A recording stays with the original. A copy of a replay is
    /// compared with the log from here on.
    ///
    /// # Errors
    /// If the recording that is replayed cannot be read again.
    fn fork(&self) -> Result<Box<dyn Session>, LogError>;

    /// The state of a node, as it shows itself. `None` if there is no such node.
    fn state(&self, node: NodeId) -> Option<Value>;

    /// What came of the run so far.
    fn so_far(&self) -> Ran;

    /// What came of the run. With `explain`, what was found is explained, for which the run is
    /// repeated. A recording gets its last line.
    ///
    /// # Errors
    /// If the recording cannot be written, or the one that is replayed cannot be read.
    fn finish(self: Box<Self>, explain: bool) -> Result<Finished, RunError>;

    /// Ends the run early. If it was being recorded, the name of what was recorded so far.
    ///
    /// # Errors
    /// If that cannot be written.
    fn abandon(self: Box<Self>) -> Result<Option<PathBuf>, LogError>;
}

/// What came of a session.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The outcome, and whether it is as expected.
    pub ran: Ran,
    /// Where the run and the recording that it was compared with differ, in lines of text.
    pub divergence: Option<Vec<String>>,
}
