//! From options to a proxy that listens, and on until somebody has enough.

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

/// A proxy that has its port, and can be run.
pub struct Proxy {
    runtime: Runtime,
    shared: Rc<Shared>,
    door: TcpListener,
    address: SocketAddr,
    metrics: Option<(TcpListener, SocketAddr)>,
}

/// How often it looks whether it is to end.
const LOOK: Duration = Duration::from_millis(20);
/// How long clients may take for what is under way when it ends.
const FAREWELL: Duration = Duration::from_secs(1);
/// How long it waits before it connects to the server again: at first, and at the most.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(2));
/// How long it waits when there are no more sockets.
const PATIENCE: Duration = Duration::from_millis(20);

impl Proxy {
    /// Takes the ports. From now on clients can connect; they are served by [`Proxy::run`].
    ///
    /// # Errors
    /// If a port cannot be had, or an option makes no sense.
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

    /// Where clients connect to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where metrics can be had.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(|(_, address)| *address)
    }

    /// Serves until `interrupted` says so. `ready` is called once the server has been heard of, or
    /// could not be reached.
    ///
    /// # Panics
    /// If there is a bug.
    pub fn run(self, ready: impl FnOnce(), interrupted: impl Fn() -> bool) {
        let Proxy { runtime, shared, door, metrics, .. } = self;
        let common = Link::new(&shared, None);
        LocalSet::new().block_on(&runtime, async {
            let mut tasks = JoinSet::new();
            tasks.spawn_local(keep_up(Rc::clone(&shared), Rc::clone(&common)));
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
                () = let_in(&shared, &common, door, &mut conversations) => {}
            }
            tracing::info!(clients = conversations.len(), "it ends");
            say_farewell(&shared).await;
        });
    }
}

/// Waits until the server has been heard of, or could not be reached, or takes its time.
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
        sleep(LOOK).await;
    }
}

/// None of these tasks ends. If one panics, so does this.
async fn fail_with(tasks: &mut JoinSet<()>) {
    while let Some(ended) = tasks.join_next().await {
        pass_on(ended);
    }
}

/// Lets clients in for ever.
async fn let_in(
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
                // There are no more sockets. Those who wait at the door wait until there are.
                Err(_) => sleep(PATIENCE).await,
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

/// Connects to the server, and again whenever the connection is lost.
async fn keep_up(shared: Rc<Shared>, link: Rc<Link>) {
    let (first, most) = BACKOFF;
    let mut backoff = first;
    let upstream = &*shared.options.upstream;
    loop {
        match Link::connect(&shared).await {
            Ok(stream) => {
                let heard_before = shared.counters.heard.get();
                let why = link.serve(stream).await;
                if shared.counters.heard.get() > heard_before {
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

/// Lets clients have what is under way, if they are quick.
async fn say_farewell(shared: &Shared) {
    let all_is_done = async {
        while shared.awaited.get() > 0 || shared.unread.in_use() > 0 {
            sleep(LOOK).await;
        }
    };
    // Whoever has not read it by then does not read.
    let _ = timeout(FAREWELL, all_is_done).await;
}
