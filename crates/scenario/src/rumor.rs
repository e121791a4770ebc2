//! The rumor checker as a checker of runs: is the history of registers linearizable?

use std::hash::Hasher;
use std::rc::Rc;

use check::{Malformed, RegisterKind, Rumor};
use history::{Entry, Includes, Names, OpId, Register};
use sim::{Event, ObjectOf, Observer, Process};

use crate::{Checker, Finding, HistoryOf, Investigator, Verdict, Violation};

/// What the checker holds of a version or an operation, at most, in bytes.
const RECORD: u64 = 128;
/// What an operation's beginning or end takes, in bytes; and at most what a witness notes of any
/// event.
const ENTRY: u64 = size_of::<Entry>() as u64;
const NOTE: u64 = 16;

/// Observes a run that ends in a violation, and describes the part of the nodes in it.
pub trait Witness<P: Process>: Observer<P::Protocol> {
    /// Explains in sentences how these operations could contradict each other. The operations are
    /// in the order of their invocations. The last one has the impossible reply.
    fn testify(&self, operations: &[OpId]) -> Vec<String>;
}

/// Makes the witness of a run that is to be explained.
type Summon<P> = Rc<dyn Fn() -> Box<dyn Witness<P>>>;

/// The checker named `rumor`.
#[derive(Clone)]
pub struct RumorChecker<P: Process> {
    history: HistoryOf<Register>,
    rumor: Rumor,
    /// Why the history is none.
    malformed: Option<Malformed>,
    summon: Option<Summon<P>>,
}

impl<P: Process> RumorChecker<P> {
    /// The name in scenario files.
    pub const NAME: &'static str = "rumor";

    /// A checker that has seen no event.
    #[must_use]
    pub fn new(registers: RegisterKind) -> RumorChecker<P> {
        RumorChecker {
            history: HistoryOf::default(),
            rumor: Rumor::with(registers),
            malformed: None,
            summon: None,
        }
    }

    /// Adds a witness that explains how a violation was possible.
    #[must_use]
    pub fn with_witness(self, summon: impl Fn() -> Box<dyn Witness<P>> + 'static) -> Self {
        RumorChecker { summon: Some(Rc::new(summon)), ..self }
    }
}

impl<P: Process> Observer<P::Protocol> for RumorChecker<P>
where
    ObjectOf<P>: Includes<Register>,
{
    #[inline]
    fn event(&mut self, event: &Event<P::Protocol>) {
        if self.malformed.is_none()
            && let Some(entry) = self.history.entry(event)
        {
            self.malformed = self.rumor.step(&entry).err();
        }
    }
}

impl<P: Process + 'static> Checker<P> for RumorChecker<P>
where
    ObjectOf<P>: Includes<Register>,
{
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn finding(&self) -> Option<Finding> {
        if let Some(malformed) = &self.malformed {
            let summary = malformed.to_string();
            return Some(Finding { verdict: Verdict::Malformed, summary, story: Vec::new() });
        }
        let summary = self.rumor.violation()?.to_string();
        Some(Finding { verdict: Verdict::Violation, summary, story: Vec::new() })
    }

    fn memory(&self) -> u64 {
        self.rumor.retained() as u64 * RECORD
    }

    /// It knows the history only.
    fn identify(&self, _: &mut dyn Hasher) -> bool {
        true
    }

    fn investigator(&self) -> Option<Box<dyn Investigator<P>>> {
        let violation = *self.rumor.violation()?;
        let witness = self.summon.as_ref().map(|summon| summon());
        Some(Box::new(RumorInvestigator {
            violation,
            history: HistoryOf::default(),
            entries: Vec::new(),
            witness,
            noted: 0,
        }))
    }
}

/// Keeps the whole history.
struct RumorInvestigator<P: Process> {
    violation: check::Violation,
    history: HistoryOf<Register>,
    entries: Vec<Entry>,
    witness: Option<Box<dyn Witness<P>>>,
    /// How many events the witness has seen.
    noted: u64,
}

impl<P: Process> Observer<P::Protocol> for RumorInvestigator<P>
where
    ObjectOf<P>: Includes<Register>,
{
    fn event(&mut self, event: &Event<P::Protocol>) {
        self.entries.extend(self.history.entry(event));
        if let Some(witness) = &mut self.witness {
            witness.event(event);
            self.noted += 1;
        }
    }
}

impl<P: Process> Investigator<P> for RumorInvestigator<P>
where
    ObjectOf<P>: Includes<Register>,
{
    fn memory(&self) -> u64 {
        self.entries.len() as u64 * ENTRY + self.noted * NOTE
    }

    fn explain(&self, names: &Names) -> Violation {
        let explanation = check::explain(&self.entries, &self.violation, names);
        let operations = &explanation.operations;
        let causes = self.witness.as_ref().map(|witness| witness.testify(operations));
        Violation {
            by: String::new(),
            summary: explanation.summary,
            story: explanation.story,
            cycle: explanation.cycle.into_iter().map(|edge| edge.because).collect(),
            causes: causes.unwrap_or_default(),
        }
    }
}
