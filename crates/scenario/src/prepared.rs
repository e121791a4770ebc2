//! A scenario whose system is known: what it takes to build its world.

use history::Names;
use sim::{Choices, Clock, Seeded, World};

use crate::endings::Endings;
use crate::fault::{Directory, FaultPlan};
use crate::{Checker, Deployment, General, Problem, Scenario, System, sections, size};

/// A scenario whose system is known, with its configuration.
pub(crate) struct Prepared<S: System> {
    pub(crate) scenario: Scenario,
    /// As it is after drawing.
    pub(crate) general: General,
    pub(crate) config: S::Config,
}

/// What is run.
pub(crate) type RunningWorld<S, C> =
    World<<S as System>::Process, C, (FaultPlan, <S as System>::Nemesis)>;

/// Completes a configuration; paths of problems are those of the scenario file.
pub(crate) fn complete<S: System>(config: S::Config) -> Result<S::Config, Problem> {
    S::complete(config).map_err(|Problem { path, message }| Problem {
        path: sections::path_in_file::<S>(&path),
        message,
    })
}

impl<S: System> Prepared<S> {
    pub(crate) fn new(scenario: &Scenario) -> Result<Prepared<S>, Problem> {
        let Scenario { general, sections, .. } = scenario.concrete()?;
        let config = complete::<S>(sections::join::<S>(&sections)?)?;
        size::check(&general)?;
        let prepared = Prepared { scenario: scenario.clone(), general, config };
        prepared.world::<Seeded>(Seeded::new("")).map(|_| prepared)
    }

    /// What watches over a run of this scenario, in the order in which findings count.
    pub(crate) fn checkers(&self) -> Vec<Box<dyn Checker<S::Process>>> {
        let mut checkers = S::checkers(&self.config, &self.names());
        checkers.push(Box::new(Endings::new(&self.general.expect.outcomes)));
        checkers
    }

    fn deploy(&self) -> Deployment<S::Process, S::Nemesis> {
        S::deploy(&self.config, self.general.intensity)
    }

    /// What the numbers in the events stand for.
    pub(crate) fn names(&self) -> Names {
        let Deployment { nodes, keys, .. } = self.deploy();
        Names { nodes: nodes.into_iter().map(|node| node.name).collect(), keys }
    }

    /// The world as it is before the run begins.
    pub(crate) fn world<C: Choices>(&self, choices: C) -> Result<RunningWorld<S, C>, Problem> {
        let general = &self.general;
        let Deployment { nodes, roles, nemesis, .. } = self.deploy();
        size::check_nodes(S::NAME, nodes.len())?;
        let names = nodes.iter().map(|node| node.name.clone()).collect();
        let parts = nodes.iter().map(|node| node.role).collect();
        let no_fail_over = nodes.iter().map(|node| S::no_fail_over(&node.process)).collect();
        let directory = Directory { nodes: names, parts, roles, no_fail_over };
        let faults = FaultPlan::new(general, &directory)?;
        let mut clocks = vec![Clock::default(); nodes.len()];
        for (number, clock) in general.clock.iter().enumerate() {
            let node = directory.node(&clock.node, &format!("clock.{number}.node"))?;
            clocks[node.index()] = Clock::new(clock.offset.ns, clock.drift.ppb);
        }
        let mut world = World::new(choices, (faults, nemesis), general.limits.into());
        for (mut node, clock) in nodes.into_iter().zip(clocks) {
            node.clock = clock;
            world.add_node(node);
        }
        for (number, link) in general.link.iter().enumerate() {
            let from = directory.endpoint(&link.from, &format!("link.{number}.from"))?;
            let to = directory.endpoint(&link.to, &format!("link.{number}.to"))?;
            world.add_rule(from, to, link.rule());
        }
        Ok(world)
    }
}
