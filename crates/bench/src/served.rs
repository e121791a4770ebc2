//! Redis in memory behind TCP, beside `redis-server`: both are given the same by `redis-benchmark`.

use anyhow::Result;

use crate::benchmarked::Server;
use crate::measure::median;
use crate::table::{Table, rate, ratio};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many rounds to take the median of.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How many requests of each kind in each round.
    #[arg(long, default_value_t = 1_000_000)]
    requests: u32,
}

/// The ratio that was aimed at.
const AIM: f64 = 0.5;

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if !Server::can_be_compared() {
        return Ok(());
    }
    let servers = [Server::redis()?, Server::ours(&["serve-in-memory"])?];
    let kinds = ["SET", "GET"];
    // By server and by kind, one figure a round.
    let mut rates = [[Vec::new(), Vec::new()], [Vec::new(), Vec::new()]];
    for _ in 0..arguments.rounds {
        for (server, rates) in servers.iter().zip(&mut rates) {
            for (kind, rates) in kinds.iter().zip(rates) {
                rates.push(server.measure(kind, 16, arguments.requests)?);
            }
        }
    }
    let mut table = Table::new(["requests", "redis-server", "serve", "ratio", "aimed at"]);
    let [theirs, ours] = rates.map(|rates| rates.map(|mut rates| median(&mut rates)));
    for ((kind, theirs), ours) in kinds.iter().zip(theirs).zip(ours) {
        let cells = [(*kind).to_owned(), rate(theirs), rate(ours), ratio(ours, theirs)];
        table.row([&cells[..], &[AIM.to_string()]].concat());
    }
    println!("{table}\nmedians of {} interleaved rounds, -P 16, 50 clients", arguments.rounds);
    Ok(())
}

/// Serves until it is killed, and says on which port.
pub(crate) fn serve() -> Result<()> {
    let options = serve::Options { port: 0, ..serve::Options::default() };
    let service = serve::Service::bind(options, None)?;
    println!("{}", service.addresses()[0].port());
    service.run(|| false, |_| {})?;
    Ok(())
}
