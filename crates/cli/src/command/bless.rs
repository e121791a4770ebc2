//! `bless`: records the committed recordings again, and prints what changed.

use std::fs;
use std::path::Path;

use scenario::Edit;
use scenario::{
    Interrupt, Judgement, LoadError, Override, Registry, RunOptions, Scenario, Selection, Verdict,
};
use serde_json::Value;
use trace::LogError;
use trace::file::{self, Workshop};

use super::logs::in_words;
use super::record::{code_of, make_folder_of, record_one};
use super::recording_path;
use crate::failure::{Code, Failure};
use crate::output::Output;

/// A first recording is as small as the scenario's expectation allows. It takes the lowest of these
/// intensities, or the scenario's own, at which a seed meets the expectation, and there the seed
/// with the shortest log. A rare hazard takes more seeds.
const FIRST_INTENSITIES: [u64; 6] = [1, 2, 5, 10, 20, 40];
const FIRST_SEEDS: u64 = 50;
/// The maximum size of a first recording, in bytes. A larger one is too long to read, and is not
/// kept.
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
    let new = Workshop::within(folder).map_err(Failure::of_file(folder))?;
    for name in &names {
        let old = recording_path(folder, name);
        let Kept { seed, edits, scenario } = match as_before(registry, name, &old, interrupt)? {
            Some(run) => run,
            None => first(registry, name, interrupt)?,
        };
        let new = new.path().join("recording.jsonl");
        let ran = record_one(registry, &scenario, (&seed, &edits), &new, interrupt)?;
        code = code.or(code_of(&ran));
        let size = fs::metadata(&new).map_err(Failure::of_file(&new))?.len();
        if !old.exists() && size > FIRST_MAX {
            out.line(format!("{name}: left without a recording: it would take {size} bytes"))?;
            continue;
        }
        for line in what_changed(name, &old, &new)? {
            out.line(line)?;
        }
        if !dry_run {
            make_folder_of(&old)?;
            file::give_name(&new, &old).map_err(Failure::of_file(&old))?;
        }
        out.flush()?;
    }
    Ok(code)
}

/// The inputs of a recording.
struct Kept {
    seed: String,
    edits: Vec<Edit>,
    scenario: Scenario,
}

/// The seed and the edits of the existing recording, and the present scenario with the recording's
/// intensity. Returns `None` if there is no recording, or if a new seed must replace it: the old
/// seed no longer shows the hazard, or is vacuous. A run that is worse than expected is not
/// replaced.
fn as_before(
    registry: &Registry,
    name: &str,
    recording: &Path,
    interrupt: &Interrupt,
) -> Result<Option<Kept>, Failure> {
    if !recording.exists() {
        return Ok(None);
    }
    let header = trace::first_line(recording)?;
    let seed = header["seed"].as_str().unwrap_or_default();
    let edits = header["edits"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let edits: Result<Vec<Edit>, _> = edits.map(str::parse).collect();
    let edits = edits.map_err(|why| Failure::Usage(format!("{}: {why}", recording.display())))?;
    let intensity = header["scenario"]["intensity"].as_u64().unwrap_or_default();
    let scenario = with_intensity(registry, name, intensity)?;
    let options = RunOptions { edits: &edits, ..RunOptions::new(seed, interrupt) };
    let ran = registry.run(&scenario, &RunOptions { explain: false, ..options })?;
    let shows_nothing = match scenario.general.expect.is_hazard() {
        true => ran.judgement != Judgement::Met,
        false => ran.outcome.verdict == Verdict::Vacuous,
    };
    Ok((!shows_nothing).then(|| Kept { seed: seed.to_owned(), edits, scenario }))
}

fn with_intensity(registry: &Registry, name: &str, intensity: u64) -> Result<Scenario, LoadError> {
    let path = "intensity".to_owned();
    registry.load(name, &[Override { path, value: intensity.to_string() }])
}

/// The inputs of a good first recording.
fn first(registry: &Registry, name: &str, interrupt: &Interrupt) -> Result<Kept, Failure> {
    let own = registry.load(name, &[])?;
    let seeds = FIRST_SEEDS.max(own.general.expect.within_seeds);
    let small = FIRST_INTENSITIES.iter();
    let small = small.map(|intensity| with_intensity(registry, name, *intensity));
    for scenario in small.chain([Ok(own)]) {
        let scenario = scenario?;
        let mut shortest: Option<(u64, String)> = None;
        for seed in (0..seeds).map(|seed| seed.to_string()) {
            let options = RunOptions::new(&seed, interrupt);
            let ran = registry.run(&scenario, &options)?;
            let events = ran.outcome.events;
            let is_shorter = shortest.as_ref().is_none_or(|(fewest, _)| events < *fewest);
            if ran.judgement == Judgement::Met && is_shorter {
                shortest = Some((events, seed));
            }
        }
        if let Some((_, seed)) = shortest {
            return Ok(Kept { seed, edits: Vec::new(), scenario });
        }
    }
    Err(Failure::Usage(format!("{name} is as expected in no small run: record one by hand")))
}

fn what_changed(name: &str, old: &Path, new: &Path) -> Result<Vec<String>, Failure> {
    if !old.exists() {
        return Ok(vec![format!("{name}: recorded for the first time")]);
    }
    let differences = match trace::diff(old, new) {
        Err(LogError::OtherFormat { format, .. }) => {
            return Ok(vec![format!("{name}: was written in format {format}")]);
        }
        differences => differences?,
    };
    if differences.is_empty() {
        return Ok(vec![format!("{name}: as before")]);
    }
    let mut lines = vec![format!("{name}: changed")];
    lines.extend(in_words(old, &differences)?.into_iter().map(|line| format!("  {line}")));
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use caspaxos::CasPaxos;

    use super::*;

    #[test]
    fn a_recording_of_a_hazard_that_shows_nothing_gives_way() {
        let name = "losing/c2p2k1.i";
        let text = include_str!("../../../../scenarios/caspaxos/losing/c2p2k1.i.toml");
        let registry = Registry::new().with_system::<CasPaxos>();
        let registry = registry.with_scenario(name, "c2p2k1.i.toml", text);
        let interrupt = Interrupt::new();
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("recording.jsonl");
        let kept =
            |registry: &Registry| as_before(registry, name, &path, &interrupt).expect("runs");
        assert!(kept(&registry).is_none(), "there is none yet");
        for (intensity, shows_it) in [(1, false), (50, true)] {
            let scenario = with_intensity(&registry, name, intensity).expect("it is one");
            let ran =
                record_one(&registry, &scenario, ("7", &[]), &path, &interrupt).expect("recorded");
            assert_eq!(ran.judgement == Judgement::Met, shows_it);
            let kept = kept(&registry).map(|kept| (kept.seed, kept.scenario.general.intensity));
            assert_eq!(kept, shows_it.then(|| ("7".to_owned(), intensity)));
        }
        // An unexpected violation is reported every time.
        let text = text.replace("rumor = \"violates\"", "rumor = \"holds\"");
        let registry = Registry::new().with_system::<CasPaxos>();
        let registry = registry.with_scenario(name, "c2p2k1.i.toml", text);
        assert!(kept(&registry).is_some());
    }
}
