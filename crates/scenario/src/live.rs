//! A session whose world is run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use history::{Names, NodeId, Time};
use serde_json::Value;
use sim::{Choices, Edited, Ending as Halt, Protocol, Scripted, Seeded};
use trace::{FORMAT, Footer, Header, LogError, LogReader, Playback, Recorder, verify};

use crate::conclusion::{Again, Investigation, RunEnd};
use crate::edit::split;
use crate::prepared::{Prepared, RunningWorld};
use crate::replay::{differing_end, edits_without_effect, in_words, shown};
use crate::session::Finished;
use crate::watch::{Extra, Watchers};
use crate::{
    Action, Edit, End, Interrupt, LoadError, Outcome, Problem, ProtocolOf, Ran, RunError, Scenario,
    Session, Source, System, Until, Violation, size,
};

/// How often the memory of the checkers is looked at: it takes longer than a step.
const STEPS_BETWEEN_LOOKS: u64 = 1_024;

/// A source of answers that a session can go on with.
pub(crate) trait Answers<P: Protocol>: Choices + Sized + 'static {
    /// A copy that goes on by itself.
    fn fork(&self) -> Result<Self, LogError>;

    /// What has to see the events of the run for the answers to go on.
    fn tape(&self) -> Option<Playback<P>> {
        None
    }

    /// The edits that had no effect so far, in sentences. `None` if the source knows of none: a
    /// recording has the answers, edited or not.
    fn without_effect(&self) -> Option<Vec<String>> {
        None
    }
}

impl<P: Protocol> Answers<P> for Seeded {
    fn fork(&self) -> Result<Seeded, LogError> {
        Ok(self.clone())
    }
}

impl<P: Protocol> Answers<P> for Edited<Seeded> {
    fn fork(&self) -> Result<Edited<Seeded>, LogError> {
        Ok(self.clone())
    }

    fn without_effect(&self) -> Option<Vec<String>> {
        Some(self.unused().collect())
    }
}

impl<P: Protocol> Answers<P> for Playback<P> {
    fn fork(&self) -> Result<Playback<P>, LogError> {
        Playback::fork(self)
    }

    fn tape(&self) -> Option<Playback<P>> {
        Some(self.clone())
    }
}

impl<P: Protocol> Answers<P> for Scripted {
    fn fork(&self) -> Result<Scripted, LogError> {
        Ok(self.clone())
    }

    fn without_effect(&self) -> Option<Vec<String>> {
        Some(Vec::new())
    }
}

/// Where a run comes from, to run it again and to record it.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) seed: String,
    /// As text.
    pub(crate) edits: Vec<String>,
    /// The recording that is replayed, and its end.
    pub(crate) recording: Option<(PathBuf, Footer)>,
}

/// Begins a session of a scenario.
///
/// # Errors
/// If the scenario cannot be run with what the seed draws for it, or the recording cannot be read.
pub(crate) fn open<S: System>(
    scenario: &Scenario,
    source: &Source,
) -> Result<Box<dyn Session>, RunError> {
    match source {
        Source::Seed(seed) => {
            let mut choices = Seeded::new(seed);
            let prepared = draw::<S, _>(scenario, &mut choices)?;
            let origin = Origin { seed: seed.clone(), edits: Vec::new(), recording: None };
            Ok(Box::new(Live::new(Arc::new(prepared), origin, Seeded::new(seed))))
        }
        Source::Edited { seed, edits } => {
            let (answers, orders) = split(edits);
            let mut choices = Edited::new(Seeded::new(seed), answers);
            let prepared = draw::<S, _>(scenario, &mut choices)?;
            let prepared = with_orders(prepared, orders)?;
            let origin = Origin { seed: seed.clone(), edits: texts(edits), recording: None };
            Ok(Box::new(Live::new(Arc::new(prepared), origin, choices)))
        }
        Source::Recording(path) | Source::Redrawn(path) => {
            let (Header { seed, edits, .. }, footer) = verify(path)?;
            let (answers, orders) = split(&parsed(&edits).map_err(damaged(path))?);
            let prepared = Prepared::<S>::new(scenario).map_err(damaged(path))?;
            let prepared = Arc::new(with_orders(prepared, orders)?);
            let tape = Playback::<ProtocolOf<S>>::new(LogReader::open(path)?);
            let origin = Origin { seed, edits, recording: Some((path.clone(), footer)) };
            if let Source::Recording(_) = source {
                let live = Live::new(prepared, origin, tape.clone());
                return Ok(Box::new(live.compared_with(tape)));
            }
            let mut choices = Edited::new(Seeded::new(&origin.seed), answers);
            let redrawn = scenario.draw(&mut choices).drawn;
            let mut live = Live::new(prepared, origin, choices).compared_with(tape);
            live.redrawn = Some(redrawn);
            Ok(Box::new(live))
        }
    }
}

