//! From the event stream to the checkers, which know nothing of events, and to what explains a
//! violation.

use check::{Malformed, RegisterKind, Rumor};
use history::{Entry, Names, Step};
use sim::{Command, Event, Kind, Observer};

use crate::judgement::RUMOR;
use crate::{MessageOf, System, TimerOf, Violation, Witness};

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

/// What a violation is explained by.
pub(crate) struct Evidence<S: System> {
    history: Vec<Entry>,
    witness: Option<Box<dyn Witness<MessageOf<S>, TimerOf<S>>>>,
    /// How many bytes it holds, and may hold.
    memory: u64,
    memory_max: u64,
}

/// What an operation's beginning or end takes, in bytes; and at most what a witness notes of any
/// event.
const ENTRY: u64 = size_of::<Entry>() as u64;
const NOTE: u64 = 16;

impl<S: System> Observer<MessageOf<S>, TimerOf<S>> for Evidence<S> {
    fn event(&mut self, event: &Event<MessageOf<S>, TimerOf<S>>) {
        if self.is_too_much() {
            return;
        }
        if let Some(entry) = history_entry(event) {
            self.history.push(entry);
            self.memory += ENTRY;
        }
        if let Some(witness) = &mut self.witness {
            witness.event(event);
            self.memory += NOTE;
        }
    }
}

impl<S: System> Evidence<S> {
    /// None yet, which may come to hold so many bytes.
    pub(crate) fn new(config: &S::Config, memory_max: u64) -> Evidence<S> {
        Evidence { history: Vec::new(), witness: S::witness(config), memory: 0, memory_max }
    }

    /// Whether there was more than it may hold: then it is not whole, and explains nothing.
    pub(crate) fn is_too_much(&self) -> bool {
        self.memory > self.memory_max
    }

    /// The story of what the rumor checker found.
    pub(crate) fn explain(&self, violation: &check::Violation, names: &Names) -> Violation {
        let explanation = check::explain(&self.history, violation, names);
        let operations = &explanation.operations;
        let causes = self.witness.as_ref().map(|witness| witness.testify(operations));
        Violation {
            by: RUMOR.to_owned(),
            summary: explanation.summary,
            story: explanation.story,
            cycle: explanation.cycle.into_iter().map(|edge| edge.because).collect(),
            causes: causes.unwrap_or_default(),
        }
    }
}
