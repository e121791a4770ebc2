//! The table: a row for each shape of the workload, a column for each contender.

use crate::measure::{Contender, medians};
use crate::table::{Table, rate, ratio};
use crate::workload::{self, Workload};
use crate::{on_madsim, on_turmoil};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many rounds to take the median of.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// How long each contender takes in each round, about, in seconds.
    #[arg(long, default_value_t = 0.5)]
    seconds: f64,
    /// Only the rows whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
}

/// Operations under way per client, servers, and what the row is called.
const ROWS: [(u32, u16, &str); 5] = [
    (1, 3, "w=1, 3 servers"),
    (64, 3, "w=64"),
    (1024, 3, "w=1024"),
    (8192, 3, "w=8192"),
    (1, 101, "w=1, 101 servers"),
];

/// Messages of a short run.
const SHORT_RUN: u32 = 600;

/// What must be said beside the figures.
const REMARKS: &str = "\
w: operations under way per client. rumormill keeps a digest of every event; the peers keep nothing.
madsim: each send and each receipt takes its node 1 ms of virtual time, so that with a large w
messages wait in mailboxes, where they cost little, and few are on the network at a time.
turmoil: delays are whole milliseconds of an exponential distribution with the same mean.";

/// Who is compared. Each runs a workload from a seed.
const CONTENDERS: [fn(u64, &Workload); 3] = [on_madsim::run, on_turmoil::run, rumormill];

fn rumormill(seed: u64, workload: &Workload) {
    workload::run(&seed.to_string(), workload);
}

pub(crate) fn run(arguments: &Arguments) {
    let headings = ["madsim", "turmoil", "rumormill", "/ madsim", "/ turmoil"];
    let [a, b, c, d, e] = headings;
    let mut table = Table::new(["delivered messages", a, b, c, d, e]);
    for (in_flight, servers, name) in ROWS {
        let workload = |messages| Workload { servers, in_flight, messages };
        let delivered = |messages| workload(messages).delivered() as f64;
        add_row(&mut table, arguments, name, delivered, |contender, messages| {
            contender(0, &workload(messages));
        });
    }
    let workload = Workload { servers: 3, in_flight: 1, messages: SHORT_RUN };
    let name = "runs of 600 messages";
    add_row(&mut table, arguments, name, f64::from, |contender, runs| {
        (0..runs).for_each(|seed| contender(u64::from(seed), &workload));
    });
    println!("{table}\nmedians of {} interleaved rounds, one thread", arguments.rounds);
    println!("{REMARKS}");
}

/// How much takes so long, about.
fn amount(seconds: f64, work: impl Fn(u32)) -> u32 {
    let mut amount = 1;
    loop {
        let taken = medians(1, &mut [Box::new(|| work(amount))])[0];
        if taken > seconds / 8.0 {
            return (f64::from(amount) * seconds / taken).max(1.0) as u32;
        }
        amount *= 4;
    }
}

/// Measures one row. `work` does so much of what is counted; `count` says how much that is.
fn add_row(
    table: &mut Table,
    arguments: &Arguments,
    name: &str,
    count: impl Fn(u32) -> f64,
    work: impl Fn(fn(u64, &Workload), u32),
) {
    if !name.contains(&arguments.only) {
        return;
    }
    let amounts =
        CONTENDERS.map(|contender| amount(arguments.seconds, |amount| work(contender, amount)));
    let mut contenders = std::array::from_fn::<Contender<'_>, { CONTENDERS.len() }, _>(|index| {
        let work = &work;
        Box::new(move || work(CONTENDERS[index], amounts[index]))
    });
    let seconds = medians(arguments.rounds, &mut contenders);
    let [madsim, turmoil, ours] =
        std::array::from_fn(|index| count(amounts[index]) / seconds[index]);
    table.row(vec![
        name.to_owned(),
        rate(madsim),
        rate(turmoil),
        rate(ours),
        ratio(ours, madsim),
        ratio(ours, turmoil),
    ]);
}
