//! What must be true of a run, and who watches over it.
//!
//! All checkers are alike: the checker of what clients observed ([`crate::RumorChecker`]), that of
//! how operations may end, and those of a system. A checker sees every event, reports what it found
//! while the run goes on or at its end, and measures. A run stops at the first finding, unless the
//! scenario says that this checker may find something.
//!
//! A checker that has to forget in order to go on forever can have the run repeated to explain what
//! it found: its [`Investigator`] sees the same events again, with memory for all of them.

use std::collections::BTreeSet;
use std::marker::PhantomData;

use check::{Found, HistoryChecker};
use history::{Entry, Includes, Invoke, Names, Object, OpId, Return, Step, Time};
use sim::{Command, Event, Kind, ObjectOf, Observer, Process, Protocol};

use crate::node_faults::NodeFaults;
use crate::{Verdict, Violation};

/// Watches over something that must be true of every run.
pub trait Checker<P: Process>: Observer<P::Protocol> + CloneChecker<P> {
    /// The name by which scenario files speak of it, such as `one-value-per-ballot`.
    fn name(&self) -> &'static str;

    /// The first thing that it found, if it found something. It is asked after each step, so it
    /// answers quickly as long as there is nothing.
    fn finding(&self) -> Option<Finding>;

    /// The run is over, and has reached none of its limits.
    fn at_end(&mut self, end: &End<'_, P>) {
        let _ = end;
    }

    /// What it measured, by names that end in the unit: `age_p99_ns`.
    fn measures(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }

    /// How many bytes it holds, if that grows with the run.
    fn memory(&self) -> u64 {
        0
    }

    /// Explains what was found by seeing the run again. `None` if the finding says all.
    fn investigator(&self) -> Option<Box<dyn Investigator<P>>> {
        None
    }
}

/// How a checker is copied with the run that it watches. Every checker that can be cloned has this.
pub trait CloneChecker<P: Process> {
    /// A copy, which has seen the same.
    fn boxed_clone(&self) -> Box<dyn Checker<P>>;
}

impl<P: Process, C: Checker<P> + Clone + 'static> CloneChecker<P> for C {
    fn boxed_clone(&self) -> Box<dyn Checker<P>> {
        Box::new(self.clone())
    }
}

/// Sees a run again whose end is known, and explains what a checker found in it.
pub trait Investigator<P: Process>: Observer<P::Protocol> {
    /// How many bytes it holds.
    fn memory(&self) -> u64;

    /// What was violated, and how. `by` need not be filled in.
    fn explain(&self, names: &Names) -> Violation;
}

/// What a checker found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it means: [`Verdict::Violation`] if clients observed it, [`Verdict::Invariant`] if it
    /// shows inside only, [`Verdict::Malformed`] if the system's account of itself makes no sense.
    pub verdict: Verdict,
    /// In one sentence.
    pub summary: String,
    /// What happened, in order, in sentences.
    pub story: Vec<String>,
}

impl Finding {
    /// Something inside that must always be true was not.
    #[must_use]
    pub fn invariant(summary: impl Into<String>, story: Vec<String>) -> Finding {
        Finding { verdict: Verdict::Invariant, summary: summary.into(), story }
    }

    /// As it stands in an outcome.
    pub(crate) fn violation(self, by: &str) -> Violation {
        let Finding { summary, story, .. } = self;
        Violation { by: by.to_owned(), summary, story, ..Violation::default() }
    }
}

/// How a run is over.
#[derive(Clone, Copy, Debug)]
pub enum End<'a, P> {
    /// Nothing is going to happen any more, and every process is done. These are the processes, in
    /// the order of their nodes.
    AtRest(&'a [&'a P]),
    /// The run was stopped when its faults had come to an end.
    Stopped,
    /// The run is a recording: there are no processes to look at.
    Recorded,
}

/// Finds the history of the objects of one kind among the events of a run.
#[derive(Clone, Debug)]
pub struct HistoryOf<O: Object> {
    /// Operations on these objects that have not returned. Kept only if there are others: an
    /// operation that failed does not tell what it was on.
    open: BTreeSet<OpId>,
    kind: PhantomData<fn() -> O>,
}

impl<O: Object> Default for HistoryOf<O> {
    fn default() -> HistoryOf<O> {
        HistoryOf { open: BTreeSet::new(), kind: PhantomData }
    }
}

impl<O: Object> HistoryOf<O> {
    /// The entry of the history that the next event of the run is, if it is one.
    #[inline]
    pub fn entry<P: Protocol>(&mut self, event: &Event<P>) -> Option<Entry<O>>
    where
        P::Object: Includes<O>,
    {
        let step = match &event.kind {
            Kind::Invoke(invoke) => {
                let action = <P::Object as Includes<O>>::action(&invoke.action)?;
                let Invoke { op, key, .. } = *invoke;
                if !<P::Object as Includes<O>>::IS_ALL {
                    self.open.insert(op);
                }
                Step::Invoke(Invoke { op, key, action })
            }
            Kind::Return(Return { op, completion }) => {
                if !<P::Object as Includes<O>>::IS_ALL && !self.open.remove(op) {
                    return None;
                }
                let completion = completion.filter_map(<P::Object as Includes<O>>::observation)?;
                Step::Return(Return { op: *op, completion })
            }
            Kind::Nemesis(Command::Crash { node, .. }) => Step::Gone(*node),
            _ => return None,
        };
        Some(Entry { at: event.at, step })
    }
}

/// A checker of histories, which knows nothing of events, as a checker of runs.
#[derive(Clone, Debug)]
pub struct OverHistory<C: HistoryChecker> {
    name: &'static str,
    history: HistoryOf<C::Object>,
    faults: NodeFaults,
    checker: C,
    verdict: Verdict,
    names: Names,
}

impl<C: HistoryChecker> OverHistory<C> {
    /// Lets `checker` watch the history of a run, under this name.
    #[must_use]
    pub fn new(name: &'static str, checker: C, names: &Names) -> OverHistory<C> {
        OverHistory {
            name,
            history: HistoryOf::default(),
            faults: NodeFaults::default(),
            checker,
            verdict: Verdict::Invariant,
            names: names.clone(),
        }
    }

    /// The same, for what clients can observe: what it finds is a violation.
    #[must_use]
    pub fn observed(self) -> OverHistory<C> {
        OverHistory { verdict: Verdict::Violation, ..self }
    }

    /// The checker inside.
    #[must_use]
    pub fn checker(&self) -> &C {
        &self.checker
    }
}

impl<P: Protocol, C: HistoryChecker> Observer<P> for OverHistory<C>
where
    P::Object: Includes<C::Object>,
{
    fn event(&mut self, event: &Event<P>) {
        if let Some(entry) = self.history.entry(event) {
            self.checker.step(&entry);
        }
        self.faults.event(event);
    }
}

impl<P: Process, C: HistoryChecker> Checker<P> for OverHistory<C>
where
    ObjectOf<P>: Includes<C::Object>,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn finding(&self) -> Option<Finding> {
        let Found { summary, mut steps, clients } = self.checker.finding(&self.names)?;
        steps.extend(self.faults.of(&clients, &steps, &self.names));
        Some(Finding { verdict: self.verdict, summary, story: story(steps) })
    }

    fn measures(&self) -> Vec<(&'static str, u64)> {
        self.checker.measures()
    }
}

/// What happened, in order of time, in sentences.
#[must_use]
pub fn story(mut steps: Vec<(Time, String)>) -> Vec<String> {
    steps.sort_by_key(|(at, _)| *at);
    steps.into_iter().map(|(at, what)| format!("At {at} {what}")).collect()
}
