//! What reads through a cache are promised, held against the event stream.

use check::cache::{Promise, Reads};
use history::Names;
use sim::{Event, Observer};

use crate::watch::history_entry;
use crate::{Broken, Invariant};

/// An invariant of any system whose clients read: what they see keeps these promises.
#[derive(Clone, Debug)]
pub struct ReadWatch {
    reads: Vec<Reads>,
    names: Names,
}

impl ReadWatch {
    /// Has seen nothing yet.
    #[must_use]
    pub fn new(promises: Vec<Promise>, names: Names) -> ReadWatch {
        ReadWatch { reads: promises.into_iter().map(Reads::new).collect(), names }
    }
}

impl<M, T> Observer<M, T> for ReadWatch {
    fn event(&mut self, event: &Event<M, T>) {
        if let Some(entry) = history_entry(event) {
            self.reads.iter_mut().for_each(|reads| reads.step(&entry));
        }
    }
}

impl<M, T> Invariant<M, T> for ReadWatch {
    fn broken(&self) -> Option<Broken> {
        let stale = self.reads.iter().find_map(Reads::broken)?;
        Some(Broken { summary: stale.summary(&self.names), story: stale.story(&self.names) })
    }
}
