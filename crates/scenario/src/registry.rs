//! All that can be run, by name.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use trace::{LogError, LogReader};

use crate::judgement::LIVENESS;
use crate::live::open;
use crate::name::select;
use crate::prepared::{Prepared, complete};
use crate::sections::{Sections, split};
use crate::tally::GENERAL_MARKS;
use crate::{
    Budget, Edit, Finished, General, Interrupt, LoadError, NameError, Override, Problem, Ran,
    Replayed, RunError, RunOptions, Scenario, Selection, Session, Source, System, Taken, Until,
    Wait, load, state,
};

/// Systems and scenarios by name.
#[derive(Default)]
pub struct Registry {
    systems: Vec<Box<dyn AnySystem>>,
    /// Where each scenario's text is from, and the text.
    scenarios: BTreeMap<String, (String, String)>,
}

impl Registry {
    /// Knows nothing yet.
    #[must_use]
    pub fn new() -> Registry {
        Registry::default()
    }

    /// Adds a system.
    #[must_use]
    pub fn with_system<S: System>(mut self) -> Registry {
        self.systems.push(Box::new(Erased::<S>(PhantomData)));
        self
    }

    /// Adds a scenario: its name, where its text is from, and the text.
    #[must_use]
    pub fn with_scenario(
        mut self,
        name: impl Into<String>,
        origin: impl Into<String>,
        text: impl Into<String>,
    ) -> Registry {
        self.scenarios.insert(name.into(), (origin.into(), text.into()));
        self
    }

