//! How fast it is, as ratios: against a loop without a simulator, and against other simulators.
//! What is compared is measured in one run, in interleaved rounds; figures are medians of those.

mod bare;
mod benchmarked;
mod caspaxos;
mod histories;
mod kernel;
mod machine;
mod measure;
mod proxied;
mod redis_in_memory;
mod served;
mod table;
mod workload;

use clap::{Parser, Subcommand};

/// How fast rumormill is, as ratios measured in one run.
#[derive(Parser)]
#[command(name = "bench")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

// A new benchmark is one more variant here and a module of its own, as `kernel` is.
#[derive(Subcommand)]
enum Command {
    /// The simulator's kernel against a bare event loop.
    Kernel(kernel::Arguments),
    /// The CASPaxos scenarios, alone and recorded.
    Caspaxos(caspaxos::Arguments),
    /// The rumor checker against the exhaustive search.
    Histories(histories::Arguments),
    /// Redis in memory: commands and scripts.
    Redis(redis_in_memory::Arguments),
    /// Redis in memory behind TCP against redis-server.
    Serve(served::Arguments),
    /// The caching proxy before redis-server against that server alone.
    Proxy(proxied::Arguments),
    /// What `serve` measures, in a process of its own.
    #[command(hide = true)]
    ServeInMemory,
    /// What `proxy` measures, in a process of its own.
    #[command(hide = true)]
    ProxyBefore {
        /// The server.
        upstream: String,
    },
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if !matches!(arguments.command, Command::ServeInMemory | Command::ProxyBefore { .. }) {
        print!("{}", machine::header()?);
    }
    match arguments.command {
        Command::Kernel(arguments) => kernel::run(&arguments),
        Command::Caspaxos(arguments) => caspaxos::run(&arguments),
        Command::Histories(arguments) => histories::run(&arguments),
        Command::Redis(arguments) => redis_in_memory::run(&arguments),
        Command::Serve(arguments) => served::run(&arguments),
        Command::Proxy(arguments) => proxied::run(&arguments),
        Command::ServeInMemory => served::serve(),
        Command::ProxyBefore { upstream } => proxied::stand_before(upstream),
    }
}
