//! `catalogue`: all scenarios on one page, and how soon each hazard is caught.
//!
//! The page is generated from the scenarios. Only the figures of hazards take long to measure. They
//! are kept from the existing page, unless they are measured again.

mod figures;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::PathBuf;

use scenario::{Interrupt, Registry, Scenario};
use trace::file;

use self::figures::{Figures, measure};
use crate::failure::{Code, Failure};
use crate::output::Output;

/// The page, and what to do with it.
pub(crate) struct Plan {
    pub(crate) file: PathBuf,
    pub(crate) check: bool,
    pub(crate) measure: Option<Range<u64>>,
    pub(crate) names: Vec<String>,
    pub(crate) jobs: Option<NonZeroUsize>,
}

const BEGINNING: &str = "\
# Scenarios

This page is generated from the scenario files: `bin/rumormill catalogue docs/scenarios.md`. Each
run must reach the marks of its scenario. A mark \"in one of N\" must be reached by at least one of
any N consecutive seeds. A run or a batch without its marks is vacuous, and fails. At least one of
any N consecutive seeds must show the violation of a hazard.
";

const FIGURES: &str = "\
How soon each hazard is caught. \"Seeds\" is the number of consecutive seeds, from any start, until
one shows the hazard. Virtual time and operations are those of the runs that show it, up to the
violation. Measured by `bin/rumormill catalogue docs/scenarios.md --measure 0..1000`, with the
intensity of the scenario file.

| hazard | runs that show it | seeds, median | most | virtual time, median | most | \
operations, median | most |
|---|---|---|---|---|---|---|---|
";

pub(crate) fn catalogue(
    registry: &Registry,
    plan: &Plan,
    interrupt: &Interrupt,
) -> Result<Code, Failure> {
    let name = plan.file.display();
    let old =
        if plan.file.exists() { super::read_text(&plan.file, "page")? } else { String::new() };
    if !plan.check {
        file::check(&plan.file).map_err(Failure::of_file(&plan.file))?;
    }
    let scenarios = super::load_all(registry, &["all".to_owned()], &[])?;
    let mut figures = figures_in(&old);
    if let Some(seeds) = &plan.measure {
        for scenario in super::load_all(registry, &plan.names, &[])? {
            if scenario.general.expect.is_hazard() {
                let measured = measure(registry, &scenario, seeds.clone(), plan.jobs, interrupt)?;
                figures.insert(scenario.name.clone(), measured.row());
            }
        }
    }
    let new = page(&scenarios, &figures);
    let mut out = Output::new();
    if new == old {
        out.line(format_args!("{name} is as it should be"))?;
    } else if plan.check {
        let problem =
            if old.is_empty() { "missing" } else { "not what the scenario files make it" };
        out.line(format_args!("{name} is {problem}"))?;
        out.line(format_args!("put right by: bin/rumormill catalogue {name}"))?;
        out.flush()?;
        return Ok(Code::NotAsExpected);
    } else {
        file::write(&plan.file, new.as_bytes()).map_err(Failure::of_file(&plan.file))?;
        out.line(format_args!("{name} is written anew"))?;
    }
    out.flush()?;
    Ok(Code::AsExpected)
}

fn page(scenarios: &[Scenario], figures: &BTreeMap<String, String>) -> String {
    let mut by_system: BTreeMap<&str, Vec<&Scenario>> = BTreeMap::new();
    for scenario in scenarios {
        by_system.entry(&scenario.general.system).or_default().push(scenario);
    }
    let mut page = String::from(BEGINNING);
    for (system, scenarios) in by_system {
        let (hazards, sound): (Vec<_>, Vec<_>) =
            scenarios.into_iter().partition(|scenario| scenario.general.expect.is_hazard());
        add(&mut page, format_args!("\n## {system}\n"));
        if !sound.is_empty() {
            add(&mut page, "\n| scenario | what it shows | must reach |\n|---|---|---|\n");
            sound.iter().for_each(|scenario| add(&mut page, sound_row(scenario)));
        }
        if !hazards.is_empty() {
            add(&mut page, format_args!("\n### Hazards of {system}\n"));
            add(&mut page, "\n| hazard | what it shows | expected |\n|---|---|---|\n");
            hazards.iter().for_each(|scenario| add(&mut page, hazard_row(scenario)));
            add(&mut page, format_args!("\n{FIGURES}"));
            for Scenario { name, .. } in hazards {
                let row = figures.get(name).cloned().unwrap_or_else(Figures::unknown);
                add(&mut page, format_args!("| `{name}` |{row}\n"));
            }
        }
    }
    page
}

fn sound_row(scenario: &Scenario) -> String {
    let (name, expect) = (&scenario.name, &scenario.general.expect);
    let each = expect.marks.iter().map(|mark| format!("`{mark}`"));
    let batch = expect.batch_marks.iter();
    let batch = batch.map(|(mark, seeds)| format!("`{mark}` (in one of {seeds})"));
    let marks = each.chain(batch).collect::<Vec<_>>().join(", ");
    let about = match expect.in_words().as_str() {
        "holds" => scenario.general.about.clone(),
        expected => format!("{} (expected: {expected})", scenario.general.about),
    };
    format!("| `{name}` | {about} | {marks} |\n")
}

fn hazard_row(scenario: &Scenario) -> String {
    let (name, general) = (&scenario.name, &scenario.general);
    let expected = general.expect.in_words();
    let within = match general.expect.within_seeds {
        1 => "in every run".to_owned(),
        seeds => format!("in one of {seeds}"),
    };
    format!("| `{name}` | {} | {expected}, {within} |\n", general.about)
}

/// The rows of figures of a page, by the names of the hazards: those with a cell for each figure.
fn figures_in(page: &str) -> BTreeMap<String, String> {
    let rows = page.lines().filter_map(|line| {
        let (name, row) = line.strip_prefix("| `")?.split_once("` |")?;
        (row.matches('|').count() == Figures::CELLS).then(|| (name.to_owned(), row.to_owned()))
    });
    rows.collect()
}

fn add(page: &mut String, text: impl std::fmt::Display) {
    write!(page, "{text}").expect("to a String");
}
