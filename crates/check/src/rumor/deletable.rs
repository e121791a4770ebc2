//! The checker of one key whose register can be deleted.
//!
//! A deletion names the state that it ends, as a compare-and-set names the state that it replaces.
//! After a deletion the register is empty, and the next write begins a new *incarnation*, again
//! with version 1. A client does not learn which incarnation it sees. But no value comes back, and
//! each write names its predecessor. So an observed state belongs to one incarnation, and to one
//! place in it. A compare-and-set of the empty register makes the first state of a new incarnation,
//! and any other compare-and-set makes the state after the one that it expected. States are
//! observed in that order, because a client can only expect an observed state.
//!
//! 6. **Chains.** A state has at most one successor: the state that was written on top of it, or
//!    the deletion. Within an incarnation the rumor holds: an operation that begins when a state is
//!    known sees that state or a later one.
//! 7. **One at a time.** Take the operations that made, saw or deleted the states of an
//!    incarnation, and of these the latest invocation and the earliest return. For any two
//!    incarnations, the latest invocation of one comes before the earliest return of the other. An
//!    operation that saw the register empty, or deleted it, counts as an incarnation of its own. An
//!    incarnation that no operation can have deleted has no latest invocation: it never ends.
//!
//! Why rule 7 suffices: if the earliest return of an incarnation comes before its latest
//! invocation, the incarnation must exist for exactly that time. Otherwise any single moment
//! between the two is enough. So an incarnation can be placed unless its time overlaps another's,
//! or all of its moments lie within another's. The rule says this for pairs. Pairs suffice, because
//! times that do not overlap leave moments between them. (Gibbons and Korach, ["Testing Shared
//! Memories"](https://doi.org/10.1137/S0097539794279614), 1997, decide in this way whether a
//! register with unique values is linearizable.) If several deletions may have ended an
//! incarnation, the one that was invoked first is always a valid choice.
//!
//! An expectation must be the last state that its own client saw, so that the checker need not
//! remember every observed state. An unconditional write names no predecessor, and is malformed
//! here.

mod incarnation;

use std::collections::{BTreeMap, BTreeSet};

use history::{Action, Completion, Invoke, NodeId, Observation, OpId, Value, Version};

use self::incarnation::{Incarnation, Limit, Place};
use crate::{Malformed, Reason};

/// Counts the steps of the key.
type Moment = u64;

/// An operation that has not returned, or whose outcome stays unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Operation {
    op: OpId,
    action: Action,
    began: Moment,
}

impl Operation {
    fn deletes(&self, state: Observation) -> bool {
        self.action == Action::Delete { expected: state }
    }

