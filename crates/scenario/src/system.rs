//! A protocol made runnable.

use history::Names;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sim::{Event, Identity, Nemesis, NodeSpec, Process};

use crate::{Checker, Problem, Waiting};

/// What the processes of a system exchange.
pub type ProtocolOf<S> = <<S as System>::Process as Process>::Protocol;

/// A protocol that scenarios can run: its nodes, their processes, and its checkers.
///
/// To add a system, implement this trait in your own crate and put the system into a
/// [`Registry`](crate::Registry). Then every command works with it.
/// `crates/cli/examples/ttl-lock.rs` is a complete system in one file.
pub trait System: 'static {
    /// The name in scenario files.
    const NAME: &'static str;
    /// The marks that its runs can reach, besides the general ones.
    const MARKS: &'static [&'static str] = &[];

    /// The sections of a scenario file that the system reads beside its own. Each is the field of
    /// that name in its configuration. Systems with parts of the same kind have such a section in
    /// common, with the same keys: `redis` for Redis servers.
    const SHARED_SECTIONS: &'static [&'static str] = &[];

    /// The process of a node: usually an enum of the kinds of node.
    type Process: Process;
    /// What the operator does in a run, beside the faults of the scenario. `()` if nothing.
    type Nemesis: Nemesis<ProtocolOf<Self>> + Identity;
    /// The system's section of a scenario file. Give its fields defaults, and
    /// `deny_unknown_fields`.
    type Config: Serialize + DeserializeOwned;

    /// Checks a configuration, and fills in its defaults, such as a majority quorum. A second call
    /// changes nothing. Paths of problems begin below the system's section, or with the name of a
    /// shared one.
    ///
    /// # Errors
    /// The invalid value, with the reason.
    fn complete(config: Self::Config) -> Result<Self::Config, Problem>;

    /// Returns the nodes and keys. `intensity` is the amount of work of each client.
    fn deploy(config: &Self::Config, intensity: u64) -> Deployment<Self::Process, Self::Nemesis>;

    /// Returns the checkers of every run. Each checker has its own name. The checkers of this
    /// crate: [`RumorChecker`](crate::RumorChecker) for registers,
    /// [`OverHistory`](crate::OverHistory) for any checker of histories.
    fn checkers(config: &Self::Config, names: &Names) -> Vec<Box<dyn Checker<Self::Process>>>;

    /// The mark that this event reaches by itself, such as a reply lost after the server had
    /// applied the command.
    fn mark(_: &Event<ProtocolOf<Self>>) -> Option<&'static str> {
        None
    }

    /// Why this process's node cannot fail over. `None` if it can: a replica can replace the
    /// process, so [`crash`](Process::crash) is called with [`Keep::Replica`](sim::Keep::Replica).
    /// By default no node may.
    fn no_fail_over(_: &Self::Process) -> Option<&'static str> {
        Some("it has no replica")
    }

    /// Returns the remaining work of a process, or `None` if it is done. A run ends when no event
    /// is left, or when all processes are done and only the nemesis would act. A process with
    /// remaining work is a failure of liveness then.
    fn unfinished(_: &Self::Process) -> Option<String> {
        None
    }

    /// The state of a process as JSON, for a person to look at. By default what `Debug` shows, as
    /// one text.
    fn state(process: &Self::Process) -> Value {
        Value::String(format!("{process:#?}"))
    }

    /// The nodes for which a process waits, to explain a run without progress.
    fn waits_for(_: &Self::Process) -> Vec<Waiting> {
        Vec::new()
    }
}

/// The text of a process's remaining work, for [`System::unfinished`].
///
/// ```
/// use scenario::work_left;
///
/// assert_eq!(work_left(1, ["write", "writes"]), "still has 1 write to finish");
/// assert_eq!(work_left(5, ["write", "writes"]), "still has 5 writes to finish");
/// ```
#[must_use]
pub fn work_left(count: u64, [one, many]: [&str; 2]) -> String {
    format!("still has {count} {} to finish", if count == 1 { one } else { many })
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
