//! `record`: runs with their event logs.

use std::fs;
use std::path::{Path, PathBuf};

use scenario::Edit;
use scenario::{Interrupt, Judgement, Ran, Registry, RunOptions, Scenario, Verdict};

use super::recording_path;
use crate::failure::{Code, Failure};
use crate::output::Output;
use crate::words;

/// The default folder of recordings.
const FOLDER: &str = "target/rumormill";

/// The runs to record, and the target.
pub(crate) struct Plan {
    pub(crate) scenarios: Vec<Scenario>,
    pub(crate) seed: String,
    pub(crate) edits: Vec<Edit>,
    pub(crate) output: Option<PathBuf>,
}

pub(crate) fn record(
    registry: &Registry,
    plan: &Plan,
    interrupt: &Interrupt,
) -> Result<Code, Failure> {
    let Plan { scenarios, seed, edits, output } = plan;
    let output = output.as_deref();
    if output.is_some() && scenarios.len() > 1 {
        let n = scenarios.len();
        return Err(Failure::Usage(format!("one file cannot hold {n} recordings: leave out -o")));
    }
    let mut out = Output::beside(output);
    let mut code = Code::AsExpected;
    for scenario in scenarios {
        let path = match output {
            Some(path) => path.to_owned(),
            None => {
                let path = recording_path(Path::new(FOLDER), &scenario.name);
                make_folder_of(&path)?;
                path
            }
        };
        let ran = record_one(registry, scenario, (seed, edits), &path, interrupt)?;
        code = code.or(code_of(&ran));
        out.line(words::headline(&ran.outcome))?;
        for why in &ran.outcome.edits_without_effect {
            out.line(format_args!("     {why}"))?;
        }
        out.line(format_args!("     recorded in {}", path.display()))?;
        out.flush()?;
    }
    Ok(code)
}

/// Creates the folder of a file.
pub(crate) fn make_folder_of(path: &Path) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(Failure::of_file(folder))
}

/// Records one run.
pub(crate) fn record_one(
    registry: &Registry,
    scenario: &Scenario,
    (seed, edits): (&str, &[Edit]),
    path: &Path,
    interrupt: &Interrupt,
) -> Result<Ran, Failure> {
    let options = RunOptions { edits, record: Some(path), ..RunOptions::new(seed, interrupt) };
    Ok(registry.run(scenario, &options)?)
}

/// The exit code of one run.
pub(crate) fn code_of(ran: &Ran) -> Code {
    match (ran.judgement, ran.outcome.verdict) {
        (Judgement::NotMet, Verdict::Inconclusive) => Code::Inconclusive,
        (Judgement::NotMet, Verdict::Malformed) => Code::Internal,
        (Judgement::NotMet, _) => Code::NotAsExpected,
        _ => Code::AsExpected,
    }
}
