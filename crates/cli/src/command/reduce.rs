//! `reduce`: the seed with the shortest log.

use std::num::NonZeroUsize;
use std::ops::{ControlFlow, Range};
use std::path::PathBuf;

use scenario::many::run_many;
use scenario::{Interrupt, Judgement, Outcome, Registry, Scenario};
use trace::file;

use super::record::record_one;
use super::run::{Explain, reproduction, run_one, threads};
use crate::args::Changes;
use crate::failure::{Code, Failure};
use crate::output::Output;
use crate::progress::Progress;
use crate::words;

/// The scenario and the seeds to search.
pub(crate) struct Plan {
    pub(crate) scenario: Scenario,
    pub(crate) changes: Changes,
    pub(crate) seeds: Range<u64>,
    pub(crate) jobs: Option<NonZeroUsize>,
    pub(crate) output: Option<PathBuf>,
}

pub(crate) fn reduce(
    registry: &Registry,
    plan: &Plan,
    interrupt: &Interrupt,
) -> Result<Code, Failure> {
    let scenario = &plan.scenario;
    let runs = usize::try_from(plan.seeds.end - plan.seeds.start)
        .map_err(|_| Failure::Usage("these are more runs than can be counted".to_owned()))?;
    let seed = |number: usize| (plan.seeds.start + number as u64).to_string();
    if let Some(path) = &plan.output {
        file::check(path).map_err(Failure::of_file(path))?;
    }
    let mut progress = Progress::new(runs);
    let mut shortest: Option<(u64, usize, Outcome)> = None;
    let mut failure = None;
    let work = |number| run_one(registry, scenario, (&seed(number), &[]), Explain::All, interrupt);
    run_many(runs, threads(plan.jobs), work, |number, result| {
        // A run that panics is skipped; `run` reports the panic.
        progress.step(result.is_ok());
        match result {
            Ok(Ok(ran)) if ran.judgement == Judgement::Met => {
                let found = (ran.outcome.events, number, ran.outcome);
                if shortest.as_ref().is_none_or(|(e, n, _)| (found.0, found.1) < (*e, *n)) {
                    shortest = Some(found);
                }
            }
            Ok(Err(error)) => {
                failure = Some(error);
                return ControlFlow::Break(());
            }
            _ => (),
        }
        ControlFlow::Continue(())
    });
    progress.finish();
    if let Some(error) = failure {
        return Err(error.into());
    }
    let mut out = Output::beside(plan.output.as_deref());
    let Some((_, number, outcome)) = shortest else {
        let expected = &scenario.general.expect.in_words();
        out.line(format_args!("FAIL {}: none of {runs} seeds shows: {expected}", scenario.name))?;
        out.line(reproduction(&scenario.name, &seed(0), &plan.changes, &[]))?;
        out.flush()?;
        return Ok(Code::NotAsExpected);
    };
    out.line(words::headline(&outcome))?;
    for line in words::numbers(&outcome) {
        out.line(format_args!("     {line}"))?;
    }
    if let Some(path) = &plan.output {
        record_one(registry, scenario, (&seed(number), &[]), path, interrupt)?;
        out.line(format_args!("     recorded in {}", path.display()))?;
    }
    out.line(format_args!("     the shortest of {runs} seeds"))?;
    out.line(reproduction(&scenario.name, &outcome.seed, &plan.changes, &[]))?;
    out.flush()?;
    Ok(Code::AsExpected)
}
