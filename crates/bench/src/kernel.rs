//! The kernel of the simulator against a bare event loop.

use anyhow::Result;

use crate::bare;
use crate::measure::{Contender, medians};
use crate::table::{Table, rate, ratio};
use crate::workload::{self, Workload};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many rounds to take the median of.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// How many messages to deliver in each round.
    #[arg(long, default_value_t = 1_000_000)]
    messages: u32,
    /// Only the rows whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
}

/// Operations under way per client, servers, and what the row is called.
const ROWS: [(u32, u16, &str); 5] = [
    (1, 3, "w=1, 3 servers"),
    (64, 3, "w=64"),
    (1024, 3, "w=1024"),
    (8192, 3, "w=8192, 50,000 in flight"),
    (1, 101, "w=1, 101 servers"),
];

/// Messages of a short run, and how many such runs make a round.
const SHORT_RUN: u32 = 600;

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut table = Table::new(["delivered messages", "bare", "rumormill", "ratio"]);
    for (in_flight, servers, name) in ROWS {
        let messages = arguments.messages;
        let workload = Workload { servers, in_flight, messages };
        add_row(&mut table, arguments, name, &workload, 1);
    }
    let workload = Workload { servers: 3, in_flight: 1, messages: SHORT_RUN };
    let runs = arguments.messages / SHORT_RUN;
    add_row(&mut table, arguments, "runs of 600 messages", &workload, runs);
    println!("{table}\nmedians of {} interleaved rounds, one thread, digest on", arguments.rounds);
    Ok(())
}

fn add_row(table: &mut Table, arguments: &Arguments, name: &str, workload: &Workload, runs: u32) {
    if !name.contains(&arguments.only) {
        return;
    }
    let mut contenders: [Contender<'_>; 2] = [
        Box::new(|| (0..runs).for_each(|seed| bare::run(u64::from(seed), workload))),
        Box::new(|| {
            for seed in 0..runs {
                workload::run(&seed.to_string(), workload);
            }
        }),
    ];
    let seconds = medians(arguments.rounds, &mut contenders);
    let count = if runs > 1 { f64::from(runs) } else { workload.delivered() as f64 };
    let [bare, ours] = [count / seconds[0], count / seconds[1]];
    table.row(vec![name.to_owned(), rate(bare), rate(ours), ratio(ours, bare)]);
}
