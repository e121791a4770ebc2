//! The floor: what the same workload costs with nothing but a binary heap, a random delay, a log of
//! 16 bytes an event and a digest of it. No processes, no effects, no links, no faults.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use xxhash_rust::xxh3::Xxh3;

use crate::workload::Workload;

const LOG_BLOCK: usize = 4096;

/// Runs the workload once.
pub(crate) fn run(seed: u64, workload: &Workload) {
    let mut floor = Loop::new(seed, workload);
    for lane in 0..floor.lanes.len() {
        floor.begin(0, lane);
    }
    while let Some(Reverse((now, _, what))) = floor.heap.pop() {
        floor.happen(now, what);
    }
    assert_eq!(floor.delivered, workload.delivered());
    std::hint::black_box(floor.hash.digest());
}

struct Loop {
    random: ChaCha8Rng,
    heap: BinaryHeap<Reverse<(u64, u64, u64)>>,
    sequence: u64,
    servers: u64,
    lanes: Vec<Lane>,
    to_start: u64,
    delivered: u64,
    log: Vec<u8>,
    hash: Xxh3,
}

#[derive(Clone)]
struct Lane {
    number: u32,
    answers: u32,
}

/// What happens: the number of the operation (40 bits), its lane (23 bits), whether it is an
/// answer.
const LANE_BITS: u32 = 23;

impl Loop {
    fn new(seed: u64, workload: &Workload) -> Loop {
        let idle = Lane { number: 0, answers: 0 };
        let clients = usize::from(Workload::CLIENTS);
        Loop {
            random: ChaCha8Rng::seed_from_u64(seed),
            heap: BinaryHeap::new(),
            sequence: 0,
            servers: u64::from(workload.servers),
            lanes: vec![idle; clients * workload.in_flight as usize],
            to_start: clients as u64 * u64::from(workload.operations()),
            delivered: 0,
            log: Vec::with_capacity(LOG_BLOCK + 16),
            hash: Xxh3::new(),
        }
    }

    fn begin(&mut self, now: u64, lane: usize) {
        let under_way = &mut self.lanes[lane];
        under_way.number += 1;
        under_way.answers = 0;
        if self.to_start == 0 {
            return;
        }
        self.to_start -= 1;
        let operation = u64::from(under_way.number) << LANE_BITS | lane as u64;
        for _ in 0..self.servers {
            self.send(now, operation << 1);
        }
    }

    fn send(&mut self, now: u64, what: u64) {
        let width = Workload::DELAY_MAX.0 - Workload::DELAY_MIN.0;
        let word = u128::from(self.random.next_u64());
        let delay = Workload::DELAY_MIN.0 + ((word * u128::from(width)) >> 64) as u64;
        self.heap.push(Reverse((now + delay, self.sequence, what)));
        self.sequence += 1;
    }

    fn happen(&mut self, now: u64, what: u64) {
        self.delivered += 1;
        self.log.extend_from_slice(&now.to_le_bytes());
        self.log.extend_from_slice(&what.to_le_bytes());
        if self.log.len() >= LOG_BLOCK {
            self.hash.update(&self.log);
            self.log.clear();
        }
        if what & 1 == 0 {
            return self.send(now, what | 1);
        }
        let operation = what >> 1;
        let lane = (operation & ((1 << LANE_BITS) - 1)) as usize;
        let under_way = &mut self.lanes[lane];
        if u64::from(under_way.number) != operation >> LANE_BITS {
            return;
        }
        under_way.answers += 1;
        if u64::from(under_way.answers) == self.servers / 2 + 1 {
            self.begin(now, lane);
        }
    }
}
