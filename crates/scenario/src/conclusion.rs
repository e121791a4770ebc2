//! What a run comes to.

use history::Names;
use sim::{Ending as Halt, Event, Observer};

use crate::judgement::LIVENESS;
use crate::prepared::Prepared;
use crate::watch::Watchers;
use crate::{
    Expected, Investigator, Judgement, Outcome, ProtocolOf, Ran, System, Verdict, Violation,
};

/// How a run ended.
#[derive(Clone, Default)]
pub(crate) struct RunEnd {
    /// `None` if it was stopped: by a finding, or from outside.
    pub(crate) ending: Option<Halt>,
    /// Which clients made no progress after the recovery.
    pub(crate) stalled: Option<Violation>,
    /// What nodes had still to do, and which nodes they wait for.
    pub(crate) unfinished: Vec<String>,
    /// What took the memory, if the limit of it was reached.
    pub(crate) largest: Option<String>,
}

/// What a run comes to: a violation, or why the run means nothing.
pub(crate) struct Conclusion {
    verdict: Verdict,
    violation: Option<Violation>,
    void: Option<String>,
}

impl Conclusion {
    /// That there is nothing wrong.
    pub(crate) const NOTHING: Conclusion =
        Conclusion { verdict: Verdict::Holds, violation: None, void: None };

    pub(crate) fn of(verdict: Verdict, violation: Violation) -> Conclusion {
        Conclusion { verdict, violation: Some(violation), void: None }
    }

    pub(crate) fn void(verdict: Verdict, why: String) -> Conclusion {
        Conclusion { verdict, violation: None, void: Some(why) }
    }
}

/// Shows a run once more.
pub(crate) type Again<'a, S> = &'a dyn Fn(Investigation<S>) -> Investigation<S>;

/// A run that is repeated to explain what was found in it.
pub(crate) struct Investigation<S: System> {
    investigator: Box<dyn Investigator<S::Process>>,
    /// How many bytes the investigator may hold.
    memory_max: u64,
}

impl<S: System> Investigation<S> {
    /// Whether it has seen more than it may hold: then it has not seen all, and explains nothing.
    pub(crate) fn is_too_much(&self) -> bool {
        self.investigator.memory() > self.memory_max
    }

    fn explain(&self, names: &Names) -> Option<Violation> {
        (!self.is_too_much()).then(|| self.investigator.explain(names))
    }
}

impl<S: System> Observer<ProtocolOf<S>> for Investigation<S> {
    fn event(&mut self, event: &Event<ProtocolOf<S>>) {
        if !self.is_too_much() {
            self.investigator.event(event);
        }
    }
}

impl<S: System> Prepared<S> {
    /// What came of a run. `again` shows the run once more to an investigator, if there is
    /// something to explain.
    pub(crate) fn judge(
        &self,
        seed: &str,
        watchers: &Watchers<S>,
        end: &RunEnd,
        again: Option<Again<'_, S>>,
    ) -> Ran {
        let found = self
            .found(watchers, false, again)
            .or_else(|| self.at_the_end(watchers, end))
            .or_else(|| self.found(watchers, true, again));
        self.outcome(seed, watchers, found.unwrap_or(Conclusion::NOTHING))
    }

    /// What the first checker found that found something: among those that may find something, or
    /// among the others.
    pub(crate) fn found(
        &self,
        watchers: &Watchers<S>,
        tolerated: bool,
        again: Option<Again<'_, S>>,
    ) -> Option<Conclusion> {
        let all = watchers.checkers.iter().filter(|watching| watching.is_tolerated == tolerated);
        let (checker, finding) = all
            .map(|watching| &watching.checker)
            .find_map(|checker| Some((checker, checker.finding()?)))?;
        let verdict = finding.verdict;
        let explained = again
            .zip(checker.investigator())
            .and_then(|(again, investigator)| {
                let memory_max = self.general.limits.memory.0;
                again(Investigation { investigator, memory_max }).explain(&self.names())
            })
            .map(|violation| Violation { by: checker.name().to_owned(), ..violation });
        let violation = explained.unwrap_or_else(|| finding.violation(checker.name()));
        Some(Conclusion::of(verdict, violation))
    }