/// The scenario with what the choices draw for it.
fn draw<S: System, C: Choices>(
    scenario: &Scenario,
    choices: &mut C,
) -> Result<Prepared<S>, RunError> {
    let drawn = scenario.draw(choices);
    Ok(Prepared::<S>::new(&drawn).map_err(|problem| drawn.cannot_be(&problem))?)
}

fn with_orders<S: System>(
    prepared: Prepared<S>,
    orders: Vec<(u64, Action)>,
) -> Result<Prepared<S>, LoadError> {
    let origin = prepared.scenario.name.clone();
    prepared.with_orders(orders).map_err(|Problem { message, .. }| LoadError::Override {
        origin,
        overrides: "its edits".to_owned(),
        message,
    })
}

fn parsed(edits: &[String]) -> Result<Vec<Edit>, String> {
    edits.iter().map(|text| text.parse()).collect()
}

fn texts(edits: &[Edit]) -> Vec<String> {
    edits.iter().map(Edit::to_string).collect()
}

/// The header of a recording says something impossible.
fn damaged<E: std::fmt::Display>(path: &Path) -> impl Fn(E) -> LogError {
    move |why| LogError::Corrupt { path: path.to_owned(), line: 1, why: why.to_string() }
}

/// A session whose world is run.
pub(crate) struct Live<S: System, C> {
    prepared: Arc<Prepared<S>>,
    names: Arc<Names>,
    origin: Origin,
    /// The answers at the beginning, to run it again. The world has its own.
    first: C,
    world: RunningWorld<S, C>,
    watchers: Watchers<S>,
    steps: u64,
    has_begun: bool,
    /// Whether the run is over, and how.
    over: Option<RunEnd>,
    /// What the seed draws of the scenario's swarm, to compare with what was recorded.
    redrawn: Option<BTreeMap<String, Value>>,
}

impl<S: System, C: Answers<ProtocolOf<S>> + Clone> Live<S, C> {
    /// A run that has not begun.
    pub(crate) fn new(prepared: Arc<Prepared<S>>, origin: Origin, choices: C) -> Live<S, C> {
        let names = Arc::new(prepared.names());
        let first = choices.clone();
        let world = prepared.world(choices).expect("checked before");
        let watchers = Watchers::new(&prepared);
        let (steps, has_begun, over, redrawn) = (0, false, None, None);
        Live { prepared, names, origin, first, world, watchers, steps, has_begun, over, redrawn }
    }

    /// The same, compared with its recording.
    pub(crate) fn compared_with(mut self, tape: Playback<ProtocolOf<S>>) -> Live<S, C> {
        self.watchers.extra = Extra::Tape(tape);
        self
    }

    fn nodes(&self) -> impl Iterator<Item = NodeId> + use<S, C> {
        (0..self.names.nodes.len()).map(|number| NodeId(number as u16))
    }

