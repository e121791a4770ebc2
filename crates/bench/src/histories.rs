//! The rumor checker against the exhaustive search, on as many random histories as you like.

use anyhow::{Result, bail};
use check::compare::compare_random;

use crate::table::ratio;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many histories.
    #[arg(default_value_t = 1_000_000)]
    count: u64,
    /// Which ones: other seeds make other histories.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// How often it is said how far it is.
const TELL_EVERY: u64 = 1_000_000;

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let progress = |done| {
        if done % TELL_EVERY == 0 {
            eprintln!("{done} of {} histories", arguments.count);
        }
    };
    let kept = check::RegisterKind::Kept;
    let tally = match compare_random(kept, arguments.seed, arguments.count, progress) {
        Ok(tally) => tally,
        Err(mismatch) => bail!("the two disagree\n{mismatch}"),
    };
    println!("{} histories, and the two agree on each", tally.histories);
    let share = |count: u64| ratio(100.0 * count as f64, tally.histories as f64);
    for (name, count) in [
        ("impossible", tally.impossible),
        ("one change away from legal", tally.spoilt),
        ("one change away from legal, and impossible", tally.near_violations),
        ("with a version that nobody was told of", tally.with_gap),
        ("with an unknown write that took effect late", tally.with_late_effect),
        ("with a refusal", tally.with_refusal),
        ("malformed", tally.malformed),
    ] {
        println!("{:>6} % {name}", share(count));
    }
    Ok(())
}
