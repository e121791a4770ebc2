//! What is known of one incarnation: its states from its first write to its deletion.

use std::collections::VecDeque;

use history::{Observation, OpId};

use super::Moment;
use crate::Reason;

/// A state that somebody was told of.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    pub(super) seen: Observation,
    /// When somebody was first told of it.
    pub(super) told_at: Moment,
    /// Who that was.
    pub(super) by: OpId,
}

/// Where a state stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// In which incarnation.
    pub(super) incarnation: usize,
    /// The state that follows it there, if somebody was told of one.
    pub(super) next: Option<State>,
}

/// By when an incarnation must have ended: what somebody was told of comes after it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    pub(super) before: Moment,
    pub(super) seen: Observation,
    pub(super) by: OpId,
}

#[derive(Clone, Debug)]
pub(super) struct Incarnation {
    /// Those that an open operation can still be told of, the newest last. There is always one.
    states: VecDeque<State>,
    /// The first state, when it was first told of, and to whom.
    first: State,
    /// The latest invocation among those who made or saw its states.
    begun: Moment,
    /// Who is known to have deleted it, and when that began.
    deletion: Option<(OpId, Moment)>,
    limit: Option<Limit>,
}

impl Incarnation {
    pub(super) fn new(seen: Observation, by: OpId, told_at: Moment, begun: Moment) -> Incarnation {
        let first = State { seen, told_at, by };
        let states = VecDeque::from([first]);
        Incarnation { states, first, begun, deletion: None, limit: None }
    }

    /// A state follows its newest.
    pub(super) fn extend(&mut self, seen: Observation, by: OpId, told_at: Moment, begun: Moment) {
        self.states.push_back(State { seen, told_at, by });
        self.touch(begun);
    }

    /// Somebody who began then was told of one of its states.
    pub(super) fn touch(&mut self, begun: Moment) {
        self.begun = self.begun.max(begun);
    }

    /// It is known who deleted it.
    pub(super) fn delete(&mut self, by: OpId, began: Moment) {
        self.deletion = Some((by, began));
    }

    /// It must have ended before.
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

    /// The earliest return among those who were told of its states.
    pub(super) fn first_told(&self) -> Moment {
        self.first.told_at
    }

    /// What it means for one that comes before it.
    pub(super) fn as_limit(&self) -> Limit {
        Limit { before: self.first.told_at, seen: self.first.seen, by: self.first.by }
    }

    pub(super) fn deletion(&self) -> Option<OpId> {
        self.deletion.map(|(by, _)| by)
    }

    /// The latest invocation of all that belongs to it, if it has ended, or may have by a deletion
    /// that began at `candidate`.
    pub(super) fn end(&self, candidate: Option<Moment>) -> Option<Moment> {
        let deletion = self.deletion.map(|(_, began)| began).or(candidate)?;
        Some(deletion.max(self.begun))
    }

    /// The state after this one, which it is asked for if it is among these.
    pub(super) fn after(&self, seen: Observation) -> Option<Option<State>> {
        let place = self.states.iter().position(|state| state.seen == seen)?;
        Some(self.states.get(place + 1).copied())
    }

    /// What is wrong if it ended then, or never.
    pub(super) fn overlap(&self, end: Option<Moment>) -> Option<Reason> {
        let Limit { before, seen: other, by } = self.limit?;
        let State { seen: state, by: told_by, .. } = self.newest();
        match end {
            Some(end) if end < before => None,
            Some(_) if self.begun >= before => Some(Reason::Revived { state, other, told_by: by }),
            _ => Some(Reason::NotDeleted { state, told_by, other, other_told_by: by }),
        }
    }

    /// Forgets the states that nobody who begins then or later may be told of.
    pub(super) fn forget_states_before(&mut self, oldest: Moment) {
        while self.states.get(1).is_some_and(|next| next.told_at < oldest) {
            self.states.pop_front();
        }
    }

    /// Whether nobody who begins then or later may be told of any of its states.
    pub(super) fn is_closed_to(&self, oldest: Moment) -> bool {
        self.limit.is_some_and(|limit| limit.before <= oldest)
    }
}
