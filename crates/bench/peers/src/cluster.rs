//! The workload once more, as the asynchronous code that the peers run: a loop for each node, which
//! receives a message at a time. Operations that are under way at the same time share their
//! client's loop; a task for each of them was no faster on either peer, and several times slower on
//! madsim.
//!
//! As in [`workload`](crate::workload), an answer that comes after the majority is ignored, but it
//! is waited for in the end: each contender delivers every message that is sent.

use std::net::SocketAddr;

use crate::workload::Workload;

/// What a peer calls a datagram socket. Nothing is lost, so it does not fail either.
pub(crate) trait Socket: Send + Sync {
    fn send(&self, to: SocketAddr, message: Operation) -> impl Future<Output = ()> + Send;

    /// Waits for a message, and says who sent it.
    fn receive(&self) -> impl Future<Output = (Operation, SocketAddr)> + Send;
}

/// A message: which operation of a client is asked for, or answered.
#[derive(Clone, Copy)]
pub(crate) struct Operation {
    /// Which of the operations under way.
    lane: u32,
    /// The how-manieth operation of the client.
    number: u32,
}

impl Operation {
    pub(crate) const BYTES: usize = 8;

    pub(crate) fn encode(self) -> [u8; Operation::BYTES] {
        (u64::from(self.lane) << 32 | u64::from(self.number)).to_le_bytes()
    }

    pub(crate) fn decode(bytes: [u8; Operation::BYTES]) -> Operation {
        let word = u64::from_le_bytes(bytes);
        Operation { lane: (word >> 32) as u32, number: word as u32 }
    }
}

/// Broadcasts to the servers and waits for a majority of the answers, again and again.
pub(crate) async fn client(socket: impl Socket, workload: Workload, servers: Vec<SocketAddr>) {
    let majority = servers.len() / 2 + 1;
    let mut begun = 0;
    // The operation that is under way in each lane, and how many have answered it.
    let mut lanes = Vec::with_capacity(workload.in_flight as usize);
    for lane in 0..workload.in_flight {
        lanes.push((begun, 0));
        broadcast(&socket, &servers, Operation { lane, number: begun }).await;
        begun += 1;
    }
    for _ in 0..workload.operations() as usize * servers.len() {
        let (Operation { lane, number }, _) = socket.receive().await;
        let (under_way, answers) = &mut lanes[lane as usize];
        if *under_way != number {
            continue;
        }
        *answers += 1;
        if *answers == majority && begun < workload.operations() {
            lanes[lane as usize] = (begun, 0);
            broadcast(&socket, &servers, Operation { lane, number: begun }).await;
            begun += 1;
        }
    }
}

async fn broadcast(socket: &impl Socket, servers: &[SocketAddr], operation: Operation) {
    for &server in servers {
        socket.send(server, operation).await;
    }
}

/// Answers for ever.
pub(crate) async fn server(socket: impl Socket) {
    loop {
        let (operation, from) = socket.receive().await;
        socket.send(from, operation).await;
    }
}
