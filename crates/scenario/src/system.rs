//! A protocol made runnable.

use history::Names;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sim::{Event, Nemesis, NodeSpec, Process};

use crate::{Checker, Problem, Waiting};

/// What the processes of a system exchange.
pub type ProtocolOf<S> = <<S as System>::Process as Process>::Protocol;

/// A protocol made runnable: which nodes there are, what runs on them, what must always be true.
///
/// A system of your own is a crate like those of this project: implement this, put it into a
/// [`Registry`](crate::Registry), and it can be run, recorded, replayed and checked like they are.
/// `crates/cli/examples/ttl-lock.rs` is a whole one in one file.
pub trait System: 'static {
    /// What it is called in scenario files.
    const NAME: &'static str;
    /// The marks that its runs can reach, besides the general ones.
    const MARKS: &'static [&'static str] = &[];

    /// The sections of a scenario file that the system reads beside its own. Each is the field of
    /// that name in its configuration. Systems with parts of the same kind have such a section in
    /// common, with the same keys: `redis` for Redis servers.
    const SHARED_SECTIONS: &'static [&'static str] = &[];

    /// What runs on a node: usually an enum of the kinds of node that there are.
    type Process: Process;
    /// What the operator does in a run, beside the faults of the scenario. `()` if nothing.
    type Nemesis: Nemesis<ProtocolOf<Self>>;
    /// The system's section of a scenario file. Give its fields defaults, and
    /// `deny_unknown_fields`.
    type Config: Serialize + DeserializeOwned;

    /// Fills in what a configuration leaves open, such as a quorum that is a majority, if it makes
    /// sense. Doing it twice changes nothing more. Paths of problems begin below the system's
    /// section, or with the name of a shared one.
    ///
    /// # Errors
    /// What makes no sense, and why.
    fn complete(config: Self::Config) -> Result<Self::Config, Problem>;

    /// Which nodes and keys there are. `intensity` is how much each client has to do.
    fn deploy(config: &Self::Config, intensity: u64) -> Deployment<Self::Process, Self::Nemesis>;

    /// What must be true of every run. Each checker has a name of its own. The checkers of this
    /// crate: [`RumorChecker`](crate::RumorChecker) for registers,
    /// [`OverHistory`](crate::OverHistory) for any checker of histories.
    fn checkers(config: &Self::Config, names: &Names) -> Vec<Box<dyn Checker<Self::Process>>>;

    /// The mark that this event reaches by itself, such as a reply lost after the server had
    /// applied the command.
    fn mark(_: &Event<ProtocolOf<Self>>) -> Option<&'static str> {
        None
    }

    /// Why a scenario may not let this process's node fail over. None if it may: a replica can take
    /// the place of the process, so [`crash`](Process::crash) is called with
    /// [`Keep::Replica`](sim::Keep::Replica). By default no node may.
    fn no_fail_over(_: &Self::Process) -> Option<&'static str> {
        Some("it has no replica")
    }

    /// What a process has still to do; none if it is done. A run is over when nothing is going to
    /// happen any more, or when everybody is done and only the nemesis would still act. If somebody
    /// is not done then, that is a failure of liveness.
    fn unfinished(_: &Self::Process) -> Option<String> {
        None
    }

    /// The state of a process as JSON, for a person to look at. By default what `Debug` shows, as
    /// one text.
    fn state(process: &Self::Process) -> Value {
        Value::String(format!("{process:#?}"))
    }

    /// Whom a process waits for, to explain a run in which somebody got nowhere.
    fn waits_for(_: &Self::Process) -> Vec<Waiting> {
        Vec::new()
    }
}

/// The nodes of a run.
#[derive(Clone, Debug)]
pub struct Deployment<P, N> {
    /// The nodes; their numbers are their places here.
    pub nodes: Vec<NodeSpec<P>>,
    /// The names of the roles; their numbers are their places here.
    pub roles: Vec<&'static str>,
    /// The names of the keys; their numbers are their places here.
    pub keys: Vec<String>,
    /// What the operator does.
    pub nemesis: N,
}