    /// Lets the next thing happen, unless the run is over.
    #[inline]
    fn advance(&mut self) -> bool {
        if self.over.is_some() {
            return false;
        }
        if !self.has_begun {
            self.has_begun = true;
            self.world.begin(&mut self.watchers);
            return true;
        }
        if self.watchers.has_found() || self.watchers.extra.has_seen_enough() {
            return self.end(None);
        }
        if self.watchers.progress.is_due(self.world.now()) {
            let world = &self.world;
            let stalled =
                self.prepared.stalled(&mut self.watchers.progress, |node| world.process(node));
            let ends_run = self.prepared.general.recovery.as_ref().is_some_and(|end| end.ends_run);
            if stalled.is_some() || ends_run {
                return self.end_stalled(stalled);
            }
        }
        // A nemesis that goes by the clock would go on for ever.
        let only_alarms = self.world.in_flight() == self.watchers.tally.alarms;
        if only_alarms && self.nodes().all(|node| S::unfinished(self.world.process(node)).is_none())
        {
            return self.end(Some(Halt::Quiescent));
        }
        if self.steps.is_multiple_of(STEPS_BETWEEN_LOOKS)
            && self.world.memory() + self.watchers.memory() > self.prepared.general.limits.memory.0
        {
            return self.end(Some(Halt::TooMuchMemory));
        }
        self.steps += 1;
        match self.world.step(&mut self.watchers) {
            Ok(()) => true,
            Err(ending) => self.end(Some(ending)),
        }
    }

    #[cold]
    fn end(&mut self, ending: Option<Halt>) -> bool {
        self.end_with(ending, None)
    }

    #[cold]
    fn end_stalled(&mut self, stalled: Option<Violation>) -> bool {
        self.end_with(None, stalled)
    }

    /// The run is over. Nothing happens any more.
    fn end_with(&mut self, ending: Option<Halt>, stalled: Option<Violation>) -> bool {
        let (world, watchers) = (&self.world, &self.watchers);
        let largest = (ending == Some(Halt::TooMuchMemory))
            .then(|| size::largest(&world.holdings(), watchers.memory(), &self.names));
        if let Some(mark) = &watchers.tally.undeclared {
            panic!("the system reached the mark {mark:?}, which is not among its System::MARKS");
        }
        let unfinished = self.nodes().filter_map(|node| {
            let what = S::unfinished(world.process(node))?;
            Some(format!("{} {what}", self.names.node(node)))
        });
        let mut unfinished: Vec<String> = unfinished.collect();
        if stalled.is_none() && !watchers.has_found() {
            let processes: Vec<&S::Process> =
                self.nodes().map(|node| self.world.process(node)).collect();
            match ending {
                Some(Halt::Quiescent) if unfinished.is_empty() => {
                    self.watchers.end(&End::AtRest(&processes));
                }
                None => self.watchers.end(&End::Stopped),
                Some(_) => (),
            }
        }
        if !unfinished.is_empty() {
            unfinished.extend(self.prepared.waiting(|node| self.world.process(node)));
        }
        self.over = Some(RunEnd { ending, stalled, unfinished, largest });
        false
    }

    fn header(&self) -> Header {
        Header {
            format: FORMAT,
            rumormill: env!("CARGO_PKG_VERSION").to_owned(),
            seed: self.origin.seed.clone(),
            edits: self.origin.edits.clone(),
            scenario: self.prepared.scenario.to_json(),
            names: (*self.names).clone(),
        }
    }

    /// Shows the run once more, from its beginning.
    fn again(&self, investigation: Investigation<S>) -> Investigation<S> {
        if let Some((path, _)) = &self.origin.recording {
            return shown(path, investigation);
        }
        let origin = self.origin.clone();
        let mut live = Live::<S, C>::new(Arc::clone(&self.prepared), origin, self.first.clone());
        live.watchers.extra = Extra::Investigation(investigation);
        while live.advance() {}
        match live.watchers.extra {
            Extra::Investigation(investigation) => investigation,
            _ => unreachable!("it was put there"),
        }
    }

    /// The edits that had no effect, each with the reason, in sentences.
    fn edits_without_effect(&self) -> Vec<String> {
        let Some(mut all) = self.world.choices().without_effect() else {
            let recording = self.origin.recording.as_ref();
            return recording.map(|(_, footer)| edits_without_effect(footer)).unwrap_or_default();
        };
        let (faults, _) = self.world.nemesis();
        let left: BTreeSet<u64> = faults.orders_left().collect();
        let edits = parsed(&self.origin.edits).unwrap_or_default();
        all.extend(edits.iter().filter_map(|edit| match edit {
            Edit::Order { event, .. } if left.contains(event) => {
                Some(format!("the edit `{edit}` has no effect: the run ends before that event"))
            }
            _ => None,
        }));
        all
    }

