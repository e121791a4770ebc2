//! `run`: scenarios times seeds, on all cores.
//!
//! Runs end in any order. Results are sorted by scenario and seed before they are judged and
//! printed. Only `jsonl` prints them as runs end.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::panic::{self, AssertUnwindSafe};
use std::thread;

use scenario::many::run_many;
use scenario::{
    Batch, Interrupt, Judgement, Outcome, Ran, Registry, RunError, RunOptions, Scenario, Verdict,
};

use scenario::Edit;

use crate::args::{Changes, Format, Seeds, typed};
use crate::command::record::code_of;
use crate::eprintln_quietly;
use crate::failure::{Code, Failure};
use crate::output::{Output, Rows};
use crate::progress::Progress;
use crate::words;

/// The runs, and how to report them.
pub(crate) struct Plan {
    pub(crate) scenarios: Vec<Scenario>,
    pub(crate) seeds: Seeds,
    pub(crate) edits: Vec<Edit>,
    pub(crate) jobs: Option<NonZeroUsize>,
    pub(crate) format: Format,
    pub(crate) changes: Changes,
}

/// A run that panicked: a bug of rumormill, or of the system.
pub(crate) struct Panicked;

impl Plan {
    fn runs(&self) -> Result<usize, Failure> {
        let runs = self.scenarios.len().checked_mul(self.seeds.len());
        runs.filter(|runs| *runs < usize::MAX)
            .ok_or_else(|| Failure::Usage("these are more runs than can be counted".to_owned()))
    }

    /// The scenario and the seed of a run.
    fn run(&self, number: usize) -> (&Scenario, String) {
        let seeds = self.seeds.len();
        (&self.scenarios[number / seeds], self.seeds.get(number % seeds))
    }

    /// The command for all runs of this run's scenario.
    fn batch_command(&self, number: usize) -> String {
        let (scenario, _) = self.run(number);
        let (name, seeds, changes) = (&scenario.name, self.seeds.typed(), self.changes.typed());
        let edits = typed(&self.edits);
        format!("reproduce with: bin/rumormill run {name} {seeds}{changes}{edits}")
    }

    /// The command for this run alone.
    fn command(&self, number: usize) -> String {
        let (scenario, seed) = self.run(number);
        reproduction(&scenario.name, &seed, &self.changes, &self.edits)
    }
}

/// The command that reproduces a run.
pub(crate) fn reproduction(name: &str, seed: &str, changes: &Changes, edits: &[Edit]) -> String {
    let (changes, edits) = (changes.typed(), typed(edits));
    format!("reproduce with: bin/rumormill run {name} --seed {seed}{changes}{edits}")
}

/// The default number of parallel runs.
pub(crate) fn threads(jobs: Option<NonZeroUsize>) -> NonZeroUsize {
    jobs.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN)
}

/// The findings that are explained. An explanation takes as long as the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Explain {
    All,
    Unexpected,
    None,
}

/// One run, even if it panics.
pub(crate) fn run_one(
    registry: &Registry,
    scenario: &Scenario,
    (seed, edits): (&str, &[Edit]),
    explain: Explain,
    interrupt: &Interrupt,
) -> Result<Result<Ran, RunError>, Panicked> {
    let options = RunOptions { edits, ..RunOptions::new(seed, interrupt) };
    let options = RunOptions { explain: explain == Explain::All, ..options };
    let again = RunOptions { explain: true, ..options };
    let run = AssertUnwindSafe(|| {
        let ran = registry.run(scenario, &options)?;
        match ran.judgement {
            Judgement::NotMet if explain == Explain::Unexpected => registry.run(scenario, &again),
            _ => Ok(ran),
        }
    });
    panic::catch_unwind(run).map_err(|_| Panicked)
}

pub(crate) fn run(
    registry: &Registry,
    plan: &Plan,
    interrupt: &Interrupt,
) -> Result<Code, Failure> {
    let runs = plan.runs()?;
    let mut progress = Progress::new(runs);
    let mut report = Report::new(plan);
    let mut early = BTreeMap::new();
    let mut next = 0;
    let mut failure = None;
    // Of many runs only failures are printed, except in formats for programs.
    let explain = match plan.format {
        Format::Human if plan.seeds.len() > 1 => Explain::Unexpected,
        _ => Explain::All,
    };
    let work = |number| {
        let (scenario, seed) = plan.run(number);
        run_one(registry, scenario, (&seed, &plan.edits), explain, interrupt)
    };
    run_many(runs, threads(plan.jobs), work, |number, result| {
        let fine = matches!(&result, Ok(Ok(ran)) if ran.judgement != Judgement::NotMet);
        progress.step(fine);
        let told = report.as_it_comes(&result).and_then(|()| {
            early.insert(number, result);
            while let Some(result) = early.remove(&next) {
                report.in_order(next, result)?;
                next += 1;
            }
            Ok(())
        });
        match told {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failure = Some(error);
                ControlFlow::Break(())
            }
        }
    });
    progress.finish();
    match failure {
        Some(Failure::Interrupted(_)) => {
            report.stop()?;
            Err(Failure::Interrupted(format!("interrupted after {next} of {runs} runs")))
        }
        Some(failure) => Err(failure),
        None => report.end(),
    }
}

