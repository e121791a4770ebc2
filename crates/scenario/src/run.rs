//! One run of a scenario.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use history::{Names, NodeId};
use sim::{Choices, Clock, Ending as Halt, Event, EventDigest, Observer, Seeded, World};
use trace::{FORMAT, Header, Recorder};

use crate::endings::Endings;
use crate::fault::{Directory, FaultPlan};
use crate::judgement::LIVENESS;
use crate::recovery::Progress;
use crate::tally::Tally;
use crate::{
    Checker, Deployment, End, Expected, General, Investigator, Judgement, Outcome, Problem,
    ProtocolOf, RunError, Scenario, System, Verdict, Violation, sections, size,
};

/// How often the memory of the checkers is looked at: it takes longer than a step.
const STEPS_BETWEEN_LOOKS: u64 = 1_024;

/// Somebody's wish that runs come to an end, seen by all of them.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicUsize>);

impl Interrupt {
    /// Nobody wishes it yet.
    #[must_use]
    pub fn new() -> Interrupt {
        Interrupt::default()
    }

    /// Where the wish is left: 0 until then, and after that a number that says why, such as that
    /// of a signal.
    #[must_use]
    pub fn flag(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.0)
    }

    /// Why, if somebody wishes it.
    #[must_use]
    pub fn reason(&self) -> Option<usize> {
        Some(self.0.load(Ordering::Relaxed)).filter(|reason| *reason != 0)
    }

    pub(crate) fn is_raised(&self) -> bool {
        self.reason().is_some()
    }
}

/// How to run a scenario.
#[derive(Clone, Copy, Debug)]
pub struct RunOptions<'a> {
    /// The seed.
    pub seed: &'a str,
    /// Where to record, if at all.
    pub record: Option<&'a Path>,
    /// Whether to explain what the rumor checker finds, for which the run is run again. Without it
    /// there is no story, and the summary says as little as the checker knows by itself.
    pub explain: bool,
    /// Who may end it.
    pub interrupt: &'a Interrupt,
}

/// A run, and what it says of its scenario's expectation.
#[derive(Clone, Debug)]
pub struct Ran {
    /// What came of it.
    pub outcome: Outcome,
    /// Whether that is as expected.
    pub judgement: Judgement,
}

/// A scenario whose system is known, with its configuration.
pub(crate) struct Prepared<'a, S: System> {
    pub(crate) scenario: &'a Scenario,
    /// As it is after drawing.
    pub(crate) general: General,
    pub(crate) config: S::Config,
}

/// What is run.
type RunningWorld<S, C> = World<<S as System>::Process, C, (FaultPlan, <S as System>::Nemesis)>;

/// Completes a configuration; paths of problems are those of the scenario file.
pub(crate) fn complete<S: System>(config: S::Config) -> Result<S::Config, Problem> {
    S::complete(config).map_err(|Problem { path, message }| Problem {
        path: sections::path_in_file::<S>(&path),
        message,
    })
}

/// What watches every run.
pub(crate) struct Watchers<S: System, O> {
    pub(crate) digest: EventDigest,
    pub(crate) tally: Tally<S>,
    progress: Progress,
    pub(crate) checkers: Vec<Watching<S>>,
    pub(crate) extra: O,
}

/// A checker at work.
pub(crate) struct Watching<S: System> {
    pub(crate) checker: Box<dyn Checker<S::Process>>,
    /// The run goes on after it has found something.
    pub(crate) is_tolerated: bool,
}

impl<S: System, O> Watchers<S, O> {
    pub(crate) fn new(prepared: &Prepared<'_, S>, extra: O) -> Watchers<S, O> {
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
            extra,
        }
    }

    /// How many bytes the checkers hold.
    fn memory(&self) -> u64 {
        self.checkers.iter().map(|watching| watching.checker.memory()).sum()
    }

    /// What the checkers measured.
    fn measures(&self) -> BTreeMap<String, u64> {
        let measures = self.checkers.iter().flat_map(|watching| watching.checker.measures());
        measures.map(|(name, number)| (name.to_owned(), number)).collect()
    }

    /// Whether something was found that ends the run.
    fn has_found(&self) -> bool {
        let mut strict = self.checkers.iter().filter(|watching| !watching.is_tolerated);
        strict.any(|watching| watching.checker.finding().is_some())
    }

    /// The run is over.
    pub(crate) fn end(&mut self, end: &End<'_, S::Process>) {
        self.checkers.iter_mut().for_each(|watching| watching.checker.at_end(end));
    }
}