    fn writes(&self, value: Value) -> bool {
        self.action.written() == Some(value)
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Deletable {
    now: Moment,
    /// The open operations by invocation, the oldest first.
    open: BTreeMap<Moment, Operation>,
    /// The operations of unknown outcome that may still take effect.
    lost: Vec<Operation>,
    /// The incarnations of which an operation can still return a state, by their earliest returns.
    incarnations: Vec<Incarnation>,
    /// The state that each client saw last.
    told: BTreeMap<NodeId, Observation>,
    /// Written values that do not name their operation. They are kept to detect a reuse.
    nameless: BTreeSet<Value>,
}

impl Deletable {
    pub(super) fn retained(&self) -> usize {
        let states = self.incarnations.iter().map(Incarnation::len);
        self.open.len()
            + self.lost.len()
            + states.sum::<usize>()
            + self.told.len()
            + self.nameless.len()
    }

    /// Whether an open operation can be refused.
    pub(super) fn is_refusable(&self, began: Moment) -> bool {
        self.open[&began].action.expected().is_some()
    }

    /// An operation begins. A malformed invocation changes nothing.
    pub(super) fn invoke(&mut self, invoke: &Invoke) -> Result<Moment, Malformed> {
        let Invoke { op, action, .. } = *invoke;
        let told = self.told.get(&op.client).copied().unwrap_or_default();
        match action {
            Action::Write { .. } => return Err(Malformed::WriteOfDeletable { op }),
            Action::Delete { expected: Observation::EMPTY } => {
                return Err(Malformed::NothingToDelete { op });
            }
            Action::Cas { expected, .. } | Action::Delete { expected } if expected != told => {
                return Err(Malformed::NotToldLast { op, expected });
            }
            Action::Read | Action::Cas { .. } | Action::Delete { .. } => (),
        }
        if let Some(value) = action.written() {
            let unused = match value.writer() {
                _ if value == Value::NONE => return Err(Malformed::NoValue { op }),
                Some(writer) => writer == op,
                None => self.nameless.insert(value),
            };
            if !unused {
                return Err(Malformed::ValueReused { op, value });
            }
        }
        self.now += 1;
        self.open.insert(self.now, Operation { op, action, began: self.now });
        Ok(self.now)
    }

    /// The outcome of an operation stays unknown.
    pub(super) fn lose(&mut self, began: Moment) {
        self.now += 1;
        if let Some(operation) = self.open.remove(&began).filter(|it| self.may_take_effect(it)) {
            self.lost.push(operation);
        }
        self.forget();
    }

    /// An operation ends with a known outcome.
    pub(super) fn complete(&mut self, began: Moment, completion: Completion) -> Result<(), Reason> {
        self.now += 1;
        let operation = self.open.remove(&began).expect("what is open is known");
        match completion {
            Completion::Ok(told) => match operation.action {
                Action::Delete { expected } => self.deleted(&operation, expected, told)?,
                action => self.told(&operation, action.written(), told)?,
            },
            Completion::Refused(seen) => {
                self.deny(&operation)?;
                if let Some(expected) = operation.action.expected().filter(|it| *it == seen) {
                    return Err(Reason::RefusedAlthoughCurrent { expected });
                }
                self.told(&operation, None, seen)?;
            }
            Completion::Failed => self.deny(&operation)?,
            Completion::Unknown => unreachable!("an unknown outcome is lost, not completed"),
        }
        if let Completion::Ok(told) | Completion::Refused(told) = completion {
            self.told.insert(operation.op.client, told);
        }
        self.judge()?;
        self.forget();
        Ok(())
    }

    /// An operation returned a state: the one that it saw, or, if it has `written` a value, the one
    /// that it made.
    fn told(
        &mut self,
        operation: &Operation,
        written: Option<Value>,
        seen: Observation,
    ) -> Result<(), Reason> {
        let expected = operation.action.expected().filter(|_| written.is_some());
        let is_own = written.is_none_or(|value| value == seen.value);
        let follows = expected.is_none_or(|expected| seen.version == expected.version.next());
        if !is_own || !follows || (seen.version == Version(0)) != (seen.value == Value::NONE) {
            return Err(Reason::Nonsense { answer: seen });
        }
        let began = operation.began;
        if seen == Observation::EMPTY {
            self.was_empty(operation);
            return Ok(());
        }
        if let Some(Place { incarnation, next }) = self.find(seen) {
            if let Some(next) = next.filter(|next| next.told_at < began) {
                let (rumor, reported_to) = (next.seen, next.by);
                return Err(Reason::OlderThanRumor { claimed: seen, rumor, reported_to });
            }
            self.incarnations[incarnation].touch(began);
            return Ok(());
        }
        let write = if written.is_some() { *operation } else { self.writer(seen)? };
        self.install(&write, seen, operation)
    }

    /// The register was empty at some moment since the operation began.
    fn was_empty(&mut self, operation: &Operation) {
        let limit = Limit { before: self.now, seen: Observation::EMPTY, by: operation.op };
        let before = self.incarnations.iter_mut().filter(|it| it.first_report() < operation.began);
        before.for_each(|incarnation| incarnation.limit(limit));
    }

    /// The write of a state that is observed for the first time.
    fn writer(&self, seen: Observation) -> Result<Operation, Reason> {
        let mut candidates = self.open.values().chain(&self.lost);
        let write = candidates.find(|operation| operation.writes(seen.value));
        let write = *write.ok_or(Reason::NotWritten { seen })?;
        let expected = write.action.expected().expect("a write here is a compare-and-set");
        if expected.version.next() != seen.version {
            let writer = write.op;
            return Err(Reason::NotWhatItExpected { seen, writer, expected });
        }
        Ok(write)
    }

    /// A state is observed for the first time.
    fn install(
        &mut self,
        write: &Operation,
        seen: Observation,
        teller: &Operation,
    ) -> Result<(), Reason> {
        let expected = write.action.expected().expect("a write here is a compare-and-set");
        self.lost.retain(|lost| lost.op != write.op);
        let begun = write.began.max(teller.began);
        if expected == Observation::EMPTY {
            self.incarnations.push(Incarnation::new(seen, teller.op, self.now, begun));
            return Ok(());
        }
        let index = self.succeed(expected, write.op, seen)?;
        self.incarnations[index].extend(seen, teller.op, self.now, begun);
        // Other operations that expected the same state can no longer take effect.
        self.lost.retain(|lost| lost.action.expected() != Some(expected));
        Ok(())
    }

    /// The incarnation of which this is the newest state, if it has no successor yet.
    fn succeed(
        &self,
        expected: Observation,
        by: OpId,
        second: Observation,
    ) -> Result<usize, Reason> {
        let Some(Place { incarnation, next }) = self.find(expected) else {
            return Err(Reason::Outdated { made: second, writer: by, expected });
        };
        let deletion = self.incarnations[incarnation].deletion();
        let first = match (next, deletion) {
            (Some(next), _) => Some((next.seen, next.by)),
            (None, Some(deletion)) => Some((Observation::EMPTY, deletion)),
            (None, None) => None,
        };
        match first {
            None => Ok(incarnation),
            Some((first, reported_to)) => {
                Err(Reason::TwoSuccessors { state: expected, first, reported_to, second })
            }
        }
    }

    /// A deletion returned that the register is empty.
    fn deleted(
        &mut self,
        operation: &Operation,
        expected: Observation,
        told: Observation,
    ) -> Result<(), Reason> {
        if told != Observation::EMPTY {
            return Err(Reason::Nonsense { answer: told });
        }
        let index = self.succeed(expected, operation.op, told)?;
        self.incarnations[index].delete(operation.op, operation.began);
        self.was_empty(operation);
        self.lost.retain(|lost| lost.action.expected() != Some(expected));
        Ok(())
    }

    /// An operation returned that it had no effect.
    fn deny(&self, operation: &Operation) -> Result<(), Reason> {
        let Some(value) = operation.action.written() else {
            return Ok(());
        };
        let mut states = self.incarnations.iter().flat_map(Incarnation::states);
        match states.find(|state| state.seen.value == value) {
            None => Ok(()),
            Some(state) => Err(Reason::DeniedButSeen { seen: state.seen, seen_by: state.by }),
        }
    }

    fn find(&self, seen: Observation) -> Option<Place> {
        let mut incarnations = self.incarnations.iter().enumerate();
        incarnations.find_map(|(incarnation, it)| {
            let next = it.after(seen)?;
            Some(Place { incarnation, next })
        })
    }

    /// Whether an operation of unknown outcome may still take effect.
    fn may_take_effect(&self, operation: &Operation) -> bool {
        let Some(expected) = operation.action.expected() else {
            return false;
        };
        let is_known = operation.action.written().is_some_and(|value| {
            let mut states = self.incarnations.iter().flat_map(Incarnation::states);
            states.any(|state| state.seen.value == value)
        });
        let is_deletion = matches!(operation.action, Action::Delete { .. });
        // Of several deletions of one state, only the one that was invoked first is needed.
        let is_spare = is_deletion
            && self.lost.iter().any(|lost| lost.deletes(expected) && lost.began < operation.began);
        let is_current = || {
            let current = self.incarnations.iter().filter(|it| it.deletion().is_none());
            current.map(Incarnation::newest).any(|newest| newest.seen == expected)
        };
        !is_known && !is_spare && (expected == Observation::EMPTY || is_current())
    }

    /// The earliest invocation among the deletions that may have ended an incarnation.
    fn end_of(&self, incarnation: &Incarnation) -> Option<Moment> {
        let newest = incarnation.newest().seen;
        let operations = self.open.values().chain(&self.lost);
        let deletions = operations.filter(|operation| operation.deletes(newest));
        incarnation.end(deletions.map(|deletion| deletion.began).min())
    }

    /// Rule 7.
    fn judge(&mut self) -> Result<(), Reason> {
        let ends: Vec<_> = self.incarnations.iter().map(|it| self.end_of(it)).collect();
        for one in 0..ends.len() {
            for (other, end) in ends.iter().enumerate().filter(|(other, _)| *other != one) {
                let first_report = self.incarnations[one].first_report();
                if end.is_none_or(|end| end > first_report) {
                    // The other incarnation comes after this one.
                    let limit = self.incarnations[other].as_limit();
                    self.incarnations[one].limit(limit);
                }
            }
        }
        let mut judged = self.incarnations.iter().zip(&ends);
        judged.find_map(|(incarnation, end)| incarnation.overlap(*end)).map_or(Ok(()), Err)
    }

    /// Forgets what no open or later operation can return.
    fn forget(&mut self) {
        let oldest = self.open.keys().next().copied().unwrap_or(self.now + 1);
        self.incarnations.iter_mut().for_each(|it| it.forget_states_before(oldest));
        let lost = &self.lost;
        let is_over = |incarnation: &Incarnation| {
            let newest = incarnation.newest().seen;
            let is_deleted =
                incarnation.deletion().is_some() || lost.iter().any(|lost| lost.deletes(newest));
            is_deleted && incarnation.is_closed_to(oldest)
        };
        let over: BTreeSet<Observation> =
            self.incarnations.iter().filter(|it| is_over(it)).map(|it| it.newest().seen).collect();
        if !over.is_empty() {
            self.incarnations.retain(|it| !over.contains(&it.newest().seen));
            self.lost.retain(|lost| lost.action.expected().is_none_or(|it| !over.contains(&it)));
        }
    }
}
