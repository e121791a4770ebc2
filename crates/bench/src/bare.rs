//! The floor: a binary heap, a random delay, a log of 16 bytes an event and a digest of it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use xxhash_rust::xxh3::Xxh3;

/// Delivers `messages` messages of the workload, with that many operations in flight per client.
pub fn run(servers: u64, in_flight: u64, messages: u64) -> (u64, u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut delay = move || 1_000_000 + ((u128::from(rng.next_u64()) * 9_000_000) >> 64) as u64;
    let mut heap = BinaryHeap::new();
    let mut sequence = 0u64;
    let mut answers = vec![0u8; (2 * in_flight) as usize];
    let mut log: Vec<u8> = Vec::with_capacity(8192);
    let mut hash = Xxh3::new();
    for op in 0..2 * in_flight {
        for server in 0..servers {
            heap.push(Reverse((delay(), sequence, op << 9 | server << 1)));
            sequence += 1;
        }
    }
    let mut delivered = 0;
    while delivered < messages {
        let Some(Reverse((now, _, what))) = heap.pop() else { break };
        delivered += 1;
        log.extend_from_slice(&now.to_le_bytes());
        log.extend_from_slice(&what.to_le_bytes());
        if log.len() >= 4096 {
            hash.update(&log);
            log.clear();
        }
        if what & 1 == 0 {
            heap.push(Reverse((now + delay(), sequence, what | 1)));
            sequence += 1;
            continue;
        }
        let op = what >> 9;
        answers[op as usize] += 1;
        if u64::from(answers[op as usize]) == servers {
            answers[op as usize] = 0;
            for server in 0..servers {
                heap.push(Reverse((now + delay(), sequence, op << 9 | server << 1)));
                sequence += 1;
            }
        }
    }
    (delivered, hash.digest())
}
