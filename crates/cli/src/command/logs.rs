//! `replay`, `check` and `diff`: the commands for event logs.

use std::path::{Path, PathBuf};

use scenario::{Interrupt, Registry, Replayed};
use trace::Difference;

use super::record::code_of;
use crate::args::Format;
use crate::eprintln_quietly;
use crate::failure::{Code, Failure};
use crate::output::Output;
use crate::words;

pub(crate) fn replay(
    registry: &Registry,
    files: &[PathBuf],
    redraw: bool,
    interrupt: &Interrupt,
) -> Result<Code, Failure> {
    let mut out = Output::new();
    let mut code = Code::AsExpected;
    for file in files {
        let replayed = match registry.replay(file, redraw, interrupt).map_err(Failure::from) {
            Ok(replayed) => replayed,
            Err(failure @ Failure::Interrupted(_)) => return Err(failure),
            Err(failure) => {
                code = code.or(tell(&failure));
                continue;
            }
        };
        let outcome = &replayed.ran.outcome;
        let shown = file.display();
        match &replayed.divergence {
            None => {
                let events = words::grouped(outcome.events);
                let verdict = outcome.verdict.as_str();
                out.line(format_args!("ok   {shown}: {events} events as recorded, {verdict}"))?;
            }
            Some(lines) => {
                code = code.or(Code::Diverged);
                let (first, rest) = lines.split_first().expect("a divergence has a line");
                out.line(format_args!("FAIL {shown}: {first}"))?;
                for line in rest {
                    out.line(format_args!("     {line}"))?;
                }
                let how = if redraw { " --redraw" } else { "" };
                out.line(format_args!("reproduce with: bin/rumormill replay {shown}{how}"))?;
            }
        }
        out.flush()?;
    }
    Ok(code)
}

pub(crate) fn check(
    registry: &Registry,
    files: &[PathBuf],
    format: Format,
) -> Result<Code, Failure> {
    let mut out = Output::new();
    let mut rows = format.rows();
    let mut code = Code::AsExpected;
    for file in files {
        let Replayed { ran, divergence, partial } =
            match registry.recheck(file).map_err(Failure::from) {
                Ok(checked) => checked,
                Err(failure) => {
                    code = code.or(tell(&failure));
                    continue;
                }
            };
        if partial {
            let shown = file.display();
            eprintln_quietly(&format!("{shown}: the log is incomplete; its events were checked"));
        }
        code = code.or(code_of(&ran));
        let outcome = &ran.outcome;
        match &mut rows {
            None => {
                out.line(words::headline(outcome))?;
                for line in words::explanation(outcome) {
                    out.line(format_args!("     {line}"))?;
                }
            }
            Some(rows) => rows.push(&mut out, outcome)?,
        }
        if let Some(lines) = &divergence {
            code = code.or(Code::Diverged);
            let shown = file.display();
            lines.iter().for_each(|line| eprintln_quietly(&format!("{shown}: {line}")));
        }
    }
    if let Some(rows) = rows {
        rows.end(&mut out)?;
    }
    out.flush()?;
    Ok(code)
}

/// Prints a failure, so that one bad file does not stop the others.
fn tell(failure: &Failure) -> Code {
    eprintln_quietly(&format!("rumormill: {failure}"));
    failure.code()
}

pub(crate) fn diff(left: &Path, right: &Path) -> Result<Code, Failure> {
    let differences = trace::diff(left, right)?;
    let mut out = Output::new();
    for line in in_words(left, &differences)? {
        out.line(line)?;
    }
    if differences.is_empty() {
        out.line("the two logs say the same")?;
    }
    out.flush()?;
    Ok(if differences.is_empty() { Code::AsExpected } else { Code::NotAsExpected })
}

/// The differences, one line each, with the names of the first log.
pub(crate) fn in_words(left: &Path, differences: &[Difference]) -> Result<Vec<String>, Failure> {
    let log = trace::LogReader::open(left)?;
    let names = &log.header().names;
    let mut lines = Vec::new();
    for difference in differences {
        match difference {
            Difference::Header { path, left, right } => {
                lines.push(format!("header: {path} was {left}, is {right}"));
            }
            Difference::Event { seq, left, right } => {
                let event = |event: &Option<_>| match event {
                    Some(event) => trace::in_words(event, names),
                    None => "the end of the run".to_owned(),
                };
                lines.push(format!("event {seq} is the first that differs:"));
                lines.push(format!("  was: {}", event(left)));
                lines.push(format!("  is:  {}", event(right)));
            }
            Difference::Footer { path, left, right } => {
                lines.push(format!("result: {path} was {left}, is {right}"));
            }
        }
    }
    Ok(lines)
}
