//! What is known of one incarnation: its states from its first write to its deletion.

use std::collections::VecDeque;

use history::{Observation, OpId};

use super::Moment;
use crate::Reason;

/// An observed state.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    pub(super) seen: Observation,
    /// The time of its first observation.
    pub(super) told_at: Moment,
    /// The operation that observed it first.
    pub(super) by: OpId,
}

/// The place of a state.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The incarnation.
    pub(super) incarnation: usize,
    /// Its successor there, if one was observed.
    pub(super) next: Option<State>,
}

/// The time by which an incarnation must have ended, because a later state was observed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    pub(super) before: Moment,
    pub(super) seen: Observation,
    pub(super) by: OpId,
}

#[derive(Clone, Debug)]
pub(super) struct Incarnation {
    /// The states that an open operation can still return, the newest last. There is always one.
    states: VecDeque<State>,
    /// The first state, the time of its first observation, and the operation.
    first: State,
    /// The latest invocation among the operations that made or saw its states.
    begun: Moment,
    /// The operation that is known to have deleted it, and the time of its invocation.
    deletion: Option<(OpId, Moment)>,
    limit: Option<Limit>,
}

impl Incarnation {
    pub(super) fn new(seen: Observation, by: OpId, told_at: Moment, begun: Moment) -> Incarnation {
        let first = State { seen, told_at, by };
        let states = VecDeque::from([first]);
        Incarnation { states, first, begun, deletion: None, limit: None }
    }

    /// Adds a state after the newest one.
    pub(super) fn extend(&mut self, seen: Observation, by: OpId, told_at: Moment, begun: Moment) {
        self.states.push_back(State { seen, told_at, by });
        self.touch(begun);
    }

    /// An operation that began then returned one of its states.
    pub(super) fn touch(&mut self, begun: Moment) {
        self.begun = self.begun.max(begun);
    }

    /// Records the operation that deleted it.
    pub(super) fn delete(&mut self, by: OpId, began: Moment) {
        self.deletion = Some((by, began));
    }

    /// Records that it must have ended before this limit.
    pub(super) fn limit(&mut self, limit: Limit) {
        if self.limit.is_none_or(|old| limit.before < old.before) {
            self.limit = Some(limit);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.states.len()
    }

    pub(super) fn states(&self) -> impl Iterator<Item = &State> {
        self.states.iter()
    }

    pub(super) fn newest(&self) -> State {
        *self.states.back().expect("there is always one")
    }

    /// The earliest return among the operations that observed its states.
    pub(super) fn first_report(&self) -> Moment {
        self.first.told_at
    }

    /// The limit that it sets for an incarnation before it.
    pub(super) fn as_limit(&self) -> Limit {
        Limit { before: self.first.told_at, seen: self.first.seen, by: self.first.by }
    }

    pub(super) fn deletion(&self) -> Option<OpId> {
        self.deletion.map(|(by, _)| by)
    }

    /// The latest invocation of its operations, if it has ended, or may have ended by a deletion
    /// that began at `candidate`.
    pub(super) fn end(&self, candidate: Option<Moment>) -> Option<Moment> {
        let deletion = self.deletion.map(|(_, began)| began).or(candidate)?;
        Some(deletion.max(self.begun))
    }

    /// The successor of this state, if the state belongs to this incarnation.
    pub(super) fn after(&self, seen: Observation) -> Option<Option<State>> {
        let place = self.states.iter().position(|state| state.seen == seen)?;
        Some(self.states.get(place + 1).copied())
    }

    /// The violation that follows if it ended then, or never.
    pub(super) fn overlap(&self, end: Option<Moment>) -> Option<Reason> {
        let Limit { before, seen: other, by } = self.limit?;
        let State { seen: state, by: reported_to, .. } = self.newest();
        match end {
            Some(end) if end < before => None,
            Some(_) if self.begun >= before => {
                Some(Reason::Revived { state, other, reported_to: by })
            }
            _ => Some(Reason::NotDeleted { state, reported_to, other, other_reported_to: by }),
        }
    }

    /// Forgets the states that no operation which begins then or later may return.
    pub(super) fn forget_states_before(&mut self, oldest: Moment) {
        while self.states.get(1).is_some_and(|next| next.told_at < oldest) {
            self.states.pop_front();
        }
    }

    /// Whether no operation which begins then or later may return any of its states.
    pub(super) fn is_closed_to(&self, oldest: Moment) -> bool {
        self.limit.is_some_and(|limit| limit.before <= oldest)
    }
}
