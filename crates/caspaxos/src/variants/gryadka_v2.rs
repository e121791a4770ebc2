//! The rules of Gryadka's second version.
//!
//! A ballot is *(counter, id)*. A proposer has one counter for all keys, which it raises before
//! each prepare. Instead of an era there is a *piggybacked promise*: an acceptor that accepts under
//! (n, id) promises (n + 1, id) at once, so that the proposer can send its next state under that
//! ballot without a prepare. Therefore:
//!
//! - an acceptor prepares a ballot that is higher than its promise and than what it has accepted;
//! - it accepts under a ballot that is not lower than its promise, and higher than what it has
//!   accepted: the same accept again is a conflict;
//! - a proposer remembers for each key a ballot that a quorum has promised it, and the state to
//!   continue from. After a conflict it forgets both, and raises its counter past the conflicting
//!   ballot. If the accept succeeded, it then remembers the promise of the quorum.
//!
//! # The defect
//!
//! If an accept ends without a quorum and without a conflict, the proposer still remembers the
//! ballot and the old state. It sends the next change under the same ballot with another state,
//! while the first state may be accepted or in flight. A prepare that finds both states under one
//! ballot takes the first reply, and so an acknowledged write can be lost.
//! [`AfterUnknown::TakesAnother`] is the repair: the proposer forgets both, and raises its counter
//! past that ballot.
//!
//! # How it is modelled here
//!
//! A [`Ballot`]'s eon is the counter. The era is not part of the ballot. It numbers the attempts,
//! so that a reply can be matched to its attempt, as a Redis client matches replies to requests.
//! The scripts do not store it. Ids are compared as numbers, not as texts.

use std::collections::BTreeMap;

use history::{Key, Observation};

use crate::Ballot;
use crate::leadership::Leadership;
use crate::scripts::{QUERY, ScriptSet};

mod scripts;

pub use self::scripts::{ACCEPT, PREPARE};

/// The scripts of its acceptors.
pub(crate) const SCRIPTS: ScriptSet =
    ScriptSet { prepare: PREPARE, accept: ACCEPT, query: QUERY, orders: None };

/// The amount by which the id grows when a proposer restarts.
const RESTART_STRIDE: u32 = 1 << 16;

/// The counter and the id of a ballot.
pub(crate) fn compared(ballot: Ballot) -> Ballot {
    Ballot { era: 0, ..ballot }
}

/// What a proposer does after an accept without a quorum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AfterUnknown {
    /// It reuses the ballot with another state, unless there was a conflict.
    KeepsTheBallot,
    /// It never reuses that ballot.
    TakesAnother,
}

/// The leadership of a proposer of the second version.
#[derive(Clone, Debug, Hash)]
pub struct GryadkaV2 {
    id: u32,
    after_unknown: AfterUnknown,
    /// The counter of the last prepared ballot, or one past those of competitors.
    counter: u64,
    /// The number of attempts so far.
    attempts: u64,
    /// For each key, a ballot that a quorum has promised, and the state to continue from.
    cache: BTreeMap<Key, (Ballot, Observation)>,
}

impl GryadkaV2 {
    /// A leadership of no register.
    #[must_use]
    pub fn new(id: u32, after_unknown: AfterUnknown) -> GryadkaV2 {
        GryadkaV2 { id, after_unknown, counter: 0, attempts: 0, cache: BTreeMap::new() }
    }

    fn fast_forward(&mut self, seen: Ballot) {
        self.counter = self.counter.max(seen.eon) + 1;
    }

    /// An acceptor that refuses has promised another proposer.
    fn yield_to(&mut self, key: Key, conflict: Option<Ballot>) {
        if let Some(seen) = conflict {
            self.cache.remove(&key);
            self.fast_forward(seen);
        }
    }
}

impl Leadership for GryadkaV2 {
    fn begin(&mut self, key: Key) -> (Ballot, Option<Observation>) {
        self.attempts += 1;
        let era = self.attempts;
        if let Some((ballot, state)) = self.cache.get(&key) {
            return (Ballot { era, ..*ballot }, Some(*state));
        }
        self.counter += 1;
        (Ballot { eon: self.counter, id: self.id, era }, None)
    }

    fn promised(&mut self, key: Key, ballot: Ballot, state: Observation) {
        self.cache.insert(key, (ballot, state));
    }

