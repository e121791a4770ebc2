//! From the event stream to the checkers, which know nothing of events.

use check::{Malformed, RegisterKind, Rumor};
use history::{Entry, Step};
use sim::{Command, Event, Kind, Observer};

/// The step of the history that an event is, if it is one.
pub(crate) fn history_entry<M, T>(event: &Event<M, T>) -> Option<Entry> {
    let step = match &event.kind {
        Kind::Invoke(invoke) => Step::Invoke(*invoke),
        Kind::Return(ended) => Step::Return(*ended),
        Kind::Nemesis(Command::Crash { node, .. }) => Step::Gone(*node),
        _ => return None,
    };
    Some(Entry { at: event.at, step })
}

/// The rumor checker, listening.
#[derive(Debug)]
pub(crate) struct RumorWatch {
    pub(crate) rumor: Rumor,
    /// The history is none: a mistake in the system under test's own bookkeeping.
    pub(crate) malformed: Option<Malformed>,
}

impl RumorWatch {
    pub(crate) fn new(registers: RegisterKind) -> RumorWatch {
        RumorWatch { rumor: Rumor::with(registers), malformed: None }
    }
}

impl<M, T> Observer<M, T> for RumorWatch {
    fn event(&mut self, event: &Event<M, T>) {
        if self.malformed.is_none()
            && let Some(entry) = history_entry(event)
        {
            self.malformed = self.rumor.step(&entry).err();
        }
    }
}

/// Keeps the history, to explain a violation by.
#[derive(Clone, Debug, Default)]
pub(crate) struct HistoryKeeper(pub(crate) Vec<Entry>);

impl<M, T> Observer<M, T> for HistoryKeeper {
    fn event(&mut self, event: &Event<M, T>) {
        self.0.extend(history_entry(event));
    }
}
