//! The workload on turmoil.
//!
//! Its virtual time goes by ticks of a millisecond, and its delays are whole milliseconds, drawn
//! from an exponential distribution that is cut off at the longest. Messages are not ordered by the
//! time of their delivery within a tick.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use turmoil::net::UdpSocket;

use crate::cluster::{self, Operation};
use crate::workload::Workload;

const PORT: u16 = 1;

/// The rate of the distribution of delays with which their mean is that of the workload, 5.5 ms.
/// A share of the range r, drawn with rate λ, becomes ⌊9 r⌋ ms on top of 1 ms, but no more than 9:
/// the mean of that is e^(-λ/9) + e^(-2λ/9) + … + e^(-9λ/9), which is 4.5 for this λ.
const DELAY_RATE: f64 = 1.39;

/// Messages that fit into a socket's buffer: all that could come.
const CAPACITY: usize = 1 << 17;

struct Socket(UdpSocket);

impl cluster::Socket for Socket {
    async fn send(&self, to: SocketAddr, message: Operation) {
        self.0.send_to(&message.encode(), to).await.expect("the network is up");
    }

    async fn receive(&self) -> (Operation, SocketAddr) {
        let mut bytes = [0; Operation::BYTES];
        let (_, from) = self.0.recv_from(&mut bytes).await.expect("the network is up");
        (Operation::decode(bytes), from)
    }
}

/// Runs it once in a fresh simulation.
pub(crate) fn run(seed: u64, workload: &Workload) {
    let mut simulation = turmoil::Builder::new()
        .rng_seed(seed)
        .simulation_duration(Duration::MAX)
        .min_message_latency(Duration::from_nanos(Workload::DELAY_MIN.0))
        .max_message_latency(Duration::from_nanos(Workload::DELAY_MAX.0))
        .udp_capacity(CAPACITY)
        .build();
    simulation.set_message_latency_curve(DELAY_RATE);
    let mut servers = Vec::new();
    for server in 0..workload.servers {
        let name = format!("s{server}");
        simulation.host(name.as_str(), || async {
            cluster::server(bind().await?).await;
            Ok(())
        });
        servers.push(SocketAddr::new(simulation.lookup(name), PORT));
    }
    for client in 0..Workload::CLIENTS {
        let (workload, servers) = (*workload, servers.clone());
        simulation.client(format!("c{client}"), async move {
            cluster::client(bind().await?, workload, servers).await;
            Ok(())
        });
    }
    simulation.run().expect("nothing fails");
}

async fn bind() -> std::io::Result<Socket> {
    let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    Ok(Socket(UdpSocket::bind((any, PORT)).await?))
}