    fn not_promised(&mut self, _: Key, conflict: Option<Ballot>) {
        if let Some(seen) = conflict {
            self.fast_forward(seen);
        }
    }

    /// The acceptance included the next promise.
    fn accepted(&mut self, key: Key, ballot: Ballot, state: Observation, conflict: Option<Ballot>) {
        self.yield_to(key, conflict);
        self.cache.insert(key, (Ballot { eon: ballot.eon + 1, ..ballot }, state));
    }

    fn not_accepted(&mut self, key: Key, ballot: Ballot, conflict: Option<Ballot>) {
        self.yield_to(key, conflict);
        match self.after_unknown {
            AfterUnknown::KeepsTheBallot => (),
            AfterUnknown::TakesAnother => {
                self.cache.remove(&key);
                self.counter = self.counter.max(ballot.eon + 1);
            }
        }
    }

    fn crash(self) -> GryadkaV2 {
        GryadkaV2::new(self.id + RESTART_STRIDE, self.after_unknown)
    }
}

#[cfg(test)]
mod tests {
    use history::{Value, Version};

    use super::*;

    const KEY: Key = Key(0);

    fn state(version: u64) -> Observation {
        Observation { version: Version(version), value: Value(version) }
    }

    /// The counter of the next attempt's ballot, and the state that it continues from.
    fn next(leadership: &mut GryadkaV2, key: Key) -> (u64, Option<Observation>) {
        let (ballot, leading) = leadership.begin(key);
        (ballot.eon, leading)
    }

    /// A leader whose last accept, under the ballot 2, has an unknown outcome.
    fn in_doubt(after_unknown: AfterUnknown) -> GryadkaV2 {
        let mut leadership = GryadkaV2::new(7, after_unknown);
        let (first, leading) = leadership.begin(KEY);
        assert_eq!((first.eon, leading), (1, None));
        leadership.promised(KEY, first, Observation::EMPTY);
        leadership.accepted(KEY, first, state(1), None);
        let (second, leading) = leadership.begin(KEY);
        assert_eq!((second.eon, leading), (2, Some(state(1))), "it came with the acceptance");
        assert_ne!(first.era, second.era, "attempts differ");
        leadership.not_accepted(KEY, second, None);
        leadership
    }

    #[test]
    fn as_it_is_a_ballot_is_used_again() {
        let mut leadership = in_doubt(AfterUnknown::KeepsTheBallot);
        assert_eq!(next(&mut leadership, KEY), (2, Some(state(1))));
    }

    #[test]
    fn repaired_it_takes_another_and_asks() {
        let mut leadership = in_doubt(AfterUnknown::TakesAnother);
        assert_eq!(next(&mut leadership, KEY), (4, None), "past the promise, which is 3");
    }

    #[test]
    fn all_keys_share_a_counter() {
        let mut leadership = GryadkaV2::new(7, AfterUnknown::TakesAnother);
        assert_eq!(next(&mut leadership, KEY), (1, None));
        assert_eq!(next(&mut leadership, Key(1)), (2, None));
    }

    #[test]
    fn a_conflict_makes_it_forget_and_move_past() {
        let mut leadership = GryadkaV2::new(7, AfterUnknown::KeepsTheBallot);
        let (ballot, _) = leadership.begin(KEY);
        leadership.promised(KEY, ballot, state(1));
        let competitor = Ballot { eon: 9, id: 8, era: 0 };
        leadership.not_accepted(KEY, ballot, Some(competitor));
        assert_eq!(next(&mut leadership, KEY), (11, None));
        leadership.not_promised(KEY, Some(Ballot { eon: 20, ..competitor }));
        assert_eq!(next(&mut leadership, KEY), (22, None));
    }

    #[test]
    fn what_is_promised_with_an_acceptance_outlives_a_conflict() {
        let mut leadership = GryadkaV2::new(7, AfterUnknown::KeepsTheBallot);
        let (ballot, _) = leadership.begin(KEY);
        leadership.promised(KEY, ballot, state(1));
        leadership.accepted(KEY, ballot, state(2), Some(Ballot { eon: 9, id: 8, era: 0 }));
        assert_eq!(next(&mut leadership, KEY), (2, Some(state(2))));
    }
}
