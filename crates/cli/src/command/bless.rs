//! `bless`: recordings made again, and what changed, in words.

use std::fs;
use std::path::Path;

use scenario::{Interrupt, Override, Registry, Scenario, Selection};
use trace::LogReader;

use super::logs::in_words;
use super::record::{code_of, record_one};
use super::recording_path;
use crate::failure::{Code, Failure};
use crate::output::Output;

/// The seed and intensity of a first recording: recordings are to be small.
const FIRST_SEED: &str = "seed1";
const FIRST_INTENSITY: u64 = 5;

pub(crate) fn bless(
    registry: &Registry,
    folder: &Path,
    dry_run: bool,
    interrupt: &Interrupt,
) -> Result<Code, Failure> {
    let Selection::Many(names) = registry.select("all")? else {
        unreachable!("all is no single name")
    };
    let mut out = Output::new();
    let mut code = Code::AsExpected;
    for name in &names {
        let old = recording_path(folder, name);
        let (seed, scenario) = as_before(registry, name, &old)?;
        let new = old.with_extension("jsonl.new");
        let ran = record_one(registry, &scenario, &seed, &new, interrupt)?;
        code = code.or(code_of(&ran));
        for line in what_changed(name, &old, &new)? {
            out.line(line)?;
        }
        let settle = if dry_run { fs::remove_file(&new) } else { fs::rename(&new, &old) };
        settle.map_err(Failure::Output)?;
        out.flush()?;
    }
    Ok(code)
}

/// The seed of the recording that there is, and the scenario as it is now, with its intensity.
fn as_before(
    registry: &Registry,
    name: &str,
    recording: &Path,
) -> Result<(String, Scenario), Failure> {
    let (seed, intensity) = if recording.exists() {
        let log = LogReader::open(recording)?;
        let header = log.header();
        (header.seed.clone(), header.scenario["intensity"].as_u64())
    } else {
        (FIRST_SEED.to_owned(), Some(FIRST_INTENSITY))
    };
    let set = Override {
        path: "intensity".to_owned(),
        value: intensity.unwrap_or(FIRST_INTENSITY).to_string(),
    };
    Ok((seed, registry.load(name, &[set])?))
}

fn what_changed(name: &str, old: &Path, new: &Path) -> Result<Vec<String>, Failure> {
    if !old.exists() {
        return Ok(vec![format!("{name}: recorded for the first time")]);
    }
    let differences = trace::diff(old, new)?;
    if differences.is_empty() {
        return Ok(vec![format!("{name}: as before")]);
    }
    let mut lines = vec![format!("{name}: changed")];
    lines.extend(in_words(old, &differences)?.into_iter().map(|line| format!("  {line}")));
    Ok(lines)
}
