//! The state that all servers of a process share.

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

/// The options of a service.
#[derive(Clone, Debug)]
pub struct Options {
    /// The address to listen on.
    pub bind: IpAddr,
    /// The port of the first server. The other servers have the following ports. 0 means any free
    /// ports.
    pub port: u16,
    /// The number of servers.
    pub nodes: u16,
    /// The most clients of a server at a time.
    pub max_clients: usize,
    /// Limits for the size of one command.
    pub limits: Limits,
    /// The most unread bytes of replies per client. A client that exceeds it is dropped.
    pub unread: usize,
    /// The most bytes of memory for all clients together: for incomplete and queued commands,
    /// watched keys, and unread replies. If it is exceeded, the client that takes the most is
    /// dropped.
    pub client_memory: usize,
    /// How long a script may run before it is ended.
    pub script_time: Span,
    /// The scripts that have native twins.
    pub library: Arc<ScriptLibrary>,
    /// The interval of the metrics. `None` means no metrics.
    pub metrics: Option<Span>,
    /// The faults to inject.
    pub faults: FaultPlan,
    /// The seed of the faults.
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

/// Why the service cannot start, or has stopped.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The number of servers or the ports are invalid.
    #[error("cannot start {nodes} servers from port {port}: {why}")]
    Senseless {
        /// The number of servers.
        nodes: u16,
        /// The first port.
        port: u16,
        /// The problem.
        why: &'static str,
    },
    /// It cannot listen on an address.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The operating system refused something.
    #[error("cannot serve: {0}")]
    System(io::Error),
    /// The fault log cannot be written. The service stops, because an unlogged fault would be
    /// useless.
    #[error("cannot write the fault log: {0}")]
    FaultLog(io::Error),
}

/// The state that all servers of a process share.
pub(crate) struct Service {
    pub(crate) options: Options,
    pub(crate) counters: Counters,
    /// The memory that clients take.
    pub(crate) memory: Ledger,
    /// The part of it for unsent replies.
    pub(crate) unread: Ledger,
    start: Instant,
    /// The time of the last command.
    pub(crate) called_at: Cell<Span>,
    /// The server of the last command.
    pub(crate) called_on: Cell<usize>,
    /// All servers.
    pub(crate) nodes: RefCell<Vec<Weak<Node>>>,
    /// The queue of clients with much work.
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

    /// The time since the start.
    pub(crate) fn now(&self) -> Span {
        Span(u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    /// The client that takes the most memory, and its server.
    pub(crate) fn largest_client(&self) -> Option<(Rc<Node>, Rc<Member>)> {
        let nodes = self.nodes.borrow();
        let largest = nodes.iter().filter_map(Weak::upgrade).filter_map(|node| {
            let (taken, member) = node.roster.largest()?;
            Some((taken, node, member))
        });
        largest.max_by_key(|(taken, ..)| *taken).map(|(_, node, member)| (node, member))
    }

    /// Counts a fault, and logs it.
    pub(crate) fn struck(&self, victim: &Victim<'_>, struck: Struck) {
        self.counters.faults.add(1);
        if let Some(log) = &mut *self.fault_log.borrow_mut()
            && let Err(error) = log.write(self.now(), victim, struck)
        {
            self.fail(ServeError::FaultLog(error));
        }
    }

    /// Stops the service with this error.
    pub(crate) fn fail(&self, error: ServeError) {
        self.failure.borrow_mut().get_or_insert(error);
    }

    pub(crate) fn failure(&self) -> Option<ServeError> {
        self.failure.take()
    }
}