/// Reports the runs.
struct Report<'a> {
    plan: &'a Plan,
    out: Output,
    rows: Option<Rows>,
    code: Code,
    batch: Option<ScenarioReport>,
    /// The command that reproduces the first failure.
    first_failure: Option<String>,
}

/// The runs of one scenario so far.
struct ScenarioReport {
    batch: Batch,
    runs: u64,
    /// The count of each verdict, and its first seed.
    findings: BTreeMap<Verdict, (u64, String)>,
    panics: u64,
    events: u64,
    /// The first that is not as expected.
    failure: Option<Outcome>,
    last: Option<Outcome>,
}

impl Report<'_> {
    fn new(plan: &Plan) -> Report<'_> {
        Report {
            plan,
            out: Output::new(),
            rows: plan.format.rows(),
            code: Code::AsExpected,
            batch: None,
            first_failure: None,
        }
    }

    fn as_it_comes(
        &mut self,
        result: &Result<Result<Ran, RunError>, Panicked>,
    ) -> Result<(), Failure> {
        if let (Some(rows @ Rows::Lines { .. }), Ok(Ok(ran))) = (&mut self.rows, result) {
            rows.push(&mut self.out, &ran.outcome)?;
        }
        Ok(())
    }

    fn in_order(
        &mut self,
        number: usize,
        result: Result<Result<Ran, RunError>, Panicked>,
    ) -> Result<(), Failure> {
        let seeds = self.plan.seeds.len();
        if number.is_multiple_of(seeds) {
            let (scenario, _) = self.plan.run(number);
            self.batch = Some(ScenarioReport::new(Batch::new(&scenario.general.expect)));
        }
        match result {
            Ok(result) => self.judged(number, result?)?,
            Err(Panicked) => {
                self.code = self.code.or(Code::Internal);
                self.first_failure.get_or_insert_with(|| self.plan.command(number));
                self.batch.as_mut().expect("begun with the first seed").add_panic();
            }
        }
        if (number + 1).is_multiple_of(seeds) {
            self.end_scenario(number)?;
        }
        Ok(())
    }

    fn judged(&mut self, number: usize, ran: Ran) -> Result<(), Failure> {
        let code = code_of(&ran);
        let Ran { outcome, judgement } = ran;
        if judgement == Judgement::NotMet {
            self.first_failure.get_or_insert_with(|| self.plan.command(number));
            self.code = self.code.or(code);
        }
        if let Some(rows @ Rows::Array { .. }) = &mut self.rows {
            rows.push(&mut self.out, &outcome)?;
        }
        self.batch.as_mut().expect("begun with the first seed").add(outcome, judgement);
        Ok(())
    }

    fn end_scenario(&mut self, number: usize) -> Result<(), Failure> {
        let batch = self.batch.take().expect("begun with the first seed");
        if !batch.batch.is_as_expected() && batch.failure.is_none() {
            self.code = self.code.or(Code::NotAsExpected);
            let command = || self.plan.batch_command(number);
            self.first_failure.get_or_insert_with(command);
        }
        let (scenario, _) = self.plan.run(number);
        if self.plan.format != Format::Human {
            let complaint = batch.batch.complaint();
            complaint.iter().for_each(|why| eprintln_quietly(&format!("{}: {why}", scenario.name)));
            return Ok(());
        }
        for line in batch.lines(scenario, self.plan) {
            self.out.line(line)?;
        }
        self.out.flush()
    }

    /// All runs are done.
    fn end(mut self) -> Result<Code, Failure> {
        if let Some(rows) = self.rows.take() {
            rows.end(&mut self.out)?;
        }
        self.stop()
    }

    /// Ends the report, even if some runs are missing.
    fn stop(mut self) -> Result<Code, Failure> {
        if let Some(command) = &self.first_failure {
            match self.plan.format {
                Format::Human => self.out.line(command)?,
                Format::Json | Format::Jsonl => eprintln_quietly(command),
            }
        }
        self.out.flush()?;
        Ok(self.code)
    }
}

