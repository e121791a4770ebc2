//! What all servers of a process share.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use history::Span;
use redis::ScriptLibrary;
use redis::resp::Limits;
use tcp::door::ListenError;
use tcp::{Buffers, Ledger};
use thiserror::Error;
use tokio::time::Instant;

use crate::fate::Struck;
use crate::fault_log::{FaultLog, Victim};
use crate::metrics::Counters;
use crate::node::Node;
use crate::plan::FaultPlan;
use crate::roster::Member;
use crate::turns::Turns;

/// What is served, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The address to listen on.
    pub bind: IpAddr,
    /// The port of the first server, the others have those after it; 0 for any that are free.
    pub port: u16,
    /// How many servers.
    pub nodes: u16,
    /// How many clients can be connected to a server at a time.
    pub max_clients: usize,
    /// What is put up with of one command.
    pub limits: Limits,
    /// How many bytes of replies wait for a client that does not read, before it is dropped.
    pub unread: usize,
    /// How many bytes all clients together may keep in memory, of commands that are not complete
    /// or wait for `EXEC`, of keys that are watched, and of replies that are not read. Whoever
    /// needs more than is left is dropped.
    pub client_memory: usize,
    /// How long a script may run before it is ended.
    pub script_time: Span,
    /// The scripts that can be called.
    pub library: Arc<ScriptLibrary>,
    /// How often the metrics are told.
    pub metrics: Option<Span>,
    /// What goes wrong.
    pub faults: FaultPlan,
    /// What chance is drawn from.
    pub seed: String,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            bind: Ipv4Addr::LOCALHOST.into(),
            port: 6379,
            nodes: 1,
            max_clients: 10_000,
            limits: Limits::default(),
            unread: 256 << 20,
            client_memory: 1 << 30,
            script_time: Span::from_secs(5),
            library: Arc::default(),
            metrics: None,
            faults: FaultPlan::default(),
            seed: "seed1".to_owned(),
        }
    }
}

/// Why nothing is served, or no longer.
#[derive(Debug, Error)]
pub enum ServeError {
    /// There is nothing to serve.
    #[error("there are to be {nodes} servers from port {port}: {why}")]
    Senseless {
        /// How many servers.
        nodes: u16,
        /// The first port.
        port: u16,
        /// What is wrong with that.
        why: &'static str,
    },
    /// An address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The system cannot do what it takes.
    #[error("cannot serve: {0}")]
    System(io::Error),
    /// A fault could not be written down, and a fault that nobody knows of is none to learn from.
    #[error("the fault log could not be written: {0}")]
    FaultLog(io::Error),
}

/// What all servers of a process share.
pub(crate) struct Service {
    pub(crate) options: Options,
    pub(crate) counters: Counters,
    /// What clients keep in memory.
    pub(crate) memory: Ledger,
    /// Which part of that are replies that have not been sent.
    pub(crate) unread: Ledger,
    start: Instant,
    /// When the last command was called.
    pub(crate) called_at: Cell<Span>,
    /// On which server.
    pub(crate) called_on: Cell<usize>,
    /// All servers.
    pub(crate) nodes: RefCell<Vec<Weak<Node>>>,
    /// Whose turn it is.
    pub(crate) turns: Turns,
    fault_log: RefCell<Option<FaultLog>>,
    failure: RefCell<Option<ServeError>>,
    pub(crate) buffers: Buffers,
}

impl Service {
    pub(crate) fn new(options: Options, fault_log: Option<FaultLog>) -> Service {
        Service {
            options,
            counters: Counters::default(),
            memory: Ledger::default(),
            unread: Ledger::default(),
            start: Instant::now(),
            called_at: Cell::default(),
            called_on: Cell::default(),
            nodes: RefCell::default(),
            turns: Turns::default(),
            fault_log: RefCell::new(fault_log),
            failure: RefCell::new(None),
            buffers: Buffers::default(),
        }
    }

    /// How long it has been going on.
    pub(crate) fn now(&self) -> Span {
        Span(u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    /// The client that takes most of the memory of all, and its server.
    pub(crate) fn largest_client(&self) -> Option<(Rc<Node>, Rc<Member>)> {
        let nodes = self.nodes.borrow();
        let largest = nodes.iter().filter_map(Weak::upgrade).filter_map(|node| {
            let (taken, member) = node.roster.largest()?;
            Some((taken, node, member))
        });
        largest.max_by_key(|(taken, ..)| *taken).map(|(_, node, member)| (node, member))
    }

    /// Counts a fault, and writes it down.
    pub(crate) fn struck(&self, victim: &Victim<'_>, struck: Struck) {
        self.counters.faults.add(1);
        if let Some(log) = &mut *self.fault_log.borrow_mut()
            && let Err(error) = log.write(self.now(), victim, struck)
        {
            self.fail(ServeError::FaultLog(error));
        }
    }

    /// All is to end for this reason.
    pub(crate) fn fail(&self, error: ServeError) {
        self.failure.borrow_mut().get_or_insert(error);
    }

    pub(crate) fn failure(&self) -> Option<ServeError> {
        self.failure.take()
    }
}
