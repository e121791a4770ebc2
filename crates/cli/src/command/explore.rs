//! `explore`: every order of events of a small scenario.

use std::ops::ControlFlow;
use std::path::PathBuf;

use explore::{Explored, Progress};
use scenario::{Budget, Expect, Expected, Interrupt, Registry, Scenario, Verdict};
use serde_json::json;
use trace::file;

use crate::args::{Bounds, Format};
use crate::failure::{Code, Failure};
use crate::output::Output;
use crate::progress::Counter;
use crate::words;

/// What to explore, and how to tell of it.
pub(crate) struct Plan {
    pub(crate) scenario: Scenario,
    pub(crate) bounds: Bounds,
    pub(crate) output: Option<PathBuf>,
    pub(crate) format: Format,
}

pub(crate) fn explore(
    registry: &Registry,
    plan: &Plan,
    interrupt: &Interrupt,
) -> Result<Code, Failure> {
    let Plan { scenario, bounds, output, .. } = plan;
    if let Some(path) = output {
        file::check(path).map_err(Failure::of_file(path))?;
    }
    let Bounds { losses, duplicates, crashes, timeouts, depth, states, answers } = *bounds;
    let budget = Budget { losses, duplicates, crashes, timeouts };
    let beginnings =
        registry.beginnings(scenario, budget, answers).map_err(scenario::RunError::from)?;
    let limits = explore::Bounds { depth, states, answers, merges: true };
    let mut counter = Counter::new();
    let explored = explore::explore(
        beginnings,
        limits,
        |_| (),
        |progress: Progress| {
            let Progress { states, depth, frontier } = progress;
            counter.show(|| {
                let (states, frontier) = (words::grouped(states), words::grouped(frontier as u64));
                format!("{states} states, depth {depth}, frontier {frontier}")
            });
            match interrupt.reason() {
                Some(_) => ControlFlow::Break(()),
                None => ControlFlow::Continue(()),
            }
        },
    );
    counter.finish();
    if interrupt.reason().is_some() {
        let states = words::grouped(explored.states);
        return Err(Failure::Interrupted(format!("interrupted after {states} states")));
    }
    tell(plan, &explored)
}

/// What an exploration means for the exit code.
fn code_of(expect: &Expect, explored: &Explored) -> Code {
    match explored.found.as_ref().map(|(checker, ..)| expect.of(checker)) {
        Some(Expected::Holds) => Code::NotAsExpected,
        Some(_) => Code::AsExpected,
        None if !explored.is_complete() => Code::Inconclusive,
        None if expect.is_hazard() => Code::NotAsExpected,
        None => Code::AsExpected,
    }
}

/// Says what came of it.
fn tell(plan: &Plan, explored: &Explored) -> Result<Code, Failure> {
    let Plan { scenario, output, format, .. } = plan;
    let expect = &scenario.general.expect;
    let mut out = Output::beside(output.as_deref());
    let ran = match &explored.found {
        Some((.., state)) => Some(state.run(output.as_deref())?),
        None => None,
    };
    let by = explored.found.as_ref().map(|(checker, ..)| *checker);
    let verdict = explored.found.as_ref().map_or(Verdict::Holds, |(_, finding, _)| finding.verdict);
    let code = code_of(expect, explored);
    let path = explored.found.as_ref().map(|(.., state)| state.path()).unwrap_or_default();
    if let Some(mut rows) = format.rows() {
        let recording = output.as_ref().filter(|_| ran.is_some());
        let row = json!({
            "scenario": scenario.name,
            "verdict": verdict.as_str(),
            "by": by,
            "as_expected": code == Code::AsExpected,
            "states": explored.states,
            "transitions": explored.steps,
            "ends": explored.ends,
            "depth": explored.depth,
            "complete": explored.incomplete.is_empty(),
            "incomplete": explored.incomplete,
            "steps": path,
            "recording": recording.map(|path| path.display().to_string()),
            "outcome": ran.as_ref().map(|ran| &ran.outcome),
        });
        rows.push(&mut out, &row)?;
        rows.end(&mut out)?;
        out.flush()?;
        return Ok(code);
    }
    let mark = if code == Code::AsExpected { "ok  " } else { "FAIL" };
    let found = match by {
        Some(checker) => format!("{} of {checker}", verdict.as_str()),
        None => "nothing wrong".to_owned(),
    };
    let (states, steps) = (words::grouped(explored.states), words::grouped(explored.steps));
    out.line(format_args!(
        "{mark} {}: {found} in {states} states, {steps} steps, depth {}; expected: {}",
        scenario.name,
        explored.depth,
        expect.in_words(),
    ))?;
    for (number, step) in (1..).zip(&path) {
        out.line(format_args!("     {number:>3}. {step}"))?;
    }
    if let Some(ran) = &ran {
        for line in words::explanation(&ran.outcome) {
            out.line(format_args!("     {line}"))?;
        }
        if let Some(path) = output {
            out.line(format_args!("     recorded in {}", path.display()))?;
        }
    } else if explored.incomplete.is_empty() {
        out.line("     complete: every state within the bounds was visited")?;
    } else {
        out.line("     incomplete:")?;
        for why in &explored.incomplete {
            out.line(format_args!("       {why}"))?;
        }
    }
    out.flush()?;
    Ok(code)
}
