//! The ballots under which a proposer leads a register, and the end of its leadership.
//!
//! The [`proposer`](crate::proposer) runs the rounds of an attempt, and reports their results to
//! its *leadership*. The leadership assigns ballots to attempts, and decides when an attempt can
//! skip the first phase. The protocol's leadership is [`Epochs`]. Safety depends on this trait, and
//! the variants in [`variants`](crate::variants) implement it in other ways, right and wrong.
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

/// The amount by which the id of a proposer grows when it restarts, so that ids stay unique. There
/// are fewer nodes than this, so all ids of first lives are below it.
const RESTART_STRIDE: u32 = 1 << 16;

/// A proposer's state about ballots, and about the registers that it leads.
pub trait Leadership: Clone + Debug + Hash {
    /// Begins an attempt at a key. Returns its ballot, and the state to continue from if the
    /// proposer leads.
    fn begin(&mut self, key: Key) -> (Ballot, Option<Observation>);

    /// A quorum has promised the ballot. The attempt continues from this state.
    fn promised(&mut self, key: Key, ballot: Ballot, state: Observation);

    /// There was no quorum of promises. `conflict` is the highest ballot that acceptors reported.
    fn not_promised(&mut self, key: Key, conflict: Option<Ballot>);

    /// A quorum has accepted the state under the ballot. Other acceptors may have promised a higher
    /// ballot.
    fn accepted(&mut self, key: Key, ballot: Ballot, state: Observation, conflict: Option<Ballot>);

    /// There was no quorum of acceptances. The state may still be accepted later under the ballot.
    fn not_accepted(&mut self, key: Key, ballot: Ballot, conflict: Option<Ballot>);

    /// Forgets a register that was deleted under this ballot. The proposer no longer leads it, and
    /// begins no attempt below the ballot, not even after a crash. Variants do not get this call.
    fn forget(&mut self, _: Key, _: Ballot) {}

    /// Ends the leadership of all registers, because the promises do not hold among other
    /// acceptors. Variants do not get other acceptors.
    fn abdicate(&mut self) {}

    /// The state after a crash.
    #[must_use]
    fn crash(self) -> Self;
}

/// The protocol's rules: each register has an epoch, in which every attempt has its own ballot. The
/// epoch ends when the proposer learns of a competitor.
#[derive(Clone, Debug, Hash)]
pub struct Epochs {
    id: u32,
    after_unknown: AfterUnknown,
    /// The first eon. It is past all tombstones that the proposer knows.
    floor: u64,
    registers: BTreeMap<Key, Epoch>,
}

/// What happens to the leadership when an accept ends without a quorum and without a conflict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AfterUnknown {
    /// The proposer continues to lead from the state before. Its next state may replace one that
    /// was accepted after all. No client can have seen that one: a read commits it, and for that
    /// takes a promise that ends the leadership.
    #[default]
    LeadsOn,
    /// The leadership ends. The next attempt prepares, and so learns the outcome of this one.
    /// Otherwise a leader that has not seen a state could overwrite it after a read by query
    /// returned it.
    Prepares,
}

/// An epoch, led or not.
#[derive(Clone, Debug, Hash)]
struct Epoch {
    /// The ballot of the last attempt, or of an epoch past a competitor's.
    ballot: Ballot,
    /// While the proposer leads, the state to continue from: that of the promises, or the one
    /// accepted since.
    leading: Option<Observation>,
}

impl Epochs {
    /// A leadership of no register. The id must be unique and not 0.
    #[must_use]
    pub fn new(id: u32) -> Epochs {
        let (after_unknown, registers) = (AfterUnknown::default(), BTreeMap::new());
        Epochs { id, after_unknown, floor: 0, registers }
    }

    /// Sets what happens after an unknown outcome.
    #[must_use]
    pub fn after_unknown(self, after_unknown: AfterUnknown) -> Epochs {
        Epochs { after_unknown, ..self }
    }

    /// The id in its ballots.
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

    /// Continues from this state, if it leads.
    pub(crate) fn lead_on(&mut self, key: Key, state: Observation) {
        if let Some(last) = &mut self.epoch(key).leading {
            *last = state;
        }
    }
}

impl Leadership for Epochs {
    /// The ballot advances on every attempt, for any outcome of the last one.
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

    /// The leadership ends although the quorum was reached: an acceptor that refuses has promised
    /// another proposer.
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

    /// Even the id changes, but the ballots stay above tombstones.
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
