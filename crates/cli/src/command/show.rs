//! `list` and `show`: the scenarios.

use scenario::{Registry, Selection};
use serde_json::json;

use crate::args::{Changes, Format};
use crate::failure::{Code, Failure};
use crate::output::Output;

pub(crate) fn list(registry: &Registry, typed: &[String], format: Format) -> Result<Code, Failure> {
    let mut names = Vec::new();
    for typed in typed {
        match registry.select(typed)? {
            Selection::One(name) => names.push(name),
            Selection::Many(many) => names.extend(many),
        }
    }
    if names.is_empty() {
        return Err(Failure::NothingSelected(typed.join(" ")));
    }
    let width = names.iter().map(String::len).max().unwrap_or_default();
    let mut out = Output::new();
    let mut rows = format.rows();
    for name in &names {
        let scenario = registry.load(name, &[])?;
        let general = &scenario.general;
        let object = json!({
            "name": name,
            "about": general.about,
            "system": general.system,
            "intensity": general.intensity,
            "expected": general.expect.in_words(),
            "within_seeds": general.expect.within_seeds,
            "marks": general.expect.marks,
        });
        match &mut rows {
            None => out.line(format_args!("{name:width$}  {}", general.about))?,
            Some(rows) => rows.push(&mut out, &object)?,
        }
    }
    if let Some(rows) = rows {
        rows.end(&mut out)?;
    }
    out.flush()?;
    Ok(Code::AsExpected)
}

pub(crate) fn show(registry: &Registry, typed: &str, changes: &Changes) -> Result<Code, Failure> {
    let scenario = super::load_one(registry, typed, &changes.overrides())?;
    let mut out = Output::new();
    out.line(format_args!("# {}", scenario.name))?;
    out.toml(&scenario.to_toml())?;
    out.flush()?;
    Ok(Code::AsExpected)
}
