//! A proposer that leads on when it hears of a competitor.
//!
//! An accept can reach its quorum although some acceptor has promised a higher ballot. By the rules
//! the leadership ends then, and the next attempt prepares. If the proposer leads on instead, all
//! hangs on the ballots under which it does.

use history::{Key, Observation};

use crate::Ballot;
use crate::leadership::{Epochs, Leadership};

/// Under which ballots it leads on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Under {
    /// Those past the competitor's. Nobody has promised them, so what the competitor has had
    /// accepted meanwhile is overwritten by somebody who has not seen it.
    RaisedBallots,
    /// Those of its epoch, until there is no quorum for one. That is safe: acceptors that promised
    /// the competitor refuse them, and without these it gets no quorum. It can only be late to
    /// learn of that.
    ItsBallots,
}

/// Leads on.
#[derive(Clone, Debug, Hash)]
pub struct Stubborn {
    epochs: Epochs,
    under: Under,
}

impl Stubborn {
    /// Leads nothing yet.
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