impl<S: System, O> Observer<ProtocolOf<S>> for Watchers<S, O>
where
    O: Observer<ProtocolOf<S>>,
{
    #[inline]
    fn event(&mut self, event: &Event<ProtocolOf<S>>) {
        self.digest.event(event);
        self.tally.event(event);
        self.progress.event(event);
        for watching in &mut self.checkers {
            watching.checker.event(event);
        }
        self.extra.event(event);
    }
}

/// How a run ended.
pub(crate) struct Simulated<S: System, O> {
    pub(crate) watchers: Watchers<S, O>,
    /// None if it was stopped: by a finding, or from outside.
    pub(crate) ending: Option<Halt>,
    /// Somebody did not get on after the recovery.
    stalled: Option<Violation>,
    /// What nodes had still to do, and whom they wait for.
    unfinished: Vec<String>,
    /// What took the memory, if the limit of it was reached.
    largest: Option<String>,
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
    fn is_too_much(&self) -> bool {
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

impl<'a, S: System> Prepared<'a, S> {
    pub(crate) fn new(scenario: &'a Scenario) -> Result<Prepared<'a, S>, Problem> {
        let Scenario { general, sections, .. } = scenario.concrete()?;
        let config = complete::<S>(sections::join::<S>(&sections)?)?;
        size::check(&general)?;
        let prepared = Prepared { scenario, general, config };
        prepared.world::<Seeded>(Seeded::new("")).map(|_| prepared)
    }

    /// What watches over a run of this scenario, in the order in which findings count.
    pub(crate) fn checkers(&self) -> Vec<Box<dyn Checker<S::Process>>> {
        let mut checkers = S::checkers(&self.config, &self.names());
        checkers.push(Box::new(Endings::new(&self.general.expect.outcomes)));
        checkers
    }

    fn deploy(&self) -> Deployment<S::Process, S::Nemesis> {
        S::deploy(&self.config, self.general.intensity)
    }

    /// What the numbers in the events stand for.
    pub(crate) fn names(&self) -> Names {
        let Deployment { nodes, keys, .. } = self.deploy();
        Names { nodes: nodes.into_iter().map(|node| node.name).collect(), keys }
    }

    /// The world as it is before the run begins, and the names of its nodes.
    fn world<C: Choices>(&self, choices: C) -> Result<(RunningWorld<S, C>, Vec<String>), Problem> {
        let general = &self.general;
        let Deployment { nodes, roles, nemesis, .. } = self.deploy();
        size::check_nodes(S::NAME, nodes.len())?;
        let names = nodes.iter().map(|node| node.name.clone()).collect();
        let parts = nodes.iter().map(|node| node.role).collect();
        let no_fail_over = nodes.iter().map(|node| S::no_fail_over(&node.process)).collect();
        let directory = Directory { nodes: names, parts, roles, no_fail_over };
        let faults = FaultPlan::new(general, &directory)?;
        let mut clocks = vec![Clock::default(); nodes.len()];
        for (number, clock) in general.clock.iter().enumerate() {
            let node = directory.node(&clock.node, &format!("clock.{number}.node"))?;
            clocks[node.index()] = Clock::new(clock.offset.ns, clock.drift.ppb);
        }
        let mut world = World::new(choices, (faults, nemesis), general.limits.into());
        for (mut node, clock) in nodes.into_iter().zip(clocks) {
            node.clock = clock;
            world.add_node(node);
        }
        for (number, link) in general.link.iter().enumerate() {
            let from = directory.endpoint(&link.from, &format!("link.{number}.from"))?;
            let to = directory.endpoint(&link.to, &format!("link.{number}.to"))?;
            world.add_rule(from, to, link.rule());
        }
        Ok((world, directory.nodes))
    }

    /// Runs until nothing happens any more, something is found, a limit is reached, or `stop` says
    /// so.
    pub(crate) fn simulate<C, O>(
        &self,
        choices: C,
        extra: O,
        mut stop: impl FnMut(&O) -> bool,
    ) -> Simulated<S, O>
    where
        C: Choices,
        O: Observer<ProtocolOf<S>>,
    {
        let (mut world, names) = self.world(choices).expect("checked before");
        let nodes = || (0..names.len()).map(|number| NodeId(number as u16));
        let mut watchers = Watchers::new(self, extra);
        let mut stalled = None;
        let mut steps = 0u64;
        world.begin(&mut watchers);
        let ending = loop {
            if watchers.has_found() || stop(&watchers.extra) {
                break None;
            }
            if watchers.progress.is_due(world.now()) {
                stalled = self.stalled(&mut watchers.progress, |node| world.process(node));
                let ends_run = self.general.recovery.as_ref().is_some_and(|end| end.ends_run);
                if stalled.is_some() || ends_run {
                    break None;
                }
            }
            // A nemesis that goes by the clock would go on for ever.
            let only_alarms = world.in_flight() == watchers.tally.alarms;
            let is_done = |process| S::unfinished(process).is_none();
            if only_alarms && nodes().all(|node| is_done(world.process(node))) {
                break Some(Halt::Quiescent);
            }
            if steps.is_multiple_of(STEPS_BETWEEN_LOOKS)
                && world.memory() + watchers.memory() > self.general.limits.memory.0
            {
                break Some(Halt::TooMuchMemory);
            }
            steps += 1;
            if let Err(ending) = world.step(&mut watchers) {
                break Some(ending);
            }
        };
        let largest = (ending == Some(Halt::TooMuchMemory))
            .then(|| size::largest(&world.holdings(), watchers.memory(), &self.names()));
        if let Some(mark) = &watchers.tally.undeclared {
            panic!("the system reached the mark {mark:?}, which is not among its System::MARKS");
        }
        let unfinished = nodes().zip(&names).filter_map(|(node, name)| {
            let what = S::unfinished(world.process(node))?;
            Some(format!("{name} {what}"))
        });
        let mut unfinished: Vec<String> = unfinished.collect();
        if stalled.is_none() && !watchers.has_found() {
            let processes: Vec<&S::Process> = nodes().map(|node| world.process(node)).collect();
            match ending {
                Some(Halt::Quiescent) if unfinished.is_empty() => {
                    watchers.end(&End::AtRest(&processes));
                }
                None => watchers.end(&End::Stopped),
                Some(_) => (),
            }
        }
        if !unfinished.is_empty() {
            unfinished.extend(self.waiting(|node| world.process(node)));
        }
        Simulated { watchers, ending, stalled, unfinished, largest }
    }

    /// Runs with answers from the seed.
    pub(crate) fn run(&self, options: &RunOptions<'_>) -> Result<Ran, RunError> {
        let header = || Header {
            format: FORMAT,
            rumormill: env!("CARGO_PKG_VERSION").to_owned(),
            seed: options.seed.to_owned(),
            scenario: self.scenario.to_json(),
            names: self.names(),
        };
        let recorder = options.record.map(|path| Recorder::create(path, &header())).transpose()?;
        let choices = Seeded::new(options.seed);
        let simulated = self.simulate(choices, recorder, |recorder| {
            options.interrupt.is_raised() || recorder.as_ref().is_some_and(Recorder::has_failed)
        });
        if options.interrupt.is_raised() {
            let partial = simulated.watchers.extra.map(Recorder::abandon).transpose()?.flatten();
            return Err(RunError::Interrupted { partial });
        }
        let again = |investigation: Investigation<S>| {
            let seeded = Seeded::new(options.seed);
            self.simulate(seeded, investigation, Investigation::is_too_much).watchers.extra
        };
        let explain: Option<Again<'_, S>> = if options.explain { Some(&again) } else { None };
        let ran = self.judge(options.seed, &simulated, explain);
        if let Some(recorder) = simulated.watchers.extra {
            let outcome = serde_json::to_value(&ran.outcome).expect("an outcome is JSON");
            recorder.finish(&simulated.watchers.digest, outcome)?;
        }
        Ok(ran)
    }

    /// What came of a run. `again` shows the run once more to an investigator, if there is
    /// something to explain.
    pub(crate) fn judge<O>(
        &self,
        seed: &str,
        simulated: &Simulated<S, O>,
        again: Option<Again<'_, S>>,
    ) -> Ran {
        let watchers = &simulated.watchers;
        let found = self
            .found(watchers, false, again)
            .or_else(|| self.at_the_end(simulated))
            .or_else(|| self.found(watchers, true, again));
        self.outcome(seed, watchers, found.unwrap_or(Conclusion::NOTHING))
    }

    /// What the first checker found that found something: among those that may find something, or
    /// among the others.
    pub(crate) fn found<O>(
        &self,
        watchers: &Watchers<S, O>,
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

    /// What can only be told of a run that is over.
    fn at_the_end<O>(&self, simulated: &Simulated<S, O>) -> Option<Conclusion> {
        let watches_liveness = self.general.expect.of(LIVENESS) != Expected::Off;
        if let Some(stalled) = &simulated.stalled
            && watches_liveness
        {
            return Some(Conclusion::of(Verdict::Liveness, stalled.clone()));
        }
        let why = match simulated.ending {
            Some(Halt::Quiescent) if !simulated.unfinished.is_empty() && watches_liveness => {
                let violation = Violation {
                    by: LIVENESS.to_owned(),
                    summary: "nothing happens any more, and not everybody is done".to_owned(),
                    story: simulated.unfinished.clone(),
                    ..Violation::default()
                };
                return Some(Conclusion::of(Verdict::Liveness, violation));
            }
            Some(Halt::Quiescent) | None => {
                let missing = self.missing_marks(&simulated.watchers)?;
                return Some(Conclusion::void(Verdict::Vacuous, missing));
            }
            Some(Halt::TooManyEvents) => "the limit of events was reached",
            Some(Halt::TooLong) => "the limit of virtual time was reached",
            Some(Halt::TimeStandsStill) => "events follow each other without time passing",
            Some(Halt::TooMuchInFlight) => "the limit of what may be under way was reached",
            Some(Halt::TooMuchMemory) => "the limit of memory was reached",
        };
        let mut why = match &simulated.largest {
            Some(largest) => format!("{why} ({largest}), and the run was not over"),
            None => format!("{why}, and the run was not over"),
        };
        let at_work: Vec<&str> = simulated.unfinished.iter().map(String::as_str).take(3).collect();
        if !at_work.is_empty() {
            why.push_str(": ");
            why.push_str(&at_work.join("; "));
        }
        Some(Conclusion::void(Verdict::Inconclusive, why))
    }

    /// Which of the marks that the scenario must reach were not.
    pub(crate) fn missing_marks<O>(&self, watchers: &Watchers<S, O>) -> Option<String> {
        let recovered = self.general.recovery.iter().map(|_| "recovered");
        let wanted = self.general.expect.marks.iter().map(String::as_str).chain(recovered);
        let reached = watchers.tally.marks();
        let missing: Vec<&str> = wanted.filter(|mark| !reached.contains_key(*mark)).collect();
        (!missing.is_empty()).then(|| format!("the run never reached: {}", missing.join(", ")))
    }

    pub(crate) fn outcome<O>(
        &self,
        seed: &str,
        watchers: &Watchers<S, O>,
        conclusion: Conclusion,
    ) -> Ran {
        let Conclusion { verdict, violation, mut void } = conclusion;
        let expect = &self.general.expect;
        let by = violation.as_ref().map(|violation| violation.by.as_str());
        let mut judgement = expect.judge(verdict, by);
        // A hazard that shows before its fault has come shows something else. (What is reached at
        // the end is never reached where somebody waits for ever.)
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
            violation,
            void,
        };
        Ran { outcome, judgement }
    }
}
