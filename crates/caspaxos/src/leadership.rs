//! By which ballots a proposer leads a register, and for how long.
//!
//! The [`proposer`](crate::proposer) takes an attempt through its rounds; what it learns there it
//! tells its *leadership*, which numbers the attempts and knows when one of them can do without the
//! first phase. Those of the protocol are [`Epochs`]. That the two are apart shows what safety
//! hangs on, and is where the variants that people really run, right and wrong, take another turn.
//!
//! ```
//! use caspaxos::Ballot;
//! use caspaxos::leadership::{Epochs, Leadership};
//! use history::{Key, Observation};
//!
//! let mut leadership = Epochs::new(7);
//! let (ballot, leading) = leadership.begin(Key(0));
//! assert_eq!((ballot, leading), (Ballot { eon: 0, id: 7, era: 1 }, None));
//! leadership.promised(Key(0), ballot, Observation::EMPTY);
//! let (ballot, leading) = leadership.begin(Key(0));
//! assert_eq!((ballot, leading), (Ballot { eon: 0, id: 7, era: 2 }, Some(Observation::EMPTY)));
//! ```

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::hash::Hash;

use history::{Key, Observation};

use crate::Ballot;

/// By so much the id of a proposer grows when it restarts: ids are unique for ever. There are fewer
/// nodes than this, so the ids of first lives are all below it.
const RESTART_STRIDE: u32 = 1 << 16;

/// What a proposer knows of ballots, and of the registers that it leads.
pub trait Leadership: Clone + Debug + Hash {
    /// An attempt at a key begins: its ballot, and the state to go on from if the proposer leads.
    fn begin(&mut self, key: Key) -> (Ballot, Option<Observation>);

    /// A quorum has promised the ballot: this is the state to go on from.
    fn promised(&mut self, key: Key, ballot: Ballot, state: Observation);

    /// There was no quorum of promises. This is the highest ballot that acceptors told of.
    fn not_promised(&mut self, key: Key, conflict: Option<Ballot>);

    /// A quorum has accepted the state under the ballot; others may have promised a higher one.
    fn accepted(&mut self, key: Key, ballot: Ballot, state: Observation, conflict: Option<Ballot>);

    /// There was no quorum of acceptances: what was sent under the ballot may be accepted later.
    fn not_accepted(&mut self, key: Key, ballot: Ballot, conflict: Option<Ballot>);

    /// A register is to be forgotten that was deleted under this ballot: it is not led any more,
    /// and no register is attempted below it, not even after a crash. Those by other rules are not
    /// told of deletions.
    fn forget(&mut self, _: Key, _: Ballot) {}

    /// Nothing is led any more: the promises are worth nothing among other acceptors. Those by
    /// other rules are not given any.
    fn abdicate(&mut self) {}

    /// What is left after a crash.
    #[must_use]
    fn crash(self) -> Self;
}

/// The protocol's rules: an epoch for each register, in which every attempt has a ballot of its
/// own, and which ends when a competitor is heard of.
#[derive(Clone, Debug, Hash)]
pub struct Epochs {
    id: u32,
    after_unknown: AfterUnknown,
    /// The first eon: past all tombstones that it has been told of.
    floor: u64,
    registers: BTreeMap<Key, Epoch>,
}

/// What becomes of the leadership when an accept ends without a quorum, and without a conflict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AfterUnknown {
    /// It goes on from the state before, which may put it on top of what was accepted after all.
    /// Nobody can have seen that: to read it is to commit it, which takes a promise that ends the
    /// leadership.
    #[default]
    LeadsOn,
    /// It ends: the next attempt prepares, and so learns what became of this one. Without that,
    /// what was read by a query could be overwritten by somebody who has not seen it.
    Prepares,
}

/// An epoch, led or not.
#[derive(Clone, Debug, Hash)]
struct Epoch {
    /// That of the last attempt, or of an epoch past somebody else's.
    ballot: Ballot,
    /// The state to go on from, while it leads: what the promises told, or what was accepted since.
    leading: Option<Observation>,
}

