//! Checkers: the rules that every run must satisfy.
//!
//! All checkers have the same interface: the checker of registers ([`crate::RumorChecker`]), the
//! checker of outcomes, and those of a system. A checker sees every event, reports its finding
//! during the run or at its end, and can report measures. A run stops at the first finding, unless
//! the scenario allows this checker a finding.
//!
//! A checker with bounded memory can repeat the run to explain its finding: its [`Investigator`]
//! sees the same events again, and may keep all of them.

use std::collections::BTreeSet;
use std::hash::Hasher;
use std::marker::PhantomData;

use check::{Found, HistoryChecker};
use history::{Entry, Includes, Invoke, Names, Object, OpId, Return, Step, Time};
use sim::{Command, Event, Kind, ObjectOf, Observer, Process, Protocol};

use crate::node_faults::NodeFaults;
use crate::{Verdict, Violation};

/// A rule that every run must satisfy.
pub trait Checker<P: Process>: Observer<P::Protocol> + CloneChecker<P> {
    /// The name in scenario files, such as `one-value-per-ballot`.
    fn name(&self) -> &'static str;

    /// Returns the first finding. This is called after each step, so it must be fast while there is
    /// none.
    fn finding(&self) -> Option<Finding>;

    /// Called at the end of a run that has reached no limit.
    fn at_end(&mut self, end: &End<'_, P>) {
        let _ = end;
    }

    /// What it measured, by names that end in the unit: `age_p99_ns`.
    fn measures(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }

    /// The memory of the checker in bytes, if it grows with the run.
    fn memory(&self) -> u64 {
        0
    }

    /// Adds what it knows, so that an explorer can tell whether two states of a run are the same to
    /// it. Returns `false` if it cannot say that: no two states are the same then. The history of
    /// the clients' operations need not be added.
    fn identify(&self, into: &mut dyn Hasher) -> bool {
        let _ = into;
        false
    }

    /// Returns an investigator that explains the finding. `None` if the finding needs no
    /// explanation.
    fn investigator(&self) -> Option<Box<dyn Investigator<P>>> {
        None
    }
}

/// Copies a checker with its run. Every checker that implements `Clone` has this.
pub trait CloneChecker<P: Process> {
    /// Returns a copy with the same state.
    fn boxed_clone(&self) -> Box<dyn Checker<P>>;
}

impl<P: Process, C: Checker<P> + Clone + 'static> CloneChecker<P> for C {
    fn boxed_clone(&self) -> Box<dyn Checker<P>> {
        Box::new(self.clone())
    }
}

/// Observes a repeated run, and explains the finding of a checker.
pub trait Investigator<P: Process>: Observer<P::Protocol> {
    /// The memory in bytes.
    fn memory(&self) -> u64;

    /// Returns the violation. `by` may be empty.
    fn explain(&self, names: &Names) -> Violation;
}

/// A finding of a checker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The verdict: [`Verdict::Violation`] if clients observed it, [`Verdict::Invariant`] if it is
    /// internal, [`Verdict::Malformed`] if the announced operations make no sense.
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

/// The end of a run.
#[derive(Clone, Copy, Debug)]
pub enum End<'a, P> {
    /// No event is left, and every process is done. These are the processes, in the order of their
    /// nodes.
    AtRest(&'a [&'a P]),
    /// The run was stopped after its recovery.
    Stopped,
    /// The run is a recording: there are no processes to look at.
    Recorded,
}

/// Finds the history of the objects of one kind among the events of a run.
#[derive(Clone, Debug)]
pub struct HistoryOf<O: Object> {
    /// Open operations on these objects. They are kept only if there are other objects, because a
    /// failed operation does not name its object.
    open: BTreeSet<OpId>,
    kind: PhantomData<fn() -> O>,
}

impl<O: Object> Default for HistoryOf<O> {
    fn default() -> HistoryOf<O> {
        HistoryOf { open: BTreeSet::new(), kind: PhantomData }
    }
}

impl<O: Object> HistoryOf<O> {
    /// Returns the entry of the history for the next event of the run, if there is one.
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
    /// Makes `checker` a checker of runs with this name.
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

    /// Like `new`, with findings that count as violations.
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

    /// It knows the history only.
    fn identify(&self, _: &mut dyn Hasher) -> bool {
        true
    }
}

/// What happened, in order of time, in sentences.
#[must_use]
pub fn story(mut steps: Vec<(Time, String)>) -> Vec<String> {
    steps.sort_by_key(|(at, _)| *at);
    steps.into_iter().map(|(at, what)| format!("At {at} {what}")).collect()
}
