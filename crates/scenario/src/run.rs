//! One run of a scenario, from its beginning to its end.

use std::path::Path;

use sim::Edit;

use crate::{Interrupt, Judgement, Outcome};

/// How to run a scenario.
#[derive(Clone, Copy, Debug)]
pub struct RunOptions<'a> {
    /// The seed.
    pub seed: &'a str,
    /// The answers of chance that are different from those of the seed.
    pub edits: &'a [Edit],
    /// Where to record, if at all.
    pub record: Option<&'a Path>,
    /// Whether to explain what a checker finds, for which the run is run again. Without it there is
    /// no story, and the summary says as little as the checker knows by itself.
    pub explain: bool,
    /// What may end the run.
    pub interrupt: &'a Interrupt,
}

impl<'a> RunOptions<'a> {
    /// The run of a seed, not recorded and with all explanations.
    #[must_use]
    pub fn new(seed: &'a str, interrupt: &'a Interrupt) -> RunOptions<'a> {
        RunOptions { seed, edits: &[], record: None, explain: true, interrupt }
    }
}

/// A run, and what it says of its scenario's expectation.
#[derive(Clone, Debug)]
pub struct Ran {
    /// What came of it.
    pub outcome: Outcome,
    /// Whether that is as expected.
    pub judgement: Judgement,
}
