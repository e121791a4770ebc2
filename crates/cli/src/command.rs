//! The commands, one a file.

mod bless;
mod catalogue;
mod explore;
mod logs;
mod proxy;
mod record;
mod reduce;
mod run;
mod serve;
mod show;

use std::fs::File;
use std::io::Read as _;
use std::net::IpAddr;
use std::path::{Component, Path, PathBuf};

use scenario::{Interrupt, LoadError, Override, Registry, Scenario, Selection};

use crate::args::{Args, Command};
use crate::failure::{Code, Failure};

/// Executes the command line.
pub(crate) fn execute(
    registry: &Registry,
    args: Args,
    interrupt: &Interrupt,
) -> Result<Code, Failure> {
    match args.command {
        Command::List { names, format } => show::list(registry, &names, format),
        Command::Show { name, changes } => show::show(registry, &name, &changes),
        Command::Run { what, seeds, edits, jobs, format } => {
            let scenarios = load_all(registry, &what.names, &what.changes.overrides())?;
            let edits = edits.read()?;
            let plan = run::Plan { scenarios, seeds, edits, jobs, format, changes: what.changes };
            run::run(registry, &plan, interrupt)
        }
        Command::Record { what, seed, edits, output } => {
            let scenarios = load_all(registry, &what.names, &what.changes.overrides())?;
            let plan = record::Plan { scenarios, seed, edits: edits.read()?, output };
            record::record(registry, &plan, interrupt)
        }
        Command::Replay { files, redraw } => logs::replay(registry, &files, redraw, interrupt),
        Command::Check { files, format } => logs::check(registry, &files, format),
        Command::Diff { left, right } => logs::diff(&left, &right),
        Command::Explore { name, changes, bounds, output, format } => {
            let scenario = load_one(registry, &name, &changes.overrides())?;
            let plan = explore::Plan { scenario, bounds, output, format };
            explore::explore(registry, &plan, interrupt)
        }
        Command::Reduce { name, changes, seeds, jobs, output } => {
            let scenario = load_one(registry, &name, &changes.overrides())?;
            let plan = reduce::Plan { scenario, changes, seeds, jobs, output };
            reduce::reduce(registry, &plan, interrupt)
        }
        Command::Bless { folder, dry_run } => bless::bless(registry, &folder, dry_run, interrupt),
        Command::Catalogue { file, check, measure, names, jobs } => {
            let plan = catalogue::Plan { file, check, measure, names, jobs };
            catalogue::catalogue(registry, &plan, interrupt)
        }
        Command::Serve(what) => serve::serve(what, interrupt),
        Command::Proxy(what) => proxy::proxy(what, interrupt),
    }
}

/// Refuses an address that other machines can reach, unless that is allowed: there is no password.
/// `flag` is the source of the address.
fn protect(flag: &str, address: IpAddr, unprotected: bool) -> Result<(), Failure> {
    if address.is_loopback() || unprotected {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "{flag} {address}: other machines can reach this address, and there is no password: \
         add --unprotected if that is meant"
    )))
}

/// A scenario, by name or by file.
fn load_one(registry: &Registry, typed: &str, set: &[Override]) -> Result<Scenario, Failure> {
    let mut loaded = load_all(registry, &[typed.to_owned()], set)?;
    match loaded.len() {
        1 => Ok(loaded.remove(0)),
        n => Err(Failure::Usage(format!("{typed:?} selects {n} scenarios; this takes one"))),
    }
}

/// All scenarios that are selected, each once, in the order of selection.
fn load_all(
    registry: &Registry,
    typed: &[String],
    set: &[Override],
) -> Result<Vec<Scenario>, Failure> {
    let mut scenarios: Vec<Scenario> = Vec::new();
    for typed in typed {
        for scenario in load_selection(registry, typed, set)? {
            if scenarios.iter().all(|known| known.name != scenario.name) {
                scenarios.push(scenario);
            }
        }
    }
    Ok(scenarios)
}

fn load_selection(
    registry: &Registry,
    typed: &str,
    set: &[Override],
) -> Result<Vec<Scenario>, Failure> {
    if typed.ends_with(".toml") {
        let text = read_toml(Path::new(typed))?;
        return Ok(vec![registry.load_text(typed, typed, &text, set)?]);
    }
    let names = match registry.select(typed)? {
        Selection::One(name) => vec![name],
        Selection::Many(names) if names.is_empty() => {
            return Err(Failure::NothingSelected(format!("{typed:?}")));
        }
        Selection::Many(names) => names,
    };
    let loaded: Result<_, LoadError> = names.iter().map(|name| registry.load(name, set)).collect();
    Ok(loaded?)
}

/// The maximum size of a text file, in bytes.
const TEXT_MAX: u64 = 1 << 20;

fn read_toml(file: &Path) -> Result<String, Failure> {
    read_text(file, "TOML file")
}

pub(crate) fn read_text(file: &Path, what: &str) -> Result<String, Failure> {
    let unreadable = |why: String| Failure::Usage(format!("{}: {why}", file.display()));
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|opened| opened.take(TEXT_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(error.to_string()))?;
    if bytes.len() as u64 > TEXT_MAX {
        return Err(unreadable(format!("this is too large for a {what}")));
    }
    String::from_utf8(bytes).map_err(|_| unreadable(format!("a {what} is UTF-8; this is not")))
}

/// The path of a scenario's recording below a folder, for any spelling of its own path.
fn recording_path(folder: &Path, name: &str) -> PathBuf {
    let name = Path::new(name.strip_suffix(".toml").unwrap_or(name));
    let below = name.components().filter(|part| matches!(part, Component::Normal(_)));
    let mut path = folder.join(below.collect::<PathBuf>()).into_os_string();
    path.push(".jsonl");
    path.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_lies_below_the_folder() {
        let path = |name| recording_path(Path::new("logs"), name);
        assert_eq!(path("lease/crash.i"), Path::new("logs/lease/crash.i.jsonl"));
        assert_eq!(path("../mine/crash.i.toml"), Path::new("logs/mine/crash.i.jsonl"));
        assert_eq!(path("/tmp/mine.toml"), Path::new("logs/tmp/mine.jsonl"));
    }
}
