//! `bless`: recordings made again, and what changed, in words.

use std::fs;
use std::path::Path;

use scenario::{Interrupt, Judgement, Override, Registry, RunOptions, Scenario, Selection};
use trace::LogReader;

use super::logs::in_words;
use super::record::{code_of, record_one};
use super::recording_path;
use crate::failure::{Code, Failure};
use crate::output::Output;

/// A first recording is as small as the scenario's expectation allows: of the seeds that show it at
/// the least of these intensities, or at the scenario's own, the one with the shortest log. For a
/// hazard that is rarely seen, more seeds are tried.
const FIRST_INTENSITIES: [u64; 6] = [1, 2, 5, 10, 20, 40];
const FIRST_SEEDS: u64 = 50;
/// In bytes. A first recording that is larger is for nobody to read, and not kept.
const FIRST_MAX: u64 = 4 << 20;

pub(crate) fn bless(
    registry: &Registry,
    folder: &Path,
    dry_run: bool,
    interrupt: &Interrupt,
) -> Result<Code, Failure> {
    if !folder.is_dir() {
        let message = format!("there is no folder {}: to begin one, make it", folder.display());
        return Err(Failure::Usage(message));
    }
    let Selection::Many(names) = registry.select("all")? else {
        unreachable!("all is no single name")
    };
    let mut out = Output::new();
    let mut code = Code::AsExpected;
    for name in &names {
        let old = recording_path(folder, name);
        let (seed, scenario) = as_before(registry, name, &old, interrupt)?;
        let new = old.with_extension("jsonl.new");
        let ran = record_one(registry, &scenario, &seed, &new, interrupt)?;
        code = code.or(code_of(&ran));
        let size = fs::metadata(&new).map_err(Failure::Output)?.len();
        if !old.exists() && size > FIRST_MAX {
            fs::remove_file(&new).map_err(Failure::Output)?;
            out.line(format!("{name}: left without a recording: it would take {size} bytes"))?;
            continue;
        }
        for line in what_changed(name, &old, &new)? {
            out.line(line)?;
        }
        let settle = if dry_run { fs::remove_file(&new) } else { fs::rename(&new, &old) };
        settle.map_err(Failure::Output)?;
        out.flush()?;
    }
    Ok(code)
}

/// The seed of the recording that there is, and the scenario as it is now, with its intensity; or
/// what makes a good first recording.
fn as_before(
    registry: &Registry,
    name: &str,
    recording: &Path,
    interrupt: &Interrupt,
) -> Result<(String, Scenario), Failure> {
    let with = |intensity: u64| {
        let path = "intensity".to_owned();
        registry.load(name, &[Override { path, value: intensity.to_string() }])
    };
    if recording.exists() {
        let log = LogReader::open(recording)?;
        let intensity = log.header().scenario["intensity"].as_u64();
        return Ok((log.header().seed.clone(), with(intensity.unwrap_or_default())?));
    }
    let own = registry.load(name, &[])?;
    let seeds = FIRST_SEEDS.max(own.general.expect.within_seeds);
    let small = FIRST_INTENSITIES.iter().map(|intensity| with(*intensity));
    for scenario in small.chain([Ok(own)]) {
        let scenario = scenario?;
        let mut shortest: Option<(u64, String)> = None;
        for seed in (0..seeds).map(|seed| seed.to_string()) {
            let options = RunOptions { seed: &seed, record: None, explain: true, interrupt };
            let ran = registry.run(&scenario, &options)?;
            let events = ran.outcome.events;
            let is_shorter = shortest.as_ref().is_none_or(|(fewest, _)| events < *fewest);
            if ran.judgement == Judgement::Met && is_shorter {
                shortest = Some((events, seed));
            }
        }
        if let Some((_, seed)) = shortest {
            return Ok((seed, scenario));
        }
    }
    Err(Failure::Usage(format!("{name} is as expected in no small run: record one by hand")))
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
