//! The workload on madsim.
//!
//! Its virtual time is its own: whoever sends or receives sleeps for at least a millisecond,
//! besides the delay of the message. A node that handles one message after the other is therefore
//! the bottleneck: with many operations under way, most messages wait in mailboxes. Tasks enough to
//! keep them on the network instead are possible, and slow madsim down.

use std::net::SocketAddr;
use std::time::Duration;

use madsim::Config;
use madsim::net::Endpoint;
use madsim::runtime::Runtime;

use crate::cluster::{self, Operation};
use crate::workload::Workload;

const PORT: u16 = 1;

/// Endpoints tell messages apart by a tag. There is nothing here to tell apart.
const TAG: u64 = 0;

struct Socket(Endpoint);

impl cluster::Socket for Socket {
    async fn send(&self, to: SocketAddr, message: Operation) {
        self.0.send_to(to, TAG, &message.encode()).await.expect("the network is up");
    }

    async fn receive(&self) -> (Operation, SocketAddr) {
        let mut bytes = [0; Operation::BYTES];
        let (_, from) = self.0.recv_from(TAG, &mut bytes).await.expect("the network is up");
        (Operation::decode(bytes), from)
    }
}

/// Runs it once in a fresh runtime.
pub(crate) fn run(seed: u64, workload: &Workload) {
    let mut config = Config::default();
    config.net.send_latency =
        Duration::from_nanos(Workload::DELAY_MIN.0)..Duration::from_nanos(Workload::DELAY_MAX.0);
    let runtime = Runtime::with_seed_and_config(seed, config);
    runtime.block_on(cluster(&runtime, *workload));
}

async fn cluster(runtime: &Runtime, workload: Workload) {
    let nodes = Workload::CLIENTS + workload.servers;
    let (clients, servers) = (0..Workload::CLIENTS, Workload::CLIENTS..nodes);
    let servers: Vec<_> = servers.map(address).collect();
    for &address in &servers {
        let node = runtime.create_node().ip(address.ip()).build();
        // Nobody may ask before there is somebody to answer.
        let socket = node.spawn(bind(address)).await.expect("binding does not panic");
        node.spawn(cluster::server(socket));
    }
    let mut running = Vec::new();
    for address in clients.map(address) {
        let node = runtime.create_node().ip(address.ip()).build();
        let servers = servers.clone();
        let client = async move { cluster::client(bind(address).await, workload, servers).await };
        running.push(node.spawn(client));
    }
    for client in running {
        client.await.expect("a client does not panic");
    }
}

async fn bind(address: SocketAddr) -> Socket {
    Socket(Endpoint::bind(address).await.expect("the address is free"))
}

fn address(node: u16) -> SocketAddr {
    let [high, low] = node.to_be_bytes();
    SocketAddr::from(([10, 0, high, low + 1], PORT))
}
