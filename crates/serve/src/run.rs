//! Starting, running and stopping a service.

use std::io::Write;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use history::Span;
use tcp::Counter;
use tcp::door::{self, pass_on};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::busy::Busy;
use crate::fate::ChanceRule;
use crate::fault_log::FaultLog;
use crate::listener::Listener;
use crate::metrics::{Metrics, NodeCounters};
use crate::node::{Node, duration};
use crate::plan::node_name;
use crate::schedule::ScheduledFault;
use crate::service::{self, Options, ServeError};

/// Servers that have bound their ports and are ready to run.
pub struct Service {
    runtime: Runtime,
    service: Rc<service::Service>,
    doors: Vec<TcpListener>,
    addresses: Vec<SocketAddr>,
}

/// How often it checks whether to stop.
const LOOK: Duration = Duration::from_millis(20);

/// How long clients may take to read their replies when the service stops.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

impl Service {
    /// Binds the ports. From now on clients can connect. [`Service::run`] serves them.
    ///
    /// # Errors
    /// If a port cannot be bound.
    pub fn bind(
        options: Options,
        fault_log: Option<Box<dyn Write>>,
    ) -> Result<Service, ServeError> {
        let Options { bind, port, nodes, .. } = options;
        let senseless = |why| ServeError::Senseless { nodes, port, why };
        if nodes == 0 {
            return Err(senseless("there must be at least one"));
        }
        if port > 0 && port.checked_add(nodes - 1).is_none() {
            return Err(senseless("the last port is 65535"));
        }
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(ServeError::System)?;
        let mut doors = Vec::new();
        let mut addresses = Vec::new();
        for number in 0..nodes {
            let address = SocketAddr::new(bind, if port == 0 { 0 } else { port + number });
            let (door, address) = runtime.block_on(door::open(address))?;
            addresses.push(address);
            doors.push(door);
        }
        let service = {
            // Its clock starts in the runtime that it runs in.
            let _inside = runtime.enter();
            Rc::new(service::Service::new(options, fault_log.map(FaultLog)))
        };
        Ok(Service { runtime, service, doors, addresses })
    }

    /// The addresses of the servers, in order.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Serves until `interrupted` returns true. Calls `tell` with each line of metrics.
    ///
    /// # Errors
    /// If the fault log cannot be written.
    ///
    /// # Panics
    /// If a task panics, which is a bug.
    pub fn run(
        self,
        interrupted: impl Fn() -> bool + 'static,
        tell: impl Fn(&str),
    ) -> Result<(), ServeError> {
        let Service { runtime, service, doors, addresses } = self;
        let plan = service.options.faults.clone();
        let mut nodes = Vec::new();
        for (number, address) in (0..service.options.nodes).zip(&addresses) {
            let rules = ChanceRule::of_node(&plan, &node_name(number));
            nodes.push(Rc::new(Node::new(number, address.port(), Rc::clone(&service), rules)));
        }
        *service.nodes.borrow_mut() = nodes.iter().map(Rc::downgrade).collect();
        let interrupted = Rc::new(interrupted);
        Busy::watch(&service, &nodes, &interrupted);
        let local = LocalSet::new();
        local.block_on(&runtime, async {
            let mut tasks = JoinSet::new();
            for ((node, door), address) in nodes.iter().zip(doors).zip(addresses) {
                tasks.spawn_local(Listener::new(Rc::clone(node), address).run(door));
                for appointment in ScheduledFault::of_node(&plan, node) {
                    tasks.spawn_local(appointment.keep());
                }
                if !plan.crash.is_empty() {
                    tasks.spawn_local(sync_each_second(Rc::clone(node)));
                }
            }
            tokio::select! {
                ended = until(&*interrupted, &service) => ended?,
                () = fail_with(&mut tasks) => {}
                () = tell_metrics(&service, &nodes, &tell) => {}
            }
            drain_clients(&service).await;
            Ok(())
        })
    }
}

/// Waits for the end.
async fn until(
    interrupted: &impl Fn() -> bool,
    service: &service::Service,
) -> Result<(), ServeError> {
    while !interrupted() {
        if let Some(failure) = service.failure() {
            return Err(failure);
        }
        sleep(LOOK).await;
    }
    Ok(())
}

/// Tasks end by themselves if their work is done. If one panics, so does this.
async fn fail_with(tasks: &mut JoinSet<()>) {
    while let Some(ended) = tasks.join_next().await {
        pass_on(ended);
    }
}

/// Syncs every second, as `appendfsync everysec` does.
async fn sync_each_second(node: Rc<Node>) {
    let mut seconds = interval(Duration::from_secs(1));
    loop {
        seconds.tick().await;
        node.sync();
    }
}

/// Waits until clients have read their replies, for a limited time.
async fn drain_clients(service: &service::Service) {
    let all_is_read = async {
        while service.unread.in_use() > 0 {
            sleep(LOOK).await;
        }
    };
    // A client that has not read its replies by then loses them.
    let _ = timeout(DRAIN_TIMEOUT, all_is_read).await;
}

async fn tell_metrics(service: &service::Service, nodes: &[Rc<Node>], tell: &impl Fn(&str)) {
    let Some(each) = service.options.metrics.filter(|each| *each > Span::ZERO) else {
        return std::future::pending().await;
    };
    let mut ticks = interval(duration(each));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    let mut last = service.now();
    let total = |of: fn(&NodeCounters) -> &Counter| {
        nodes.iter().map(|node| of(&node.counters).get()).sum::<u64>()
    };
    let mut commands_before = 0;
    loop {
        ticks.tick().await;
        let now = service.now();
        let commands = total(|counters| &counters.commands);
        let metrics = Metrics {
            now,
            since: now - last,
            accepted: total(|counters| &counters.accepted),
            refused: total(|counters| &counters.refused),
            commands,
            commands_before,
            clients: nodes.iter().map(|node| node.clients.get()).sum(),
            keys: nodes.iter().map(|node| node.keys()).sum(),
            client_memory: service.memory.in_use(),
            counters: &service.counters,
        };
        tell(&metrics.to_string());
        (last, commands_before) = (now, commands);
    }
}
