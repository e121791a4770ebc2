//! Accepting and disconnecting clients.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tcp::door::pass_on;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::connection::Connection;
use crate::node::{Node, Order, duration};

/// The listener of a server.
pub(crate) struct Listener {
    node: Rc<Node>,
    address: SocketAddr,
    connections: JoinSet<()>,
}

/// How long it waits before it retries, when no sockets or no port are available.
const RETRY_DELAY: Duration = Duration::from_millis(20);

impl Listener {
    pub(crate) fn new(node: Rc<Node>, address: SocketAddr) -> Listener {
        Listener { node, address, connections: JoinSet::new() }
    }

    /// Accepts clients forever.
    pub(crate) async fn run(mut self, door: TcpListener) {
        self.open(door);
        loop {
            let node = Rc::clone(&self.node);
            let door = node.door.borrow().clone();
            tokio::select! {
                biased;
                order = node.ordered() => match order {
                    Order::ResetAll => self.reset_all().await,
                    Order::Restart(down) => {
                        drop(door);
                        node.door.take();
                        self.connections.shutdown().await;
                        sleep(duration(down)).await;
                        self.open(self.reopen().await);
                        node.restarted();
                    }
                },
                Some(ended) = self.connections.join_next() => pass_on(ended),
                accepted = node.accepted() => accepted.into_iter().for_each(|one| self.serve(one)),
                accepted = accept(door.as_deref()) => match accepted {
                    Ok(stream) => node.admit(stream).into_iter().for_each(|one| self.serve(one)),
                    // No sockets are left. New clients wait until there are some.
                    Err(_) => sleep(RETRY_DELAY).await,
                },
            }
            node.clients.set(self.connections.len());
        }
    }

    fn open(&self, door: TcpListener) {
        *self.node.door.borrow_mut() = Some(Rc::new(door));
    }

    fn serve(&mut self, connection: Connection) {
        let id = connection.id();
        let task = self.connections.spawn_local(connection.run());
        self.node.roster.is_served_by(id, task);
    }

    async fn reset_all(&mut self) {
        self.node.resets.set(true);
        self.connections.shutdown().await;
        self.node.resets.set(false);
    }

    /// Listens on the same address again. If another process has taken the port, it waits until the
    /// port is free.
    async fn reopen(&self) -> TcpListener {
        loop {
            match TcpListener::bind(self.address).await {
                Ok(door) => return door,
                Err(_) => sleep(RETRY_DELAY).await,
            }
        }
    }
}

async fn accept(door: Option<&TcpListener>) -> std::io::Result<TcpStream> {
    match door {
        Some(door) => Ok(door.accept().await?.0),
        None => std::future::pending().await,
    }
}