    /// The names of all scenarios, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.scenarios.keys().map(String::as_str)
    }

    /// What a typed name, ending, or pattern selects.
    ///
    /// # Errors
    /// If it is no pattern, and selects nothing or too much.
    pub fn select(&self, typed: &str) -> Result<Selection, NameError> {
        select(self.names(), typed)
    }

    /// The scenario `name`, with some of its values set anew.
    ///
    /// # Errors
    /// If there is none, or it cannot be run as it is.
    pub fn load(&self, name: &str, overrides: &[Override]) -> Result<Scenario, LoadError> {
        let Some((origin, text)) = self.scenarios.get(name) else {
            return Err(self.select(name).err().map_or_else(
                || LoadError::Name(NameError::Unknown { name: name.to_owned(), nearest: None }),
                LoadError::Name,
            ));
        };
        load::load(self, name, origin, text, overrides)
    }

    /// A scenario from the text of a file that is not known by name.
    ///
    /// # Errors
    /// If it cannot be run as it is.
    pub fn load_text(
        &self,
        name: &str,
        origin: &str,
        text: &str,
        overrides: &[Override],
    ) -> Result<Scenario, LoadError> {
        load::load(self, name, origin, text, overrides)
    }

    /// A run of a scenario that has not begun, with answers from a seed, edited or not. A recording
    /// brings its own scenario: see [`Registry::replaying`].
    ///
    /// # Errors
    /// If the scenario cannot be run with what the seed draws for it.
    pub fn session(
        &self,
        scenario: &Scenario,
        seed: &str,
        edits: &[Edit],
    ) -> Result<Box<dyn Session>, RunError> {
        self.system_of(scenario)?.session(scenario, &Source::new(seed, edits))
    }

    /// The run that was recorded, not begun. Each event will be compared with the recorded one.
    /// With `redraw`, the answers of chance come from the seed instead of the recording.
    ///
    /// # Errors
    /// If the recording cannot be read, is damaged, or breaks off.
    pub fn replaying(&self, path: &Path, redraw: bool) -> Result<Box<dyn Session>, RunError> {
        let scenario = self.scenario_of(path)?;
        let path = path.to_owned();
        let source = if redraw { Source::Redrawn(path) } else { Source::Recording(path) };
        self.system_of(&scenario)?.session(&scenario, &source)
    }

    /// The states in which a run of a scenario can begin, for an explorer: the scenario as its file
    /// has it, with nothing drawn. A question of chance with more than `answers` possible answers
    /// is answered with 0 only.
    ///
    /// # Errors
    /// If the scenario cannot be run.
    pub fn beginnings(
        &self,
        scenario: &Scenario,
        budget: Budget,
        answers: u64,
    ) -> Result<Taken, LoadError> {
        self.system_of(scenario)?.beginnings(scenario, budget, answers)
    }

    /// Runs a scenario.
    ///
    /// # Errors
    /// If its recording cannot be written, or it was interrupted.
    pub fn run(&self, scenario: &Scenario, options: &RunOptions<'_>) -> Result<Ran, RunError> {
        let mut session = self.session(scenario, options.seed, options.edits)?;
        if let Some(path) = options.record {
            session.record(path)?;
        }
        session.run(Until::End, options.interrupt);
        if options.interrupt.is_raised() {
            return Err(RunError::Interrupted { partial: session.abandon()? });
        }
        Ok(session.finish(options.explain)?.ran)
    }

    /// Runs a recording again; with `redraw`, from its seed instead of its recorded answers.
    ///
    /// # Errors
    /// If it cannot be read, is damaged, or breaks off; or if the replay was interrupted.
    pub fn replay(
        &self,
        path: &Path,
        redraw: bool,
        interrupt: &Interrupt,
    ) -> Result<Replayed, RunError> {
        let mut session = self.replaying(path, redraw)?;
        session.run(Until::End, interrupt);
        if interrupt.is_raised() {
            return Err(RunError::Interrupted { partial: None });
        }
        let Finished { ran, divergence } = session.finish(true)?;
        Ok(Replayed { ran, divergence, partial: false })
    }

    /// Has the checkers go through a recording, without running anything.
    ///
    /// # Errors
    /// If it cannot be read, or is damaged. That it breaks off is no error here.
    pub fn recheck(&self, path: &Path) -> Result<Replayed, RunError> {
        let scenario = self.scenario_of(path)?;
        self.system_of(&scenario)?.recheck(&scenario, path)
    }

    /// The scenario that a recording is of.
    ///
    /// # Errors
    /// If the recording cannot be read, or has a scenario that cannot be run here.
    pub fn scenario_of(&self, path: &Path) -> Result<Scenario, LogError> {
        let log = LogReader::open(path)?;
        let corrupt = |why| LogError::Corrupt { path: path.to_owned(), line: 1, why };
        let json = &log.header().scenario;
        let name = json.get("system").and_then(Value::as_str).unwrap_or_default();
        let system = self
            .system(name)
            .ok_or_else(|| corrupt(format!("it is of the system {name:?}, which is not here")))?;
        let names = system.shared_sections().iter().copied().chain([system.name()]);
        let scenario = Scenario::from_json(json, names).map_err(corrupt)?;
        let problem = |problem: Problem| corrupt(problem.to_string());
        system.check(&scenario).map_err(problem)?;
        Ok(scenario)
    }

    pub(crate) fn systems(&self) -> impl Iterator<Item = &dyn AnySystem> {
        self.systems.iter().map(AsRef::as_ref)
    }

    pub(crate) fn system(&self, name: &str) -> Option<&dyn AnySystem> {
        self.systems().find(|system| system.name() == name)
    }

    fn system_of(&self, scenario: &Scenario) -> Result<&dyn AnySystem, LoadError> {
        let name = &scenario.general.system;
        self.system(name).ok_or_else(|| LoadError::Invalid {
            origin: scenario.name.clone(),
            line: 1,
            message: format!("there is no system {name:?}"),
        })
    }
}

/// A system's configuration.
pub(crate) struct ReadConfig {
    /// With defaults, but with what the system fills in left open.
    pub(crate) as_written: Sections,
    /// All of it.
    pub(crate) whole: Sections,
}

/// A system's section is none.
pub(crate) enum ConfigError {
    /// It has unknown keys, or values of a wrong kind.
    Unreadable(toml::de::Error),
    /// It makes no sense.
    Senseless(Problem),
}

/// A system whose types are forgotten, so that it can be found by name.
pub(crate) trait AnySystem: Send + Sync {
    fn name(&self) -> &'static str;
    fn shared_sections(&self) -> &'static [&'static str];
    /// Reads the system's sections, given as one table, and fills in their defaults.
    fn read_config(&self, table: toml::Deserializer<'_>) -> Result<ReadConfig, ConfigError>;
    fn check(&self, scenario: &Scenario) -> Result<(), Problem>;
    fn session(&self, scenario: &Scenario, source: &Source) -> Result<Box<dyn Session>, RunError>;
    fn beginnings(
        &self,
        scenario: &Scenario,
        budget: Budget,
        answers: u64,
    ) -> Result<Taken, LoadError>;
    fn recheck(&self, scenario: &Scenario, path: &Path) -> Result<Replayed, RunError>;
}

