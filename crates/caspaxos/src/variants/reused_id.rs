//! A proposer that has the same id in each of its lives.
//!
//! Mostly that does no harm: what its last life was promised it is not promised again, so it hears
//! of a conflict and moves past. But of the ballots under which its last life led, the later ones
//! were never promised, only accepted. While they are still under way, and if the conflicts that
//! it should have heard of are lost, the new life raises its era, attempt by attempt, until it is
//! promised one of them; then there are two states under one ballot.

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
