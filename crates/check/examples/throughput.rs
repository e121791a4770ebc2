//! The number of operations per second that the rumor checker processes on one thread.
//!
//! ```text
//! cargo run --release -p rumormill-check --example throughput
//! ```

// This program measures time. No simulated code reads this clock.
#![expect(clippy::disallowed_types, clippy::disallowed_methods, clippy::print_stdout)]

use std::time::Instant;

use check::Rumor;
use check::random::{Mix, Simulation, Source};
use history::Entry;

const OPERATIONS: u64 = 1_000_000;
const ROUNDS: u32 = 9;

fn main() {
    let plain = Mix::plain(OPERATIONS);
    let answered = Mix { unanswered: 2, delayed: 2, never: 50, outdated: 20, ..plain };
    let overwritten = Mix { writes: 25, swaps: 25, unanswered: 1, delayed: 1, ..plain };
    let crowded = Mix { clients: 1_000, ..plain };
    let spread = Mix { keys: 1_000, ..plain };
    measure("reads and compare-and-sets, 8 clients", plain);
    measure("the same, 4 % of unknown outcome", answered);
    measure("a quarter unconditional writes, 2 % unknown", overwritten);
    measure("1,000 clients on one key", crowded);
    measure("1,000 keys", spread);
}

fn measure(what: &str, mix: Mix) {
    let history: Vec<Entry> = Simulation::new(mix, Source::new(7, 0)).collect();
    let mut times: Vec<u128> = (0..ROUNDS).map(|_| nanoseconds(&history)).collect();
    times.sort_unstable();
    let median = times[times.len() / 2];
    let per_second = u128::from(OPERATIONS) * 1_000_000_000 / median;
    println!("{what:45} {:>6} ms  {:>11} operations/s", median / 1_000_000, per_second);
}

fn nanoseconds(history: &[Entry]) -> u128 {
    let began = Instant::now();
    let mut rumor = Rumor::new();
    for entry in history {
        rumor.step(entry).expect("the simulated clients are sane");
    }
    let taken = began.elapsed().as_nanos();
    assert!(rumor.violation().is_none(), "the simulated register works");
    std::hint::black_box(rumor.retained());
    taken
}