/// Whether all marks that a scenario speaks of are there to be reached.
fn check_marks<S: System>(general: &General) -> Result<(), Problem> {
    let General { expect, nemesis, recovery, .. } = general;
    let demanded = expect.marks.iter().enumerate();
    let demanded = demanded.map(|(i, mark)| (format!("expect.marks.{i}"), mark));
    let batch = expect.batch_marks.keys().map(|mark| ("expect.batch_marks".to_owned(), mark));
    let steps = nemesis.iter().enumerate().flat_map(|(i, track)| {
        let steps = track.steps.iter().enumerate();
        steps.map(move |(j, step)| (format!("nemesis.{i}.steps.{j}.wait.mark.name"), &step.wait))
    });
    let end = recovery.iter().map(|end| ("recovery.wait.mark.name".to_owned(), &end.wait));
    let awaited = steps.chain(end).filter_map(|(path, wait)| match wait {
        Wait::Mark { name, .. } => Some((path, name)),
        _ => None,
    });
    let known = || GENERAL_MARKS.iter().chain(S::MARKS);
    for (path, mark) in demanded.chain(batch).chain(awaited) {
        if known().all(|known| known != mark) {
            let known = known().copied().collect::<Vec<_>>().join(", ");
            return Err(Problem::new(
                path,
                format!("there is no mark {mark:?}; there are: {known}"),
            ));
        }
    }
    Ok(())
}

struct Erased<S>(PhantomData<fn() -> S>);

impl<S: System> AnySystem for Erased<S> {
    fn name(&self) -> &'static str {
        S::NAME
    }

    fn shared_sections(&self) -> &'static [&'static str] {
        S::SHARED_SECTIONS
    }

    fn read_config(&self, table: toml::Deserializer<'_>) -> Result<ReadConfig, ConfigError> {
        let config = S::Config::deserialize(table).map_err(ConfigError::Unreadable)?;
        let as_written = split::<S>(&config);
        let whole = split::<S>(&complete::<S>(config).map_err(ConfigError::Senseless)?);
        Ok(ReadConfig { as_written, whole })
    }

    fn check(&self, scenario: &Scenario) -> Result<(), Problem> {
        let prepared = Prepared::<S>::new(scenario)?;
        let expect = &scenario.general.expect;
        let checkers = prepared.checkers();
        let known: Vec<&str> =
            checkers.iter().map(|checker| checker.name()).chain([LIVENESS]).collect();
        if let Some(unknown) = expect.checkers.keys().find(|name| !known.contains(&name.as_str())) {
            let known = known.join(", ");
            let message = format!("there is no checker {unknown:?}; there are: {known}");
            return Err(Problem::new(format!("expect.checkers.{unknown}"), message));
        }
        check_marks::<S>(&scenario.general)?;
        if expect.batch_marks.values().any(|seeds| *seeds == 0) {
            return Err(Problem::new("expect.batch_marks", "this is at least 1"));
        }
        if expect.within_seeds == 0 {
            return Err(Problem::new("expect.within_seeds", "this is at least 1"));
        }
        Ok(())
    }

    fn session(&self, scenario: &Scenario, source: &Source) -> Result<Box<dyn Session>, RunError> {
        open::<S>(scenario, source)
    }

    fn beginnings(
        &self,
        scenario: &Scenario,
        budget: Budget,
        answers: u64,
    ) -> Result<Taken, LoadError> {
        let prepared = Prepared::<S>::new(scenario);
        let prepared = prepared.map_err(|problem| scenario.cannot_be(&problem))?;
        Ok(state::beginnings(prepared, budget, answers))
    }

    fn recheck(&self, scenario: &Scenario, path: &Path) -> Result<Replayed, RunError> {
        Prepared::<S>::new(scenario).expect("checked when it was read").recheck(path)
    }
}
