//! How fast rumormill's kernel is beside madsim and turmoil, which simulate as well: one workload,
//! measured in one run, in interleaved rounds.
//!
//! Rates are compared, so each contender gets as many messages as it delivers in about the same
//! time. What is not the same is what they do besides: rumormill keeps a digest of every event; the
//! peers keep nothing, but run asynchronous tasks where rumormill calls a function.

#[cfg(not(madsim))]
compile_error!("run cargo in crates/bench/peers, without RUSTFLAGS: madsim needs `--cfg madsim`");

mod cluster;
#[path = "../../src/machine.rs"]
mod machine;
#[path = "../../src/measure.rs"]
mod measure;
mod on_madsim;
mod on_turmoil;
mod peers;
#[path = "../../src/table.rs"]
mod table;
#[path = "../../src/workload.rs"]
mod workload;

use clap::{Parser, Subcommand};

/// How fast rumormill is beside other deterministic simulators, measured in one run.
#[derive(Parser)]
#[command(name = "bench")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

// A subcommand, so that the arguments are those of `bin/bench`, which the output repeats.
#[derive(Subcommand)]
enum Command {
    /// The simulator's kernel against madsim and turmoil.
    Peers(peers::Arguments),
}

fn main() -> anyhow::Result<()> {
    let Arguments { command: Command::Peers(arguments) } = Arguments::parse();
    print!("{}", machine::header()?);
    peers::run(&arguments);
    Ok(())
}
