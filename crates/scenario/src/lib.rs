//! Systems and scenarios: the code that is run, the faults, and the expectations.
//!
//! A [`System`] is a protocol made runnable: its processes, its section in a scenario file, its
//! checkers. A [`Scenario`] is one TOML file: a system and its configuration, the links between its
//! nodes, the actions of the nemesis, the expectations of the checkers, and the marks that a run
//! must reach. A scenario and a seed make a run, and a run has an [`Outcome`].
//!
//! A [`Registry`] knows systems and scenarios by name, and can [`run`](Registry::run) one, replay
//! or re-check its recording, or do [`many`] runs on all cores.
//!
//! The main path: [`Registry::load`] → [`Registry::run`] → [`Outcome`].

#![deny(clippy::float_arithmetic)]

mod checker;
mod conclusion;
mod edit;
mod endings;
mod error;
mod fault;
mod general;
mod interrupt;
mod judgement;
mod live;
mod load;
pub mod many;
mod name;
mod node_faults;
mod outcome;
mod prepared;
mod recovery;
mod registry;
mod replay;
mod rumor;
mod run;
mod sections;
mod session;
mod size;
mod state;
mod swarm;
mod system;
mod tally;
pub mod units;
mod watch;
mod writes;

pub use check::RegisterKind;
pub use checker::{
    Checker, CloneChecker, End, Finding, HistoryOf, Investigator, OverHistory, story,
};
pub use edit::Edit;
pub use error::{LoadError, Problem, RunError};
pub use fault::FaultPlan;
pub use general::{
    Action, Clock, Ending, Expect, Expected, General, LimitSection, Link, RecoverySection,
    Scenario, Step, Track, Wait,
};
pub use interrupt::Interrupt;
pub use judgement::{Batch, Judgement};
pub use load::{Override, read_toml};
pub use name::{NameError, Selection};
pub use outcome::{Operations, Outcome, Verdict, Violation};
pub use registry::Registry;
pub use replay::Replayed;
pub use rumor::{RumorChecker, Witness};
pub use run::{Ran, RunOptions};
pub use session::{Finished, Session, Source, Until};
pub use sim::Waiting;
pub use state::{Budget, Shelved, State, Taken};
pub use system::{Deployment, ProtocolOf, System, work_left};
pub use writes::WriteCount;
