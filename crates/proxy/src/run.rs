//! Starting, running and stopping the proxy.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use history::Span;
use tcp::door::{self, pass_on};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::conversation::Conversation;
use crate::http;
use crate::link::Link;
use crate::options::{Options, ProxyError};
use crate::shared::{Shared, duration};

/// A proxy that has bound its port and is ready to run.
pub struct Proxy {
    runtime: Runtime,
    shared: Rc<Shared>,
    door: TcpListener,
    address: SocketAddr,
    metrics: Option<(TcpListener, SocketAddr)>,
}

/// How often it checks whether to stop.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);
/// How long it waits for pending commands when it stops.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);
/// The backoff before it connects to the server again: the initial and the longest one.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(2));
/// How long it waits before it accepts again, when no sockets are left.
const RETRY_DELAY: Duration = Duration::from_millis(20);

impl Proxy {
    /// Binds the ports. From now on clients can connect. [`Proxy::run`] serves them.
    ///
    /// # Errors
    /// If a port cannot be bound, or an option is invalid.
    pub fn bind(options: Options) -> Result<Proxy, ProxyError> {
        for (name, span) in [("the period", options.period), ("the timeout", options.timeout)] {
            if span == Span::ZERO {
                return Err(ProxyError::NoTime(name));
            }
        }
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(ProxyError::System)?;
        let (door, address) = runtime.block_on(door::open(options.listen))?;
        let metrics = match options.metrics {
            Some(address) => Some(runtime.block_on(door::open(address))?),
            None => None,
        };
        let shared = Rc::new(Shared::new(options));
        Ok(Proxy { runtime, shared, door, address, metrics })
    }

    /// The address that clients connect to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of the metrics, if they are enabled.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(|(_, address)| *address)
    }

    /// Serves until `interrupted` returns true. `ready` is called once the server has answered, or
    /// could not be reached.
    ///
    /// # Panics
    /// If a task panics, which is a bug.
    pub fn run(self, ready: impl FnOnce(), interrupted: impl Fn() -> bool) {
        let Proxy { runtime, shared, door, metrics, .. } = self;
        let common = Link::new(&shared, None);
        LocalSet::new().block_on(&runtime, async {
            let mut tasks = JoinSet::new();
            tasks.spawn_local(stay_connected(Rc::clone(&shared), Rc::clone(&common)));
            tasks.spawn_local(redeem(Rc::clone(&shared)));
            if let Some((door, _)) = metrics {
                tasks.spawn_local(http::serve(Rc::clone(&shared), door));
            }
            until_known(&shared, &common).await;
            ready();
            let mut conversations = JoinSet::new();
            tokio::select! {
                () = until(&interrupted) => {}
                () = fail_with(&mut tasks) => {}
                () = accept_clients(&shared, &common, door, &mut conversations) => {}
            }
            tracing::info!(clients = conversations.len(), "it ends");
            drain_clients(&shared).await;
        });
    }
}

/// Waits until the server has answered, could not be reached, or timed out.
async fn until_known(shared: &Shared, common: &Link) {
    let known = async {
        while !common.is_up() && shared.counters.losses.get() == 0 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    let _ = timeout(shared.timeout(), known).await;
}

async fn until(interrupted: &impl Fn() -> bool) {
    while !interrupted() {
        sleep(CHECK_INTERVAL).await;
    }
}

/// None of these tasks ends. If one panics, so does this.
async fn fail_with(tasks: &mut JoinSet<()>) {
    while let Some(ended) = tasks.join_next().await {
        pass_on(ended);
    }
}

/// Accepts clients forever.
async fn accept_clients(
    shared: &Rc<Shared>,
    common: &Rc<Link>,
    door: TcpListener,
    conversations: &mut JoinSet<()>,
) {
    loop {
        tokio::select! {
            biased;
            Some(ended) = conversations.join_next() => pass_on(ended),
            accepted = door.accept() => match accepted {
                Ok((stream, _)) => admit(shared, common, stream, conversations),
                // No sockets are left. New clients wait until there are some.
                Err(_) => sleep(RETRY_DELAY).await,
            },
        }
        shared.counters.clients.set(conversations.len());
    }
}

fn admit(
    shared: &Rc<Shared>,
    common: &Rc<Link>,
    stream: TcpStream,
    conversations: &mut JoinSet<()>,
) {
    door::tune(&stream);
    shared.counters.accepted.add(1);
    if conversations.len() >= shared.options.max_clients {
        shared.counters.turned_away.add(1);
        drop(stream.try_write(b"-ERR max number of clients reached\r\n"));
        return;
    }
    conversations.spawn_local(Conversation::new(shared, common, stream).run());
}

/// Connects to the server, and reconnects whenever the connection is lost.
async fn stay_connected(shared: Rc<Shared>, link: Rc<Link>) {
    let (first, most) = BACKOFF;
    let mut backoff = first;
    let upstream = &*shared.options.upstream;
    loop {
        match Link::connect(&shared).await {
            Ok(stream) => {
                let answered_before = shared.counters.answered.get();
                let why = link.serve(stream).await;
                if shared.counters.answered.get() > answered_before {
                    backoff = first;
                }
                tracing::warn!(upstream, %why, "the upstream is lost");
            }
            Err(error) => tracing::warn!(upstream, %error, "cannot connect to the upstream"),
        }
        shared.counters.losses.add(1);
        sleep(backoff).await;
        backoff = (2 * backoff).min(most);
    }
}

async fn redeem(shared: Rc<Shared>) {
    let mut periods = interval(duration(shared.options.period));
    periods.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        periods.tick().await;
        let redeemed = shared.cache.borrow_mut().redeem(shared.now());
        shared.counters.redeemed.add(redeemed as u64);
    }
}

/// Waits for the pending replies of clients, for a limited time.
async fn drain_clients(shared: &Shared) {
    let all_is_done = async {
        while shared.awaited.get() > 0 || shared.unread.in_use() > 0 {
            sleep(CHECK_INTERVAL).await;
        }
    };
    // A client that has not read its replies by then loses them.
    let _ = timeout(DRAIN_TIMEOUT, all_is_done).await;
}
