//! What watches a run while it goes on.

use std::collections::BTreeMap;

use sim::{Event, EventDigest, Observer};
use trace::{Playback, Recorder};

use crate::conclusion::Investigation;
use crate::prepared::Prepared;
use crate::recovery::Progress;
use crate::tally::Tally;
use crate::{Checker, End, Expected, ProtocolOf, System};

/// What watches a run.
pub(crate) struct Watchers<S: System> {
    pub(crate) digest: EventDigest,
    pub(crate) tally: Tally<S>,
    pub(crate) progress: Progress,
    pub(crate) checkers: Vec<Watching<S>>,
    pub(crate) extra: Extra<S>,
}

/// What watches one run and not another. A copy of a run has none of it.
pub(crate) enum Extra<S: System> {
    /// Nothing.
    None,
    /// The run is recorded.
    Recorder(Recorder),
    /// The run is compared with its recording.
    Tape(Playback<ProtocolOf<S>>),
    /// The run is repeated to explain what was found in it.
    Investigation(Investigation<S>),
}

impl<S: System> Clone for Extra<S> {
    fn clone(&self) -> Extra<S> {
        Extra::None
    }
}

impl<S: System> Extra<S> {
    /// Whether there is no use in going on.
    pub(crate) fn has_seen_enough(&self) -> bool {
        match self {
            Extra::None => false,
            Extra::Recorder(recorder) => recorder.has_failed(),
            Extra::Tape(tape) => tape.is_over(),
            Extra::Investigation(investigation) => investigation.is_too_much(),
        }
    }
}

// A derive would ask that `S` can be cloned.
impl<S: System> Clone for Watchers<S> {
    fn clone(&self) -> Watchers<S> {
        Watchers {
            digest: self.digest.clone(),
            tally: self.tally.clone(),
            progress: self.progress.clone(),
            checkers: self.checkers.clone(),
            extra: self.extra.clone(),
        }
    }
}

impl<S: System> Clone for Watching<S> {
    fn clone(&self) -> Watching<S> {
        Watching { checker: self.checker.boxed_clone(), is_tolerated: self.is_tolerated }
    }
}

/// A checker at work.
pub(crate) struct Watching<S: System> {
    pub(crate) checker: Box<dyn Checker<S::Process>>,
    /// The run goes on after it has found something.
    pub(crate) is_tolerated: bool,
}

impl<S: System> Watchers<S> {
    pub(crate) fn new(prepared: &Prepared<S>) -> Watchers<S> {
        let expect = &prepared.general.expect;
        let watching = |checker: Box<dyn Checker<S::Process>>| {
            let expected = expect.of(checker.name());
            let is_tolerated = expected == Expected::MayViolate;
            (expected != Expected::Off).then_some(Watching { checker, is_tolerated })
        };
        Watchers {
            digest: EventDigest::default(),
            tally: Tally::new(),
            progress: Progress::new(prepared.general.recovery.as_ref()),
            checkers: prepared.checkers().into_iter().filter_map(watching).collect(),
            extra: Extra::None,
        }
    }

    /// How many bytes the checkers hold.
    pub(crate) fn memory(&self) -> u64 {
        self.checkers.iter().map(|watching| watching.checker.memory()).sum()
    }

    /// What the checkers measured.
    pub(crate) fn measures(&self) -> BTreeMap<String, u64> {
        let measures = self.checkers.iter().flat_map(|watching| watching.checker.measures());
        measures.map(|(name, number)| (name.to_owned(), number)).collect()
    }

    /// Whether something was found that ends the run.
    pub(crate) fn has_found(&self) -> bool {
        let mut strict = self.checkers.iter().filter(|watching| !watching.is_tolerated);
        strict.any(|watching| watching.checker.finding().is_some())
    }

    /// The run is over.
    pub(crate) fn end(&mut self, end: &End<'_, S::Process>) {
        self.checkers.iter_mut().for_each(|watching| watching.checker.at_end(end));
    }
}

impl<S: System> Observer<ProtocolOf<S>> for Watchers<S> {
    #[inline]
    fn event(&mut self, event: &Event<ProtocolOf<S>>) {
        self.digest.event(event);
        self.tally.event(event);
        self.progress.event(event);
        for watching in &mut self.checkers {
            watching.checker.event(event);
        }
        match &mut self.extra {
            Extra::None => (),
            Extra::Recorder(recorder) => recorder.event(event),
            Extra::Tape(tape) => tape.event(event),
            Extra::Investigation(investigation) => investigation.event(event),
        }
    }
}