impl Epochs {
    /// Leads nothing. No other proposer may ever have the same id, which is not 0.
    #[must_use]
    pub fn new(id: u32) -> Epochs {
        let (after_unknown, registers) = (AfterUnknown::default(), BTreeMap::new());
        Epochs { id, after_unknown, floor: 0, registers }
    }

    /// The same rules, but for this one.
    #[must_use]
    pub fn after_unknown(self, after_unknown: AfterUnknown) -> Epochs {
        Epochs { after_unknown, ..self }
    }

    /// The id that its ballots carry.
    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    fn epoch(&mut self, key: Key) -> &mut Epoch {
        let first = Ballot { eon: self.floor, id: self.id, era: 0 };
        self.registers.entry(key).or_insert(Epoch { ballot: first, leading: None })
    }

    /// Moves to an epoch past a competitor's.
    pub(crate) fn fast_forward(&mut self, key: Key, conflict: Option<Ballot>) {
        if let Some(seen) = conflict {
            let epoch = self.epoch(key);
            epoch.ballot = epoch.ballot.past(seen);
        }
    }

    /// Ends the leadership and moves past a competitor, if there is one.
    fn yield_to(&mut self, key: Key, conflict: Option<Ballot>) {
        if conflict.is_some() {
            self.epoch(key).leading = None;
            self.fast_forward(key, conflict);
        }
    }

    /// Goes on from this state, if it leads.
    pub(crate) fn lead_on(&mut self, key: Key, state: Observation) {
        if let Some(last) = &mut self.epoch(key).leading {
            *last = state;
        }
    }
}

impl Leadership for Epochs {
    /// The ballot advances on every attempt, whatever became of the last.
    fn begin(&mut self, key: Key) -> (Ballot, Option<Observation>) {
        let epoch = self.epoch(key);
        epoch.ballot = epoch.ballot.advanced();
        (epoch.ballot, epoch.leading)
    }

    fn promised(&mut self, key: Key, _: Ballot, state: Observation) {
        self.epoch(key).leading = Some(state);
    }

    fn not_promised(&mut self, key: Key, conflict: Option<Ballot>) {
        self.fast_forward(key, conflict);
    }

    /// It yields even though the quorum was reached: whoever objects has promised somebody else.
    fn accepted(&mut self, key: Key, _: Ballot, state: Observation, conflict: Option<Ballot>) {
        self.yield_to(key, conflict);
        self.lead_on(key, state);
    }

    fn not_accepted(&mut self, key: Key, _: Ballot, conflict: Option<Ballot>) {
        self.yield_to(key, conflict);
        if self.after_unknown == AfterUnknown::Prepares {
            self.epoch(key).leading = None;
        }
    }

    fn forget(&mut self, key: Key, tombstone: Ballot) {
        self.floor = self.floor.max(tombstone.eon + 1);
        let epoch = self.epoch(key);
        epoch.leading = None;
        epoch.ballot = epoch.ballot.past(tombstone);
    }

    fn abdicate(&mut self) {
        self.registers.values_mut().for_each(|epoch| epoch.leading = None);
    }

    /// Not even the id; but it stays above tombstones.
    fn crash(self) -> Epochs {
        let fresh = Epochs::new(self.id + RESTART_STRIDE);
        Epochs { floor: self.floor, after_unknown: self.after_unknown, ..fresh }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key(0);

    /// Whether it leads after an accept that ended without a quorum and without a conflict.
    fn leads_on(mut epochs: Epochs) -> bool {
        let (ballot, _) = epochs.begin(KEY);
        epochs.promised(KEY, ballot, Observation::EMPTY);
        epochs.not_accepted(KEY, ballot, None);
        epochs.begin(KEY).1.is_some()
    }

    #[test]
    fn what_an_unknown_outcome_does_to_a_leadership_outlasts_a_crash() {
        for after_unknown in [AfterUnknown::LeadsOn, AfterUnknown::Prepares] {
            let epochs = Epochs::new(7).after_unknown(after_unknown);
            assert_eq!(leads_on(epochs.clone()), after_unknown == AfterUnknown::LeadsOn);
            assert_eq!(leads_on(epochs.crash()), after_unknown == AfterUnknown::LeadsOn);
        }
    }
}
