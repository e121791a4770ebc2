//! A proposer that keeps leading when it learns of a competitor.
//!
//! An accept can reach its quorum although an acceptor has promised a higher ballot. By the rules
//! the leadership ends then, and the next attempt prepares. If the proposer keeps leading instead,
//! safety depends on the ballots that it uses.

use history::{Key, Observation};

use crate::Ballot;
use crate::leadership::{Epochs, Leadership};

/// The ballots under which it keeps leading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Under {
    /// Ballots past the competitor's. No acceptor has promised them, so the proposer overwrites
    /// states of the competitor that it has not seen.
    RaisedBallots,
    /// Ballots of its epoch, until one gets no quorum. That is safe: acceptors that promised the
    /// competitor refuse them, and without these acceptors there is no quorum. The proposer only
    /// learns later that it was deposed.
    ItsBallots,
}

/// Keeps leading.
#[derive(Clone, Debug, Hash)]
pub struct Stubborn {
    epochs: Epochs,
    under: Under,
}

impl Stubborn {
    /// A leadership of no register.
    #[must_use]
    pub fn new(id: u32, under: Under) -> Stubborn {
        Stubborn { epochs: Epochs::new(id), under }
    }
}

impl Leadership for Stubborn {
    fn begin(&mut self, key: Key) -> (Ballot, Option<Observation>) {
        self.epochs.begin(key)
    }

    fn promised(&mut self, key: Key, ballot: Ballot, state: Observation) {
        self.epochs.promised(key, ballot, state);
    }

    fn not_promised(&mut self, key: Key, conflict: Option<Ballot>) {
        self.epochs.not_promised(key, conflict);
    }

    fn accepted(&mut self, key: Key, _: Ballot, state: Observation, conflict: Option<Ballot>) {
        if self.under == Under::RaisedBallots {
            self.epochs.fast_forward(key, conflict);
        }
        self.epochs.lead_on(key, state);
    }

    fn not_accepted(&mut self, key: Key, ballot: Ballot, conflict: Option<Ballot>) {
        match self.under {
            Under::RaisedBallots => self.epochs.fast_forward(key, conflict),
            Under::ItsBallots => self.epochs.not_accepted(key, ballot, conflict),
        }
    }

    fn crash(self) -> Stubborn {
        Stubborn { epochs: self.epochs.crash(), ..self }
    }
}
