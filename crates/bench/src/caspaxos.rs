//! The CASPaxos scenarios at their full intensity: a run alone, and a run that is recorded.
//!
//! The eleven that Gryadka has too are added up and put beside what its own test suite takes:
//! 5.9 s of CPU for 81,313 delivered requests and as many replies (node v20.20.2, with the clamp of
//! its timers taken out, on a machine like this one). The scenarios are the same in clients,
//! proposers, keys and writes; here replies take time and are lost too, and losses are silent.

use std::path::Path;

use anyhow::{Context, Result};
use scenario::{Interrupt, Outcome, Registry, RunOptions, Scenario, Selection};

use crate::measure::{Contender, medians};
use crate::table::{Table, ratio};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many rounds to take the median of.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// The seed that all scenarios are run with.
    #[arg(long, default_value = "seed1")]
    seed: String,
}

/// Seconds of CPU that the upstream suite takes.
const UPSTREAM_SECONDS: f64 = 5.9;
/// The requests that it delivers, and their replies.
const UPSTREAM_DELIVERED: f64 = 2.0 * 81_313.0;
/// Those that upstream has.
const UPSTREAM: [&str; 11] = [
    "losing/c1p1k1",
    "losing/c2p2k2",
    "losing/c6p2k2",
    "membership/c2p2k2.a3.a4",
    "membership/c2p2k2.flux",
    "partitioning/c1p1k1",
    "partitioning/c2p2k2",
    "shuffling/c1p1k1",
    "shuffling/c1p2k2",
    "shuffling/c2p1k2",
    "shuffling/c2p2k1",
];

/// What one scenario takes.
struct Row {
    name: String,
    outcome: Outcome,
    /// Seconds without, and with a recording.
    alone: f64,
    recorded: f64,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let registry = rumormill::registry();
    let folder = std::env::temp_dir().join(format!("rumormill-bench-{}", std::process::id()));
    let rows = measure(&registry, arguments, &folder.join("run.jsonl"));
    // What is left behind in a temporary folder does no harm.
    let _ = std::fs::remove_dir_all(&folder);
    let rows = rows?;
    let headings = ["scenario", "events", "delivered", "ms", "recorded ms", "ratio"];
    let mut table = Table::new(headings);
    for Row { name, outcome, alone, recorded } in &rows {
        let (events, delivered) = (outcome.events.to_string(), outcome.delivered.to_string());
        let ratio = ratio(*recorded, *alone);
        table.row(vec![name.clone(), events, delivered, ms(*alone), ms(*recorded), ratio]);
    }
    let is_upstream = |row: &&Row| {
        row.name.strip_prefix("caspaxos/").is_some_and(|name| UPSTREAM.contains(&name))
    };
    let eleven: Vec<&Row> = rows.iter().filter(is_upstream).collect();
    let sum = |of: fn(&Row) -> f64| eleven.iter().map(|row| of(row)).sum::<f64>();
    let (alone, recorded) = (sum(|row| row.alone), sum(|row| row.recorded));
    let (events, delivered) =
        (sum(|row| row.outcome.events as f64), sum(|row| row.outcome.delivered as f64));
    let total = "the eleven upstream ones".to_owned();
    let ratio_of_all = ratio(recorded, alone);
    let [events, count] = [events, delivered].map(|number| format!("{number}"));
    table.row(vec![total, events, count, ms(alone), ms(recorded), ratio_of_all]);
    println!("{table}");
    let (ours, theirs) = (alone / delivered, UPSTREAM_SECONDS / UPSTREAM_DELIVERED);
    println!("per delivered message: {:.2} µs; upstream {:.1} µs", ours * 1e6, theirs * 1e6);
    println!("upstream / rumormill: {}", ratio(theirs, ours));
    println!("medians of {} interleaved rounds, one thread", arguments.rounds);
    Ok(())
}

fn measure(registry: &Registry, arguments: &Arguments, file: &Path) -> Result<Vec<Row>> {
    let Selection::Many(names) = registry.select("caspaxos/*")? else { return Ok(Vec::new()) };
    names
        .into_iter()
        .map(|name| {
            let scenario = registry.load(&name, &[])?;
            let outcome = once(registry, &scenario, &arguments.seed, None)?;
            let mut contenders: [Contender<'_>; 2] = [None, Some(file)].map(|record| {
                let scenario = &scenario;
                let contender: Contender<'_> = Box::new(move || {
                    once(registry, scenario, &arguments.seed, record).expect("it ran before");
                });
                contender
            });
            let seconds = medians(arguments.rounds, &mut contenders);
            drop(contenders);
            Ok(Row { name, outcome, alone: seconds[0], recorded: seconds[1] })
        })
        .collect()
}

fn once(
    registry: &Registry,
    scenario: &Scenario,
    seed: &str,
    record: Option<&Path>,
) -> Result<Outcome> {
    let options = RunOptions { record, ..RunOptions::new(seed, &Interrupt::new()) };
    let ran = registry.run(scenario, &options);
    Ok(ran.with_context(|| scenario.name.clone())?.outcome)
}

fn ms(seconds: f64) -> String {
    format!("{:.2}", seconds * 1e3)
}
