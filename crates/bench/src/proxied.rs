//! The caching proxy before `redis-server`, beside that server alone: both are given the same by
//! `redis-benchmark`. Each `GET` is of the key that was `SET` before, and so a hit.

use anyhow::Result;

use crate::benchmarked::Server;
use crate::measure::median;
use crate::table::{Table, rate, ratio};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many rounds to take the median of.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How many requests of each kind in each round; four times as many in pipelines.
    #[arg(long, default_value_t = 200_000)]
    requests: u32,
}

/// What is sent, how many at a time, and the ratio that was aimed at.
const KINDS: [(&str, u32, f64); 4] =
    [("SET", 1, 0.6), ("SET", 16, 0.6), ("GET", 1, 1.0), ("GET", 16, 1.0)];

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if !Server::can_be_compared() {
        return Ok(());
    }
    let redis = Server::redis()?;
    let proxy = Server::ours(&["proxy-before", &format!("127.0.0.1:{}", redis.port)])?;
    let mut table = Table::new(["requests", "direct", "through the proxy", "ratio", "aimed at"]);
    for (kind, depth, aim) in KINDS {
        let requests =
            if depth > 1 { arguments.requests.saturating_mul(4) } else { arguments.requests };
        let (mut direct, mut through) = (Vec::new(), Vec::new());
        for _ in 0..arguments.rounds {
            direct.push(redis.measure(kind, depth, requests)?);
            through.push(proxy.measure(kind, depth, requests)?);
        }
        let (direct, through) = (median(&mut direct), median(&mut through));
        let name = format!("{kind} -P {depth}");
        table.row(vec![name, rate(direct), rate(through), ratio(through, direct), aim.to_string()]);
    }
    println!("{table}\nmedians of {} interleaved rounds, 50 clients", arguments.rounds);
    Ok(())
}

/// Stands before a server until it is killed, and says on which port.
pub(crate) fn stand_before(upstream: String) -> Result<()> {
    let listen = ([127, 0, 0, 1], 0).into();
    let proxy =
        proxy::Proxy::bind(proxy::Options { listen, upstream, ..proxy::Options::default() })?;
    let port = proxy.address().port();
    proxy.run(|| println!("{port}"), || false);
    Ok(())
}
