//! From the text of a scenario file to a [`Scenario`] with all defaults filled in.
//!
//! The system reads its own sections, and this module reads the rest. Unknown keys are errors.
//! Every error names its line.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::registry::{AnySystem, ConfigError};
use crate::{General, LoadError, Problem, Registry, Scenario, sections};

/// A value set from outside, such as `--set caspaxos.clients=3`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// Where, as a path of keys and numbers.
    pub path: String,
    /// The value, as in the file. Anything that is not a TOML value is a text.
    pub value: String,
}

impl std::str::FromStr for Override {
    type Err = String;

    fn from_str(text: &str) -> Result<Override, String> {
        let (path, value) = text
            .split_once('=')
            .ok_or_else(|| format!("{text:?} sets nothing: write KEY=VALUE, as intensity=10"))?;
        Ok(Override { path: path.trim().to_owned(), value: value.trim().to_owned() })
    }
}

impl std::fmt::Display for Override {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "--set {}={}", self.path, self.value)
    }
}

/// Reads any TOML file with the error messages of scenario files, and checks it.
///
/// # Errors
/// The problem, with its line. An unknown key is an error too.
pub fn read_toml<T: serde::de::DeserializeOwned>(
    origin: &str,
    text: &str,
    check: impl FnOnce(&T) -> Result<(), Problem>,
) -> Result<T, LoadError> {
    let read = DeTable::parse(text).map_err(Fault::from).and_then(|table| {
        let value = T::deserialize(toml::Deserializer::from(table.clone()))?;
        check(&value).map_err(|problem| Fault::new(table.get_ref(), &problem))?;
        Ok(value)
    });
    read.map_err(|fault| fault.in_file(origin, text))
}

/// Reads the scenario `name` from the text of the file `origin`.
pub(crate) fn load(
    registry: &Registry,
    name: &str,
    origin: &str,
    text: &str,
    overrides: &[Override],
) -> Result<Scenario, LoadError> {
    let parse = || DeTable::parse(text).map_err(Fault::from);
    let invalid = |fault: Fault| fault.in_file(origin, text);
    let unchanged = parse().and_then(|table| resolve(registry, name, table)).map_err(invalid)?;
    if overrides.is_empty() {
        return Ok(unchanged);
    }
    let changed = parse().and_then(|mut table| {
        for change in overrides {
            set(table.get_mut(), change)?;
            leave_undrawn(table.get_mut(), &change.path);
        }
        resolve(registry, name, table)
    });
    changed.map_err(|fault| LoadError::Override {
        origin: origin.to_owned(),
        overrides: overrides.iter().map(Override::to_string).collect::<Vec<_>>().join(" "),
        message: fault.message,
    })
}

/// What is wrong, and where in the text.
struct Fault {
    message: String,
    offset: Option<usize>,
}

impl Fault {
    fn new(table: &DeTable<'_>, problem: &Problem) -> Fault {
        Fault {
            offset: locate(table, &problem.path),
            message: format!("{}: {}", problem.path, problem.message),
        }
    }

    fn in_file(self, origin: &str, text: &str) -> LoadError {
        let line = self.line(text);
        LoadError::Invalid { origin: origin.to_owned(), line, message: self.message }
    }

    fn line(&self, text: &str) -> usize {
        let before = self.offset.and_then(|offset| text.get(..offset)).unwrap_or_default();
        before.matches('\n').count() + 1
    }
}

impl From<toml::de::Error> for Fault {
    fn from(error: toml::de::Error) -> Fault {
        let offset = error.span().map(|span| span.start);
        Fault { message: error.message().replace('\n', ", "), offset }
    }
}

fn resolve(
    registry: &Registry,
    name: &str,
    mut table: Spanned<DeTable<'_>>,
) -> Result<Scenario, Fault> {
    let whole = table.clone();
    let at = |problem: Problem| Fault::new(whole.get_ref(), &problem);
    let system = find_system(registry, table.get_ref()).map_err(at)?;
    let section =
        sections::take(&mut table, system.name(), system.shared_sections()).map_err(at)?;
    let general = General::deserialize(toml::Deserializer::from(table))?;
    let section = toml::Deserializer::from(section);
    let config = system.read_config(section).map_err(|error| match error {
        ConfigError::Unreadable(error) => Fault::from(error),
        ConfigError::Senseless(problem) => at(problem),
    })?;
    let drawn = BTreeMap::new();
    let scenario = Scenario { name: name.to_owned(), general, sections: config.whole, drawn };
    system.check(&scenario).map_err(at)?;
    if scenario.general.swarm.is_empty() {
        return Ok(scenario);
    }
    // A drawn value may decide the defaults of other values.
    let scenario = Scenario { sections: config.as_written, ..scenario };
    scenario.check_swarm(|drawn| system.check(drawn)).map_err(at)?;
    Ok(scenario)
}

