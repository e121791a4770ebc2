//! How fast it is, as ratios: against a loop without a simulator, and against other simulators.
//! What is compared is measured in one run, in interleaved rounds; figures are medians of those.

mod bare;
mod caspaxos;
mod histories;
mod kernel;
mod machine;
mod measure;
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
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    print!("{}", machine::header()?);
    match arguments.command {
        Command::Kernel(arguments) => kernel::run(&arguments),
        Command::Caspaxos(arguments) => caspaxos::run(&arguments),
        Command::Histories(arguments) => histories::run(&arguments),
    }
}
