//! A proposer that has the same id in each of its lives.
//!
//! In most runs that does no harm: acceptors do not promise the same ballot again, so the proposer
//! gets a conflict and moves past it. But the later ballots of its last life were never promised,
//! only accepted. While those accepts are in flight, and if the replies with conflicts are lost,
//! the new life raises its era, attempt by attempt, until acceptors promise it one of these
//! ballots. Then there are two states under one ballot.

use history::{Key, Observation};

use crate::Ballot;
use crate::leadership::{Epochs, Leadership};

#[derive(Clone, Debug, Hash)]
pub(crate) struct ReusedId(Epochs);

impl ReusedId {
    pub(crate) fn new(id: u32) -> ReusedId {
        ReusedId(Epochs::new(id))
    }
}

impl Leadership for ReusedId {
    fn begin(&mut self, key: Key) -> (Ballot, Option<Observation>) {
        self.0.begin(key)
    }

    fn promised(&mut self, key: Key, ballot: Ballot, state: Observation) {
        self.0.promised(key, ballot, state);
    }

    fn not_promised(&mut self, key: Key, conflict: Option<Ballot>) {
        self.0.not_promised(key, conflict);
    }

    fn accepted(&mut self, key: Key, ballot: Ballot, state: Observation, conflict: Option<Ballot>) {
        self.0.accepted(key, ballot, state, conflict);
    }

    fn not_accepted(&mut self, key: Key, ballot: Ballot, conflict: Option<Ballot>) {
        self.0.not_accepted(key, ballot, conflict);
    }

    fn crash(self) -> ReusedId {
        ReusedId::new(self.0.id())
    }
}