fn find_system<'r>(
    registry: &'r Registry,
    table: &DeTable<'_>,
) -> Result<&'r dyn AnySystem, Problem> {
    let known = registry.systems().map(AnySystem::name).collect::<Vec<_>>().join(", ");
    let Some(name) = table.get("system").and_then(|value| value.get_ref().as_str()) else {
        return Err(Problem::new(
            "system",
            format!("a scenario names its system, one of: {known}"),
        ));
    };
    registry.system(name).ok_or_else(|| {
        Problem::new("system", format!("there is no system {name:?}; there are: {known}"))
    })
}

/// Where in the text the value at `path` is, or the innermost table around it that is there.
fn locate(table: &DeTable<'_>, path: &str) -> Option<usize> {
    let mut found = None;
    let mut here: Option<&Spanned<DeValue<'_>>> = None;
    for part in keys(path) {
        let next = match here.map(Spanned::get_ref) {
            None => table.get(part),
            Some(DeValue::Table(inner)) => inner.get(part),
            Some(DeValue::Array(items)) => part.parse().ok().and_then(|i: usize| items.get(i)),
            Some(_) => None,
        };
        let Some(value) = next else { break };
        found = Some(value.span().start);
        here = Some(value);
    }
    found
}

/// The keys of a path. One in quotes can have dots: `swarm."link.0.loss"`.
fn keys(path: &str) -> Vec<&str> {
    let mut quoted = false;
    let parts = path.split(|c| {
        quoted ^= c == '"';
        c == '.' && !quoted
    });
    parts.map(|key| key.trim_matches('"')).filter(|key| !key.is_empty()).collect()
}

/// Puts a value into the table, and creates the tables on the way. Anything that is not a TOML
/// value is a text.
fn set<'a>(table: &mut DeTable<'a>, change: &'a Override) -> Result<(), Fault> {
    let fault = |message: String| Fault { message, offset: None };
    let text = || Spanned::new(0..0, DeValue::String(change.value.as_str().into()));
    let value = DeValue::parse(&change.value).unwrap_or_else(|_| text());
    let mut parts = keys(&change.path);
    let last = parts.pop().unwrap_or_default();
    let mut here = table;
    let mut parts = parts.into_iter();
    while let Some(part) = parts.next() {
        let key = Spanned::new(0..0, DeString::Borrowed(part));
        let made = || Spanned::new(0..0, DeValue::Table(DeTable::default()));
        let mut inner = here.entry(key).or_insert_with(made).get_mut();
        if let DeValue::Array(items) = inner {
            let index = parts.next().and_then(|index| index.parse::<usize>().ok());
            inner = index.and_then(|index| items.get_mut(index)).map(Spanned::get_mut).ok_or_else(
                || fault(format!("after {part:?} in {:?} comes a number, from 0", change.path)),
            )?;
        }
        let DeValue::Table(inner) = inner else {
            return Err(fault(format!("{part:?} in {:?} has no keys", change.path)));
        };
        here = inner;
    }
    here.insert(Spanned::new(0..0, DeString::Borrowed(last)), value);
    Ok(())
}

/// A path that is set from outside is no longer drawn, and neither are its parts or its parents.
fn leave_undrawn(table: &mut DeTable<'_>, path: &str) {
    if let Some(DeValue::Table(swarm)) = table.get_mut("swarm").map(Spanned::get_mut) {
        let set = keys(path);
        let apart = |drawn: &str| keys(drawn).iter().zip(&set).any(|(a, b)| a != b);
        let drawn = std::mem::take(swarm).into_iter();
        *swarm = drawn.filter(|(path, _)| apart(path.get_ref())).collect();
    }
}

impl Scenario {
    /// The scenario as one object, as in the header of a recording.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let Value::Object(mut object) =
            serde_json::to_value(&self.general).expect("a scenario is JSON")
        else {
            unreachable!("a struct is an object")
        };
        object.insert("name".to_owned(), Value::String(self.name.clone()));
        if !self.drawn.is_empty() {
            object.insert("drawn".to_owned(), json!(self.drawn));
        }
        object.extend(self.sections.clone());
        Value::Object(object)
    }

    /// The scenario in the header of a recording, whose system has sections of these names.
    ///
    /// # Errors
    /// A missing or unknown section.
    pub(crate) fn from_json<'n>(
        json: &Value,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Result<Scenario, String> {
        let mut object = json.as_object().ok_or("the scenario is no object")?.clone();
        let Some(Value::String(name)) = object.remove("name") else {
            return Err("the scenario has no name".to_owned());
        };
        let drawn = match object.remove("drawn") {
            Some(drawn) => serde_json::from_value(drawn)
                .map_err(|error| format!("what was drawn cannot be read: {error}"))?,
            None => BTreeMap::new(),
        };
        let section = |name: &str| match object.remove(name) {
            Some(section) => Ok((name.to_owned(), section)),
            None => Err(format!("the scenario has no section {name:?}")),
        };
        let sections = names.into_iter().map(section).collect::<Result<_, _>>()?;
        let general = serde_json::from_value(Value::Object(object))
            .map_err(|error| format!("the scenario cannot be read: {error}"))?;
        Ok(Scenario { name, general, sections, drawn })
    }

    /// As a scenario file, with all defaults.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut json = self.to_json();
        json.as_object_mut().expect("as made").remove("name");
        toml::to_string_pretty(&json).expect("a scenario is TOML")
    }
}