impl ScenarioReport {
    fn new(batch: Batch) -> ScenarioReport {
        let findings = BTreeMap::new();
        let (runs, panics, events) = (0, 0, 0);
        ScenarioReport { batch, runs, findings, panics, events, failure: None, last: None }
    }

    fn add_panic(&mut self) {
        self.batch.add(Judgement::NotMet, &BTreeMap::new());
        self.runs += 1;
        self.panics += 1;
    }

    fn add(&mut self, outcome: Outcome, judgement: Judgement) {
        self.batch.add(judgement, &outcome.marks);
        self.runs += 1;
        self.events += outcome.events;
        let first = || (0, outcome.seed.clone());
        self.findings.entry(outcome.verdict).or_insert_with(first).0 += 1;
        if judgement == Judgement::NotMet && self.failure.is_none() {
            self.failure = Some(outcome.clone());
        }
        self.last = Some(outcome);
    }

    fn lines(self, scenario: &Scenario, plan: &Plan) -> Vec<String> {
        let alone = plan.scenarios.len() == 1;
        let mut lines = Vec::new();
        if let (1, Some(outcome)) = (self.runs, &self.last) {
            lines.push(words::headline(outcome));
            lines.extend(words::drawn(outcome).map(indented));
            if alone {
                lines.extend(words::numbers(outcome).into_iter().map(indented));
                lines.push(indented(words::marks(outcome)));
                lines.extend(words::measures(outcome).map(indented));
                lines.extend(outcome.edits_without_effect.iter().cloned().map(indented));
            }
            if alone || self.failure.is_some() {
                lines.extend(words::explanation(outcome).into_iter().map(indented));
            }
            if alone && outcome.as_expected.is_none() {
                let (name, seeds) = (&scenario.name, scenario.general.expect.within_seeds);
                let changes = plan.changes.typed();
                let command = format!("bin/rumormill run {name} --seeds 0..{seeds}{changes}");
                lines.push(indented(format!("other seeds show it: {command}")));
            }
            return lines;
        }
        let mark = match &self.batch {
            batch if batch.is_open() => "open",
            batch if batch.is_as_expected() => "ok  ",
            _ => "FAIL",
        };
        let findings = self.findings.iter().map(|(verdict, (count, first))| match verdict {
            Verdict::Holds => format!("{count} holds"),
            found => format!("{count} {} (first: seed {first})", found.as_str()),
        });
        let findings =
            findings.chain((self.panics > 0).then(|| format!("{} panicked", self.panics)));
        lines.push(format!(
            "{mark} {}: {} seeds: {}; expected: {}; {} events",
            scenario.name,
            self.runs,
            findings.collect::<Vec<_>>().join(", "),
            scenario.general.expect.in_words(),
            words::grouped(self.events),
        ));
        lines.extend(self.batch.complaint().map(indented));
        if self.batch.is_open() {
            let seeds = scenario.general.expect.within_seeds;
            lines.push(indented(format!("it shows in one of {seeds} seeds: try more")));
        }
        if let Some(outcome) = &self.failure {
            lines.push(indented(words::headline(outcome)));
            lines.extend(words::drawn(outcome).map(indented));
            lines.extend(words::explanation(outcome).into_iter().map(indented));
        }
        lines
    }
}

fn indented(line: String) -> String {
    format!("     {line}")
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::{Args, Command};

    #[test]
    fn seeds_that_panic_are_counted_and_end_nothing_else() {
        let registry = crate::registry();
        let typed = ["rumormill", "run", "c2p2k2", "--seeds", "0..3", "--format", "jsonl"];
        let args = Args::try_parse_from(typed).expect("this can be typed");
        let Command::Run { what, seeds, jobs, format, .. } = args.command else { unreachable!() };
        let scenarios = vec![registry.load("caspaxos/losing/c2p2k2", &[]).expect("it is there")];
        let plan =
            Plan { scenarios, seeds, edits: Vec::new(), jobs, format, changes: what.changes };
        let mut report = Report::new(&plan);
        for number in 0..3 {
            assert!(report.in_order(number, Err(Panicked)).is_ok());
        }
        assert_eq!(report.code, Code::Internal);
        assert!(report.batch.is_none(), "the scenario is at its end");
        let expected = "reproduce with: bin/rumormill run caspaxos/losing/c2p2k2 --seed 0";
        assert_eq!(report.first_failure.as_deref(), Some(expected));
    }
}
