//! How soon a hazard is caught, in seeds, in virtual time, and in operations.

use std::num::NonZeroUsize;
use std::ops::{ControlFlow, Range};

use scenario::many::run_many;
use scenario::{Interrupt, Judgement, Outcome, Registry, Scenario};

use crate::command::run::{Explain, run_one, threads};
use crate::failure::Failure;
use crate::progress::Progress;
use crate::words::{grouped, rounded};

/// The measurements of a hazard.
#[derive(Clone, Debug, Default)]
pub(super) struct Figures {
    runs: usize,
    /// The runs that show it.
    virtual_ns: Vec<u64>,
    operations: Vec<u64>,
    /// For each seed, the number of seeds from there to one that shows the hazard, if there is one.
    seeds: Vec<u64>,
}

impl Figures {
    /// The number of cells of a row after the name.
    pub(super) const CELLS: usize = 7;

    /// The figures of these outcomes, in the order of their seeds. `None` for a run that did not
    /// show the hazard.
    fn of(outcomes: &[Option<Outcome>]) -> Figures {
        let mut figures = Figures { runs: outcomes.len(), ..Figures::default() };
        let mut until = None;
        for outcome in outcomes.iter().rev() {
            if let Some(outcome) = outcome {
                let ended = outcome.operations;
                figures.virtual_ns.push(outcome.virtual_ns);
                figures.operations.push(ended.ok + ended.refused + ended.failed + ended.unknown);
                until = Some(0);
            }
            until = until.map(|until| until + 1);
            figures.seeds.extend(until);
        }
        figures
    }

    /// As cells of a table.
    pub(super) fn row(mut self) -> String {
        let shown = format!("{} of {}", grouped(self.virtual_ns.len() as u64), self.runs);
        let cells = [
            shown,
            median(&mut self.seeds).map_or_else(none, grouped),
            self.seeds.last().copied().map_or_else(none, grouped),
            median(&mut self.virtual_ns).map_or_else(none, |ns| rounded(ns).to_string()),
            self.virtual_ns.last().map_or_else(none, |ns| rounded(*ns).to_string()),
            median(&mut self.operations).map_or_else(none, grouped),
            self.operations.last().copied().map_or_else(none, grouped),
        ];
        cells.iter().map(|cell| format!(" {cell} |")).collect()
    }

    /// The cells of a hazard that has not been measured.
    pub(super) fn unknown() -> String {
        " – |".repeat(Figures::CELLS)
    }
}

fn none() -> String {
    "–".to_owned()
}

/// The median, or the lower one of two. Sorts the numbers.
fn median(numbers: &mut [u64]) -> Option<u64> {
    numbers.sort_unstable();
    numbers.get(numbers.len().saturating_sub(1) / 2).copied()
}

/// Runs a hazard with each of these seeds.
pub(super) fn measure(
    registry: &Registry,
    scenario: &Scenario,
    seeds: Range<u64>,
    jobs: Option<NonZeroUsize>,
    interrupt: &Interrupt,
) -> Result<Figures, Failure> {
    let runs = usize::try_from(seeds.end - seeds.start)
        .map_err(|_| Failure::Usage("these are more runs than can be counted".to_owned()))?;
    let mut outcomes = vec![None; runs];
    let mut progress = Progress::new(runs);
    let mut failure = None;
    let seed = |number: usize| (seeds.start + number as u64).to_string();
    let work = |number| run_one(registry, scenario, (&seed(number), &[]), Explain::None, interrupt);
    run_many(runs, threads(jobs), work, |number, result| {
        progress.step(result.is_ok());
        match result {
            Ok(Ok(ran)) if ran.judgement == Judgement::Met => outcomes[number] = Some(ran.outcome),
            Ok(Err(error)) => {
                failure = Some(error);
                return ControlFlow::Break(());
            }
            // A run that panics counts as not showing the hazard; `run` reports the panic.
            _ => (),
        }
        ControlFlow::Continue(())
    });
    progress.finish();
    failure.map_or_else(|| Ok(Figures::of(&outcomes)), |error| Err(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_an_even_number_is_the_lower_one() {
        assert_eq!(median(&mut []), None);
        assert_eq!(median(&mut [7]), Some(7));
        assert_eq!(median(&mut [9, 1, 5, 3]), Some(3));
        assert_eq!(median(&mut [9, 1, 5]), Some(5));
    }

    #[test]
    fn what_is_never_shown_has_no_figures() {
        let row = Figures::of(&[None, None]).row();
        assert_eq!(row, " 0 of 2 | – | – | – | – | – | – |");
        assert_eq!(row.matches('|').count(), Figures::CELLS);
        assert_eq!(Figures::unknown().matches('|').count(), Figures::CELLS);
    }
}