    fn judge(&self, end: &RunEnd, explain: bool) -> Ran {
        let again = |investigation| self.again(investigation);
        let again: Option<Again<'_, S>> = if explain { Some(&again) } else { None };
        let mut ran = self.prepared.judge(&self.origin.seed, &self.watchers, end, again);
        ran.outcome.edits = self.origin.edits.clone();
        ran.outcome.edits_without_effect = self.edits_without_effect();
        ran
    }
}

impl<S: System, C: Answers<ProtocolOf<S>> + Clone> Session for Live<S, C> {
    fn names(&self) -> &Names {
        &self.names
    }

    fn now(&self) -> Time {
        self.world.now()
    }

    fn events(&self) -> u64 {
        self.world.events()
    }

    fn is_over(&self) -> bool {
        self.over.is_some()
    }

    fn record(&mut self, path: &Path) -> Result<(), LogError> {
        assert!(!self.has_begun, "a run is recorded from its first event on");
        self.watchers.extra = Extra::Recorder(Recorder::create(path, &self.header())?);
        Ok(())
    }

    fn step(&mut self) -> bool {
        self.advance()
    }

    fn run(&mut self, until: Until, interrupt: &Interrupt) {
        let is_there = |live: &Live<S, C>| match until {
            Until::End => false,
            Until::Events(events) => live.world.events() >= events,
            Until::Time(time) => live.world.now() >= time,
        };
        match until {
            Until::End => while !interrupt.is_raised() && self.advance() {},
            _ => while !interrupt.is_raised() && !is_there(self) && self.advance() {},
        }
    }

    fn fork(&self) -> Result<Box<dyn Session>, LogError> {
        let mut world = self.world.clone();
        let choices = self.world.choices().fork()?;
        let mut watchers = self.watchers.clone();
        if let Some(tape) = choices.tape() {
            watchers.extra = Extra::Tape(tape);
        }
        *world.choices_mut() = choices;
        Ok(Box::new(Live {
            prepared: Arc::clone(&self.prepared),
            names: Arc::clone(&self.names),
            origin: self.origin.clone(),
            first: self.first.clone(),
            world,
            watchers,
            steps: self.steps,
            has_begun: self.has_begun,
            over: self.over.clone(),
            redrawn: None,
        }))
    }

    fn state(&self, node: NodeId) -> Option<Value> {
        (node.index() < self.names.nodes.len()).then(|| S::state(self.world.process(node)))
    }

    fn so_far(&self) -> Ran {
        self.judge(&self.over.clone().unwrap_or_default(), false)
    }

    fn finish(mut self: Box<Self>, explain: bool) -> Result<Finished, RunError> {
        if self.over.is_none() {
            self.end(None);
        }
        let ran = self.judge(&self.over.clone().unwrap_or_default(), explain);
        let divergence = match std::mem::replace(&mut self.watchers.extra, Extra::None) {
            Extra::Recorder(recorder) => {
                let outcome = json(&ran.outcome);
                recorder.finish(&self.watchers.digest, outcome)?;
                None
            }
            Extra::Tape(tape) => match (tape.finish()?, &self.origin.recording) {
                (Some(divergence), Some((path, _))) => {
                    Some(in_words(path, &divergence, &self.names)?)
                }
                (None, Some((_, footer))) => differing_end(footer, &ran),
                (_, None) => None,
            },
            _ => None,
        };
        let divergence = divergence.or_else(|| {
            let drawn = &self.prepared.scenario.drawn;
            let redrawn = self.redrawn.take().filter(|redrawn| redrawn != drawn)?;
            Some(vec![
                format!("the seed draws {}", Value::from_iter(redrawn)),
                format!("recorded was   {}", Value::from_iter(drawn.clone())),
            ])
        });
        Ok(Finished { ran, divergence })
    }

    fn abandon(self: Box<Self>) -> Result<Option<PathBuf>, LogError> {
        match self.watchers.extra {
            Extra::Recorder(recorder) => recorder.abandon(),
            _ => Ok(None),
        }
    }
}

fn json(outcome: &Outcome) -> Value {
    serde_json::to_value(outcome).expect("an outcome is JSON")
}