    /// What can only be said of a run that is over.
    fn at_the_end(&self, watchers: &Watchers<S>, end: &RunEnd) -> Option<Conclusion> {
        let watches_liveness = self.general.expect.of(LIVENESS) != Expected::Off;
        if let Some(stalled) = &end.stalled
            && watches_liveness
        {
            return Some(Conclusion::of(Verdict::Liveness, stalled.clone()));
        }
        let why = match end.ending {
            Some(Halt::Quiescent) if !end.unfinished.is_empty() && watches_liveness => {
                let violation = Violation {
                    by: LIVENESS.to_owned(),
                    summary: "nothing happens any more, and not everybody is done".to_owned(),
                    story: end.unfinished.clone(),
                    ..Violation::default()
                };
                return Some(Conclusion::of(Verdict::Liveness, violation));
            }
            Some(Halt::Quiescent) | None => {
                let missing = self.missing_marks(watchers)?;
                return Some(Conclusion::void(Verdict::Vacuous, missing));
            }
            Some(Halt::TooManyEvents) => "the limit of events was reached",
            Some(Halt::TooLong) => "the limit of virtual time was reached",
            Some(Halt::TimeStandsStill) => "events follow each other without time passing",
            Some(Halt::TooMuchInFlight) => "the limit of what may be under way was reached",
            Some(Halt::TooMuchMemory) => "the limit of memory was reached",
        };
        let mut why = match &end.largest {
            Some(largest) => format!("{why} ({largest}), and the run was not over"),
            None => format!("{why}, and the run was not over"),
        };
        let at_work: Vec<&str> = end.unfinished.iter().map(String::as_str).take(3).collect();
        if !at_work.is_empty() {
            why.push_str(": ");
            why.push_str(&at_work.join("; "));
        }
        Some(Conclusion::void(Verdict::Inconclusive, why))
    }

    /// Which of the marks that the scenario must reach were not.
    pub(crate) fn missing_marks(&self, watchers: &Watchers<S>) -> Option<String> {
        let recovered = self.general.recovery.iter().map(|_| "recovered");
        let wanted = self.general.expect.marks.iter().map(String::as_str).chain(recovered);
        let reached = watchers.tally.marks();
        let missing: Vec<&str> = wanted.filter(|mark| !reached.contains_key(*mark)).collect();
        (!missing.is_empty()).then(|| format!("the run never reached: {}", missing.join(", ")))
    }

    pub(crate) fn outcome(
        &self,
        seed: &str,
        watchers: &Watchers<S>,
        conclusion: Conclusion,
    ) -> Ran {
        let Conclusion { verdict, violation, mut void } = conclusion;
        let expect = &self.general.expect;
        let by = violation.as_ref().map(|violation| violation.by.as_str());
        let mut judgement = expect.judge(verdict, by);
        // A hazard that shows before its fault has come shows something else. (What is reached at
        // the end is never reached where a client waits for ever.)
        if expect.is_hazard()
            && judgement == Judgement::Met
            && verdict != Verdict::Liveness
            && let Some(missing) = self.missing_marks(watchers)
        {
            judgement = expect.judge(Verdict::Vacuous, None);
            void = Some(missing);
        }
        let outcome = Outcome {
            scenario: self.scenario.name.clone(),
            seed: seed.to_owned(),
            verdict,
            expected: expect.in_words(),
            as_expected: judgement.as_expected(),
            events: watchers.digest.events(),
            delivered: watchers.tally.delivered,
            virtual_ns: watchers.tally.last.0,
            digest: watchers.digest.fingerprint(),
            operations: watchers.tally.operations,
            marks: watchers.tally.marks(),
            measures: watchers.measures(),
            drawn: self.scenario.drawn.clone(),
            edits: Vec::new(),
            edits_without_effect: Vec::new(),
            violation,
            void,
        };
        Ran { outcome, judgement }
    }
}
