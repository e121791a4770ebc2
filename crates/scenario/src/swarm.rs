//! Swarm testing: each seed draws which faults there are, and how strong they are.
//!
//! If all faults are present in every run, they hide each other's effects: in a network that loses
//! half of all messages, few messages are duplicated. So a scenario can leave values to the seed.
//! Its `swarm` section has the values to choose from for each path:
//!
//! ```toml
//! [swarm]
//! "link.0.loss" = ["0%", "5%", "30%"]
//! "nemesis.2.on" = [true, false]
//! ```
//!
//! (Groce et al., "Swarm testing", ISSTA 2012.)
//!
//! The header of a recording and the outcome contain the drawn values. A replay takes them from the
//! header. `replay --redraw` draws them again, and compares. The draw depends on the path: adding
//! or removing a path does not change what is drawn for the others.

use std::collections::BTreeMap;

use serde_json::Value;
use sim::Choices;

use crate::{LoadError, Problem, Scenario};

/// What a seed can decide, beside the sections of the system.
const SECTIONS: [&str; 4] = ["link", "clock", "nemesis", "recovery"];

impl Scenario {
    /// This scenario, with what a seed draws.
    pub(crate) fn draw(&self, choices: &mut impl Choices) -> Scenario {
        // A recording may say anything, such as that there is nothing to choose from.
        let swarm = self.general.swarm.iter().filter(|(_, values)| !values.is_empty());
        let drawn = swarm.map(|(path, values)| {
            let stream = choices.stream("swarm", path);
            let place = choices.draw(stream, values.len() as u64) as usize;
            (path.clone(), values[place].clone())
        });
        Scenario { drawn: drawn.collect(), ..self.clone() }
    }

    /// The scenario that this is after drawing: the values are where they belong.
    pub(crate) fn concrete(&self) -> Result<Scenario, Problem> {
        if self.drawn.is_empty() {
            return Ok(self.clone());
        }
        let mut json = self.to_json();
        for (path, value) in &self.drawn {
            put(&mut json, path, value.clone())?;
        }
        let names = self.sections.keys().map(String::as_str);
        Scenario::from_json(&json, names).map_err(|why| Problem::new("swarm", why))
    }

    /// Checks each value by itself with `check`.
    pub(crate) fn check_swarm(
        &self,
        check: impl Fn(&Scenario) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        for (path, values) in &self.general.swarm {
            let problem = |why| Problem::new(format!("swarm.{path:?}"), why);
            let section = path.split('.').next().unwrap_or_default();
            if !SECTIONS.contains(&section) && !self.sections.contains_key(section) {
                let of_system = self.sections.keys().map(String::as_str);
                let known: Vec<&str> = SECTIONS.into_iter().chain(of_system).collect();
                let known = known.join(", ");
                return Err(problem(format!("this is not a seed's to draw; there are: {known}")));
            }
            if values.is_empty() {
                return Err(problem("there is nothing to choose from".to_owned()));
            }
            for value in values {
                let drawn = BTreeMap::from([(path.clone(), value.clone())]);
                let one = Scenario { drawn, ..self.clone() };
                let told = |found: Problem| problem(format!("{value}: {}", found.message));
                check(&one).map_err(told)?;
            }
        }
        Ok(())
    }

    /// The error for values that are valid one by one, but not together.
    pub(crate) fn cannot_be(&self, problem: &Problem) -> LoadError {
        let drawn = self.drawn.iter().map(|(path, value)| format!("{path}={value}"));
        LoadError::Override {
            origin: self.name.clone(),
            overrides: drawn.collect::<Vec<_>>().join(" "),
            message: format!("{}: {}", problem.path, problem.message),
        }
    }
}

/// Puts a value where the path leads. All but its last part is there already.
fn put(json: &mut Value, path: &str, value: Value) -> Result<(), Problem> {
    let (way, last) = path.rsplit_once('.').unwrap_or(("", path));
    let mut here = json;
    for part in way.split('.').filter(|part| !part.is_empty()) {
        let next = match here {
            Value::Object(object) => object.get_mut(part),
            Value::Array(items) => part.parse().ok().and_then(|i: usize| items.get_mut(i)),
            _ => None,
        };
        here = next.ok_or_else(|| Problem::new("swarm", format!("there is no {part:?}")))?;
    }
    match here {
        Value::Object(object) => {
            object.insert(last.to_owned(), value);
            Ok(())
        }
        _ => Err(Problem::new("swarm", format!("there are no keys where {last:?} would be"))),
    }
}
